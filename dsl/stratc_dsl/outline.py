"""Which blocks, declarations and mentions of names a text has, also one that does not parse.

Lexemes and brackets only: a strategy is looked at most often while it is being written, and then it has no tree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum

from msgspec import Struct, field

from stratc_dsl.lexemes import Kind, Lexeme, begins_limit, lexemes
from stratc_dsl.record import Record
from stratc_dsl.recovery import header_at
from stratc_dsl.span import Source, Span

DECLARING = {"strategy": "strategy", "token": "token", "venue": "venue", "signal": "signal"}
"""Words that declare the name behind them, and the kind of thing that it then names."""

OUTERMOST = frozenset({"", "strategy"})
FIELDED = frozenset({"token", "exit", "signal", "roles", "fees"})
"""Blocks whose statements are `field: value`."""


class Role(Enum):
    """What a lexeme does where it stands."""

    KEYWORD = "keyword"
    DECLARED = "declared"  # the name in its own declaration
    MENTION = "mention"  # a name that stands for something: a declared name or a quantity
    SUBJECT = "subject"  # what an assumption or a claim speaks of: `slippage`, `solvent`
    MEMBER = "member"  # behind a dot: a kind of position
    ARGUMENT = "argument"  # before `=` in a call
    FIELD = "field"  # before `:` in a block of fields
    CALLEE = "callee"  # an adapter, or the source of a price
    NUMBER = "number"
    TEXT = "text"
    COMMENT = "comment"
    SIGN = "sign"


class Block(Record):
    """A block in braces; `word` is what it begins with. The block with the word "" is the file."""

    word: str
    name: str | None
    span: Span
    inside: Span
    parent: Block | None

    @property
    def strategy(self) -> int | None:
        """Where the strategy begins that this block is or belongs to."""
        block: Block | None = self
        while block is not None and block.word != "strategy":
            block = block.parent
        return block.span.start if block else None


class Declaration(Record):
    """`span` is the name's own place, `whole` the declaration's. `strategy` is where its strategy begins, if in one."""

    kind: str
    name: str
    span: Span
    whole: Span
    strategy: int | None


class Word(Record):
    """A lexeme with what it does; `statement` is the index of the first word of its statement."""

    lexeme: Lexeme
    role: Role
    block: Block
    statement: int
    depth: int

    @property
    def text(self) -> str:
        return self.lexeme.text

    @property
    def span(self) -> Span:
        return self.lexeme.span


class Outline(Record):
    """Line ends are no words here: the statement says where one begins."""

    source: Source
    words: tuple[Word, ...]
    blocks: tuple[Block, ...]
    declarations: tuple[Declaration, ...]
    used: tuple[tuple[str, Span], ...]
    named: Mapping[str, tuple[Declaration, ...]]  # the declarations again, by name

    def word_at(self, offset: int) -> Word | None:
        """The word around an offset, or the one that ends there."""
        touching = [word for word in self.words if word.span.start <= offset <= word.span.end]
        named = [word for word in touching if word.lexeme.kind in (Kind.NAME, Kind.KEYWORD)]
        return next(iter(named or touching[::-1]), None)

    def block_at(self, offset: int) -> Block:
        """The innermost block that holds an offset."""
        holding = [block for block in self.blocks if block.inside.start <= offset <= block.inside.end]
        return max(holding, key=lambda block: block.inside.start)

    def statement_of(self, word: Word) -> tuple[Word, ...]:
        """All words of the statement that a word belongs to."""
        return tuple(_statement(self.words, word.statement))


def _statement(words: Sequence[Word], first: int) -> Iterator[Word]:
    """The words of the statement that begins at an index; comments may stand between them."""
    for index in range(first, len(words)):
        word = words[index]
        if word.statement == first:
            yield word
        elif word.role is not Role.COMMENT:
            return


class _Open(Struct):
    """A block of which the end is not known yet."""

    word: str
    name: str | None
    start: int
    inside: int
    parent: _Open | None


class _Reader(Struct):
    source: Source
    stack: list[_Open] = field(default_factory=lambda: [_Open("", None, 0, 0, None)])
    opened: list[_Open] = field(default_factory=list)
    ends: dict[int, tuple[int, int]] = field(default_factory=dict)  # of blocks by identity: inside, whole
    marks: list[tuple[Lexeme, _Open, int, int]] = field(default_factory=list)  # lexeme, block, statement, depth
    depth: int = 0
    loose: int = 0  # of that depth, what no bracket ever closes: it ends with its line
    unclosed: frozenset[int] = frozenset()
    statement: int = 0

    def read(self) -> Outline:
        self.opened.append(self.stack[0])
        at_line_start = True
        found = lexemes(self.source)
        self.unclosed = _unclosed(found)
        for lexeme in found:
            if at_line_start:
                self._leave_unclosed(lexeme)
            at_line_start = lexeme.kind is Kind.LINE_END
            self._take(lexeme)
        while self.stack:
            self._close(len(self.source.text), len(self.source.text))
        return self._outline()

    def _take(self, lexeme: Lexeme) -> None:
        if lexeme.kind is Kind.LINE_END:
            self.depth, self.loose = max(0, self.depth - self.loose), 0
        separates = lexeme.text in ("\n", ",", ";") and not self.depth and not begins_limit(self.source.text, lexeme)
        if lexeme.kind is Kind.COMMENT:
            alone = self.statement == len(self.marks)
            self.marks.append((lexeme, self.stack[-1], len(self.marks), 0))
            self.statement += alone  # a comment is never the beginning of the statement behind it
            return
        if lexeme.text == "{" or lexeme.text == "}":
            self.depth = self.loose = 0
        if lexeme.text in ("(", "["):
            self.depth += 1
            self.loose += lexeme.span.start in self.unclosed
        elif lexeme.text in (")", "]"):
            self.depth = max(0, self.depth - 1)
        if lexeme.kind is not Kind.LINE_END:
            self.marks.append((lexeme, self.stack[-1], self.statement, self.depth))
        if lexeme.text == "{":
            self._open(lexeme)
        elif lexeme.text == "}" and len(self.stack) > 1:
            self._close(lexeme.span.start, lexeme.span.end)
        if separates or lexeme.text in ("{", "}"):
            self.statement = len(self.marks)

    def _open(self, brace: Lexeme) -> None:
        header = [one for one, _, statement, _ in self.marks[self.statement : -1] if statement == self.statement]
        word = header[0].text if header else "{"
        name = header[1].text if len(header) > 1 and word in DECLARING else None
        start = header[0].span.start if header else brace.span.start
        self.stack.append(_Open(word, name, start, brace.span.end, self.stack[-1]))
        self.opened.append(self.stack[-1])

    def _close(self, inside: int, whole: int) -> None:
        self.ends[id(self.stack.pop())] = (inside, whole)

    def _leave_unclosed(self, first: Lexeme) -> None:
        """A line that begins what only an outer block can hold ends the inner ones, closed or not."""
        header = header_at(self.source.text, first.span.start)
        if header is None or header.start != first.span.start:
            return
        word = first.text
        holds = OUTERMOST | {"signals"} if word == "signal" else frozenset({""}) if word == "strategy" else OUTERMOST
        self.depth = 0
        self.statement = len(self.marks)
        while self.stack[-1].word not in holds:
            self._close(first.span.start, first.span.start)

    def _outline(self) -> Outline:
        blocks: dict[int, Block] = {}
        for one in self.opened:
            inside, whole = self.ends[id(one)]
            parent = blocks[id(one.parent)] if one.parent else None
            blocks[id(one)] = Block(one.word, one.name, Span(one.start, whole), Span(one.inside, inside), parent)
        plain = [Word(one, Role.SIGN, blocks[id(block)], at, depth) for one, block, at, depth in self.marks]
        words = tuple(
            Word(one.lexeme, _role(plain, index), one.block, one.statement, one.depth)
            for index, one in enumerate(plain)
        )
        ordered = tuple(blocks.values())
        declared = _declarations(words, ordered)
        named: dict[str, tuple[Declaration, ...]] = {}
        for declaration in declared:
            named[declaration.name] = (*named.get(declaration.name, ()), declaration)
        return Outline(self.source, words, ordered, tuple(declared), tuple(_used(words)), named)


def _unclosed(found: Sequence[Lexeme]) -> frozenset[int]:
    """Where the round and square brackets stand that nothing closes before the block around them begins or ends."""
    open_: list[int] = []
    unclosed: list[int] = []
    for lexeme in found:
        if lexeme.text in ("(", "["):
            open_.append(lexeme.span.start)
        elif lexeme.text in (")", "]") and open_:
            open_.pop()
        elif lexeme.text in ("{", "}"):
            unclosed += open_
            open_ = []
    return frozenset((*unclosed, *open_))


def outline(source: Source) -> Outline:
    """Everything that can be said of a text without understanding it."""
    return _Reader(source).read()


# ── roles ──

_PLAIN = {Kind.NUMBER: Role.NUMBER, Kind.TEXT: Role.TEXT, Kind.COMMENT: Role.COMMENT, Kind.SIGN: Role.SIGN}


def _role(words: Sequence[Word], index: int) -> Role:
    word = words[index]
    kind = word.lexeme.kind
    if kind in _PLAIN:
        return _PLAIN[kind]
    before = words[index - 1].text if index > word.statement else ""
    after = words[index + 1].text if index + 1 < len(words) else ""
    if before in DECLARING and index == word.statement + 1 and word.block.word in OUTERMOST | {"signals"}:
        return Role.DECLARED
    if kind is Kind.KEYWORD:
        return Role.KEYWORD
    return _role_of_name(word, words[word.statement].text, before, after, index == word.statement)


def _role_of_name(word: Word, head: str, before: str, after: str, first: bool) -> Role:
    block = word.block.word
    if before == "." or (before == "invariant" and after == ":"):
        return Role.MEMBER
    if after == "=" and word.depth:
        return Role.ARGUMENT
    if first and after == ":" and block in FIELDED:
        return Role.FIELD
    if before == "=" and head == "venue" and not word.depth:
        return Role.CALLEE
    if head == "price" and after == "(" and block == "token":
        return Role.CALLEE
    if first and block in ("assume", "prove", "limits") and after != ".":
        return Role.SUBJECT
    return Role.MENTION


def _declarations(words: Sequence[Word], blocks: Sequence[Block]) -> list[Declaration]:
    bodies = {block.span.start: block.span for block in blocks}
    found = []
    for word in words:
        if word.role is Role.DECLARED:
            head = words[word.statement]
            *_, last = _statement(words, word.statement)
            whole = bodies.get(head.span.start, head.span.join(last.span))
            strategy = word.block.strategy
            found.append(Declaration(DECLARING[head.text], word.text, word.span, whole, strategy))
    return found


def _used(words: Sequence[Word]) -> list[tuple[str, Span]]:
    return [
        (word.text.strip('"'), word.span)
        for index, word in enumerate(words)
        if word.role is Role.TEXT and index == word.statement + 1 and words[word.statement].text == "use"
    ]
