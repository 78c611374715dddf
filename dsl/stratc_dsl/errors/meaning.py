"""E04xx to E07xx: what a strategy as a whole must say."""

from __future__ import annotations

from typing import ClassVar

from stratc_dsl.diagnostic import Label
from stratc_dsl.errors.base import LanguageError
from stratc_dsl.span import Span


class MissingPart(LanguageError):
    code: ClassVar = "E0401"
    title: ClassVar = "the strategy `{name}` has no {part}"
    label: ClassVar = "no {part}"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Every strategy names its base token (the asset of the vault) and the shares of nav that it holds.

    strategy S {
        base USDC
        allocate { idle(USDC): 100% }
    }
"""
    name: str
    part: str
    cure: str


class LtvAboveThreshold(LanguageError):
    code: ClassVar = "E0402"
    title: ClassVar = "`{token}` could be borrowed against up to {ltv}, beyond its liquidation threshold of {threshold}"
    label: ClassVar = "the threshold must be at least the ltv"
    help: ClassVar = "read both from the venue: `ltv` is always the smaller one"
    explanation: ClassVar = """\
A lending venue lends up to `ltv` and liquidates at `threshold`. With the ltv above the threshold, a fresh loan could be
liquidated at once; no venue is set up so.

    collateral=[WETH(ltv=85%, threshold=82.5%)]      # error
    collateral=[WETH(ltv=80%, threshold=82.5%)]      # right
"""
    token: str
    ltv: str
    threshold: str


class RiskNotStated(LanguageError):
    code: ClassVar = "E0403"
    title: ClassVar = "`{venue}` owes a debt, but its collateral `{token}` does not state {missing}"
    label: ClassVar = "{missing} missing here"
    help: ClassVar = "write `{token}(ltv=.., threshold=..)` with the numbers of the venue"
    explanation: ClassVar = """\
Whether a loan can be liquidated depends on the venue's risk parameters. They are assumptions like the others: written
down, checked on chain at deployment, and watched.

    venue aave = aave_v3(collateral=[WETH], borrow=[USDC])                               # error where USDC is owed
    venue aave = aave_v3(collateral=[WETH(ltv=80%, threshold=82.5%)], borrow=[USDC])     # right
"""
    venue: str
    token: str
    missing: str
    debt: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.debt, "the debt"),)


class MaintenanceAboveInitial(LanguageError):
    code: ClassVar = "E0404"
    title: ClassVar = "the maintenance margin of {maintenance} is above the initial margin of {initial}"
    label: ClassVar = "must be at most the initial margin"
    help: ClassVar = "read both from the venue: `maintenance` is the smaller one"
    explanation: ClassVar = """\
A venue of perpetuals opens a position from the `initial` margin on, and liquidates it below the `maintenance` margin.
The other way round, every new position could be liquidated at once.

    venue perp = perp_v2(WETH, margin=USDC, initial=5%, maintenance=10%)       # error
    venue perp = perp_v2(WETH, margin=USDC, initial=10%, maintenance=6.25%)    # right
"""
    maintenance: str
    initial: str
    other: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.other, "the initial margin"),)


class MissingAssumption(LanguageError):
    code: ClassVar = "E0501"
    title: ClassVar = "nothing is assumed about {what}"
    label: ClassVar = "{label_text}"
    help: ClassVar = "add `{cure}` to `assume`"
    explanation: ClassVar = """\
Every assumption is written down: without a bound anything may happen, and then nothing can be proved. Needed are
`keeper every D`, `price(T) moves R` or `stays R` for each token, `slippage(v) <= r` for each venue to swap in, and
`rate(v.debt(T)) <= r per D` for each debt that is allocated.
"""
    what: str
    label_text: str
    cure: str


class SumNotWhole(LanguageError):
    code: ClassVar = "E0601"
    title: ClassVar = "the targets sum to {total}, not 100%"
    label: ClassVar = "{total} of nav"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Targets are shares of nav, and nav is all that is held less all that is owed: they sum to 100%, debts counted negative.

    allocate {
        aave.collateral(WETH):  80%
        aave.debt(USDC):       -32%
        save:                   42%
        idle(USDC):             10%
    }
"""
    total: str
    cure: str


class TargetOutsideLimits(LanguageError):
    code: ClassVar = "E0602"
    title: ClassVar = "the target of `{position}` is {target}, {relation} its {limit}"
    label: ClassVar = "the {limit}"
    help: ClassVar = "move the target or the {word}"
    explanation: ClassVar = """\
A target lies inside its own limits, or no rebalancing could ever settle the vault.

    idle(USDC): 10%, min 12%        # error
    idle(USDC): 14%, min 12%        # right
"""
    position: str
    target: str
    relation: str
    limit: str
    word: str
    target_span: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.target_span, "the target"),)


class FloorBelowTargets(LanguageError):
    code: ClassVar = "E0603"
    title: ClassVar = "this floor is false at the targets, where {facts}"
    label: ClassVar = "false at the targets"
    help: ClassVar = "move the targets, or lower the floor to what they reach"
    explanation: ClassVar = """\
Floors hold after every transaction. A floor that fails at the targets themselves would make every rebalancing revert.
With collateral 80% at a threshold of 82.5% and a debt of 32%, health at the targets is 0.80 * 0.825 / 0.32 = 2.0625:

    health(aave) >= 2.1         # error
    health(aave) >= 1.35        # right, and leaves room to move
"""
    facts: str
    targets: tuple[Span, ...]

    def secondary(self) -> tuple[Label, ...]:
        return tuple(Label(span, "a target it depends on") for span in self.targets)


class WrongSign(LanguageError):
    code: ClassVar = "E0604"
    title: ClassVar = "the target of `{position}` is {target}: {rule}"
    label: ClassVar = "the wrong sign"
    help: ClassVar = "write `{cure}`"
    explanation: ClassVar = """\
What is held counts positive, what is owed counts negative. Tolerances are always positive.

    aave.debt(USDC):  32% +- 4%        # error
    aave.debt(USDC): -32% +- 4%        # right
"""
    position: str
    target: str
    rule: str
    cure: str


class NoSwapVenue(LanguageError):
    code: ClassVar = "E0605"
    title: ClassVar = "no venue swaps `{token}` into the base `{base}`"
    label: ClassVar = "holds `{token}`"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
Deposits and withdrawals are paid in base. A position in another token needs a venue that swaps between the two:

    venue dex = uniswap_v3(WETH/USDC, fee=0.05%)
"""
    token: str
    base: str
    cure: str


class NotInExit(LanguageError):
    code: ClassVar = "E0701"
    title: ClassVar = "`{venue}` {why}, but is not in the exit order"
    label: ClassVar = "`{venue}` is missing"
    help: ClassVar = "add `{venue}` to `order`"
    explanation: ClassVar = """\
The emergency exit sells everything, in the order that `exit` states. A venue left out would keep what is in it.

    exit { order: [save, aave, dex] }
"""
    venue: str
    why: str
    needed: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.needed, "needed for this"),)


class NothingThere(LanguageError):
    code: ClassVar = "E0702"
    title: ClassVar = "{statement} needs {needed}, and `{venue}` has none"
    label: ClassVar = "no {what} at `{venue}`"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
A statement about a venue needs something to act on: `deleverage` and `health` a debt in `allocate`, `harvest`,
`loss`, `liquidity` and `survives loss of` a position there, `slippage` a venue to swap in.

    harvest dex          # error: a venue to swap in holds nothing
    harvest save         # right
"""
    statement: str
    needed: str
    what: str
    venue: str
    cure: str


class NoEffect(LanguageError):
    code: ClassVar = "E0703"
    title: ClassVar = "{what} does not change {quantity}"
    label: ClassVar = "{why}"
    help: ClassVar = "{cure}"
    explanation: ClassVar = """\
What a statement trades must be able to bring about what it is for. A sensitivity is hedged with something whose value
reacts to that price in that way, and a position is topped up for the sake of a quantity that grows with it.

    delta(WETH): -3% .. +3% of nav using perp.short(WBTC)                      # error: another price
    gamma(WETH): -3% .. +3% of nav using perp.short(WETH)                      # error: a perpetual has no gamma
    top_up perp.margin to health(aave) 1.8 from [idle(USDC)]                   # error: another venue
    top_up perp.margin to margin_ratio(perp) 80% from [idle(USDC)]             # right
"""
    what: str
    quantity: str
    why: str
    cure: str
    about: Span

    def secondary(self) -> tuple[Label, ...]:
        return (Label(self.about, "for this"),)


class NotHedged(LanguageError):
    code: ClassVar = "E0704"
    title: ClassVar = "`hedge` states no band for {what}"
    label: ClassVar = "no band stated"
    help: ClassVar = "state it: `hedge {{ delta(WETH): -3% .. +3% of nav using perp.short(WETH) }}`"
    explanation: ClassVar = """\
`rehedge`, and the condition that a sensitivity is outside of its band, need the band and an instrument to keep it with:

    hedge { delta(WETH): -3% .. +3% of nav using perp.short(WETH) }
    rules { when delta(WETH) outside band do rehedge }
"""
    what: str
