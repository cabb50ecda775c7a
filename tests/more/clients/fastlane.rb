# Find, attach, read back and detach with fastlane's spaceship, as deliver does it.
require "json"
require "spaceship"

api = Spaceship::ConnectAPI
api.token = api::Token.create(
  key_id: ENV.fetch("KEY_ID"), issuer_id: ENV.fetch("ISSUER_ID"), filepath: ENV.fetch("KEY_FILE")
)
app = api::App.find("com.example.notes")
version = app.get_edit_app_store_version(platform: api::Platform::IOS)
build = api::Build.all(
  app_id: app.id, version: "1.4.2", build_number: "231", platform: api::Platform::IOS
).first
version.select_build(build_id: build.id)
version.select_build(build_id: nil)
version.select_build(build_id: build.id)
attached = version.get_build
puts JSON.generate([app.id, version.id, build.id, attached.id == build.id])
