# mypy: ignore-errors
"""Find with appstoreconnect, which knows neither versions nor attaching, and follow its links."""

import json
import os

from appstoreconnect import Api

apple = Api(os.environ["KEY_ID"], os.environ["KEY_FILE"], os.environ["ISSUER_ID"], False)
[app] = apple.list_apps(filters={"bundleId": "com.example.notes"})
[build] = apple.list_builds(filters={"app": app.id, "version": "231"})
trains = list(apple.list_prerelease_versions())
related = (
    app.builds(),
    app.betaGroups(),
    app.betaTesters(),
    build.icons(),
    build.individualTesters(),
)
assert build.app().id == app.id
assert [len(list(each)) for each in related] == [4, 0, 0, 0, 0]
assert len(trains) == 2
print(json.dumps([app.id, None, build.id, None]))
