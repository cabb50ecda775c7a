# mypy: ignore-errors
"""Find, attach and read back with codemagic-cli-tools' command, as a pipeline would."""

import json
import subprocess
import sys
from pathlib import Path

COMMAND = str(Path(sys.executable).with_name("app-store-connect"))


def run(*arguments):
    done = subprocess.run(
        [COMMAND, *arguments, "--json", "--silent"], stdout=subprocess.PIPE, check=True
    )
    return json.loads(done.stdout)


[app] = run("apps", "list", "--bundle-id-identifier", "com.example.notes")
versions = run("apps", "app-store-versions", app["id"], "--version-string", "1.4.2")
[version] = [each for each in versions if each["attributes"]["platform"] == "IOS"]
[build] = run(
    "builds", "list", "--app-id", app["id"], "--not-expired", "--build-version-number", "231"
)
run("app-store-versions", "modify", version["id"], "--build-id", build["id"])
attached = run("builds", "app-store-version", build["id"])
run("builds", "pre-release-version", build["id"])
print(json.dumps([app["id"], version["id"], build["id"], attached["id"] == version["id"]]))
