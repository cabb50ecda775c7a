# mypy: ignore-errors
"""Find, attach and read back with Microsoft's asconnect."""

import json
import os
from pathlib import Path

from asconnect.client import Client

apple = Client(
    key_id=os.environ["KEY_ID"],
    key_contents=Path(os.environ["KEY_FILE"]).read_text(),
    issuer_id=os.environ["ISSUER_ID"],
)
app = apple.app.get_from_bundle_id("com.example.notes")
version = apple.version.get_version(app_id=app.identifier, version_string="1.4.2")
build = apple.build.get_from_build_number("com.example.notes", "231")
before = apple.version.get_attached_build(version_id=version.identifier)
apple.version.set_build(version_id=version.identifier, build_id=build.identifier)
after = apple.version.get_attached_build(version_id=version.identifier)
assert before is None
ids = [app.identifier, version.identifier, build.identifier]
print(json.dumps([*ids, after.identifier == build.identifier]))
