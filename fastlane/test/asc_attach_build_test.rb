require_relative 'test_helper'

class OptionsTest < ActionTest
  def test_values_reach_the_command_through_the_environment_and_nothing_but_the_job_in_arguments
    attach(app_identifier: 'com.example.notes', app_version: '1.4.2', build_number: '231', platform: 'appletvos',
           if_attached: 'keep', if_version_missing: 'create', if_version_locked: 'skip', wait_minutes: 30,
           dry_run: true, uses_non_exempt_encryption: false, release_type: 'scheduled',
           earliest_release_date: '2030-01-01T09:00:00Z', api_url: 'http://127.0.0.1:4010', version_id: 'v142', build_id: 'b231',
           tag: 'v1.4.2+231', shard: '2/5', expected_plan: '0123456789abcdef', report_file: 'report.json', demo: false)

    assert_equal(['attach', '--json'], call['argv'])
    assert_equal({
      'BUNDLE_ID' => 'com.example.notes', 'VERSION_STRING' => '1.4.2', 'BUILD_NUMBER' => '231', 'PLATFORM' => 'tvos',
      'IF_ATTACHED' => 'keep', 'IF_VERSION_MISSING' => 'create', 'IF_VERSION_LOCKED' => 'skip', 'WAIT_MINUTES' => '30',
      'DRY_RUN' => 'true', 'USES_NON_EXEMPT_ENCRYPTION' => 'false', 'RELEASE_TYPE' => 'scheduled',
      'EARLIEST_RELEASE_DATE' => '2030-01-01T09:00:00Z', 'API_URL' => 'http://127.0.0.1:4010', 'VERSION_ID' => 'v142',
      'BUILD_ID' => 'b231', 'TAG' => 'v1.4.2+231', 'SHARD' => '2/5', 'EXPECTED_PLAN' => '0123456789abcdef',
      'REPORT_FILE' => File.join(folder, 'report.json'), 'DEMO' => 'false'
    }, inputs)
  end

  def test_what_the_lane_leaves_open_is_left_to_the_command
    attach(**EXPLICIT)

    assert_equal(%w(BUILD_NUMBER BUNDLE_ID VERSION_STRING), inputs.keys.sort)
  end

  def test_detach_and_show_are_operations_and_a_symbol_is_as_good_as_a_string
    attach(operation: 'show', **EXPLICIT)
    assert_equal(['show', '--json'], call['argv'])

    attach(operation: :detach, **EXPLICIT)
    assert_equal(['detach', '--json'], call['argv'])
  end

  def test_several_platforms_are_a_list_or_a_string_in_fastlane_s_words
    attach(**EXPLICIT, platform: [:ios, 'osx'])
    assert_equal('ios,macos', inputs['PLATFORM'])

    attach(**EXPLICIT, platform: 'appletvos, visionos')
    assert_equal('tvos,visionos', inputs['PLATFORM'])
  end

  def test_an_unknown_operation_is_refused_before_anything_runs
    assert_includes(refused(operation: 'submit', **EXPLICIT), 'attach, detach, show')
    refute_path_exists(ENV.fetch('FAKE_RECORD'))
  end

  def test_numbers_may_be_integers_but_a_version_may_not_be_a_float
    attach(app_id: 6_446_000_001, app_version: '1.10', build_number: 231, wait_minutes: 0.5)
    assert_equal({ 'APP_ID' => '6446000001', 'VERSION_STRING' => '1.10', 'BUILD_NUMBER' => '231', 'WAIT_MINUTES' => '0.5' }, inputs)

    assert_includes(refused(app_version: 1.10), "'app_version' value must be a String")
  end

  def test_options_come_from_the_variables_of_fastlane_and_of_asc_linker_too
    ENV['FL_ASC_ATTACH_BUILD_BUILD_NUMBER'] = '231'
    ENV['DELIVER_APP_VERSION'] = '1.4.2'
    ENV['FASTLANE_APP_IDENTIFIER'] = 'com.example.notes'
    ENV['ASC_LINKER_PLATFORM'] = 'visionos'
    ENV['FL_ASC_ATTACH_BUILD_DRY_RUN'] = 'yes'
    attach

    assert_equal({ 'BUILD_NUMBER' => '231', 'VERSION_STRING' => '1.4.2', 'BUNDLE_ID' => 'com.example.notes',
                   'PLATFORM' => 'visionos', 'DRY_RUN' => 'true' }, inputs)
  end

  def test_a_boolean_variable_of_the_command_passes_as_it_is
    ENV['ASC_LINKER_DRY_RUN'] = '1'
    attach(**EXPLICIT)

    assert_equal('1', inputs['DRY_RUN'])
  end

  def test_an_empty_variable_counts_as_not_given
    %w(IPA API_KEY_PATH OPERATION EXECUTABLE PLATFORM).each { |name| ENV["FL_ASC_ATTACH_BUILD_#{name}"] = '' }
    fake = ENV.delete('ASC_LINKER_EXECUTABLE')
    file('bin/asc-linker', "#!/bin/sh\nexec #{fake} \"$@\"\n")
    FileUtils.chmod('+x', 'bin/asc-linker')
    ENV['PATH'] = "#{folder}/bin:#{ENV.fetch('PATH')}"
    attach(**EXPLICIT)

    assert_equal(['attach', '--json'], call['argv'])
    assert_equal(%w(BUILD_NUMBER BUNDLE_ID VERSION_STRING), inputs.keys.sort)
  end

  def test_an_ipa_and_a_pkg_at_once_are_refused_and_so_is_a_file_that_is_not_there
    ipa = file('Notes.ipa')
    pkg = file('Notes.pkg')

    assert_includes(refused(ipa: ipa, pkg: pkg), "'ipa' and 'pkg'")
    assert_includes(refused(ipa: 'Other.ipa'), "#{folder}/Other.ipa")
    assert_includes(refused(ipa: 'build/*.ipa'), "#{folder}/build/*.ipa")
  end

  def test_an_ipa_may_be_a_pattern_that_the_command_resolves
    file('build/Notes.ipa')
    attach(ipa: 'build/*.ipa')

    assert_equal(File.join(folder, 'build/*.ipa'), inputs['PACKAGE'])
  end

  def test_the_executable_may_be_several_words_and_no_shell_reads_them
    attach(**EXPLICIT, executable: "#{ENV.fetch('ASC_LINKER_EXECUTABLE')} '$HOME; true'")
    assert_equal(['$HOME; true', 'attach', '--json'], call['argv'])

    assert_includes(refused(**EXPLICIT, executable: "asc-linker 'open"), '`executable`')
  end
end

class LaneTest < ActionTest
  def test_version_build_and_platform_come_from_the_lane_and_the_app_from_the_appfile
    lane_context[:VERSION_NUMBER] = '1.4.2'
    lane_context[:BUILD_NUMBER] = 231
    lane_context[:PLATFORM_NAME] = :mac
    file('fastlane/Appfile', 'app_identifier("com.example.notes")')
    attach

    assert_equal({ 'VERSION_STRING' => '1.4.2', 'BUILD_NUMBER' => '231', 'PLATFORM' => 'macos', 'BUNDLE_ID' => 'com.example.notes' }, inputs)
  end

  def test_what_is_passed_wins_over_the_lane
    lane_context[:VERSION_NUMBER] = '1.4.1'
    lane_context[:BUILD_NUMBER] = '230'
    lane_context[:PLATFORM_NAME] = :ios
    lane_context[:IPA_OUTPUT_PATH] = file('Notes.ipa')
    file('fastlane/Appfile', 'app_identifier("com.example.other")')
    attach(**EXPLICIT, platform: :xros)

    assert_equal({ 'VERSION_STRING' => '1.4.2', 'BUILD_NUMBER' => '231', 'PLATFORM' => 'visionos', 'BUNDLE_ID' => 'com.example.notes' }, inputs)
  end

  def test_an_ipa_of_this_lane_tells_what_is_not_passed_rather_than_project_or_appfile
    lane_context[:VERSION_NUMBER] = '9.9'
    lane_context[:PLATFORM_NAME] = :ios
    lane_context[:IPA_OUTPUT_PATH] = file('Notes.ipa')
    file('fastlane/Appfile', 'app_identifier("com.example.other")')
    attach(app_version: '1.4.2')

    assert_equal({ 'VERSION_STRING' => '1.4.2', 'PACKAGE' => File.join(folder, 'Notes.ipa') }, inputs)
  end

  def test_a_tag_tells_the_version_and_only_a_build_in_it_the_build
    lane_context[:VERSION_NUMBER] = '9.9'
    lane_context[:BUILD_NUMBER] = '99'
    attach(app_identifier: 'com.example.notes', tag: 'v1.4.2')
    assert_equal({ 'BUNDLE_ID' => 'com.example.notes', 'TAG' => 'v1.4.2', 'BUILD_NUMBER' => '99' }, inputs)

    ['v1.4.2+231', '1.4.2(231)'].each do |tag|
      attach(app_identifier: 'com.example.notes', tag: tag)
      assert_equal({ 'BUNDLE_ID' => 'com.example.notes', 'TAG' => tag }, inputs)
    end
  end

  def test_an_ipa_that_was_cleaned_up_is_not_asked
    lane_context[:IPA_OUTPUT_PATH] = File.join(folder, 'gone.ipa')
    lane_context[:BUILD_NUMBER] = '231'
    attach(app_version: '1.4.2')

    assert_equal({ 'VERSION_STRING' => '1.4.2', 'BUILD_NUMBER' => '231' }, inputs)
  end

  def test_of_an_ipa_and_a_pkg_the_platform_decides_and_without_one_nobody_does
    lane_context[:IPA_OUTPUT_PATH] = ipa = file('Notes.ipa')
    lane_context[:PKG_OUTPUT_PATH] = pkg = file('Notes.pkg')
    assert_includes(refused, '`platform:`')

    attach(platform: 'osx')
    assert_equal({ 'PACKAGE' => pkg, 'PLATFORM' => 'macos' }, inputs)

    lane_context[:PLATFORM_NAME] = :ios
    attach
    assert_equal({ 'PACKAGE' => ipa }, inputs)
  end

  def test_a_relative_path_is_made_absolute
    file('build/Notes.ipa')
    attach(ipa: 'build/Notes.ipa')

    assert_equal(File.join(folder, 'build/Notes.ipa'), inputs['PACKAGE'])
  end

  def test_a_lane_for_another_platform_says_nothing_about_app_store_connect
    lane_context[:PLATFORM_NAME] = :android
    attach(**EXPLICIT)

    refute_includes(inputs, 'PLATFORM')
  end

  def test_apple_s_app_id_leaves_the_appfile_unread
    file('fastlane/Appfile', 'app_identifier("com.example.other")')
    attach(app_id: '6446000001', app_version: '1.4.2', build_number: '231')

    refute_includes(inputs, 'BUNDLE_ID')
  end

  def test_of_several_apps_in_an_appfile_none_is_taken
    file('fastlane/Appfile', 'app_identifier(["com.example.one", "com.example.two"])')
    attach(app_version: '1.4.2', build_number: '231')

    refute_includes(inputs, 'BUNDLE_ID')
  end

  def test_show_and_detach_need_no_build
    lane_context[:BUILD_NUMBER] = '231'
    lane_context[:IPA_OUTPUT_PATH] = file('Notes.ipa')
    attach(operation: 'show', app_identifier: 'com.example.notes', app_version: '1.4.2')

    assert_equal({ 'BUNDLE_ID' => 'com.example.notes', 'VERSION_STRING' => '1.4.2' }, inputs)
  end
end

class TargetsTest < ActionTest
  def targets
    JSON.parse(inputs.fetch('TARGETS')) # JSON is YAML
  end

  def test_a_list_of_hashes_becomes_the_command_s_list_with_its_names_and_values_as_text
    attach(targets: [
             { app_identifier: 'com.example.notes', app_version: '1.10', build_number: 231, platform: [:ios, :mac], if_attached: :keep },
             { 'app_id' => 6_446_000_002, tag: 'v2.0+7', uses_non_exempt_encryption: false, release_type: nil,
               api_key_id_env: 'MAPS_KEY_ID', issuer_id_env: 'MAPS_ISSUER', api_private_key_env: 'MAPS_KEY' },
             { pkg: 'build/Maps.pkg', if_version_missing: 'create' }
           ])

    assert_equal([
                   { 'bundle-id' => 'com.example.notes', 'version-string' => '1.10', 'build-number' => '231', 'platform' => 'ios,macos', 'if-attached' => 'keep' },
                   { 'app-id' => '6446000002', 'tag' => 'v2.0+7', 'uses-non-exempt-encryption' => 'false',
                     'api-key-id-env' => 'MAPS_KEY_ID', 'issuer-id-env' => 'MAPS_ISSUER', 'api-private-key-env' => 'MAPS_KEY' },
                   { 'package' => 'build/Maps.pkg', 'if-version-missing' => 'create' }
                 ], targets)
  end

  def test_yaml_and_a_path_pass_as_they_are
    ["- bundle-id: com.example.notes\n  version-string: 1.10", 'targets.yml'].each do |given|
      attach(targets: given)
      assert_equal(given, inputs['TARGETS'])
    end
  end

  def test_nothing_that_the_lane_knows_is_mixed_into_targets
    lane_context[:VERSION_NUMBER] = '1.4.2'
    lane_context[:BUILD_NUMBER] = '231'
    lane_context[:PLATFORM_NAME] = :ios
    lane_context[:IPA_OUTPUT_PATH] = file('Notes.ipa')
    file('fastlane/Appfile', 'app_identifier("com.example.notes")')
    attach(targets: 'targets.yml', if_attached: 'keep')

    assert_equal({ 'TARGETS' => 'targets.yml', 'IF_ATTACHED' => 'keep' }, inputs)
  end

  def test_what_is_no_list_of_hashes_or_has_a_version_as_a_number_is_refused_without_showing_it
    [[%w(secret)], [{ app_version: 1.10, build_number: 'secret' }], { app_id: 'secret' }].each do |wrong|
      message = refused(targets: wrong)
      assert_includes(message, '`targets`')
      refute_includes(message + ui.lines.to_s, 'secret')
    end
    refute_path_exists(ENV.fetch('FAKE_RECORD'))
  end

  def test_two_keys_for_one_thing_are_refused
    assert_includes(refused(targets: [{ ipa: 'Notes.ipa', pkg: 'Notes.pkg' }]), 'package')
  end

  def test_more_targets_than_an_environment_holds_are_sent_to_a_file
    message = refused(targets: Array.new(1000) { |n| { app_identifier: "com.example.#{'a' * 200}#{n}" } })

    assert_includes(message, 'pass its path')
  end
end

class CredentialsTest < ActionTest
  PEM = "-----BEGIN PRIVATE KEY-----\nMIGTAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----\n".freeze
  KEY = { key_id: '2X9R4HXF34', issuer_id: '57246542-96fe-1a63-e053-0824d011072a', key: PEM, is_key_content_base64: false, duration: 500, in_house: nil }.freeze

  def credentials
    call['env'].slice(*Action::CREDENTIAL_VARIABLES)
  end

  def test_a_key_of_the_lane_goes_into_the_environment_and_nowhere_else
    attach(**EXPLICIT, api_key: KEY)

    assert_equal({ 'ASC_LINKER_API_KEY_ID' => KEY[:key_id], 'ASC_LINKER_ISSUER_ID' => KEY[:issuer_id], 'ASC_LINKER_API_PRIVATE_KEY' => PEM.strip }, credentials)
    refute_includes(call['argv'].join, 'MIGT')
    refute_includes(ui.lines.to_s, 'MIGT')
    refute_includes(lane_context.to_s, 'MIGT')
    refute_includes(ENV.to_h.to_s, 'MIGT')
  end

  def test_an_earlier_app_store_connect_api_key_is_used
    lane_context.set_sensitive(:APP_STORE_CONNECT_API_KEY, KEY)
    attach(**EXPLICIT)

    assert_equal(PEM.strip, credentials['ASC_LINKER_API_PRIVATE_KEY'])
  end

  def test_without_a_key_the_environment_is_left_alone
    ENV['APP_STORE_CONNECT_API_KEY_KEY_ID'] = '2X9R4HXF34'
    ENV['APP_STORE_CONNECT_API_KEY_KEY'] = PEM
    ENV['ASC_LINKER_ISSUER_ID'] = KEY[:issuer_id]
    attach(**EXPLICIT)

    assert_equal({ 'APP_STORE_CONNECT_API_KEY_KEY_ID' => '2X9R4HXF34', 'APP_STORE_CONNECT_API_KEY_KEY' => PEM,
                   'ASC_LINKER_ISSUER_ID' => KEY[:issuer_id] }, credentials)
  end

  def test_an_individual_key_does_not_pick_up_an_issuer_that_is_around
    Action::CREDENTIAL_VARIABLES.each { |name| ENV[name] = 'of another key' unless name.end_with?('_PATH') }
    attach(**EXPLICIT, api_key: { 'key_id' => '2X9R4HXF34', 'key' => PEM })

    assert_equal({ 'ASC_LINKER_API_KEY_ID' => '2X9R4HXF34', 'ASC_LINKER_API_PRIVATE_KEY' => PEM.strip }, credentials)
  end

  def test_a_key_in_json_may_come_from_the_environment
    ENV['APP_STORE_CONNECT_API_KEY'] = JSON.generate(KEY)
    attach(**EXPLICIT)

    assert_equal(PEM.strip, credentials['ASC_LINKER_API_PRIVATE_KEY'])
  end

  def test_a_path_is_passed_on_as_a_path
    path = file('fastlane/key.json', JSON.generate(KEY))
    attach(**EXPLICIT, api_key_path: 'fastlane/key.json')

    assert_equal({ 'ASC_LINKER_API_KEY_JSON_FILE' => path }, credentials)
  end

  def test_the_path_of_a_p8_in_the_hash_is_passed_on_as_a_path
    attach(**EXPLICIT, api_key: { key_id: '2X9R4HXF34', filepath: 'AuthKey_2X9R4HXF34.p8' })

    assert_equal(File.join(folder, 'AuthKey_2X9R4HXF34.p8'), credentials['ASC_LINKER_API_PRIVATE_KEY_FILE'])
  end

  def test_what_the_lane_passes_wins_over_the_environment_and_that_over_the_lane_s_context
    path = file('key.json', JSON.generate(KEY))
    lane_context.set_sensitive(:APP_STORE_CONNECT_API_KEY, KEY.merge(key_id: 'OFTHELANE0'))
    ENV['APP_STORE_CONNECT_API_KEY'] = JSON.generate(KEY.merge(key_id: 'OFTHEENV00'))
    attach(**EXPLICIT, api_key_path: path)
    assert_equal({ 'ASC_LINKER_API_KEY_JSON_FILE' => path }, credentials)

    attach(**EXPLICIT)
    assert_equal('OFTHEENV00', credentials['ASC_LINKER_API_KEY_ID'])

    ENV.delete('APP_STORE_CONNECT_API_KEY')
    ENV['APP_STORE_CONNECT_API_KEY_PATH'] = path
    attach(**EXPLICIT)
    assert_equal({ 'ASC_LINKER_API_KEY_JSON_FILE' => path }, credentials)
  end

  def test_a_hash_and_a_path_at_once_are_refused_and_a_refusal_never_shows_the_key
    path = file('key.json')
    message = refused(**EXPLICIT, api_key: KEY, api_key_path: path)
    assert_includes(message, 'Unresolved conflict')
    refute_includes(message, 'MIGT')

    message = refused(**EXPLICIT, api_key: PEM)
    refute_includes(message + ui.lines.to_s, 'MIGT')
  end

  def test_a_failure_never_shows_the_key
    [{ executable: 'no-such-program' }, { executable: file('plain.txt') }].each do |broken|
      error = assert_raises(UserError) { attach(**EXPLICIT, api_key: KEY, **broken) }
      refute_includes(error.full_message + error.inspect + error.cause.inspect, 'MIGT')
    end
  end
end

class ReportTest < ActionTest
  ATTACHED = {
    schema: 1, outcome: 'attached', reason: nil, changed: true, app_id: '6446000001', bundle_id: 'com.example.notes', platform: 'ios',
    version_id: 'v142', version_string: '1.4.2', version_state: 'PREPARE_FOR_SUBMISSION', build_id: 'b231', build_number: '231',
    previous_build_id: 'b230', previous_build_number: '230', uses_non_exempt_encryption: nil,
    url: 'https://appstoreconnect.apple.com/apps/6446000001/distribution/ios/version/inflight', plan: '0123456789abcdef',
    writes: ['attach'], unknown_writes: [],
    checks: [
      { id: 'build-expired', name: 'Not expired', verdict: 'ok', sentence: 'Build 231 has not expired.' },
      { id: 'export-compliance', name: 'Export compliance', verdict: 'Apple decides', sentence: 'Export compliance is unanswered.' }
    ]
  }.freeze

  def test_the_report_is_returned_as_a_hash_with_symbols_for_keys_all_the_way_down
    assert_equal(ATTACHED.merge(reports: [ATTACHED]), attach(**EXPLICIT))
    assert_equal(['attached: version 1.4.2 (ios) build 231 instead of 230'], ui.at(:success))
  end

  def test_true_false_and_unknown_stay_what_they_are
    [true, false, nil].each do |value|
      answer(REPORT.merge('changed' => value, 'uses-non-exempt-encryption' => value))
      assert_equal([value, value], attach(**EXPLICIT).values_at(:changed, :uses_non_exempt_encryption))
    end
  end

  def test_later_actions_find_the_result_in_the_lane_s_context
    report = attach(**EXPLICIT)

    assert_equal(report, lane_context[:ASC_ATTACH_BUILD_REPORT])
    assert_equal('attached', lane_context[:ASC_ATTACH_BUILD_OUTCOME])
    assert_equal('v142', lane_context[:ASC_ATTACH_BUILD_VERSION_ID])
    assert_equal('b231', lane_context[:ASC_ATTACH_BUILD_BUILD_ID])
  end

  def test_a_second_call_that_cannot_start_leaves_nothing_of_the_first
    attach(**EXPLICIT)
    refused(**EXPLICIT, executable: 'no-such-program')

    assert_empty(lane_context.keys.grep(/ASC_ATTACH_BUILD/))
  end

  def test_a_dry_run_says_what_would_happen
    answer(REPORT.merge('outcome' => 'would-attach', 'changed' => false))
    attach(**EXPLICIT, dry_run: true)

    assert_equal(['Dry run, nothing was written. would-attach: version 1.4.2 (ios) build 231 instead of 230'], ui.at(:important))
  end

  def test_skipped_is_no_failure_but_worth_a_look
    answer(REPORT.merge('outcome' => 'skipped', 'reason' => 'The version is in review.', 'changed' => false))
    attach(**EXPLICIT)

    assert_equal(1, ui.at(:important).size)
  end

  def test_of_several_targets_the_first_is_told_with_the_change_and_the_plans_of_all_and_every_report
    second = REPORT.merge('build-id' => 'b9', 'outcome' => 'already-attached', 'plan' => 'fedcba9876543210')
    { [false, true] => true, [true, nil] => true, [false, nil] => nil, [false, false] => false }.each do |changes, changed|
      answer(REPORT.merge('changed' => changes[0]), second.merge('changed' => changes[1]), REPORT.merge('changed' => false))
      report = attach(targets: 'targets.yml')

      assert_equal(['b231', 'attached', 1], report.values_at(:build_id, :outcome, :schema))
      changed.nil? ? assert_nil(report[:changed]) : assert_equal(changed, report[:changed])
      assert_equal('0123456789abcdef,fedcba9876543210,0123456789abcdef', report[:plan])
      assert_equal(%w(b231 b9 b231), report[:reports].map { |one| one[:build_id] })
    end
    assert_equal('attached: 2, already-attached: 1', ui.at(:success).last)
  end

  def test_a_shard_without_a_target_is_skipped
    answer
    report = attach(targets: 'targets.yml', shard: '5/5')

    assert_equal({ schema: 1, outcome: 'skipped', changed: false, plan: '', reports: [] }, report)
    assert_equal(['skipped: no target in this shard'], ui.at(:important))
  end

  def test_the_command_runs_in_the_project_folder_with_nothing_to_read
    attach(**EXPLICIT)

    assert_equal([folder, ''], [call['folder'], call['stdin']])
  end

  def test_progress_is_shown_while_the_command_still_runs
    seen = File.join(folder, 'seen')
    answer(REPORT, stderr: ['Build 231 is processing.', 'Done.'], wait_for: seen)
    ui.on_message = proc { |text| FileUtils.touch(seen) if text == 'Build 231 is processing.' }
    Timeout.timeout(20) { attach(**EXPLICIT) }

    assert_equal(['Build 231 is processing.', 'Done.'], ui.at(:message))
  end

  def test_words_of_apple_are_data_on_their_way_to_the_log
    answer(REPORT, stderr: ["::error::gotcha %s", "\e[2J\ahidden", "a ##[error] b", "naïve ✓"])
    attach(**EXPLICIT)

    assert_equal([': :error::gotcha %s', ' [2J hidden', 'a ## [error] b', 'naïve ✓'], ui.at(:message))
  end
end

class FailureTest < ActionTest
  ERROR = FAILED.fetch('error').freeze
  MESSAGE = 'Apple does not take build 7 for version 2.0 (`app_version`).'.freeze
  HINT = 'Run it again later with `if_attached: "keep"`, or wait longer with `wait_minutes: 60`.'.freeze

  def error(**changes)
    FAILED.merge('error' => ERROR.merge(changes.transform_keys(&:to_s)))
  end

  def test_message_hint_and_page_become_fastlane_s_error_in_the_words_of_the_lane
    answer(FAILED, exit: 5)

    assert_equal("#{MESSAGE}\n#{HINT}\n#{ERROR['docs']}", refused(**EXPLICIT))
  end

  def test_an_error_without_hint_and_page_is_its_message
    answer(error(hint: '', docs: ''), exit: 5)

    assert_equal(MESSAGE, refused(**EXPLICIT))
  end

  def test_what_was_found_until_then_is_in_the_lane_s_context_with_the_inputs_names
    answer(FAILED, exit: 5)
    refused(**EXPLICIT)
    report = lane_context[:ASC_ATTACH_BUILD_REPORT]

    assert_equal('failed', lane_context[:ASC_ATTACH_BUILD_OUTCOME])
    assert_equal(['failed', false, 'v20', ['attach']], report.values_at(:outcome, :changed, :version_id, :unknown_writes))
    assert_equal({
      id: 'refused-by-apple', title: 'Apple refused the attachment', message: ERROR['message'], hint: ERROR['hint'], exit_code: 5,
      request_id: '7KPRDKVGMMQHX3CZ5SQL6BHWUI.0.0', docs: ERROR['docs'],
      apple: [
        { status: '409', code: 'ENTITY_ERROR.RELATIONSHIP.INVALID.INVALID_STATE',
          title: 'A relationship value is not acceptable for the current resource state.',
          detail: 'The specified pre-release build could not be added.', source: { pointer: '/data/relationships/build' } },
        { status: '409', code: 'STATE_ERROR', title: 'Submit for review errors found.', detail: nil, source: nil }
      ]
    }, report[:error])
  end

  def test_of_several_targets_the_first_that_failed_is_told_by_name_and_the_others_named
    others = (1..9).map { |number| FAILED.merge('bundle-id' => "com.example.n#{number}") }
    others.insert(2, FAILED.merge('bundle-id' => ''), FAILED.merge('bundle-id' => '', 'app-id' => '', 'platform' => ''))
    answer(REPORT.merge('outcome' => 'not-written', 'changed' => false), FAILED, *others, exit: 5)
    message = refused(targets: 'targets.yml')

    assert_includes(message, "com.example.maps (macos): Apple does not take build 7")
    assert_includes(message, "\nFailed as well: com.example.n1 (macos), com.example.n2 (macos), app 6446000002 (macos), a target, com.example.n3 (macos), ")
    assert_includes(message, ", com.example.n7 (macos) and 2 more.")
    report = lane_context[:ASC_ATTACH_BUILD_REPORT]
    assert_equal(['failed', 'v142', 5], [report[:outcome], report[:version_id], report[:error][:exit_code]])
    assert_equal(%w(not-written failed), report[:reports].first(2).map { |one| one[:outcome] })
  end

  def test_the_log_and_the_error_call_inputs_what_the_lane_calls_them
    {
      'Set `bundle-id` or `app-id`.' => 'Set `app_identifier` or `app_id`.',
      'Use --if-version-missing create, or --wait-minutes: --dry-run fails.' => 'Use if_version_missing: "create", or wait_minutes: dry_run fails.',
      'Try `--if-attached keep` or `--dry-run`.' => 'Try `if_attached: "keep"` or `dry_run`.',
      '`api-key-id`, `issuer-id`, `--api-private-key-file`' => '`api_key[:key_id]`, `api_key[:issuer_id]`, `api_key[:filepath]`',
      '`uses-non-exempt-encryption: true`, `package`' => '`uses_non_exempt_encryption: true`, `ipa`',
      '`asc-linker show --version-string 1.4.2`' => '`asc-linker show --version-string 1.4.2`',
      '--no-such-flag, ---dry-run, a--tag, `show`, -- `' => '--no-such-flag, ---dry-run, a--tag, `show`, -- `'
    }.each do |line, in_lane|
      answer(error(message: line, hint: '', docs: ''), stderr: [line], exit: 5)
      assert_equal(in_lane, refused(**EXPLICIT))
      assert_equal(in_lane, ui.at(:message).last)
    end
  end

  def test_a_package_is_called_pkg_where_the_lane_has_one
    answer(error(message: '`package` names no build.', hint: '', docs: ''), exit: 2)

    assert_equal('`pkg` names no build.', refused(pkg: file('Notes.pkg')))
  end

  def test_what_stands_in_yaml_keeps_the_names_it_has_there
    line = '`version-string` is missing, and `wait-minutes: x` is no number.'
    answer(error(message: line, hint: '', docs: ''), exit: 2)

    assert_equal('`version-string` is missing, and `wait_minutes: "x"` is no number.', refused(targets: '- bundle-id: com.example.notes'))
  end

  def test_control_characters_in_an_error_do_nothing
    answer(error(message: "one\n::error::two\e[31m", hint: '', docs: ''), exit: 5)

    assert_equal("one\n: :error::two [31m", refused(**EXPLICIT))
  end

  def test_an_executable_that_is_not_there_says_how_to_install_it
    message = refused(**EXPLICIT, executable: 'no-such-program')

    assert_includes(message, 'Executable not found: no-such-program')
    assert_includes(message, 'pipx install asc-linker')
  end

  def test_an_executable_that_is_no_program_is_named
    path = file('plain.txt', 'no program')

    assert_includes(refused(**EXPLICIT, executable: path), "could not be started: #{path}")
  end

  def test_an_answer_that_is_no_report_is_an_error_even_when_the_command_ended_well
    other = JSON.generate([REPORT.merge('schema' => 2)])
    ['', 'attached!', '{}', '["attached"]', '[{}]', 'null', "[{\"a\": \"\xff", other].each do |answer|
      ENV['FAKE_SCRIPT'] = JSON.generate(stdout: '')
      path = file('answer', answer)
      executable = "/bin/sh -c 'cat #{path}'"
      assert_includes(refused(**EXPLICIT, executable: executable), 'gave no report of schema 1', answer.inspect)
    end
  end

  def test_an_exit_code_without_a_report_is_told
    script(stderr: ['Usage: asc-linker attach'], stdout: '', exit: 2)

    assert_includes(refused(**EXPLICIT), 'exit code 2')
    assert_equal(['Usage: asc-linker attach'], ui.at(:message))
  end

  def test_a_command_that_was_killed_is_told_apart
    script(kill: 'KILL')

    assert_includes(refused(**EXPLICIT), 'killed by SIGKILL')
  end

  def test_an_interruption_reaches_the_command_once_and_waits_for_its_report
    { 'INT' => Interrupt, 'TERM' => SignalException }.each do |signal, error|
      answer(FAILED, until_interrupted: true, stderr: ['Waiting.'], exit: 130)
      ui.on_message = proc { |_| Process.kill(signal, Process.pid) }
      previous = trap(signal, 'DEFAULT')
      begin
        assert_raises(error) { Timeout.timeout(20) { attach(**EXPLICIT) } }
      ensure
        trap(signal, previous)
      end

      assert_equal(signal, File.read("#{ENV.fetch('FAKE_RECORD')}.signals"))
      assert_equal('failed', lane_context[:ASC_ATTACH_BUILD_OUTCOME])
    end
  end
end
