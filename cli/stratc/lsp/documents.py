"""What is known of the open documents: their outlines, and those of the files that they use."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, field
from pygls.uris import from_fs_path, to_fs_path
from pygls.workspace import Workspace

from stratc.lsp.positions import Positions
from stratc.problem import Problem
from stratc.read import read_source, read_used
from stratc_dsl import Reader, Unreadable
from stratc_dsl.navigate import Library
from stratc_dsl.outline import Outline, outline
from stratc_dsl.span import Source

MAX_USED = 64
"""Files that one document uses, directly or not: a circle of `use` ends, and so does a chain."""


class Documents(Struct):
    """`_outlines` holds one outline a document, made again when its text has changed."""

    workspace: Workspace
    _outlines: dict[str, Outline] = field(default_factory=dict)

    def source(self, uri: str) -> Source:
        """The text as the editor has it; `name` is the path where the document has one."""
        document = self.workspace.get_text_document(uri)
        return Source(to_fs_path(uri) or uri, document.source)

    def positions(self, source: Source) -> Positions:
        return Positions(source.text, self.workspace.position_codec)

    def open(self) -> list[str]:
        """The open documents, called as the client calls them: the keys that pygls has are not."""
        return [document.uri for document in self.workspace.text_documents.values()]

    def is_open(self, uri: str) -> bool:
        return uri in self.open()

    def uri_of(self, path: str) -> str:
        """How the client calls the document of a path: two spellings of one would be two files to it."""
        called = (one for one in self.open() if (to_fs_path(one) or one) == path)
        return next(called, None) or from_fs_path(path) or path

    def outline(self, uri: str) -> Outline:
        return self._outlined(uri, self.source(uri))

    def library(self, uri: str) -> Library:
        """A document with all files that it uses and that can be read."""
        main = self.outline(uri)
        used: dict[str, Outline] = {}
        waiting = [main]
        while waiting and len(used) < MAX_USED:
            user = waiting.pop(0)
            for name, _ in user.used:
                path = used_path(user.source, name)
                if path is None or path == main.source.name or path in used:
                    continue
                found = self._file(path)
                if found is not None:
                    used[path] = found
                    waiting.append(found)
        return Library(main, tuple(used.values()))

    def reader(self) -> Reader:
        """The texts of used files: as they are in the editor now where they are open in it, from the disk otherwise."""
        opened = {self.source(uri).name: self.source(uri).text for uri in self.open()}

        def read(path: str, /) -> str | Unreadable:
            found = opened.get(resolved(path) or path)
            return found if found is not None else read_used(path)

        return read

    def users(self, uri: str) -> list[Library]:
        """The other open documents that use this one: what is renamed here is renamed there."""
        path = to_fs_path(uri) or uri
        others = [self.library(one) for one in self.open() if one != uri]
        return [other for other in others if any(one.source.name == path for one in other.used)]

    def forget(self, uri: str) -> None:
        self._outlines.pop(uri, None)

    def _file(self, path: str) -> Outline | None:
        uri = self.uri_of(path)
        if self.is_open(uri):
            return self.outline(uri)
        source = read_source(path)
        return None if isinstance(source, Problem) else self._outlined(uri, source)

    def _outlined(self, uri: str, source: Source) -> Outline:
        known = self._outlines.get(uri)
        if known is None or known.source != source:
            known = self._outlines[uri] = outline(source)
        return known


def used_path(user: Source, name: str) -> str | None:
    """The file that `use "name"` means, relative to the file that says so; None where that is no path at all."""
    return resolved(str(Path(user.name).parent / name)) if name else None


def resolved(path: str) -> str | None:
    """The one name of a file that a path leads to; None where it is no path at all."""
    try:
        return str(Path(path).resolve())
    except (OSError, ValueError):  # a circle of links, a NUL byte
        return None
