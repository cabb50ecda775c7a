"""Find, attach and read back with asc, the command of rorkai/App-Store-Connect-CLI."""

import json
import subprocess
from typing import Any


def asc(*arguments: str) -> Any:
    done = subprocess.run(["asc", *arguments], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


[app] = asc("apps", "list", "--bundle-id", "com.example.notes")["data"]
listed = asc("versions", "list", "--app", app["id"], "--version", "1.4.2", "--platform", "IOS")
[version] = listed["data"]
builds = asc("builds", "list", "--app", app["id"])["data"]
[build] = [each for each in builds if each["attributes"]["version"] == "231"]
asc("versions", "attach-build", "--version-id", version["id"], "--build", build["id"])
shown = asc("versions", "view", "--version-id", version["id"], "--include-build")
print(json.dumps([app["id"], version["id"], build["id"], build["id"] in json.dumps(shown)]))
