"""A redemption that is paid out of the positions: the slice that shares stand for is unwound, in the exit's order.

Of every token the plan keeps what is *free*: the slice of what lies idle, and what the slice has brought so far. Debts
are repaid and tokens sold out of that and of nothing else, so those who stay pay for nothing; what is owed and not held
is bought out of it, where the exit needs no loan to do that. Slices of what is held are rounded down, of what is owed
up. What a venue takes beyond the slice, by rounding or for a fee, is read off the position afterwards and taken from
what is free: it stays with the vault, idle.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from stratc_compiler.expr import Add, Cmp, Expr, Monus, Rel, Rounding, Sub, Var, amount, token_of
from stratc_compiler.shares import paid, part
from stratc_compiler.trade_sizes import plan_name
from stratc_compiler.trading import Parts, bought_for, price_of, sell
from stratc_compiler.vault import Held, Leave, Let, PlanItem, Require, SwapModel, Unwinding, VenueModel
from stratc_dsl.span import Span

CANNOT_REPAY = "unwind: a debt is more than its part brings"


def unwinding(parts: Parts, span: Span, *, buys: bool) -> Unwinding:
    """What a part of everything brings, bound to `paid`. Empty where there is nothing to unwind or no way into base.

    Empty with a range too: whoever takes liquidity out of one takes all the fees that wait there, others' among them.
    And with a short at a venue of perpetuals, a part of which may not be free to leave.
    `buys` says whether what is owed and not held is bought: a loop's debts are more than all that is free.
    """
    venues = [venue for venue in parts.exit_order if isinstance(venue, VenueModel)]
    held = [one for venue in venues for one in venue.positions] + [band.held for band in parts.bands]
    tokens = {token for one in held if not one.debt for token in one.tokens}
    kept_whole = any(one.range is not None or one.margin is not None for one in held)
    if kept_whole or all(one.venue is None and one.token == parts.base for one in held) or tokens - _saleable(parts):
        return ()
    slices = _Slices(parts, span, buys)
    for idle in parts.idle:
        slices.begin(idle)
    for place, venue in enumerate(parts.exit_order):
        if isinstance(venue, VenueModel):
            for one in venue.debts_first:
                slices.leave(one)
        else:
            slices.sell_at(venue, _owed(parts.exit_order[place:]))
    for token in tuple(slices.free):
        slices.sell(token)
    return (*slices.items, Let(paid(parts.base), slices.free[parts.base]))


def _saleable(parts: Parts) -> set[str]:
    """Base, and what some venue swaps into it."""
    return {parts.base}.union(*(swap.pair for swap in parts.swaps if parts.base in swap.pair))


def _owed(order: Sequence[VenueModel | SwapModel]) -> set[str]:
    """Tokens that are repaid at these venues."""
    return {one.token for venue in order if isinstance(venue, VenueModel) for one in venue.positions if one.debt}


class _Slices(Struct):
    """The plan so far. `free` has every token of which some may be spent: none of what was sold, until a
    venue brings more of it."""

    parts: Parts
    span: Span
    buys: bool
    items: list[PlanItem | Require] = field(default_factory=list)
    free: dict[str, Var] = field(default_factory=dict)

    def _bind(self, name: str, token: str, expr: Expr) -> Var:
        bound = amount(name, token)
        self.items.append(Let(bound, expr))
        return bound

    def _set_free(self, token: str, expr: Expr) -> None:
        self.free[token] = self._bind(plan_name("free", token), token, expr)

    def begin(self, idle: Held) -> None:
        """The slice of what is idle, where it is base, owed somewhere, or can be sold."""
        venues = (venue for venue in self.parts.exit_order if isinstance(venue, VenueModel))
        at_venues = {token for venue in venues for one in venue.positions for token in one.tokens}
        if idle.token in _saleable(self.parts) | at_venues:
            self._set_free(idle.token, part(idle.var, Rounding.DOWN))

    def leave(self, held: Held) -> None:
        """The slice of a position: what it brings is free, what it costs was."""
        words = "owed" if held.debt else "slice"
        size = self._bind(plan_name(words, held.name), held.token, part(held.var, _against_the_leaver(held)))
        left = self._bind(plan_name("left", held.name), held.token, Sub(held.var, size))
        if held.debt:
            if self.buys and bought_for(held, self.parts):
                self.buy(size)
            free = self.free[held.token]
            self.items.append(Require(Cmp(size, Rel.LE, free), CANNOT_REPAY))
            self.items.append(Leave(held, size))
            self._set_free(held.token, Sub(Sub(free, size), Monus(held.var, left)))
        else:
            brought = Add(self.free[held.token], size) if held.token in self.free else size
            self.items.append(Leave(held, size))
            self._set_free(held.token, Sub(brought, Monus(left, held.var)))

    def buy(self, size: Var) -> None:
        """What of a token is still to be repaid, with base that is free, at the worst price that is proved."""
        base, token = self.parts.base, token_of(size)
        missing = Monus(size, self.free[token])
        spend = self._bind(plan_name("spend for", size.name), base, price_of(missing, base, self.parts, self.span))
        self.items.append(Require(Cmp(spend, Rel.LE, self.free[base]), CANNOT_REPAY))
        swap = sell(base, token, spend, self.parts, self.span, plan_name("bought", size.name))
        self.items.append(swap)
        self._set_free(base, Sub(self.free[base], spend))
        self._set_free(token, Add(self.free[token], swap.received))

    def sell_at(self, swap: SwapModel, kept: set[str]) -> None:
        """What is free by now of the token that is swapped here into base, unless it is kept for debts."""
        if self.parts.base in swap.pair:
            (token,) = set(swap.pair) - {self.parts.base}
            if token not in kept:
                self.sell(token)

    def sell(self, token: str) -> None:
        """All that is free of a token, at the least price that is proved; nothing where there is no way into base."""
        base = self.parts.base
        if token == base or token not in self.free or token not in _saleable(self.parts):
            return
        swap = sell(token, base, self.free.pop(token), self.parts, self.span)
        self.items.append(swap)
        self._set_free(base, Add(self.free[base], swap.received))


def _against_the_leaver(held: Held) -> Rounding:
    return Rounding.UP if held.debt else Rounding.DOWN
