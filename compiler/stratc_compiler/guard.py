"""The guard: beyond what proofs assume of prices in a round, and of a lender's terms, only what reduces risk is done.

The contract remembers the prices that the round began with, and holds those of the moment to the very bounds that
`environment` makes the round's box of. A move that is exactly as large as assumed is inside: nothing here is rounded.
Where governance has lowered what collateral counts for, no claim speaks of the loan any more, whatever prices do.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from stratc_compiler.expr import (
    And,
    Cmp,
    Expr,
    Formula,
    Kind,
    Min,
    MulDiv,
    Not,
    Or,
    Plain,
    Rel,
    Rounding,
    TokenDim,
    Var,
    at_least_ratio,
    at_most_ratio,
    price,
    times,
    variables,
    zero,
)
from stratc_compiler.perps import Perp
from stratc_compiler.ranges import Range
from stratc_compiler.vault import (
    Enter,
    FlashLoan,
    Guard,
    Held,
    Leave,
    Let,
    Plan,
    PlanItem,
    RuleModel,
    Swap,
    Trades,
    Vault,
    VenueModel,
    Withdraw,
)
from stratc_dsl.strategy import PairMoves, PriceMoves, Strategy

GUARDED = "mode: guarded"


def round_price(token: str) -> Var:
    """The price when the round began; zero before the first one."""
    return Var(f"round_price({token})", TokenDim(Kind.PRICE, token))


def shortfall(venue: str) -> Var:
    """By how many basis points what collateral counts for at a venue has fallen below what was proved, in all."""
    return Var(f"shortfall({venue})", Plain.NUMBER)


def guard(strategy: Strategy, venues: tuple[VenueModel, ...]) -> Guard | None:
    """What is remembered, and when it is left; None where no move of a price is assumed and no lender has terms."""
    inside = tuple(_inside(strategy))
    moved = {token for one in strategy.assumptions for token in _tokens(one)} if inside else set()
    remembered = tuple(token.name for token in strategy.tokens if token.name in moved)
    governed = tuple(venue.name for venue in venues if venue.governed)
    beyond: list[Formula] = [Cmp(shortfall(name), Rel.GT, zero(Plain.NUMBER)) for name in governed]
    if inside:
        first = round_price(remembered[0])
        beyond.append(And((Cmp(first, Rel.GT, zero(first.dim)), Not(And(inside)))))
    if not beyond:
        return None
    return Guard(remembered, beyond[0] if len(beyond) == 1 else Or(tuple(beyond)), governed)


def _tokens(assumption: object) -> tuple[str, ...]:
    match assumption:
        case PriceMoves(token):
            return (token,)
        case PairMoves(token, other):
            return token, other
        case _:
            return ()


def _inside(strategy: Strategy) -> Iterator[Formula]:
    for assumption in strategy.assumptions:
        match assumption:
            case PriceMoves(token, down, up):
                yield from _between(price(token), round_price(token), 1 + down, 1 + up)
            case PairMoves(token, other, down, up):
                yield from _pair(token, other, 1 + down, 1 + up)
            case _:
                pass


def _between(now: Expr, then: Expr, low: Fraction, high: Fraction) -> Iterator[Formula]:
    if low > 0:
        yield at_least_ratio(now, low, then)
    yield at_most_ratio(now, high, then)


def _pair(token: str, other: str, low: Fraction, high: Fraction) -> Iterator[Formula]:
    """`low <= (price(token) / price(other)) / (what that was) <= high`, as a comparison of prices of `other`.

    What `other` would cost had it moved as `token` did, times the ratio's denominator, against a whole number: rounded
    down that is at least the number, and rounded up at most, just where it is so without rounding.
    """
    now, then, counted = price(token), round_price(token), price(other)
    if low > 0:
        moved = MulDiv(times(low.denominator, now), round_price(other), then, Rounding.DOWN)
        yield Cmp(moved, Rel.GE, times(low.numerator, counted))
    moved = MulDiv(times(high.denominator, now), round_price(other), then, Rounding.UP)
    yield Cmp(moved, Rel.LE, times(high.numerator, counted))


# ── what is still done ─────────────────────────────────────────────────────────────────────


def only_reduces_risk(plan: Plan, venues: tuple[VenueModel, ...]) -> bool:
    """Whether the plan repays debt, out of what secures none or out of what secures it, or puts margin behind a short
    out of the former, and does nothing else.

    No other position grows. Margin is realized when it is put in: where a wrong price asks for more than the short
    needs, that lies there until it is taken out again. And nothing is bought or sold but collateral within a flash
    loan, for the token that was repaid: a loan that is about to be liquidated is, at the same price and for less than a
    liquidator takes. And what is owed itself: bought, and repaid at once. And for margin what is short, as it comes out
    of a range of liquidity: that comes out only while its pool is near the feeds, so at no price that the feeds alone
    tell, and a liquidator would buy back at this price as well, for a penalty.
    """
    secured = {held.name for venue in venues if any(one.debt for one in venue.positions) for held in venue.positions}
    moves = tuple(item for item in plan if not isinstance(item, Let))
    repays = [item for item in moves if isinstance(item, Leave) and item.held.debt]
    draws = [item for item in moves if isinstance(item, Leave) and not item.held.debt and item.held.name not in secured]
    backs = [item for item in moves if isinstance(item, Enter) and item.held.position.kind == "margin"]
    loans = [item for item in moves if isinstance(item, FlashLoan) and _only_repays(item)]
    buys = [one for one, after in pairwise(moves) if _buys_what_it_repays(one, after)]
    backed = [item.held for item in backs]
    shorts = [venue.perp for venue in venues if venue.perp is not None and venue.positions[0] in backed]
    frees = [one for one, after in pairwise(moves) if any(_frees_margin(one, after, of) for of in shorts)]
    told = len(repays) + len(backs) + len(draws) + len(loans) + len(buys) + 2 * len(frees)
    return bool(repays or backs or loans) and told == len(moves)


def _buys_what_it_repays(buy: PlanItem, repay: PlanItem) -> bool:
    match buy, repay:
        case Swap(bought=bought, received=received), Leave(Held(debt=True) as debt, Min(owed, paid)):
            return bought == debt.token and owed == debt.var and received in tuple(variables(paid))
        case _:
            return False


def _frees_margin(out: PlanItem, sale: PlanItem, short: Perp) -> bool:
    """Whether liquidity is taken out of a range near its oracle, and just what of it is short is sold for margin."""
    match out, sale:
        case Withdraw(Held(range=Range(token=token)), token=came, checked=True), Swap(sold=sold, bought=bought):
            same = (sold, sale.amount) == (token, came)
            return same and (token, bought) == (short.token, short.margin)
        case _:
            return False


def _only_repays(loan: FlashLoan) -> bool:
    """Whether the whole loan repays a debt, and only collateral of that venue is sold, for what is given back."""
    match loan.within:
        case Leave(Held(debt=True) as debt, repaid), *sales:
            sold = zip(sales[::2], sales[1::2], strict=False)
            pays = bool(sales) and len(sales) % 2 == 0 and all(_sells(*one, debt) for one in sold)
            return pays and repaid == loan.amount and debt.token == loan.token
        case _:
            return False


def _sells(drawn: PlanItem, sale: PlanItem, debt: Held) -> bool:
    """Whether collateral beside the debt is drawn, and just that is sold for what is owed."""
    match drawn, sale:
        case Leave(Held(debt=False) as held, amount), Swap() as swap:
            same = (swap.sold, swap.bought, swap.amount) == (held.token, debt.token, amount)
            return same and held.venue == debt.venue
        case _:
            return False


def held_up(rule: RuleModel, vault: Vault) -> bool:
    """Whether the vault can be guarded, and the rule has to wait while it is: what trades, and not only to reduce risk.

    An exit goes on, by rule as by the guardian: it takes all risk away, and a price that has crashed is its occasion.
    """
    return vault.guard is not None and isinstance(rule.effect, Trades) and not rule.effect.reduces_risk


def gives_way(rule: RuleModel) -> bool:
    """Whether what stands behind the rule waits for it only while the vault is open and not guarded.

    A rule that is held up then, and one that puts margin in: beyond what was proved its sources may not have enough,
    and what reduces risk would wait for it until the loan is liquidated.
    """
    effect = rule.effect
    assert isinstance(effect, Trades)
    return not effect.reduces_risk or any(isinstance(item, Enter) for item in effect.plan)
