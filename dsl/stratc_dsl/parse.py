"""Text to surface tree, reporting every syntax error of the text. The only user of lark's parser.

After an error the statement it stands in is dropped: the parser's stack is unwound to the list that the statement
belongs to, the terminal BAD takes the statement's place, and reading goes on at the next line or closing brace.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import lru_cache

from lark import Lark, Token, Tree, UnexpectedCharacters, UnexpectedInput, UnexpectedToken
from lark.parsers.lalr_interactive_parser import InteractiveParser
from msgspec import Struct, field

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


def read_tokens(source: Source) -> tuple[tuple[Token, ...], tuple[Diagnostic, ...]]:
    """The tokens as the parser took them, and the syntax errors.

    A token BAD is the text of a statement that could not be read. IMPLIED, empty, is a `}` that the text lacks.
    Newlines inside brackets are left out, as whitespace and comments are.
    """
    text = source.text
    if len(text) > MAX_CHARACTERS:
        errors = (TooLarge(Span(0, 0), len(text), MAX_CHARACTERS).diagnostic(),)
        return (Token("BAD", text, 0, end_pos=len(text)),), errors
    reader = _Reader(text, _lark().parse_interactive(text), [], tokens=[])
    reader.read()
    assert reader.tokens is not None
    return tuple(reader.tokens), tuple(error.diagnostic() for error in reader.errors)


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


def productions() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every way in which each rule of the grammar can be written, as names of rules and terminals."""
    return ((rule.origin.name, tuple(symbol.name for symbol in rule.expansion)) for rule in _lark().rules)


def pattern_of(terminal: str) -> str:
    """The regular expression of a terminal."""
    return _lark().get_terminal(terminal).pattern.to_regexp()


@lru_cache(maxsize=1)
def _lark() -> Lark:
    """The parser; its tables are kept beside Python's own bytecode, and made anew where they do not fit."""
    here = os.path.dirname(__file__)
    tables = os.path.join(here, "__pycache__", "grammar.tables")
    with open(os.path.join(here, "grammar.lark"), encoding="utf-8") as file:
        grammar = file.read()
    return Lark(
        grammar,
        cache=tables if os.path.isfile(tables) or _may_be_kept(os.path.dirname(tables)) else False,
        parser="lalr",
        start="file",
        postlex=Newlines(),
        propagate_positions=True,
        maybe_placeholders=False,
    )


def _may_be_kept(bytecode: str) -> bool:
    return not sys.dont_write_bytecode and os.path.isdir(bytecode)


class _Reader(Struct):
    """One pass over one text."""

    text: str
    parser: InteractiveParser
    errors: list[LanguageError]
    read_to: int = 0  # where the last accepted token ends
    resumed_at: int = -1
    terminals: dict[int, str] = field(default_factory=dict)  # of all accepted tokens, by their offset
    tokens: list[Token] | None = None  # where somebody asks for them

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
            if self.tokens is not None:
                self.tokens.append(token)

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
        place = self._place(error)
        if len(self.errors) == MAX_ERRORS:
            self.errors.append(TooManyErrors(place, MAX_ERRORS))
            self._note_bad(self._unwind(place), len(self.text))
            return False
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
        begin = self._unwind(place)
        inside = self._opened() is not None
        if never_opened:
            self._resume(unopened_block_end(self.text, place.start))
        else:
            # Inside brackets the error may stand on a later line than the statement does.
            later = "\n" in self.text[self.read_to : place.start]
            end = statement_end(self.text, self.read_to if later else place.start, depth, inside)
            # Between declarations, lines that say nothing are one mistake, however many there are.
            self._resume(end if inside else next_header(self.text, end))
        self._note_bad(begin, self.resumed_at)

    def _unwind(self, place: Span) -> int:
        """Put BAD in place of the statement that the parser is in; where that statement begins."""
        if self._has_closed_block():  # what follows its `}` is the mistake: unwinding would open the block again
            self.parser.feed_token(Token("_NL", "\n", place.start, end_pos=place.start))
        begin = place.start
        while True:
            try:
                self.parser.feed_token(Token("BAD", "", place.start, end_pos=place.end))
                return begin
            except UnexpectedToken:
                begin = min(begin, _start_of(self._pop(), begin))

    def _has_closed_block(self) -> bool:
        """Whether the newest sign is the `}` of a block that only lacks the end of its line."""
        newest = self.parser.parser_state.value_stack[-1:]
        closed = bool(newest) and isinstance(newest[0], Token) and newest[0].type == "RBRACE"
        return closed and "_NL" in self.parser.accepts()  # type: ignore[no-untyped-call]

    def _note_bad(self, begin: int, end: int) -> None:
        """One token BAD in place of those that were taken from a statement before it turned out to be none."""
        if self.tokens is not None:
            self._forget_tokens(begin)
            if self.tokens and self.tokens[-1].type == "BAD" and (self.tokens[-1].end_pos or 0) > begin:
                begin = span_of(self.tokens.pop()).start  # a mistake that reading on made larger
            self.tokens.append(Token("BAD", self.text[begin:end], begin, end_pos=end))

    def _note_implied(self, begin: int, left: list[Token | Tree[Token]]) -> None:
        """A token IMPLIED for each block that was left; what was taken from `begin` on is going to be read again."""
        if self.tokens is not None:
            self._forget_tokens(begin)
            signs = [one.type for one in left if isinstance(one, Token)]
            missing = signs.count("LBRACE") - signs.count("RBRACE")
            self.tokens += [Token("IMPLIED", "", begin, end_pos=begin)] * missing

    def _forget_tokens(self, begin: int) -> None:
        while self.tokens and (self.tokens[-1].start_pos or 0) >= begin:
            self.tokens.pop()

    def _open_brackets(self) -> int:
        """How many ( and [ of the current statement are open."""
        depth = 0
        for value in reversed(self.parser.parser_state.value_stack):
            if isinstance(value, Token) and value.type in ("LBRACE", "RBRACE"):
                break
            if isinstance(value, Token) and value.type in (*_OPENERS, *_CLOSERS):
                depth += 1 if value.type in _OPENERS else -1
        return depth

    def _pop(self) -> Token | Tree[Token]:
        self.parser.parser_state.state_stack.pop()
        value: Token | Tree[Token] = self.parser.parser_state.value_stack.pop()
        return value

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
        left = []
        while len(states) > outer + 1:
            left.append(self._pop())
        self._note_implied(header.start, left)
        self.errors.append(NotClosed(header, "`}`", shown(word), "{", "}", opened))
        self._resume(header.start)
        return True


def _start_of(value: Token | Tree[Token], otherwise: int) -> int:
    """Where something on the parser's stack begins; what is empty begins nowhere."""
    if isinstance(value, Token):
        return value.start_pos if value.start_pos is not None else otherwise
    return otherwise if value.meta.empty else value.meta.start_pos


def _keywords(accepted: frozenset[str]) -> tuple[str, ...]:
    words = (terminal for terminal in _lark().terminals if terminal.name in accepted)
    return tuple(word.pattern.value for word in words if word.pattern.value.isidentifier())
