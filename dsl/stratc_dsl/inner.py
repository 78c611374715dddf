"""Strategies of vaults that another one deposits in: each read from its own file, typed, and put where it is named.

An inner strategy is a program of its own: it shares no names with the outer one. Its files follow those of the outer
program in one space of offsets, so that spans, digests and certificates cover all of them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from stratc_dsl.diagnostic import Diagnostic, Severity
from stratc_dsl.errors import CannotUse, InnerDiffers, LanguageError, NotOneStrategy, UseCycle, UsesTooMuch
from stratc_dsl.span import Source, Used, moved
from stratc_dsl.strategy import Inner, Strategy, Venue
from stratc_dsl.terms import Erc4626
from stratc_dsl.use import MAX_FILES, Link, Reader, Unreadable

BESIDE = "the path leads from the folder of the file that says `strategy=`: is it right?"


class Parsed(Protocol):
    """What is known of one text: a `ParseResult`."""

    @property
    def strategies(self) -> tuple[Strategy, ...]: ...
    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]: ...
    @property
    def source(self) -> Source: ...
    @property
    def links(self) -> tuple[Link, ...]: ...


Parse = Callable[[Source, tuple[str, ...]], Parsed]
"""Parses one text; the names are those of the files whose vaults are being looked into, the outermost first."""


class Filled(Struct):
    """The strategies of a text with those of their inner vaults, and the source with all that was read for it."""

    source: Source
    read: Reader
    parse: Parse
    outer: tuple[str, ...]
    strategies: list[Strategy] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    known: dict[str, Strategy | None] = field(default_factory=dict)

    def fill(self, strategy: Strategy) -> None:
        self.strategies.append(replace(strategy, venues=tuple(self._venue(one, strategy) for one in strategy.venues)))

    def _venue(self, venue: Venue, strategy: Strategy) -> Venue:
        terms = venue.terms
        if not isinstance(terms, Erc4626) or terms.inner is None:
            return venue
        found = self._strategy(terms.inner)
        if found is not None:
            self._fits(found, terms, terms.inner, strategy)
        return replace(venue, terms=replace(terms, inner=replace(terms.inner, strategy=found)))

    def _strategy(self, inner: Inner) -> Strategy | None:
        """The strategy in the file that is named, or None after reporting."""
        name = self._name(inner)
        if name not in self.known:
            self.known[name] = self._read(inner, name)
        return self.known[name]

    def _read(self, inner: Inner, name: str) -> Strategy | None:
        if name in self.outer:
            cure = "no vault can hold shares of itself: name another strategy"
            self._fail(UseCycle(inner.span, inner.path, "", cure, ()))
            return None
        if len(self.outer) == MAX_FILES:
            self._fail(UsesTooMuch(inner.span, MAX_FILES, "vaults stand in one another"))
            return None
        text = self.read(name)
        if isinstance(text, Unreadable):
            self._fail(CannotUse(inner.span, inner.path, text.why, text.help or BESIDE))
            return None
        parsed = self.parse(Source(name, text), self.outer)
        start, files = self.source.end, self._files(parsed.source)
        self.source = replace(self.source, used=(*self.source.used, *files))
        self.links += (Link(inner.span, files[0]), *(Link(moved(one.span, start), one.file) for one in parsed.links))
        self.diagnostics += (moved(one, start) for one in parsed.diagnostics)
        if any(one.severity is Severity.ERROR for one in parsed.diagnostics):
            return None
        if len(parsed.strategies) != 1:
            self._fail(NotOneStrategy(inner.span, inner.path, len(parsed.strategies)))
            return None
        return moved(parsed.strategies[0], start)

    def _files(self, source: Source) -> tuple[Used, ...]:
        """The files of an inner program, their paths seen from the outer one's folder."""
        folder = _folder(self.source.name)
        within = (replace(file, used=()) for file in source.files())
        return tuple(Used(posixpath.normpath(posixpath.relpath(one.name, folder)), one) for one in within)

    def _name(self, inner: Inner) -> str:
        """The path as the name of the file that says it begins."""
        file, _ = self.source.file_at(inner.span.start)
        return posixpath.normpath(posixpath.join(_folder(file.name), inner.path))

    def _fits(self, found: Strategy, terms: Erc4626, inner: Inner, strategy: Strategy) -> None:
        if found.base != terms.asset:
            cure = f"write `asset={found.base}`, or name a strategy with `base {terms.asset}`"
            self._fail(InnerDiffers(inner.span, found.name, f"is over {found.base}, not over {terms.asset}", cure))
            return
        own = {token.name: token for token in strategy.tokens}
        for one in _with_all_within(found):
            for token in one.tokens:
                if token.name in own and token != own[token.name]:
                    cure = "declare it once, in a file that both use"
                    self._fail(InnerDiffers(inner.span, one.name, f"declares another `{token.name}`", cure))

    def _fail(self, error: LanguageError) -> None:
        self.diagnostics.append(error.diagnostic())


def _with_all_within(strategy: Strategy) -> Iterator[Strategy]:
    """A strategy, and those of the vaults that it holds, and that those hold."""
    yield strategy
    for venue in strategy.venues:
        terms = venue.terms
        if isinstance(terms, Erc4626) and terms.inner is not None and terms.inner.strategy is not None:
            yield from _with_all_within(terms.inner.strategy)


def _folder(name: str) -> str:
    """Where a file lies, by its name."""
    from pathlib import PurePath  # here, as most programs hold no other vault, and loading it is a twentieth of a start

    return PurePath(name).parent.as_posix()
