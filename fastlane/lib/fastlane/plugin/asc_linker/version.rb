module Fastlane
  module AscLinker
    # That of asc-linker, as RubyGems spells it: 0.1.0rc1 is 0.1.0.rc1 here.
    VERSION = '0.1.0'.freeze
  end
end
