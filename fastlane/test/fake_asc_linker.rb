#!/usr/bin/env ruby
# Stands in for the asc-linker command: writes down how it was called, then plays the script in
# FAKE_SCRIPT, a JSON object:
#   stderr: lines to say    wait_for: a file to wait for before the last line
#   stdout: what to answer  exit: the exit code    kill: a signal to die of
#   until_interrupted: wait for SIGINT or SIGTERM, answer then

require 'json'

script = JSON.parse(ENV.fetch('FAKE_SCRIPT'))
if script['until_interrupted']
  interrupted = []
  %w(INT TERM).each { |name| trap(name) { interrupted << name } }
end

File.write(ENV.fetch('FAKE_RECORD'), JSON.generate(argv: ARGV, env: ENV.to_h, stdin: $stdin.read, folder: Dir.pwd))

lines = script['stderr'] || []
lines.each_with_index do |line, index|
  sleep(0.01) until index < lines.size - 1 || script['wait_for'].nil? || File.exist?(script['wait_for'])
  warn(line)
  $stderr.flush
end

if script['until_interrupted']
  sleep(0.01) while interrupted.empty?
  sleep(0.3) # a second signal would arrive in this time
  File.write("#{ENV.fetch('FAKE_RECORD')}.signals", interrupted.join(','))
end

$stdout.write(script['stdout'])
$stdout.flush
Process.kill(script['kill'], Process.pid) && sleep if script['kill']
exit(script.fetch('exit', 0))
