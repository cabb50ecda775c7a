# mypy: ignore-errors
"""Find, attach and read back with applaud."""

import json
import os
from contextlib import suppress
from pathlib import Path

from applaud.connection import Connection
from applaud.schemas.requests import AppStoreVersionBuildLinkageRequest

key = Path(os.environ["KEY_FILE"]).read_text()
apple = Connection(os.environ["ISSUER_ID"], os.environ["KEY_ID"], key)
[app] = apple.apps().filter(bundle_id="com.example.notes").get().data
versions = apple.app(app.id).app_store_versions().filter(version_string="1.4.2").get().data
[version] = [each for each in versions if each.attributes.platform.value == "IOS"]
[build] = apple.builds().filter(version="231", app=app.id, expired="false").get().data
linkage = apple.app_store_version(version.id).build_linkage()
data = AppStoreVersionBuildLinkageRequest.Data(id=build.id)
# A fault of its own, after the write is done: a 204 has no content type.
with suppress(KeyError):
    linkage.update(AppStoreVersionBuildLinkageRequest(data=data))
attached = linkage.get().data
apple.pre_release_versions().get()
print(json.dumps([app.id, version.id, build.id, attached.id == build.id]))
