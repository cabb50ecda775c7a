# One lane that attaches a build: its options as JSON on stdin, and as JSON on stdout what it
# returns, with the names and words that the outputs have.
require 'json'

begin
  require 'fastlane'
  Fastlane.load_actions
rescue LoadError
  require_relative '../../fastlane/test/fastlane_stand_in'

  # What fastlane shows on its terminal.
  class Quiet < FastlaneCore::Interface
    %i(message success important error verbose deprecated header command command_output).each do |level|
      define_method(level) { |text| warn(text) }
    end
  end
  FastlaneCore::UI.ui_object = Quiet.new
end
require_relative '../../fastlane/actions/asc_attach_build'

action = Fastlane::Actions::AscAttachBuildAction
options = JSON.parse($stdin.read, symbolize_names: true)
told = $stdout.dup
$stdout.reopen($stderr)
begin
  report = action.run(FastlaneCore::Configuration.create(action.available_options, options))
rescue FastlaneCore::Interface::FastlaneError
  report = Fastlane::Actions.lane_context[:ASC_ATTACH_BUILD_REPORT]
end
outputs = report.to_h do |name, value|
  [name.to_s.tr('_', '-'), [true, false, nil].include?(value) ? value.to_s : value]
end
told.puts(JSON.generate(outputs))
