require_relative 'test_helper'

# What fastlane's own tests ask of an action, and what our README promises.
class ContractTest < ActionTest
  def options
    Action.available_options
  end

  def test_the_class_is_an_action_with_the_name_its_file_promises
    assert_operator(Action, :<, Fastlane::Action)
    assert_equal('AscAttachBuildAction', Action.name.split('::').last)
  end

  def test_the_documentation_has_the_shape_fastlane_asks_for
    assert_includes(6..80, Action.description.length)
    refute(Action.description.end_with?('.'))
    assert_includes(Fastlane::Action::AVAILABLE_CATEGORIES, Action.category)
    assert_includes(Fastlane::Action::RETURN_TYPES, Action.return_type)
    assert_kind_of(String, Action.details)
    assert_kind_of(String, Action.return_value)
    assert(Action.example_code.all?(String))
    assert_equal(['asc-linker contributors'], Action.authors)
  end

  def test_apple_s_platforms_are_supported_and_no_others
    assert([:ios, :mac].all? { |platform| Action.is_supported?(platform) })
    refute(Action.is_supported?(:android))
    refute(Action.is_supported?(nil))
  end

  def test_every_option_can_be_left_out_and_has_a_description_and_a_variable_of_its_own
    options.each do |option|
      assert(option.optional, option.key)
      assert_operator(option.description.length, :>, 10, option.key)
      refute(option.description.end_with?('.'), option.key)
      assert_includes(option.env_names, "FL_ASC_ATTACH_BUILD_#{option.key.to_s.upcase}")
    end
  end

  def test_the_key_is_marked_as_a_secret_and_fastlane_never_gets_to_print_it
    key = options.find { |option| option.key == :api_key }

    assert(key.sensitive)
    assert_nil(key.verify_block, 'fastlane prints the value a verify_block refuses')
    assert_nil(key.default_value, 'fastlane prints default values in its help')
  end

  def test_every_shared_value_is_documented
    ours = Fastlane::Actions::SharedValues.constants.grep(/\AASC_ATTACH_BUILD/).map(&:to_s)

    assert_equal(ours.sort, Action.output.map(&:first).sort)
  end

  def test_the_sample_return_value_has_the_keys_of_a_report
    sample = attach(**EXPLICIT)

    assert_equal(sample.keys, Action.sample_return_value.keys)
    assert_equal(sample[:checks].first.keys, Action.sample_return_value[:checks].first.keys)
    sample.each_key { |name| assert_includes(Action.return_value, ":#{name}") }
  end

  def test_the_examples_are_ruby
    Action.example_code.each { |code| RubyVM::InstructionSequence.compile(code) }
  end

  def test_the_readme_names_every_option_key_and_shared_value
    readme = File.read(File.join(FASTLANE_FOLDER, 'README.md'))

    assert_equal(options.map(&:key).sort, readme.scan(/^\| `(\w+)` \|/).flatten.map(&:to_sym).select { |name| name == name.downcase }.sort)
    Action.output.each { |name, _| assert_includes(readme, "`#{name}`") }
    answer(FAILED, exit: 5)
    refused(**EXPLICIT)
    keys(lane_context[:ASC_ATTACH_BUILD_REPORT]).each { |name| assert_includes(readme, "`:#{name}`") }
  end

  # Every key of a value, all the way down.
  def keys(value)
    return value.flat_map { |one| keys(one) } if value.kind_of?(Array)

    value.kind_of?(Hash) ? value.flat_map { |name, one| [name, *keys(one)] } : []
  end

  def test_a_fastfile_stands_beside_the_action_for_import_from_git
    assert_path_exists(File.join(FASTLANE_FOLDER, 'Fastfile'))
    assert_empty(File.readlines(File.join(FASTLANE_FOLDER, 'Fastfile')).reject { |line| line.start_with?('#') })
  end
end

# With fastlane itself: through its own parser and runner, from a Fastfile.
class FastfileTest < ActionTest
  LANE = "lane :release do
    asc_attach_build(app_identifier: 'com.example.notes', app_version: '1.4.2', build_number: 231)
  end".freeze

  def setup
    super
    skip('fastlane is not installed') unless REAL_FASTLANE
  end

  def test_a_lane_calls_the_action
    assert_equal('attached', Fastlane::FastFile.new.parse(LANE).runner.execute(:release)[:outcome])
  end

  def test_a_lane_calls_the_action_of_the_release_that_import_from_git_names
    FileUtils.mkdir_p('origin')
    FileUtils.cp_r(FASTLANE_FOLDER, 'origin/fastlane')
    git = "git -C origin -c user.name=Test -c user.email=test@example.com"
    assert(system("git init -q origin && #{git} add . && #{git} commit -q -m Release && #{git} tag v0.1.0 && #{git} rm -q -r fastlane && #{git} commit -q -m Gone"))
    was = forget_the_action
    report = Fastlane::FastFile.new.parse("import_from_git(url: 'file://#{folder}/origin', version: '0.1.0')\n#{LANE}").runner.execute(:release)

    assert_equal('attached', report[:outcome])
    refute_same(was, Fastlane::Actions::AscAttachBuildAction)
  end

  def test_the_gem_s_entry_names_and_loads_the_action
    was = forget_the_action
    require_relative '../lib/fastlane/plugin/asc_linker'

    assert_equal([:asc_attach_build], actions_of_the_plugin)
    refute_same(was, Fastlane::Actions::AscAttachBuildAction)
  end

  # As if the action had not been loaded by the tests.
  def forget_the_action
    $LOADED_FEATURES.delete(File.join(FASTLANE_FOLDER, 'actions', 'asc_attach_build.rb'))
    Fastlane::Actions::SharedValues.constants.grep(/\AASC_ATTACH_BUILD/).each { |name| Fastlane::Actions::SharedValues.send(:remove_const, name) }
    Fastlane::Actions.send(:remove_const, :AscAttachBuildAction)
  end

  def actions_of_the_plugin
    manager = Fastlane::PluginManager.new
    manager.store_plugin_reference('fastlane-plugin-asc_linker')
    manager.plugin_references.fetch('fastlane-plugin-asc_linker').fetch(:actions)
  end
end
