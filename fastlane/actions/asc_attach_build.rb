require 'json'
require 'open3'
require 'shellwords'

module Fastlane
  module Actions
    module SharedValues
      ASC_ATTACH_BUILD_REPORT = :ASC_ATTACH_BUILD_REPORT
      ASC_ATTACH_BUILD_OUTCOME = :ASC_ATTACH_BUILD_OUTCOME
      ASC_ATTACH_BUILD_VERSION_ID = :ASC_ATTACH_BUILD_VERSION_ID
      ASC_ATTACH_BUILD_BUILD_ID = :ASC_ATTACH_BUILD_BUILD_ID
    end

    # fastlane's options in, one run of the asc-linker command, its report out.
    #
    # What to do stands in the arguments; every value goes through the environment, where secrets
    # stay out of process lists.
    class AscAttachBuildAction < Action
      OPERATIONS = %w(attach detach show).freeze

      # What a target may hold, by the command's input and the option that gives it, …
      TARGET_OPTIONS = {
        'bundle-id' => :app_identifier, 'app-id' => :app_id, 'platform' => :platform,
        'version-string' => :app_version, 'build-number' => :build_number, 'tag' => :tag, 'package' => :ipa,
        'version-id' => :version_id, 'build-id' => :build_id,
        'if-attached' => :if_attached, 'if-version-missing' => :if_version_missing, 'if-version-locked' => :if_version_locked,
        'release-type' => :release_type, 'earliest-release-date' => :earliest_release_date,
        'uses-non-exempt-encryption' => :uses_non_exempt_encryption
      }.freeze

      # … what holds for the whole run, …
      RUN_OPTIONS = {
        'wait-minutes' => :wait_minutes, 'targets' => :targets, 'shard' => :shard, 'expected-plan' => :expected_plan,
        'report-file' => :report_file, 'dry-run' => :dry_run, 'demo' => :demo, 'api-url' => :api_url
      }.freeze

      # … and what reaches the command by other ways than its environment, or as a part of an option.
      OTHER_OPTIONS = {
        'operation' => :operation,
        'api-key-id' => 'api_key[:key_id]', 'issuer-id' => 'api_key[:issuer_id]', 'api-private-key' => 'api_key[:key]',
        'api-private-key-file' => 'api_key[:filepath]', 'api-key-json-file' => :api_key_path
      }.freeze

      # fastlane's names for a lane's platform, as asc-linker spells them. A lane for any other
      # platform says nothing about App Store Connect.
      PLATFORMS = {
        'ios' => 'ios',
        'mac' => 'macos', 'macos' => 'macos', 'osx' => 'macos',
        'tvos' => 'tvos', 'appletvos' => 'tvos',
        'visionos' => 'visionos', 'xros' => 'visionos'
      }.freeze

      # Wherever the command would look for (a part of) a key. A key from the lane is used whole:
      # with these unset, an individual key cannot pick up a team's issuer that CI has around.
      CREDENTIAL_VARIABLES = %w(
        ASC_LINKER_API_KEY_ID ASC_LINKER_ISSUER_ID ASC_LINKER_API_PRIVATE_KEY
        ASC_LINKER_API_PRIVATE_KEY_FILE ASC_LINKER_API_KEY_JSON_FILE
        APP_STORE_CONNECT_API_KEY_KEY_ID APP_STORE_CONNECT_API_KEY_ISSUER_ID APP_STORE_CONNECT_API_KEY_KEY
        APP_STORE_CONNECT_API_KEY_IS_KEY_CONTENT_BASE64 APP_STORE_CONNECT_API_KEY_KEY_FILEPATH
        APP_STORE_CONNECT_API_KEY_PATH DELIVER_API_KEY_PATH
        SPACESHIP_CONNECT_API_KEY_ID SPACESHIP_CONNECT_API_ISSUER_ID SPACESHIP_CONNECT_API_KEY
        SPACESHIP_CONNECT_API_KEY_FILEPATH
        APP_STORE_CONNECT_KEY_IDENTIFIER APP_STORE_CONNECT_ISSUER_ID APP_STORE_CONNECT_PRIVATE_KEY
        ASC_KEY_ID ASC_ISSUER_ID ASC_PRIVATE_KEY ASC_PRIVATE_KEY_B64 ASC_PRIVATE_KEY_PATH
      ).freeze

      # How many targets a message names.
      NAMED = 9

      # An input as the command's texts show it: `name`, `name: value` or `--name value`, and without
      # quotes --name, or --name and one of the values that an input has.
      INPUT_IN_TEXT = /
        `(?:--)?(?<quoted>[a-z]+(?:-[a-z]+)*)(?:(?::?[ ]+|=)(?<quoted_value>[^`\n]+))?`
        | (?<![\w-])--(?<bare>[a-z]+(?:-[a-z]+)*)(?![\w-])
          (?:[ ](?<bare_value>replace|keep|fail|create|rename|skip|manual|after-approval|scheduled|latest|true|false|\d+(?:\.\d+)?)(?![\w-]))?
      /x

      # Of the command's reports, as its documentation numbers them.
      SCHEMA = 1

      def self.run(params)
        [
          SharedValues::ASC_ATTACH_BUILD_REPORT, SharedValues::ASC_ATTACH_BUILD_OUTCOME,
          SharedValues::ASC_ATTACH_BUILD_VERSION_ID, SharedValues::ASC_ATTACH_BUILD_BUILD_ID
        ].each { |key| lane_context.delete(key) } # nothing of an earlier call passes for this one's

        command = command_line(params)
        inputs = inputs(params)
        names = names(params, inputs)
        environment = credentials(params).merge(inputs.transform_keys { |name| variable(name) })
        answer, status, interruption = execute(environment, command) { |line| UI.message(plain(respell(line, names))) }
        reports = parse(answer)
        report = join(reports) if reports
        share(report) if report

        raise interruption if interruption
        fail_with(reports, status, names) unless status.success?
        UI.user_error!("#{command.first} ended well, but gave no report of schema #{SCHEMA}. Does `executable` name an asc-linker of this action's version?") unless report
        tell(report)
        return report
      end

      #####################################################
      # @!group Options in
      #####################################################

      def self.command_line(params)
        executable = Shellwords.split(params[:executable].to_s)
        executable = ['asc-linker'] if executable.empty?
        return [*executable, operation(params), '--json']
      rescue ArgumentError
        UI.user_error!("Option `executable` is no command: it opens a quote and does not close it")
      end

      def self.operation(params)
        return params[:operation].to_s.empty? ? 'attach' : params[:operation].to_s
      end

      # The key of the lane as environment variables; empty where the lane has none, so that the
      # command finds what CI has set.
      def self.credentials(params)
        key, path = api_key(params)
        return {} if key.nil? && path.nil?

        key = (key || {}).transform_keys(&:to_sym)
        given = {
          'ASC_LINKER_API_KEY_ID' => key[:key_id],
          'ASC_LINKER_ISSUER_ID' => key[:issuer_id],
          'ASC_LINKER_API_PRIVATE_KEY' => key[:key],
          'ASC_LINKER_API_PRIVATE_KEY_FILE' => full_path(key[:filepath]),
          'ASC_LINKER_API_KEY_JSON_FILE' => full_path(path)
        }
        return CREDENTIAL_VARIABLES.to_h { |name| [name, nil] }.merge(present(given))
      end

      # What the lane says in so many words, then the environment, then an earlier
      # app_store_connect_api_key: [hash, path], one of them or neither.
      def self.api_key(params)
        return [nil, params[:api_key_path]] unless params._values[:api_key_path].to_s.empty?
        return [params[:api_key], nil] unless params[:api_key].nil?
        return [nil, params[:api_key_path]] unless params[:api_key_path].to_s.empty?

        return [lane_context[SharedValues::APP_STORE_CONNECT_API_KEY], nil]
      end

      # The command's inputs by name. What a lane leaves open is not among them, so that the command
      # reads the variable, or has its own default.
      def self.inputs(params)
        given = TARGET_OPTIONS.merge(RUN_OPTIONS).transform_values { |option| params[option] }
        given['platform'] = platforms(given['platform'])
        given['package'] = [params[:ipa], params[:pkg], ENV.fetch('ASC_LINKER_PACKAGE', nil)].find { |path| !path.to_s.empty? }
        given['targets'] = targets(given['targets'])
        given = with_defaults(present(given), operation(params))
        return given.merge(given.slice('package', 'report-file').transform_values { |path| full_path(path) })
      end

      def self.variable(input)
        return "ASC_LINKER_#{input.upcase.tr('-', '_')}"
      end

      # One platform or several, in fastlane's words or in asc-linker's: a String, a Symbol, or a list.
      def self.platforms(value)
        return Array(value).join(',').split(',').map { |name| PLATFORMS.fetch(name.strip, name.strip) }.join(',')
      end

      # A list of Hashes as the text that the command reads: JSON is YAML. A String is YAML already,
      # or the path of a file with it.
      def self.targets(value)
        return value if value.nil? || value.kind_of?(String)

        valid = value.kind_of?(Array) && value.all?(Hash) && value.flat_map(&:values).none?(Float)
        # Nothing of the value is shown: a key may stand in it by mistake.
        UI.user_error!("Option `targets` is a list of Hashes (with Strings for versions), or a String: YAML, or the path of a YAML file") unless valid
        return JSON.pretty_generate(value.map { |target| target(target) })
      end

      def self.target(options)
        inputs = TARGET_OPTIONS.invert.merge(pkg: 'package')
        given = options.map { |name, value| [inputs.fetch(name.to_sym) { name.to_s.tr('_', '-') }, value] }
        twice = given.map(&:first).tally.key(2)
        UI.user_error!("A Hash in `targets` has two keys for one thing (#{twice}): #{options.keys.join(', ')}") if twice

        given = given.to_h
        return present(given.merge('platform' => platforms(given['platform'])))
      end

      # Fills in what the lane knows. A package tells what really was built, so next to one, neither
      # the project's numbers nor the Appfile are asked. A list of targets speaks for itself.
      def self.with_defaults(given, operation)
        return given if given['targets']

        tag = given['tag'].to_s
        app = given['bundle-id'] || given['app-id']
        version = given['version-string'] || given['version-id'] || given['tag']
        build = given['build-number'] || given['build-id'] || tag.match?(/[+(]/) || operation != 'attach'
        given = { 'package' => package_of_lane(given['platform']) }.merge(given) unless app && version && build
        return present(given) if given['package']

        defaults = { 'platform' => PLATFORMS[lane_context[SharedValues::PLATFORM_NAME].to_s] }
        defaults['bundle-id'] = appfile_identifier unless app
        defaults['version-string'] = lane_context[SharedValues::VERSION_NUMBER] unless version
        defaults['build-number'] = lane_context[SharedValues::BUILD_NUMBER] unless build
        return present(defaults).merge(given.compact)
      end

      # What was built in this lane. Of an ipa and a pkg, the platform decides.
      def self.package_of_lane(platform)
        built = present(
          ipa: lane_context[SharedValues::IPA_OUTPUT_PATH],
          pkg: lane_context[SharedValues::PKG_OUTPUT_PATH]
        ).select { |_, path| File.exist?(path) }
        return built.values.first if built.size < 2

        platform ||= PLATFORMS[lane_context[SharedValues::PLATFORM_NAME].to_s]
        UI.user_error!("This lane has built an ipa and a pkg: pass `ipa:` or `pkg:` (or `platform:`) to say which one to attach") if platform.nil?
        return built[platform == 'macos' ? :pkg : :ipa]
      end

      # An Appfile may name several apps; none of them is taken because it comes first.
      def self.appfile_identifier
        identifiers = Array(CredentialsManager::AppfileConfig.try_fetch_value(:app_identifier))
        return identifiers.size == 1 ? identifiers.first : nil
      end

      def self.present(values)
        return values.transform_values { |value| value.to_s.strip }.reject { |_, value| value.empty? }
      end

      # Whether a path, or a pattern like build/*.ipa, names something.
      def self.found?(path)
        full = full_path(path)
        return full.nil? || File.exist?(full) || !Dir.glob(full).empty?
      end

      def self.full_path(path)
        return path.to_s.empty? ? nil : File.expand_path(path)
      end

      #####################################################
      # @!group The run
      #####################################################

      # Yields each line that the command says. Returns its standard output, its status, and the
      # signal that interrupted us, if one did.
      def self.execute(environment, command, &each_line)
        Open3.popen3(environment, *command, pgroup: true) do |stdin, stdout, stderr, child|
          stdin.close
          answer = Thread.new { stdout.read }
          progress = Thread.new { stderr.each_line(&each_line) }
          interruption = wait_for(child, [progress, answer])
          return [answer.value, child.value, interruption]
        ensure
          signal(child, 'TERM') if child.alive?
        end
      rescue Errno::E2BIG
        UI.user_error!("There are more `targets` than an environment variable holds. Write the list to a file, and pass its path.")
      rescue Errno::ENOENT, Errno::EACCES, Errno::ENOEXEC, Errno::ENOTDIR => error
        could_not_start(command.first, error)
      end

      # The child has a process group of its own, so that an interruption reaches it exactly once,
      # whether it came from a terminal or from `kill`. It reports what it knows and ends; we wait.
      def self.wait_for(child, threads)
        interruption = nil
        begin
          threads.each(&:join)
          child.join
        rescue SignalException => error
          interruption ||= error
          signal(child, error.signo)
          retry
        end
        return interruption
      end

      def self.signal(child, number)
        Process.kill(number, -child.pid)
      rescue Errno::ESRCH, Errno::EPERM
        nil # it has just ended by itself
      end

      def self.could_not_start(executable, error)
        if error.kind_of?(Errno::ENOENT)
          UI.user_error!("Executable not found: #{executable}\n" \
                         "Install it with `pipx install asc-linker`, or name it in `executable` or ASC_LINKER_EXECUTABLE " \
                         "(its full path, or several words like `uvx asc-linker`).")
        end
        UI.user_error!("Executable could not be started: #{executable}\n" \
                       "Check that it is a program, and that you may run it; `executable` or ASC_LINKER_EXECUTABLE names it.")
      end

      #####################################################
      # @!group The report out
      #####################################################

      # Returns the reports with Ruby's kind of keys; nil if this is not what asc-linker writes.
      def self.parse(answer)
        reports = JSON.parse(answer.dup.force_encoding(Encoding::UTF_8))
        return nil unless reports.kind_of?(Array) && reports.all? { |report| report.kind_of?(Hash) && report['schema'] == SCHEMA }

        return rubyize(reports)
      rescue JSON::ParserError, EncodingError
        return nil
      end

      # Symbols for keys all the way down, and nil for text that is not known.
      def self.rubyize(value)
        case value
        when Hash then value.to_h { |name, one| [name.tr('-', '_').to_sym, rubyize(one)] }
        when Array then value.map { |one| rubyize(one) }
        when '' then nil
        else value
        end
      end

      # The run as a whole, as asc-linker's outputs tell it: the first target's report, but with what
      # all targets together came to. A shard without a target has no report.
      def self.join(reports)
        failed = reports.find { |report| report[:error] }
        changes = reports.map { |report| report[:changed] }
        whole = { schema: SCHEMA, outcome: 'skipped' }.merge(reports.first || {})
        whole[:outcome] = 'failed' if failed
        whole[:changed] = changes.include?(true) || (changes.include?(nil) ? nil : false)
        whole[:plan] = reports.map { |report| report[:plan] }.join(',')
        whole[:error] = failed[:error] if failed
        return whole.merge(reports: reports)
      end

      def self.share(report)
        lane_context[SharedValues::ASC_ATTACH_BUILD_REPORT] = report
        lane_context[SharedValues::ASC_ATTACH_BUILD_OUTCOME] = report[:outcome]
        lane_context[SharedValues::ASC_ATTACH_BUILD_VERSION_ID] = report[:version_id]
        lane_context[SharedValues::ASC_ATTACH_BUILD_BUILD_ID] = report[:build_id]
      end

      def self.tell(report)
        line = plain(result(report[:reports]))
        if report[:outcome].to_s.start_with?('would-')
          UI.important("Dry run, nothing was written. #{line}")
        elsif report[:outcome] == 'skipped'
          UI.important(line)
        else
          UI.success(line)
        end
      end

      def self.result(reports)
        return reports.map { |report| report[:outcome] }.tally.map { |outcome, count| "#{outcome}: #{count}" }.join(', ') if reports.size > 1
        return 'skipped: no target in this shard' if reports.empty?

        report = reports.first
        before = report[:previous_build_number]
        facts = []
        facts << "version #{report[:version_string]}" if report[:version_string]
        facts << "(#{report[:platform]})" if report[:platform]
        facts << "build #{report[:build_number] || 'none'}"
        facts << "instead of #{before}" if before && before != report[:build_number]
        return "#{report[:outcome]}: #{facts.join(' ')}"
      end

      def self.fail_with(reports, status, names)
        failed = (reports || []).select { |report| report[:error] }
        if failed.any?
          UI.user_error!(plain(respell(failure(failed, reports.size), names)))
        elsif status.signaled?
          UI.user_error!("asc-linker was killed by SIG#{Signal.signame(status.termsig)} before it could report. " \
                         "What it said until then stands above; whether the build is attached now, `operation: \"show\"` tells.")
        else
          UI.user_error!("asc-linker ended with exit code #{status.exitstatus} and no word in its report. What it said stands above.")
        end
      end

      # The first failure in full; the log above has all of them.
      def self.failure(failed, targets)
        error = failed.first[:error]
        lines = [error[:message], error[:hint], error[:docs]]
        if targets > 1
          lines[0] = "#{target_name(failed.first)}: #{error[:message]}"
          others = failed.drop(1).map { |report| target_name(report) }
          lines << "Failed as well: #{others.first(NAMED).join(', ')}#{" and #{others.size - NAMED} more" if others.size > NAMED}." if others.any?
        end
        return lines.compact.join("\n")
      end

      def self.target_name(report)
        app = report[:bundle_id] || (report[:app_id] ? "app #{report[:app_id]}" : 'a target')
        return report[:platform] ? "#{app} (#{report[:platform]})" : app
      end

      def self.literal(value)
        return value.match?(/\A(\d+(\.\d+)?|true|false)\z/) ? value : value.inspect
      end

      # What this lane calls each of the command's inputs. A target in YAML has the command's own names.
      def self.names(params, inputs)
        names = RUN_OPTIONS.merge(OTHER_OPTIONS)
        return names if inputs['targets'] && params[:targets].kind_of?(String)

        names = TARGET_OPTIONS.merge(names)
        return inputs['package'].to_s.end_with?('.pkg') ? names.merge('package' => :pkg) : names
      end

      # Inputs as the lane's author typed them: `if-attached: keep` of a report, like --if-attached
      # keep of the command's log, is `if_attached: "keep"` here.
      def self.respell(text, names)
        return text.dup.force_encoding(Encoding::UTF_8).scrub.gsub(INPUT_IN_TEXT) do |found|
          match = Regexp.last_match
          name = names[match[:quoted] || match[:bare]]
          next found unless name

          value = match[:quoted_value] || match[:bare_value]
          option = value ? "#{name}: #{literal(value)}" : name.to_s
          match[:quoted] ? "`#{option}`" : option
        end
      end

      # Apple's words are data: no control character in them reaches the terminal, and no line of
      # them starts what a CI system would take for a command.
      def self.plain(text)
        lines = text.to_s.dup.force_encoding(Encoding::UTF_8).scrub.split(/\r?\n/)
        return lines.map { |line| line.gsub(/[[:cntrl:]]+/, ' ').sub(/\A(\s*):(?=:)/, '\1: ').gsub('##[', '## [').rstrip }.join("\n")
      end

      #####################################################
      # @!group Documentation
      #####################################################

      def self.description
        "Attach an uploaded build to its App Store version, and say what happened"
      end

      def self.details
        [
          "Runs [asc-linker](https://github.com/asc-linker/asc-linker), which does one thing: it makes an uploaded build the build of an App Store version.",
          "It waits until the build has been processed, checks app, version, build number and platform itself, writes, and reads back what it wrote. A build that is attached already is a success without a write.",
          "Needs the command: `pipx install asc-linker`.",
          "Several apps in one run are `targets`: all are checked before the first is written, and if one cannot be done none is.",
          "What you do not pass is taken from the environment, then from the ipa or pkg this lane has built, or else from `VERSION_NUMBER`, `BUILD_NUMBER` and the platform of the lane and `app_identifier` of the Appfile.",
          "The key comes from `api_key` or `api_key_path`, from an earlier `app_store_connect_api_key`, or from the variables your CI sets for fastlane anyway."
        ].join("\n")
      end

      def self.available_options
        [
          FastlaneCore::ConfigItem.new(key: :operation,
                                       env_names: ["FL_ASC_ATTACH_BUILD_OPERATION", "ASC_LINKER_OPERATION"],
                                       description: "What to do: attach, detach, or show (read only: what is attached now)",
                                       optional: true,
                                       default_value: "attach",
                                       skip_type_validation: true, # a Symbol is as good
                                       verify_block: proc do |value|
                                         UI.user_error!("The operation can only be #{OPERATIONS.join(', ')}") unless OPERATIONS.include?(value.to_s) || value.to_s.empty?
                                       end),

          # credentials: api_key has no verify_block, because fastlane prints a value that one refuses
          FastlaneCore::ConfigItem.new(key: :api_key_path,
                                       env_names: ["FL_ASC_ATTACH_BUILD_API_KEY_PATH", "DELIVER_API_KEY_PATH", "APP_STORE_CONNECT_API_KEY_PATH"],
                                       description: "Path to your App Store Connect API key JSON file",
                                       optional: true,
                                       conflicting_options: [:api_key],
                                       verify_block: proc do |value|
                                         UI.user_error!("Couldn't find API key JSON file at path '#{value}'") unless value.empty? || File.exist?(File.expand_path(value))
                                       end),
          FastlaneCore::ConfigItem.new(key: :api_key,
                                       env_names: ["FL_ASC_ATTACH_BUILD_API_KEY", "DELIVER_API_KEY", "APP_STORE_CONNECT_API_KEY"],
                                       description: "Your App Store Connect API key, as app_store_connect_api_key returns it",
                                       type: Hash,
                                       optional: true,
                                       sensitive: true,
                                       default_value_dynamic: true,
                                       conflicting_options: [:api_key_path]),

          # which app, version and build
          FastlaneCore::ConfigItem.new(key: :app_identifier,
                                       env_names: ["FL_ASC_ATTACH_BUILD_APP_IDENTIFIER", "ASC_LINKER_BUNDLE_ID", "FASTLANE_APP_IDENTIFIER", "DELIVER_APP_IDENTIFIER"],
                                       description: "The bundle identifier of your app",
                                       optional: true,
                                       code_gen_sensitive: true,
                                       default_value_dynamic: true),
          FastlaneCore::ConfigItem.new(key: :app_id,
                                       env_names: ["FL_ASC_ATTACH_BUILD_APP_ID", "ASC_LINKER_APP_ID"],
                                       description: "Apple's numeric id of your app, in place of app_identifier: one request less",
                                       optional: true,
                                       skip_type_validation: true), # an Integer is as good
          FastlaneCore::ConfigItem.new(key: :app_version,
                                       env_names: ["FL_ASC_ATTACH_BUILD_APP_VERSION", "ASC_LINKER_VERSION_STRING", "DELIVER_APP_VERSION"],
                                       description: "The App Store version, as 1.4.2 (CFBundleShortVersionString)",
                                       optional: true,
                                       default_value_dynamic: true),
          FastlaneCore::ConfigItem.new(key: :build_number,
                                       env_names: ["FL_ASC_ATTACH_BUILD_BUILD_NUMBER", "ASC_LINKER_BUILD_NUMBER", "DELIVER_BUILD_NUMBER"],
                                       description: "The uploaded build, as 231 (CFBundleVersion), or latest",
                                       optional: true,
                                       skip_type_validation: true, # latest_testflight_build_number returns an Integer
                                       default_value_dynamic: true),
          FastlaneCore::ConfigItem.new(key: :platform,
                                       env_names: ["FL_ASC_ATTACH_BUILD_PLATFORM", "ASC_LINKER_PLATFORM", "DELIVER_PLATFORM"],
                                       description: "The platform: ios, osx, appletvos or xros (also macos, tvos and visionos); several as a list",
                                       optional: true,
                                       skip_type_validation: true, # a Symbol is as good, and a list of them
                                       default_value_dynamic: true),
          FastlaneCore::ConfigItem.new(key: :tag,
                                       env_names: ["FL_ASC_ATTACH_BUILD_TAG", "ASC_LINKER_TAG"],
                                       description: "Where version and build number come from, in place of app_version and build_number: v1.4.2 or v1.4.2+231",
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :ipa,
                                       env_names: ["FL_ASC_ATTACH_BUILD_IPA", "DELIVER_IPA_PATH"],
                                       description: "The ipa to read app, version, build number and platform from: a path, or a pattern that one file matches",
                                       optional: true,
                                       code_gen_sensitive: true,
                                       default_value_dynamic: true,
                                       conflicting_options: [:pkg],
                                       conflict_block: proc do |option|
                                         UI.user_error!("You can't use 'ipa' and '#{option.key}' options in one run")
                                       end,
                                       verify_block: proc do |value|
                                         UI.user_error!("Could not find ipa file at path '#{File.expand_path(value)}'") unless found?(value)
                                       end),
          FastlaneCore::ConfigItem.new(key: :pkg,
                                       env_names: ["FL_ASC_ATTACH_BUILD_PKG", "DELIVER_PKG_PATH"],
                                       description: "The pkg to read app, version, build number and platform from: a path, or a pattern that one file matches",
                                       optional: true,
                                       code_gen_sensitive: true,
                                       default_value_dynamic: true,
                                       conflicting_options: [:ipa],
                                       conflict_block: proc do |option|
                                         UI.user_error!("You can't use 'pkg' and '#{option.key}' options in one run")
                                       end,
                                       verify_block: proc do |value|
                                         UI.user_error!("Could not find pkg file at path '#{File.expand_path(value)}'") unless found?(value)
                                       end),
          FastlaneCore::ConfigItem.new(key: :version_id,
                                       env_names: ["FL_ASC_ATTACH_BUILD_VERSION_ID", "ASC_LINKER_VERSION_ID"],
                                       description: "Apple's id of the App Store version, when the lane has it already",
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :build_id,
                                       env_names: ["FL_ASC_ATTACH_BUILD_BUILD_ID", "ASC_LINKER_BUILD_ID"],
                                       description: "Apple's id of the build, when the lane has it already",
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :targets,
                                       env_names: ["FL_ASC_ATTACH_BUILD_TARGETS", "ASC_LINKER_TARGETS"],
                                       description: "Several apps in one run: a list of Hashes, or YAML as asc-linker's `targets`, or the path of a file with it",
                                       optional: true,
                                       skip_type_validation: true), # an Array or a String
          FastlaneCore::ConfigItem.new(key: :shard,
                                       env_names: ["FL_ASC_ATTACH_BUILD_SHARD", "ASC_LINKER_SHARD"],
                                       description: "With targets: which part of them this run takes, as 2/5 (default: all, or what the CI's own variables say)",
                                       optional: true),

          # how to go about it
          FastlaneCore::ConfigItem.new(key: :wait_minutes,
                                       env_names: ["FL_ASC_ATTACH_BUILD_WAIT_MINUTES", "ASC_LINKER_WAIT_MINUTES"],
                                       description: "How many minutes to wait for the build to appear and to be processed (asc-linker's default: 45; 0 = do not wait)",
                                       optional: true,
                                       skip_type_validation: true), # an Integer, a Float or a String
          FastlaneCore::ConfigItem.new(key: :if_attached,
                                       env_names: ["FL_ASC_ATTACH_BUILD_IF_ATTACHED", "ASC_LINKER_IF_ATTACHED"],
                                       description: "When another build is attached: replace it, keep it, or fail (asc-linker's default: replace)",
                                       optional: true,
                                       skip_type_validation: true), # a Symbol is as good
          FastlaneCore::ConfigItem.new(key: :if_version_missing,
                                       env_names: ["FL_ASC_ATTACH_BUILD_IF_VERSION_MISSING", "ASC_LINKER_IF_VERSION_MISSING"],
                                       description: "When there is no such version: fail, create it, or rename the one in preparation (asc-linker's default: fail)",
                                       optional: true,
                                       skip_type_validation: true), # a Symbol is as good
          FastlaneCore::ConfigItem.new(key: :if_version_locked,
                                       env_names: ["FL_ASC_ATTACH_BUILD_IF_VERSION_LOCKED", "ASC_LINKER_IF_VERSION_LOCKED"],
                                       description: "When the version is in review or released: fail, or skip (asc-linker's default: fail)",
                                       optional: true,
                                       skip_type_validation: true), # a Symbol is as good
          FastlaneCore::ConfigItem.new(key: :release_type,
                                       env_names: ["FL_ASC_ATTACH_BUILD_RELEASE_TYPE", "ASC_LINKER_RELEASE_TYPE"],
                                       description: "For a version that is created: manual, after-approval or scheduled (default: Apple's own)",
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :earliest_release_date,
                                       env_names: ["FL_ASC_ATTACH_BUILD_EARLIEST_RELEASE_DATE", "ASC_LINKER_EARLIEST_RELEASE_DATE"],
                                       description: "For a version that is created and scheduled: the time, in ISO 8601",
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :uses_non_exempt_encryption,
                                       env_name: "FL_ASC_ATTACH_BUILD_USES_NON_EXEMPT_ENCRYPTION",
                                       description: "Answers export compliance when it is unanswered: a legal statement, so there is no default",
                                       type: Boolean,
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :expected_plan,
                                       env_names: ["FL_ASC_ATTACH_BUILD_EXPECTED_PLAN", "ASC_LINKER_EXPECTED_PLAN"],
                                       description: "The :plan of an earlier dry run: a target whose plan differs now is refused, and nothing is written",
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :report_file,
                                       env_names: ["FL_ASC_ATTACH_BUILD_REPORT_FILE", "ASC_LINKER_REPORT_FILE"],
                                       description: "A path where the whole report is written as JSON, on failure too",
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :dry_run,
                                       env_name: "FL_ASC_ATTACH_BUILD_DRY_RUN",
                                       description: "Decide and report everything, write nothing (asc-linker's default: false)",
                                       type: Boolean,
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :demo,
                                       env_name: "FL_ASC_ATTACH_BUILD_DEMO",
                                       description: "Run against asc-linker's own emulator: needs no account and no key (asc-linker's default: false)",
                                       type: Boolean,
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :api_url,
                                       env_names: ["FL_ASC_ATTACH_BUILD_API_URL", "ASC_LINKER_API_URL"],
                                       description: "Another origin of the API, as asc-linker's emulator; https, or http on loopback (default: Apple's)",
                                       optional: true),
          FastlaneCore::ConfigItem.new(key: :executable,
                                       env_names: ["FL_ASC_ATTACH_BUILD_EXECUTABLE", "ASC_LINKER_EXECUTABLE"],
                                       description: "The command to run, in one word or several (as uvx asc-linker)",
                                       optional: true,
                                       default_value: "asc-linker")
        ]
      end

      def self.output
        [
          ['ASC_ATTACH_BUILD_REPORT', 'What the action returns; after a failure, what was found until then, with :error'],
          ['ASC_ATTACH_BUILD_OUTCOME', 'What happened: attached, already-attached, kept, detached, nothing-attached, shown, would-attach, would-detach, skipped or failed'],
          ['ASC_ATTACH_BUILD_VERSION_ID', "Apple's id of the App Store version (of several targets, the first one's)"],
          ['ASC_ATTACH_BUILD_BUILD_ID', "Apple's id of the build that is attached, in a dry run would be (of several targets, the first one's)"]
        ]
      end

      def self.return_value
        "The report, a hash with symbols for keys all the way down: :outcome, :reason, :changed (true, false, or nil where that is not known), " \
          ":app_id, :bundle_id, :platform, :version_id, :version_string, :version_state, :build_id, :build_number, :previous_build_id, " \
          ":previous_build_number, :uses_non_exempt_encryption, :url, :plan, :writes, :unknown_writes, :checks and :schema. What is not known is nil. " \
          "Of several targets it is the first one's, with the :outcome, :changed and :plan of all; :reports has one such hash for each target"
      end

      def self.return_type
        :hash
      end

      def self.sample_return_value
        report = {
          schema: SCHEMA, outcome: "attached", reason: nil, changed: true, app_id: "6446000001", bundle_id: "com.example.notes", platform: "ios",
          version_id: "f1c2", version_string: "1.4.2", version_state: "PREPARE_FOR_SUBMISSION", build_id: "b231", build_number: "231",
          previous_build_id: nil, previous_build_number: nil, uses_non_exempt_encryption: false,
          url: "https://appstoreconnect.apple.com/apps/6446000001/distribution/ios/version/inflight",
          plan: "0123456789abcdef", writes: ["attach"], unknown_writes: [],
          checks: [{ id: "build-expired", name: "Not expired", verdict: "ok", sentence: "Build 231 has not expired." }]
        }
        return report.merge(reports: [report])
      end

      def self.example_code
        [
          '# app, version and build number are those of the ipa that was built and uploaded
          build_app(scheme: "Notes")
          upload_to_testflight(skip_waiting_for_build_processing: true)
          asc_attach_build',
          'asc_attach_build(
            app_identifier: "com.example.notes",
            app_version: "1.4.2",
            build_number: "231"
          )',
          'asc_attach_build(
            api_key: app_store_connect_api_key(key_id: "2X9R4HXF34", key_filepath: "AuthKey_2X9R4HXF34.p8"),
            app_version: "1.4.2",
            build_number: "latest",
            if_version_missing: "create",
            wait_minutes: 30
          )',
          'report = asc_attach_build(operation: "show", app_version: "1.4.2")
          UI.message("Build #{report[:build_number]} is attached")',
          '# several apps, all or none
          report = asc_attach_build(
            targets: [
              { app_identifier: "com.example.notes", app_version: "1.4.2", build_number: "231", platform: [:ios, :mac] },
              { app_identifier: "com.example.maps", app_version: "2.0", build_number: "latest", if_version_missing: "create" }
            ]
          )
          report[:reports].each { |one| UI.message("#{one[:bundle_id]}: #{one[:outcome]}") }',
          '# look first, write exactly that later
          plan = asc_attach_build(targets: "fastlane/targets.yml", dry_run: true)[:plan]
          asc_attach_build(targets: "fastlane/targets.yml", expected_plan: plan)'
        ]
      end

      def self.authors
        ["asc-linker contributors"]
      end

      def self.category
        :app_store_connect
      end

      def self.is_supported?(platform)
        [:ios, :mac, :tvos, :visionos].include?(platform)
      end
    end
  end
end
