"""Colours for .strat texts by Pygments, in documents and terminals. Found by the entry point, under the name `strat`.

Word by word and without the parser: a text is coloured the same whether it is finished or not.
"""

from __future__ import annotations

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import Comment, Keyword, Name, Number, Operator, Punctuation, String, Text, Whitespace

from stratc_dsl.parse import pattern_of
from stratc_dsl.vocabulary import vocabulary

_WORDS = vocabulary()
_NAME = pattern_of("NAME")
_SPACE = r"([ \t\r\f]+)"


class StratLexer(RegexLexer):  # type: ignore[misc]  # Pygments has no types
    """Keywords, quantities and adapters are those of the grammar and the tables of the language."""

    name = "Strat"
    aliases = ["strat"]  # noqa: RUF012 (as Pygments wants it)
    filenames = ["*.strat"]  # noqa: RUF012
    mimetypes = ["text/x-strat"]  # noqa: RUF012

    tokens = {  # noqa: RUF012
        "root": [
            (r"[ \t\r\f\n]+", Whitespace),
            (r"\A\ufeff", Text),
            (r"#[^\n]*", Comment.Single),
            (pattern_of("STRING"), String.Double),
            # what a declaration names, what a field or an argument is called, and the kind of a position
            (rf"(strategy|token|venue|signal){_SPACE}({_NAME})", bygroups(Keyword.Declaration, Whitespace, Name.Class)),
            (rf"(\.)({_NAME})", bygroups(Operator, Name.Attribute)),
            (rf"{_NAME}(?=[ \t]*[=:])", Name.Attribute),
            (words(_WORDS.adapters, prefix=r"\b", suffix=r"\b(?=[ \t]*\()"), Name.Builtin),
            (words(_WORDS.sources, prefix=r"\b", suffix=r"\b(?=[ \t]*\()"), Name.Builtin),
            (words((*_WORDS.blocks, *_WORDS.declarations), prefix=r"\b", suffix=r"\b"), Keyword.Declaration),
            (words(_WORDS.quantities, prefix=r"\b", suffix=r"\b"), Name.Function),
            (words(_WORDS.actions, prefix=r"\b", suffix=r"\b"), Keyword.Reserved),
            (words(_WORDS.words, prefix=r"\b", suffix=r"\b"), Keyword),
            (_NAME, Name),
            (pattern_of("RATIO"), Number.Float),
            (pattern_of("DURATION"), Number.Float),
            (pattern_of("NUMBER"), Number),
            (pattern_of("TOLERANCE"), Operator),
            (pattern_of("RELATION"), Operator),
            (r"\.\.|[-+*/=]", Operator),
            (r"[(){}\[\],;:]", Punctuation),
        ]
    }
