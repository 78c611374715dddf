"""E02xx: names, and what may stand where."""

from __future__ import annotations

from typing import ClassVar

from stratc_dsl.diagnostic import Label
from stratc_dsl.errors.base import LanguageError
from stratc_dsl.span import Span


class UnknownName(LanguageError):
    code: ClassVar = "E0201"
    title: ClassVar = "unknown {kind} `{name}`"
    label: ClassVar = "no {kind} of this name"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Tokens and venues are declared before anything can be said about them: in the same strategy, outside of strategies in
the same file, or in a file that this one uses.

    token WETH { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }
    venue save = erc4626(asset=USDC)

Adapters, assumptions, claims and quantities are fixed lists; the help names the nearest one. Names are case sensitive.
"""
    kind: str
    name: str
    cure: str


class DuplicateName(LanguageError):
    code: ClassVar = "E0202"
    title: ClassVar = "{what} is stated twice"
    label: ClassVar = "stated again here"
    help: ClassVar = "keep one of the two"
    explanation: ClassVar = """\
A strategy has no later and earlier: two statements about the same thing contradict each other, or one says nothing.
This holds for names of strategies, tokens and venues, for fields and arguments, for assumptions about the same thing,
for positions in `allocate`, for venues in `order`, and for blocks other than `assume`.
"""
    what: str
    first: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.first, "first stated here"),)


class ReservedName(LanguageError):
    code: ClassVar = "E0203"
    title: ClassVar = "the name `{name}` belongs to the language"
    label: ClassVar = "choose another name"
    help: ClassVar = "for example `{name}_1`"
    explanation: ClassVar = """\
`USD` is the unit of values, and `nav`, `idle`, `weights`, `leverage` and the other quantities already mean something,
so that tokens and venues cannot be called so:

    venue idle = erc4626(asset=USDC)        # error
    venue save = erc4626(asset=USDC)        # right
"""
    name: str


class UnknownArgument(LanguageError):
    code: ClassVar = "E0204"
    title: ClassVar = "{where} has no {kind} `{name}`"
    label: ClassVar = "not known here"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Fields and arguments are fixed lists:

    token T { decimals: 6, price: chainlink("T/USD", heartbeat=24h, deviation=0.25%) }
    aave_v3(collateral=[T(ltv=80%, threshold=82.5%)], borrow=[T])
    morpho_blue(collateral=A(lltv=86%), loan=B)
    erc4626(asset=T)
    uniswap_v3(A/B, fee=0.05%)
    uniswap_v3_lp(A/B, fee=0.05%, range=-50% .. +100%)
    perp_v2(A, margin=B, initial=10%, maintenance=6.25%)
    covered_call(A, quote=B, strike=+10%, tenor=7d)
    bridge(T, to="base", fee=0.1%, delay=30m)
    signal s { from: signed(KEY), range: 0 .. 1, max_age: 6h }
    exit { order: [venue, venue], using: flash(venue) }
"""
    where: str
    kind: str
    name: str
    cure: str


class MissingArgument(LanguageError):
    code: ClassVar = "E0205"
    title: ClassVar = "{where} needs {what}"
    label: ClassVar = "{what} missing here"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Nothing has a silent default that a proof would rest on: decimals, price source, heartbeat, deviation, the asset of a
vault, the pair and fee of a pool are all written down.

    token USDC { decimals: 6 }                                                                  # error: no price
    token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }    # right
"""
    where: str
    what: str
    cure: str


class WrongKind(LanguageError):
    code: ClassVar = "E0206"
    title: ClassVar = "expected {wanted}, found {found}"
    label: ClassVar = "not {wanted}"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Something else stands where a token, venue, position, pair, list or text is needed:

    slippage(WETH) <= 0.3%        # error: WETH is a token, slippage is told of a venue
    slippage(dex) <= 0.3%         # right
"""
    wanted: str
    found: str
    cure: str


class NoSuchPosition(LanguageError):
    code: ClassVar = "E0207"
    title: ClassVar = "`{venue}` has no position `{position}`"
    label: ClassVar = "{why}"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
A position is `idle(TOKEN)`, `venue.collateral(TOKEN)`, `venue.debt(TOKEN)`, or the venue alone where it has one
position. The venue's declaration says which tokens it takes: a token must stand in `collateral=[..]` to be supplied
and in `borrow=[..]` to be owed. A venue to swap in holds nothing.

    venue aave = aave_v3(collateral=[WETH(ltv=80%, threshold=82.5%)])
    allocate { aave.debt(USDC): -30% }        # error: add `borrow=[USDC]`
"""
    venue: str
    position: str
    why: str
    cure: str
    declared: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.declared, f"`{self.venue}` is declared here"),)


class CircularPrice(LanguageError):
    code: ClassVar = "E0208"
    title: ClassVar = "these prices are told in each other: {circle}"
    label: ClassVar = "part of the circle"
    help: ClassVar = "give one of the tokens a price in USD: `chainlink(..)` or `fixed(..)`"
    explanation: ClassVar = """\
`ratio(OTHER, ..)` tells a price in another token. Following these, one must come to a token with a price in USD.

    token A { decimals: 18, price: ratio(B, ..) }
    token B { decimals: 18, price: ratio(A, ..) }        # error: nobody knows what either is worth
"""
    circle: str
    others: tuple[Span, ...]

    def secondary(self) -> tuple[Label, ...]:
        return tuple(Label(span, "and part of it") for span in self.others)
