require 'minitest/autorun'
require 'fileutils'
require 'json'
require 'rbconfig'
require 'timeout'
require 'tmpdir'

# fastlane itself where it is installed, and otherwise the parts of it that the action uses. Who
# asks for a version gets that, or none.
begin
  gem('fastlane', ENV.fetch('FASTLANE_VERSION')) if ENV.key?('FASTLANE_VERSION')
  require 'fastlane'
  REAL_FASTLANE = true
rescue LoadError
  raise if ENV.key?('FASTLANE_VERSION')

  require_relative 'fastlane_stand_in'
  REAL_FASTLANE = false
end
Fastlane.load_actions if REAL_FASTLANE

require_relative '../actions/asc_attach_build'

FASTLANE_FOLDER = File.expand_path('..', __dir__)

# Keeps what fastlane would print. `on_message` sees each line as it comes.
class Recorder < FastlaneCore::Interface
  attr_accessor :on_message
  attr_reader :lines

  def initialize
    super
    @lines = []
  end

  [:message, :success, :important, :error, :verbose, :deprecated, :header, :command, :command_output].each do |level|
    define_method(level) do |text|
      lines << [level, text.to_s]
      on_message&.call(text.to_s)
    end
  end

  def at(level)
    lines.select { |one, _| one == level }.map(&:last)
  end

  def interactive?
    false
  end
end

# Each test has a project folder to be in, an environment without traces of the machine, a lane
# context, and the fake asc-linker for an executable.
class ActionTest < Minitest::Test
  Action = Fastlane::Actions::AscAttachBuildAction
  UserError = FastlaneCore::Interface::FastlaneError

  # What the command writes, schema 1: a success, and a refusal with all that an error holds.
  REPORTS = JSON.parse(File.read(File.join(__dir__, 'reports.json'), encoding: 'UTF-8')).freeze
  REPORT = REPORTS.fetch('attached').freeze
  FAILED = REPORTS.fetch('failed').freeze
  EXPLICIT = { app_identifier: 'com.example.notes', app_version: '1.4.2', build_number: '231' }.freeze
  OURS = /\A(ASC_|APP_STORE_CONNECT|SPACESHIP_|DELIVER_|FASTLANE_APP|FL_ASC)/

  attr_reader :ui, :folder

  def setup
    @environment = ENV.to_h
    ENV.delete_if { |name, _| name.match?(OURS) }
    @working_folder = Dir.pwd
    @folder = File.realpath(Dir.mktmpdir('asc_attach_build'))
    Dir.chdir(folder)
    Fastlane::Actions.clear_lane_context
    @ui = FastlaneCore::UI.ui_object = Recorder.new
    ENV['FAKE_RECORD'] = File.join(folder, 'record.json')
    ENV['ASC_LINKER_EXECUTABLE'] = "#{RbConfig.ruby} #{File.join(__dir__, 'fake_asc_linker.rb')}"
    answer(REPORT)
  end

  def teardown
    Dir.chdir(@working_folder)
    FileUtils.remove_entry(folder)
    ENV.replace(@environment)
  end

  def script(**what)
    ENV['FAKE_SCRIPT'] = JSON.generate(what)
  end

  def answer(*reports, **what)
    script(stdout: JSON.generate(reports), **what)
  end

  def lane_context
    Fastlane::Actions.lane_context
  end

  def file(name, content = '')
    path = File.join(folder, name)
    FileUtils.mkdir_p(File.dirname(path))
    File.write(path, content)
    path
  end

  def attach(**options)
    Action.run(FastlaneCore::Configuration.create(Action.available_options, options))
  end

  def refused(**options)
    assert_raises(UserError) { attach(**options) }.message
  end

  # How the command was called: its arguments, its environment, its folder.
  def call
    JSON.parse(File.read(ENV.fetch('FAKE_RECORD')))
  end

  # The inputs the command was given, by their name: {"BUNDLE_ID" => …}
  def inputs
    call['env'].select { |name, _| name.start_with?('ASC_LINKER_') }
               .reject { |name, _| name == 'ASC_LINKER_EXECUTABLE' }
               .transform_keys { |name| name.delete_prefix('ASC_LINKER_') }
  end
end
