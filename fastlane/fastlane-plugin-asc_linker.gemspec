require_relative 'lib/fastlane/plugin/asc_linker/version'

Gem::Specification.new do |spec|
  spec.name = 'fastlane-plugin-asc_linker'
  spec.version = Fastlane::AscLinker::VERSION
  spec.summary = 'Attach an uploaded build to its App Store version, and say what happened'
  spec.description = 'The action asc_attach_build: it waits until a build is processed, attaches it to its App Store version, and reads back what it wrote. ' \
                     'It runs the command asc-linker (pipx install asc-linker).'
  spec.authors = ['asc-linker contributors']
  spec.license = 'MIT'
  spec.homepage = 'https://github.com/asc-linker/asc-linker/tree/main/fastlane'
  spec.metadata = {
    'source_code_uri' => 'https://github.com/asc-linker/asc-linker',
    'changelog_uri' => 'https://github.com/asc-linker/asc-linker/blob/main/CHANGELOG.md',
    'bug_tracker_uri' => 'https://github.com/asc-linker/asc-linker/issues',
    'rubygems_mfa_required' => 'true'
  }
  # fastlane is no dependency: it loads the plugin, and which fastlane a project has is its own affair.
  spec.required_ruby_version = '>= 3.0'
  spec.require_paths = ['lib']
  # By name: nothing gets in because it lies around, and no git is needed.
  spec.files = [
    'LICENSE',
    'README.md',
    'actions/asc_attach_build.rb',
    'lib/fastlane/plugin/asc_linker.rb',
    'lib/fastlane/plugin/asc_linker/version.rb'
  ]
end
