require_relative 'test_helper'

# The action and the command together. Runs where ASC_LINKER_TEST_EXECUTABLE names the command and
# ASC_LINKER_API_URL an emulator, with its key in ASC_LINKER_API_KEY_ID, ASC_LINKER_ISSUER_ID and
# ASC_LINKER_API_PRIVATE_KEY (or ASC_LINKER_API_PRIVATE_KEY_FILE), and the emulator's example app.
class RealCommandTest < ActionTest
  def setup
    given = ENV.to_h.select { |name, _| name.start_with?('ASC_LINKER_') }
    super
    skip('ASC_LINKER_TEST_EXECUTABLE is not set') if given['ASC_LINKER_TEST_EXECUTABLE'].to_s.empty?
    skip('ASC_LINKER_API_URL is not set') if given['ASC_LINKER_API_URL'].to_s.empty?

    ENV.update(given)
    ENV['ASC_LINKER_EXECUTABLE'] = given['ASC_LINKER_TEST_EXECUTABLE']
  end

  def test_the_whole_job_and_the_same_again
    dry = attach(**EXPLICIT, dry_run: true)
    assert_includes(%w(would-attach already-attached), dry[:outcome])
    assert_same(false, dry[:changed])

    first = attach(**EXPLICIT)
    assert_includes(%w(attached already-attached), first[:outcome])
    assert_equal('231', first[:build_number])

    again = attach(**EXPLICIT)
    assert_equal(['already-attached', false], again.values_at(:outcome, :changed))
    assert_equal(first[:build_id], lane_context[:ASC_ATTACH_BUILD_BUILD_ID])
  end

  def test_a_version_that_is_not_there_is_fastlane_s_error
    refute_empty(refused(**EXPLICIT, app_version: '9.9.9'))
    assert_equal('failed', lane_context[:ASC_ATTACH_BUILD_OUTCOME])
    assert_equal(4, lane_context[:ASC_ATTACH_BUILD_REPORT][:error][:exit_code])
  end
end
