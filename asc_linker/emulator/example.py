"""A small world to start from: one app with a release, and the next one being prepared."""

from asc_linker.emulator.world import World


def example_world(
    bundle_id: str = "com.example.notes",
    version_string: str = "1.4.2",
    build_number: str = "231",
    platform: str = "IOS",
) -> World:
    """An app whose `version_string` is open, with `build_number` and two older builds VALID.

    A version before it is released with a build of its own. Raises WorldError: `platform` is
    none of Apple's.
    """
    older = _before(build_number)
    released = _earlier(version_string)
    return World.from_json(
        {
            "apps": [
                {
                    "id": "6446000001",
                    "bundleId": bundle_id,
                    "name": f"Example {bundle_id.rpartition('.')[2].capitalize()}",
                    "sku": "EXAMPLE",
                    "appStoreVersions": [
                        {
                            "versionString": released,
                            "platform": platform,
                            "appVersionState": "READY_FOR_DISTRIBUTION",
                            "build": older[0],
                        },
                        {"versionString": version_string, "platform": platform},
                    ],
                    "builds": [
                        {
                            "version": number,
                            "preReleaseVersion": released if number == older[0] else version_string,
                            "platform": platform,
                            "usesNonExemptEncryption": False,
                        }
                        for number in (*older, build_number)
                    ],
                }
            ]
        }
    )


def _before(build_number: str) -> tuple[str, str, str]:
    """Three build numbers below this one: 228, 229 and 230 for 231."""
    head, dot, last = build_number.rpartition(".")
    if last.isascii() and last.isdigit() and int(last) > 3:
        one, two, three = (f"{head}{dot}{int(last) - n}" for n in (3, 2, 1))
        return one, two, three
    return f"{build_number}.0.1", f"{build_number}.0.2", f"{build_number}.0.3"


def _earlier(version_string: str) -> str:
    """A version below this one: 1.4.1 for 1.4.2, 1.3 for 1.4, 0.9 for 1.0."""
    parts = version_string.split(".")
    for n in reversed(range(len(parts))):
        if parts[n].isascii() and parts[n].isdigit() and int(parts[n]) > 0:
            lower = [*parts[:n], str(int(parts[n]) - 1), *("9" for _ in parts[n + 1 :])]
            return ".".join(lower)
    return "0.0.1"
