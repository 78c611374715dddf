"""E10xx: files that use each other."""

from __future__ import annotations

from typing import ClassVar

from stratc_dsl.diagnostic import Label, Severity
from stratc_dsl.errors.base import LanguageError
from stratc_dsl.span import Span


class CannotUse(LanguageError):
    code: ClassVar = "E1001"
    title: ClassVar = "cannot use `{path}`: {why}"
    label: ClassVar = "used here"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
`use "PATH"` shares what stands outside of strategies in another file: its tokens, venues and `assume` blocks, and those
of the files that it uses itself. The path leads from the folder of the file that says `use` to the other one.

    use "tokens.strat"              # beside this file
    use "../shared/aave.strat"      # in a folder beside this one's

    strategy S { base USDC ... }

Strategies in a file that is used are not imported; they are proved and built from their own file.
"""
    path: str
    why: str
    cure: str


class UseCycle(LanguageError):
    code: ClassVar = "E1002"
    title: ClassVar = "`{path}` uses itself{chain}"
    label: ClassVar = "closes the circle"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Files that use each other in a circle have no first one, and none of them can be read alone.

    # tokens.strat
    use "venues.strat"        # error, where venues.strat says `use "tokens.strat"`

Move what both need into a third file, and let both use that one.
"""
    path: str
    chain: str
    cure: str
    steps: tuple[Span, ...]

    def secondary(self) -> tuple[Label, ...]:
        return tuple(Label(step, "part of the circle") for step in self.steps)


class NotPortable(LanguageError):
    code: ClassVar = "E1003"
    title: ClassVar = "the path to a used file {fault}"
    label: ClassVar = "not a path that every machine understands"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
The same text builds the same vault on every machine. So paths are relative to the file that says `use`, and written
with `/`:

    use "/home/ann/tokens.strat"      # error
    use "C:\\shared\\tokens.strat"      # error
    use "../shared/tokens.strat"      # right
"""
    fault: str
    cure: str


class UsesTooMuch(LanguageError):
    code: ClassVar = "E1004"
    title: ClassVar = "this is one too many: at most {limit:,} {what}"
    label: ClassVar = "not read"
    help: ClassVar = "share a few files that each hold what belongs together: one for tokens, one for a protocol"
    explanation: ClassVar = """\
A strategy uses at most 64 files, and all of them together are no longer than one file may be. People who know each
other's files stay far below that; a program that writes files may run away.
"""
    limit: int
    what: str


class OnlyShared(LanguageError):
    code: ClassVar = "E1005"
    title: ClassVar = "no strategy in this file: it only declares what others may use"
    label: ClassVar = "a strategy should stand here"
    help: ClassVar = 'name a file that says `use "{path}"`, or write a `strategy NAME {{ ... }}` here'
    explanation: ClassVar = """\
There is nothing to prove and nothing to build in a file that only shares tokens, venues and assumptions.

    stratc check tokens.strat       # well formed: `check` takes such a file
    stratc verify tokens.strat      # error
    stratc verify carry.strat       # right, where carry.strat says `use "tokens.strat"`
"""
    path: str


class NotOneStrategy(LanguageError):
    code: ClassVar = "E1006"
    title: ClassVar = "`{path}` has {count} strategies, and one of them would have to be meant"
    label: ClassVar = "which vault is this?"
    help: ClassVar = "give the vault that is held here a file of its own"
    explanation: ClassVar = """\
`erc4626(asset=USDC, strategy="PATH")` is a deposit in a vault that is built from the one strategy in that file.

    venue inner = erc4626(asset=USDC, strategy="two_vaults.strat")     # error
    venue inner = erc4626(asset=USDC, strategy="treasury.strat")       # right: `strategy Treasury { .. }` alone
"""
    path: str
    count: int


class InnerDiffers(LanguageError):
    code: ClassVar = "E1007"
    title: ClassVar = "the vault `{name}` {fault}"
    label: ClassVar = "its strategy"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
What is held in a vault is told in the token that the vault is over, and a token that two strategies name alike is one
token: of the same decimals, priced by the same feed.

    token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }

    venue inner = erc4626(asset=USDC, strategy="treasury.strat")       # error, where treasury.strat says `base DAI`

Tokens that stand in a file of their own are the same in all strategies that `use` it.
"""
    name: str
    fault: str
    cure: str


class UsedTwice(LanguageError):
    severity: ClassVar = Severity.WARNING
    code: ClassVar = "W1001"
    title: ClassVar = "this file uses `{path}` twice"
    label: ClassVar = "adds nothing"
    help: ClassVar = "delete this line"
    explanation: ClassVar = """\
A file is read once, however often it is used. That two files use a third one is fine; that one file says so twice is
probably a slip: was another file meant?

    use "tokens.strat"
    use "tokens.strat"        # warning
"""
    path: str
    first: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.first, "used here already"),)
