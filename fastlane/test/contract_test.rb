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
  def test_a_lane_calls_the_action
    skip('fastlane is not installed') unless REAL_FASTLANE

    report = Fastlane::FastFile.new.parse("lane :release do
      asc_attach_build(app_identifier: 'com.example.notes', app_version: '1.4.2', build_number: 231)
    end").runner.execute(:release)

    assert_equal('attached', report[:outcome])
  end
end
