"""Semantic tokens: what each word is, for the colours of an editor."""

from __future__ import annotations

from lsprotocol import types

from stratc.lsp.positions import Positions
from stratc_dsl import manual
from stratc_dsl.navigate import Library
from stratc_dsl.outline import Role, Word

TYPES = [
    types.SemanticTokenTypes.Keyword,
    types.SemanticTokenTypes.Class,  # strategies and adapters
    types.SemanticTokenTypes.Type,  # tokens
    types.SemanticTokenTypes.Namespace,  # venues
    types.SemanticTokenTypes.Variable,  # signals
    types.SemanticTokenTypes.Function,  # quantities, assumptions, claims, price sources
    types.SemanticTokenTypes.Method,  # kinds of position
    types.SemanticTokenTypes.Parameter,
    types.SemanticTokenTypes.Property,
    types.SemanticTokenTypes.Number,
    types.SemanticTokenTypes.String,
    types.SemanticTokenTypes.Comment,
]
MODIFIERS = [types.SemanticTokenModifiers.Declaration]

LEGEND = types.SemanticTokensLegend(
    token_types=[str(one.value) for one in TYPES], token_modifiers=[str(one.value) for one in MODIFIERS]
)

_OF_ROLE = {
    Role.KEYWORD: types.SemanticTokenTypes.Keyword,
    Role.SUBJECT: types.SemanticTokenTypes.Function,
    Role.MEMBER: types.SemanticTokenTypes.Method,
    Role.ARGUMENT: types.SemanticTokenTypes.Parameter,
    Role.FIELD: types.SemanticTokenTypes.Property,
    Role.NUMBER: types.SemanticTokenTypes.Number,
    Role.TEXT: types.SemanticTokenTypes.String,
    Role.COMMENT: types.SemanticTokenTypes.Comment,
}
_OF_KIND = {
    "strategy": types.SemanticTokenTypes.Class,
    "token": types.SemanticTokenTypes.Type,
    "venue": types.SemanticTokenTypes.Namespace,
    "signal": types.SemanticTokenTypes.Variable,
}


def semantic_tokens(library: Library, positions: Positions) -> types.SemanticTokens:
    """All words that mean something, each relative to the one before, as the protocol packs them."""
    data: list[int] = []
    last_line = last_start = 0
    for word in library.main.words:
        kind = _type(library, word)
        if kind is None:
            continue
        for line, part in positions.lines(word.span):
            start = positions.position(part.start).character
            data += [line - last_line, start - last_start if line == last_line else start, positions.units(part)]
            data += [TYPES.index(kind), int(word.role is Role.DECLARED)]
            last_line, last_start = line, start
    return types.SemanticTokens(data)


def _type(library: Library, word: Word) -> types.SemanticTokenTypes | None:
    if word.role is Role.CALLEE:
        adapter = word.text in manual.ADAPTERS
        return types.SemanticTokenTypes.Class if adapter else types.SemanticTokenTypes.Function
    if word.role in (Role.MENTION, Role.DECLARED):
        found = library.declaration(word)
        if found is not None:
            return _OF_KIND[found.declaration.kind]
        return types.SemanticTokenTypes.Function if word.text in manual.QUANTITIES else None
    return _OF_ROLE.get(word.role)
