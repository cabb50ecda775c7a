# The parts of fastlane's contract that the action uses, for machines without fastlane: checks of
# options, where their values come from, the lane's context, and the user interface.
#
# The behaviour is that of fastlane 2.237; the tests run against the real one just as well.

require 'json'

module FastlaneCore
  class Interface
    class FastlaneError < StandardError
    end
  end

  class UI
    class << self
      attr_accessor :ui_object

      def user_error!(message)
        raise Interface::FastlaneError, message.to_s
      end

      [:message, :success, :important, :error, :verbose, :deprecated].each do |level|
        define_method(level) { |text| ui_object.public_send(level, text) }
      end
    end
  end

  class ConfigItem
    ATTRIBUTES = [
      :key, :env_name, :env_names, :description, :default_value, :default_value_dynamic, :verify_block,
      :type, :skip_type_validation, :optional, :conflicting_options, :conflict_block, :sensitive,
      :code_gen_sensitive
    ].freeze

    attr_reader(*(ATTRIBUTES - [:env_names, :type]))

    def initialize(**given)
      unknown = given.keys - ATTRIBUTES
      raise ArgumentError, "unknown keywords: #{unknown.join(', ')}" unless unknown.empty?

      given.each { |name, value| instance_variable_set("@#{name}", value) }
      UI.user_error!("key must be a symbol") unless key.kind_of?(Symbol)
      UI.user_error!("description of #{key} ends with a full stop") if description.to_s.end_with?('.')
      UI.user_error!("conflicting options of #{key} must be symbols") unless (conflicting_options || []).all?(Symbol)
    end

    def env_names
      [@env_name, *@env_names].compact
    end

    def data_type
      @type || String
    end

    def verify!(value)
      return true if value.nil?

      verify_type(value) unless skip_type_validation
      begin
        verify_block&.call(value)
      rescue StandardError => error
        UI.error("Error setting value '#{value}' for option '#{key}'") # this is how a secret would get out
        raise Interface::FastlaneError, error.to_s
      end
      true
    end

    def from_environment
      name = env_names.find { |candidate| !ENV[candidate].nil? }
      return nil if name.nil?

      verify!(convert(ENV.fetch(name)))
      ENV.fetch(name).dup
    end

    def convert(value)
      return value unless value.kind_of?(String)

      if data_type == Hash
        parsed = JSON.parse(value)
        parsed.kind_of?(Hash) ? parsed : value
      elsif data_type == Fastlane::Boolean
        return true if %w(yes YES true TRUE on ON).include?(value)
        return false if %w(no NO false FALSE off OFF).include?(value)

        value
      else
        value
      end
    rescue JSON::ParserError
      value
    end

    private

    def verify_type(value)
      if data_type == Fastlane::Boolean
        UI.user_error!("'#{key}' value must be either `true` or `false`! Found #{value.class} instead.") unless [true, false].include?(value)
      elsif !value.kind_of?(data_type)
        UI.user_error!("'#{key}' value must be a #{data_type}! Found #{value.class} instead.")
      end
    end
  end

  class Configuration
    attr_reader :available_options, :_values

    def self.create(available_options, values)
      new(available_options, values.dup)
    end

    def initialize(available_options, values)
      @available_options = available_options
      @_values = values
      verify_values
      verify_keys_are_unique
      verify_conflicts
      verify_defaults
    end

    def [](key)
      option = option(key)
      value = _values[key]
      value = option.from_environment if value.nil?
      value = option.default_value if value.nil?
      value = option.convert(value)
      UI.user_error!("No value found for '#{key}'") if value.nil? && !option.optional
      value
    end

    private

    def option(key)
      available_options.find { |one| one.key == key } ||
        UI.user_error!("Could not find option '#{key}' in the list of available options: #{available_options.map(&:key).join(', ')}")
    end

    def verify_values
      _values.each do |key, value|
        _values[key] = option(key).convert(value)
        option(key).verify!(_values[key])
      end
    end

    def verify_keys_are_unique
      keys = available_options.map(&:key)
      UI.user_error!("Multiple entries for a configuration key found") unless keys.uniq == keys
    end

    def verify_conflicts
      given = _values.compact.keys
      given.each do |key|
        ((option(key).conflicting_options || []) & given).each do |other|
          option(key).conflict_block&.call(option(other))
          UI.user_error!("Unresolved conflict between options: '#{key}' and '#{other}'")
        end
      end
    end

    def verify_defaults
      available_options.each do |one|
        one.verify_block.call(one.default_value) if one.verify_block && one.default_value && !_values[one.key]
      end
    end
  end
end

module CredentialsManager
  class AppfileConfig
    def self.try_fetch_value(key)
      path = ['./fastlane/Appfile', './.fastlane/Appfile', './Appfile'].find { |one| File.exist?(one) }
      path && new(File.read(path)).values[key]
    end

    attr_reader :values

    def initialize(content)
      @values = {}
      instance_eval(content)
    end

    def app_identifier(value)
      values[:app_identifier] = value
    end
  end
end

module Fastlane
  UI = FastlaneCore::UI

  Boolean = Class.new # a name for the type, no more

  module Actions
    module SharedValues
      [
        :PLATFORM_NAME, :APP_STORE_CONNECT_API_KEY, :IPA_OUTPUT_PATH, :PKG_OUTPUT_PATH, :VERSION_NUMBER, :BUILD_NUMBER
      ].each { |name| const_set(name, name) }

      # Sensitive values can be read by their key, and are in no listing.
      class LaneContextValues < Hash
        def set_sensitive(key, value)
          (@sensitive ||= {})[key] = value
        end

        def [](key)
          (@sensitive ||= {}).fetch(key) { super }
        end
      end
    end

    def self.lane_context
      @lane_context ||= SharedValues::LaneContextValues.new
    end

    def self.clear_lane_context
      @lane_context = nil
    end
  end

  class Action
    AVAILABLE_CATEGORIES = [
      :testing, :building, :screenshots, :project, :code_signing, :documentation, :beta, :push, :production,
      :source_control, :notifications, :app_store_connect, :misc, :deprecated
    ].freeze
    RETURN_TYPES = [:string, :array_of_strings, :hash_of_strings, :hash, :bool, :int].freeze

    def self.lane_context
      Actions.lane_context
    end

    def self.author
      nil
    end
  end
end
