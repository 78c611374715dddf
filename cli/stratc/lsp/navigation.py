"""Where names are declared and used, as locations, edits and symbols of the protocol."""

from __future__ import annotations

import re

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams

from stratc.lsp.documents import Documents, used_path
from stratc_dsl.check_quantities import RESERVED
from stratc_dsl.navigate import Found, Library, Mention
from stratc_dsl.newline import MAX_WORD
from stratc_dsl.outline import Outline, Role
from stratc_dsl.parse import keywords
from stratc_dsl.span import Span

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

SYMBOLS = {
    "strategy": types.SymbolKind.Class,
    "token": types.SymbolKind.Constant,
    "venue": types.SymbolKind.Module,
    "signal": types.SymbolKind.Variable,
}


def found_at(library: Library, offset: int) -> Found | None:
    """The declaration that the name at an offset means."""
    word = library.main.word_at(offset)
    return library.declaration(word) if word is not None else None


def location(documents: Documents, outline: Outline, span: Span) -> types.Location:
    return types.Location(documents.uri_of(outline.source.name), documents.positions(outline.source).range(span))


def definition(documents: Documents, library: Library, offset: int) -> types.Location | None:
    """Where the name at an offset is declared; for `use "file"` the file."""
    for name, span in library.main.used:
        path = used_path(library.main.source, name)
        if span.start <= offset <= span.end and path is not None:
            return types.Location(documents.uri_of(path), types.Range(types.Position(0, 0), types.Position(0, 0)))
    found = found_at(library, offset)
    return location(documents, found.outline, found.declaration.span) if found else None


def mentions(documents: Documents, library: Library, found: Found) -> list[Mention]:
    """All places of a name in the document, in the files it uses, and in open documents that use the declaring file."""
    everywhere = library.mentions(found)
    for other in documents.users(documents.uri_of(found.outline.source.name)):
        if other.main.source.name != library.main.source.name:
            everywhere += [one for one in other.mentions(found) if one.outline is other.main]
    return everywhere


# ── renaming ──


def refuse_rename(documents: Documents, library: Library, found: Found, name: str) -> None:
    """Raise a sentence for a name that would not parse, or that already means something where this one is used."""
    if not _NAME.fullmatch(name) or len(name) > MAX_WORD:
        raise JsonRpcInvalidParams(message=f"`{name}` is no name: names are at most {MAX_WORD} letters, digits and `_`")
    if name in RESERVED or name in keywords():
        raise JsonRpcInvalidParams(message=f"`{name}` is a word of the language")
    taken = {one.text for mention in mentions(documents, library, found) for one in mention.outline.words}
    if name != found.declaration.name and name in taken:
        raise JsonRpcInvalidParams(message=f"`{name}` is used already")


def rename(documents: Documents, library: Library, found: Found, name: str) -> types.WorkspaceEdit:
    """The edits that call something by another name everywhere."""
    changes: dict[str, list[types.TextEdit]] = {}
    for one in mentions(documents, library, found):
        place = location(documents, one.outline, one.word.span)
        changes.setdefault(place.uri, []).append(types.TextEdit(place.range, name))
    return types.WorkspaceEdit(changes=changes)


# ── symbols ──


def document_symbols(documents: Documents, outline: Outline) -> list[types.DocumentSymbol]:
    """Strategies with their tokens, venues, signals and blocks."""
    positions = documents.positions(outline.source)
    nested: dict[int | None, list[types.DocumentSymbol]] = {}
    strategies = []
    for one in outline.declarations:
        whole, name = positions.range(one.whole), positions.range(one.span)
        symbol = types.DocumentSymbol(one.name, SYMBOLS[one.kind], whole, name, detail=one.kind, children=[])
        if one.kind == "strategy":
            strategies.append((one.whole.start, symbol))
        else:
            nested.setdefault(one.strategy, []).append(symbol)
    for block in outline.blocks:
        if block.word and block.name is None and re.fullmatch(r"\w+", block.word):
            whole = positions.range(block.span)
            word = positions.range(Span(block.span.start, block.span.start + len(block.word)))
            symbol = types.DocumentSymbol(block.word, types.SymbolKind.Namespace, whole, word)
            nested.setdefault(block.strategy, []).append(symbol)
    for start, symbol in strategies:
        symbol.children = nested.get(start, [])
    return [*(symbol for _, symbol in strategies), *nested.get(None, [])]


def renameable(library: Library, offset: int) -> Span | None:
    """The name at an offset where it can be renamed."""
    word = library.main.word_at(offset)
    if word is None or word.role not in (Role.MENTION, Role.DECLARED) or library.declaration(word) is None:
        return None
    return word.span
