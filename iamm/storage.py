import re
from collections.abc import Iterator
from posixpath import dirname, join
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

IMPORT = re.compile(r'@import url\("([^"]+)"\) layer\(([\w-]+)\);')
BUNDLES = ["css/site.css"]


class BundledStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Writes the files that a stylesheet imports into it, so that a page asks for one stylesheet and not twenty.

    The imported files lie beside the bundle: the addresses they hold stay right.
    """

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str, bool]]:
        if not dry_run:
            for name in BUNDLES:
                self.delete(name)
                self._save(name, ContentFile(_bundle(name, paths).encode()))
                paths = paths | {name: (self, name)}
        yield from super().post_process(paths, dry_run=dry_run, **options)


def _bundle(name: str, paths: dict[str, Any]) -> str:
    def imported(match: re.Match[str]) -> str:
        path, layer = match.groups()
        return f"@layer {layer} {{\n{_source(join(dirname(name), path), paths)}}}"

    return IMPORT.sub(imported, _source(name, paths))


def _source(name: str, paths: dict[str, Any]) -> str:
    """As it was written: what an earlier run left in the destination may be a bundle already."""
    storage, path = paths[name]
    with storage.open(path) as file:
        return str(file.read().decode())
