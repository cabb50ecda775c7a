"""One request on its way through the emulator, and its answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from asc_linker.emulator.documents import Writer
from asc_linker.emulator.parameters import Query
from asc_linker.emulator.problems import no_resource
from asc_linker.emulator.resources import View
from asc_linker.emulator.world import App, AppStoreVersion, Build, BuildUpload, World

Item = TypeVar("Item", AppStoreVersion, Build, BuildUpload)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    document: Any = None
    """JSON, or None for an empty body."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let in. What it asks for by id is found, or Refused with a 404."""

    view: View
    query: Query
    writer: Writer
    body: bytes

    @property
    def world(self) -> World:
        return self.view.world

    def app(self, app_id: str) -> App:
        for app in self.view.apps():
            if app.id == app_id:
                return app
        raise no_resource("apps", app_id)

    def version(self, version_id: str) -> tuple[App, AppStoreVersion]:
        return _find(self.view.versions(), "appStoreVersions", version_id)

    def build(self, build_id: str) -> tuple[App, Build]:
        return _find(self.view.builds(), "builds", build_id)

    def upload(self, upload_id: str) -> tuple[App, BuildUpload]:
        return _find(self.view.uploads(), "buildUploads", upload_id)


def _find(items: Iterable[tuple[App, Item]], kind: str, identifier: str) -> tuple[App, Item]:
    for app, item in items:
        if item.id == identifier:
            return app, item
    raise no_resource(kind, identifier)
