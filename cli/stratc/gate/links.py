"""Where a path leads, link by link, in a work tree as in a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

_LINKS = 40
"""As many as Linux follows in one path."""


class Astray(Exception):
    """A path that leads out of where it may lead, or in a circle."""


def steps(path: str, target: Callable[[str], str | None]) -> Iterator[str]:
    """Each folder, link and file that decides what a path leads to; the last one is where it ends.

    `target` says where a link leads, None for what is none. A path that begins with `/` may lead anywhere; from
    another one everything above its beginning and every absolute link is out of reach. Raises Astray.
    """
    free = path.startswith("/")
    here, ahead, links = "/" if free else "", path.split("/")[::-1], 0
    while ahead:
        part = ahead.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                raise Astray("leads out of the repository")
            here = here.rpartition("/")[0] or ("/" if free else "")
            continue
        place = f"{here.rstrip('/')}/{part}" if here else part
        yield place
        link = target(place)
        if link is None:
            here = place
            continue
        links += 1
        if links > _LINKS:
            raise Astray("is a symbolic link that leads in a circle")
        if link.startswith("/"):
            if not free:
                raise Astray("is a symbolic link that leads out of the repository")
            here = "/"
        ahead += link.split("/")[::-1]
    yield here
