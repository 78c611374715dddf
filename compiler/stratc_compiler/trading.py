"""What plans are made of, and how they buy and sell: at the worst price that is assumed, rounded against the vault."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import field

from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import (
    Expr,
    Rounding,
    amount,
    amount_worth,
    scale,
    token_of,
    value_of,
)
from stratc_compiler.perp_plans import TargetShort
from stratc_compiler.pools import Pool
from stratc_compiler.trade_sizes import plan_name
from stratc_compiler.vault import (
    Band,
    Held,
    Swap,
    SwapModel,
    VenueModel,
)
from stratc_dsl.record import Record
from stratc_dsl.span import Span


class Parts(Record):
    """What plans are made of: the base token, the venues in exit order, the bands, the places to swap in.

    Of places to swap the same pair in the first is used. `pools` has those that are pools of Uniswap v3, `shorts` what
    is short at the targets, by its venue of perpetuals.
    """

    base: str
    idle: tuple[Held, ...]
    exit_order: tuple[VenueModel | SwapModel, ...]
    bands: tuple[Band, ...]
    swaps: tuple[SwapModel, ...]
    pools: dict[str, Pool] = field(default_factory=dict)
    shorts: Mapping[str, TargetShort] = field(default_factory=dict)


def bought_for(debt: Held, parts: Parts) -> bool:
    """Whether what is owed is bought to repay it, and sold when it is borrowed: not base, and not held idle."""
    return debt.token != parts.base and not is_held_idle(debt.token, parts)


def is_held_idle(token: str, parts: Parts) -> bool:
    """Whether idle tokens of this kind have a place in `allocate`."""
    return any(band.held.venue is None and band.held.token == token for band in parts.bands)


def find_swap(sold: str, bought: str, swaps: tuple[SwapModel, ...], span: Span) -> SwapModel:
    """The first venue that swaps the two, in the order of `Parts`. Raises Unsupported where there is none."""
    for swap in swaps:
        if set(swap.pair) == {sold, bought}:
            return swap
    raise Unsupported(f"trading {sold} for {bought} without a swap venue", f"declare one for {sold}/{bought}", span)


def least_bought(swap: SwapModel, sized: Expr, bought: str) -> Expr:
    """The least of `bought` that is taken for so much: its oracle value, times (1 - slippage), in units of what is
    bought, rounded down at each conversion.
    """
    worth = scale(value_of(sized, Rounding.DOWN), 1 - swap.slippage, Rounding.DOWN)
    return amount_worth(worth, bought, Rounding.DOWN)


def sell(sold: str, bought: str, sized: Expr, parts: Parts, span: Span, received: str | None = None) -> Swap:
    """Swap at most `slippage` below the oracle price."""
    swap = find_swap(sold, bought, parts.swaps, span)
    minimum = least_bought(swap, sized, bought)
    return Swap(swap, sold, bought, sized, minimum, amount(received or plan_name("proceeds", sold), bought))


def price_of(bought: Expr, base: str, parts: Parts, span: Span) -> Expr:
    """So much base as buys this at the worst price, rounded up."""
    swap = find_swap(base, token_of(bought), parts.swaps, span)
    worth = scale(value_of(bought, Rounding.UP), 1 / (1 - swap.slippage), Rounding.UP)
    return amount_worth(worth, base, Rounding.UP)
