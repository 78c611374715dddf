"""E00xx and E01xx: the text itself."""

from __future__ import annotations

from typing import ClassVar

from stratc_dsl.diagnostic import Label
from stratc_dsl.errors.base import LanguageError
from stratc_dsl.span import Span


class NoStrategy(LanguageError):
    code: ClassVar = "E0001"
    title: ClassVar = "no strategy in this file"
    label: ClassVar = "a strategy should stand here"
    help: ClassVar = "begin with `strategy NAME {{`, then `base`, `token`, `venue`, `assume` and `allocate`"
    explanation: ClassVar = """\
A .strat file declares at least one strategy. The smallest one that means anything:

    strategy Idle {
        base USDC
        token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
        assume {
            keeper every 1d
            price(USDC) stays 0.98 .. 1.02
        }
        allocate { idle(USDC): 100% }
    }
"""


class TooLarge(LanguageError):
    code: ClassVar = "E0002"
    title: ClassVar = "this file is too large: {size:,} characters, at most {limit:,} are read"
    label: ClassVar = "nothing was read"
    help: ClassVar = "a strategy is a page or two of text: is this the file you meant?"
    explanation: ClassVar = """\
A strategy is a page or two. A text beyond the limit is a mistake (a binary file, a log), so it is refused unread.
"""
    size: int
    limit: int


class TooManyErrors(LanguageError):
    code: ClassVar = "E0003"
    title: ClassVar = "too many errors: reading stopped after {count}"
    label: ClassVar = "what follows was not checked"
    help: ClassVar = "correct the first errors and run again"
    explanation: ClassVar = """\
After this many errors the rest says little that the first ones do not. Correct those and run again.
"""
    count: int


class BeyondLimit(LanguageError):
    code: ClassVar = "E0004"
    title: ClassVar = "more than {limit} {what}"
    label: ClassVar = "beyond the limit"
    help: ClassVar = "say it more simply; if the text is right, the brackets before this place may not be closed"
    explanation: ClassVar = """\
Brackets nest at most 32 deep, a statement has at most 64 operators, a name or number at most 64 characters.
No strategy that a person can read comes near these limits; a text that does has usually lost a bracket.
"""
    what: str
    limit: int


class Unexpected(LanguageError):
    code: ClassVar = "E0101"
    title: ClassVar = "expected {expected}, found {found}"
    label: ClassVar = "not expected here"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
The text breaks the grammar at this place. Every statement stands on a line of its own (inside braces a comma or `;`
may stand for the line end), and a line goes on only inside ( ) and [ ].

    keeper each 1h          # error: expected `every`
    keeper every 1h         # right
"""
    expected: str
    found: str
    cure: str
    opened: Span | None = None

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.opened, "inside of this bracket"),) if self.opened else ()


class UnexpectedCharacter(LanguageError):
    code: ClassVar = "E0102"
    title: ClassVar = "the character {character} has no meaning in a strategy"
    label: ClassVar = "expected {expected}"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Outside of comments and strings a strategy is written with letters, digits, `_` and these signs:

    { } ( ) [ ] : , ; . .. = < > <= >= + - * / % +- ±
"""
    character: str
    expected: str
    cure: str


class NotClosed(LanguageError):
    code: ClassVar = "E0103"
    title: ClassVar = "expected {expected}, found {found}: a `{opening}` is not closed"
    label: ClassVar = "not expected before the `{closing}`"
    help: ClassVar = "close it with `{closing}`"
    explanation: ClassVar = """\
Every `{`, `(` and `[` needs its closing partner.

    assume {
        keeper every 1h
    allocate {              # error: the `{` of `assume` is not closed
"""
    expected: str
    found: str
    opening: str
    closing: str
    opened: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.opened, "opened here"),)


class NotOpened(LanguageError):
    code: ClassVar = "E0104"
    title: ClassVar = "this `{closing}` closes nothing"
    label: ClassVar = "no open bracket belongs to it"
    help: ClassVar = "remove it, or look for a bracket that was closed too early"
    explanation: ClassVar = """\
A `}`, `)` or `]` needs an opening partner before it. Often the block before was closed one line too early.
"""
    closing: str


class UnterminatedText(LanguageError):
    code: ClassVar = "E0105"
    title: ClassVar = "this text in quotes does not end on its line"
    label: ClassVar = "the closing quote is missing"
    help: ClassVar = 'write both quotes on one line: "ETH/USD"'
    explanation: ClassVar = """\
Text in quotes, such as the pair of a price feed, begins and ends on one line:

    price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%)
"""


class MisplacedUse(LanguageError):
    code: ClassVar = "E0106"
    title: ClassVar = "`use` cannot stand inside of a block"
    label: ClassVar = "belongs outside of the strategy"
    help: ClassVar = "move the line `{statement}` to the top of the file, above `strategy`"
    explanation: ClassVar = """\
What a file shares, it shares with all strategies of the file that uses it. So `use` stands outside of them:

    use "tokens.strat"

    strategy S {
        base USDC
    }
"""
    statement: str
    opened: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.opened, "inside of this block"),)
