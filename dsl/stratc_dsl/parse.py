"""Text to surface tree, reporting every syntax error of the text. The only user of lark's parser.

After an error the statement it stands in is dropped: the parser's stack is unwound to the list that the statement
belongs to, the terminal BAD takes the statement's place, and reading goes on at the next line or closing brace.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser

from stratc_dsl.build_expression import span_of
from stratc_dsl.build_tree import build_file
from stratc_dsl.diagnostic import Diagnostic
from stratc_dsl.errors import BeyondLimit, NotClosed, TooLarge, TooManyErrors
from stratc_dsl.errors.base import LanguageError
from stratc_dsl.newline import LimitReached, Newlines
from stratc_dsl.recovery import header_at, next_header, statement_end, unopened_block_end
from stratc_dsl.span import Source, Span
from stratc_dsl.syntax import File
from stratc_dsl.syntax_errors import shown, unexpected, unexpected_character

MAX_CHARACTERS = 16 * 1024 * 1024
"""Two minutes and some gigabytes where it is valid, both growing with the length: a generator's output, no person's."""

MAX_ERRORS = 20

_OPENERS = frozenset({"LBRACE", "LPAR", "LSQB"})
_CLOSERS = frozenset({"RBRACE", "RPAR", "RSQB"})


def parse(source: Source) -> File | tuple[Diagnostic, ...]:
    """The surface tree, or the syntax errors (at least one)."""
    if len(source.text) > MAX_CHARACTERS:
        return (TooLarge(Span(0, 0), len(source.text), MAX_CHARACTERS).diagnostic(),)
    reader = _Reader(source.text, _lark().parse_interactive(source.text), [])
    tree = reader.read()
    if tree is None:
        return tuple(error.diagnostic() for error in reader.errors)
    return build_file(tree)


def terminals(source: Source) -> dict[int, str]:
    """Which terminal of the grammar begins at each offset, as far as the text could be read."""
    if len(source.text) > MAX_CHARACTERS:
        return {}
    reader = _Reader(source.text, _lark().parse_interactive(source.text), [])
    reader.read()
    return reader.terminals


def expected(beginning: str) -> frozenset[str]:
    """The terminals that could follow the beginning of a text, whatever errors it holds; none where it is too long."""
    if len(beginning) > MAX_CHARACTERS:
        return frozenset()
    reader = _Reader(beginning, _lark().parse_interactive(beginning), [])
    return reader.expected()


@lru_cache(maxsize=1)
def keywords() -> frozenset[str]:
    """Every word that the grammar gives a meaning of its own somewhere."""
    return frozenset(_keywords(frozenset(terminal.name for terminal in _lark().terminals)))


def keyword_of(terminal: str) -> str | None:
    """The word that a terminal stands for, or None where it stands for no single word."""
    return next(iter(_keywords(frozenset({terminal}))), None)


@lru_cache(maxsize=1)
def _lark() -> Lark:
    """The parser; its tables are kept beside Python's own bytecode, and made anew where they do not fit."""
    here = Path(__file__).parent
    cache = here / "__pycache__" / "grammar.tables"
    return Lark(
        (here / "grammar.lark").read_text(encoding="utf-8"),
        cache=False if sys.dont_write_bytecode or not cache.parent.is_dir() else str(cache),
        parser="lalr",
        start="file",
        postlex=Newlines(),
        propagate_positions=True,
        maybe_placeholders=False,
    )


@dataclass(slots=True)
class _Reader:
    """One pass over one text."""

    text: str
    parser: InteractiveParser
    errors: list[LanguageError]
    read_to: int = 0  # where the last accepted token ends
    resumed_at: int = -1
    terminals: dict[int, str] = field(default_factory=dict)  # of all accepted tokens, by their offset

    def read(self) -> Tree[Token] | None:
        while True:
            try:
                self._feed()
                tree = self.parser.feed_token(Token("$END", "", len(self.text)))
                return tree if not self.errors else None
            except (UnexpectedInput, LimitReached) as error:
                if not self._recover(error):
                    return None

    def _feed(self) -> None:
        for token in self.parser.lexer_thread.lex(self.parser.parser_state):  # type: ignore[no-untyped-call]
            self.parser.feed_token(token)
            place = span_of(token)
            self.read_to, self.terminals[place.start] = place.end, token.type

    def expected(self) -> frozenset[str]:
        """What could stand where the text ends."""
        while True:
            try:
                self._feed()
                return frozenset(self.parser.accepts())  # type: ignore[no-untyped-call]
            except (UnexpectedInput, LimitReached) as error:
                if not self._recover(error):
                    return frozenset()

    # ── reporting ──

    def _recover(self, error: UnexpectedInput | LimitReached) -> bool:
        """Report one error and stand ready to read on; False where there is nothing left to read."""
        if len(self.errors) == MAX_ERRORS:
            self.errors.append(TooManyErrors(self._place(error), MAX_ERRORS))
            return False
        place = self._place(error)
        if self._leave_unclosed_block(place):
            return True
        accepted = frozenset(self.parser.accepts())  # type: ignore[no-untyped-call]
        self.errors.append(self._describe(error, place, accepted))
        if place.start == len(self.text):
            return False
        self._skip_statement(place, "LBRACE" in accepted)
        return True

    def _place(self, error: UnexpectedInput | LimitReached) -> Span:
        if isinstance(error, UnexpectedCharacters):
            offset = error.pos_in_stream or 0
            return Span(offset, offset + 1)
        assert isinstance(error, LimitReached | UnexpectedToken)
        token = error.token
        return Span(len(self.text), len(self.text)) if token.type == "$END" else span_of(token)

    def _describe(self, error: UnexpectedInput | LimitReached, place: Span, accepted: frozenset[str]) -> LanguageError:
        if isinstance(error, LimitReached):
            return BeyondLimit(place, error.what, error.limit)
        if isinstance(error, UnexpectedCharacters):
            return unexpected_character(self.text, place.start, accepted)
        return unexpected(self.text, place, accepted, _keywords(accepted), self._opened())

    def _opened(self) -> Span | None:
        """The innermost open bracket: pairs leave the parser's stack, but only when the next token is read."""
        closed = 0
        for value in reversed(self.parser.parser_state.value_stack):
            if isinstance(value, Token) and value.type in _CLOSERS:
                closed += 1
            elif isinstance(value, Token) and value.type in _OPENERS:
                if not closed:
                    return span_of(value)
                closed -= 1
        return None

    # ── going on ──

    def _skip_statement(self, place: Span, never_opened: bool) -> None:
        depth = self._open_brackets()
        while True:
            try:
                self.parser.feed_token(Token("BAD", "", place.start, end_pos=place.end))
                break
            except UnexpectedToken:
                self._pop()
        inside = self._opened() is not None
        if never_opened:
            self._resume(unopened_block_end(self.text, place.start))
        else:
            # Inside brackets the error may stand on a later line than the statement does.
            later = "\n" in self.text[self.read_to : place.start]
            end = statement_end(self.text, self.read_to if later else place.start, depth, inside)
            # Between declarations, lines that say nothing are one mistake, however many there are.
            self._resume(end if inside else next_header(self.text, end))

    def _open_brackets(self) -> int:
        """How many ( and [ of the current statement are open."""
        depth = 0
        for value in reversed(self.parser.parser_state.value_stack):
            if isinstance(value, Token) and value.type in ("LBRACE", "RBRACE"):
                break
            if isinstance(value, Token) and value.type in (*_OPENERS, *_CLOSERS):
                depth += 1 if value.type in _OPENERS else -1
        return depth

    def _pop(self) -> None:
        self.parser.parser_state.state_stack.pop()
        self.parser.parser_state.value_stack.pop()

    def _resume(self, offset: int) -> None:
        # A stop that was a stop before and led to an error again would never end: step over it.
        offset = offset if offset > self.resumed_at else self.resumed_at + 1
        self.resumed_at = self.read_to = offset
        lexer_state = self.parser.lexer_thread.state
        assert lexer_state is not None
        lexer_state.line_ctr.char_pos = offset

    def _leave_unclosed_block(self, place: Span) -> bool:
        """Where a line begins a declaration that only an outer block can hold, the inner block lacks its `}`."""
        header, opened = header_at(self.text, place.start), self._opened()
        if header is None or opened is None or self.text[opened.start] != "{":
            return False
        states, values = self.parser.parser_state.state_stack, self.parser.parser_state.value_stack
        table = self.parser.parser_state.parse_conf.states
        brace = max(index for index, value in enumerate(values) if isinstance(value, Token) and value.type == "LBRACE")
        word = self.text[header.start : header.end]
        if word == "use":  # it stands at the top of a file: here it was put into the block, and nobody forgot a brace
            return False
        outer = next((index for index in range(brace, -1, -1) if word.upper() in table[states[index]]), None)
        if outer is None:
            return False
        while len(states) > outer + 1:
            self._pop()
        self.errors.append(NotClosed(header, "`}`", shown(word), "{", "}", opened))
        self._resume(header.start)
        return True


def _keywords(accepted: frozenset[str]) -> tuple[str, ...]:
    words = (terminal for terminal in _lark().terminals if terminal.name in accepted)
    return tuple(word.pattern.value for word in words if word.pattern.value.isidentifier())
