"""What codemagic-cli-tools does for the same: by its own classes, at the origin that is given.

For its own environment, where that package is installed. It looks up app, version and build, and
writes; it does not read back.
"""

import os
import sys
from pathlib import Path

from codemagic.apple.app_store_connect.api_client import AppStoreConnectApiClient
from codemagic.apple.resources import ResourceId


def main() -> int:
    """Returns 0 when the build was attached."""
    given = os.environ
    AppStoreConnectApiClient.API_URL = f"{given['ASC_URL']}/v1"
    client = AppStoreConnectApiClient(
        given["ASC_KEY_ID"], given["ASC_ISSUER_ID"], Path(given["ASC_PRIVATE_KEY_PATH"]).read_text()
    )
    apps = client.apps.list(client.apps.Filter(bundle_id=given["BUNDLE_ID"]))
    [app] = [each for each in apps if each.attributes.bundleId == given["BUNDLE_ID"]]
    versions = client.apps.list_app_store_versions(
        app.id, client.app_store_versions.Filter(version_string=given["VERSION_STRING"])
    )
    builds = client.builds.list(
        client.builds.Filter(
            app=ResourceId(app.id),
            version=given["BUILD_NUMBER"],
            pre_release_version_version=given["VERSION_STRING"],
        )
    )
    client.app_store_versions.modify(versions[0].id, build=builds[0].id)
    return 0


if __name__ == "__main__":
    sys.exit(main())
