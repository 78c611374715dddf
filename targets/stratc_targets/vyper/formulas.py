"""Formulas that have a function of their own, which is called wherever they stand, whatever they are of.

A formula is an expression of the model over parameters: where an expression is that of other quantities, the function
is asked for them. So nothing is printed that the model does not say. What a short costs is a function in every vault
that has one; the others are where plans hold too many steps to print each out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stratc_compiler.conservation import most_out
from stratc_compiler.expr import Expr, Plain, Rounding, Var, amount, arguments_of, price, scale
from stratc_compiler.perps import cost, size_worth, worth_of_short
from stratc_compiler.vault import Vault, VenueModel
from stratc_targets.vyper.names import sanitized

WORTH = Var("worth", Plain.VALUE)


@dataclass(frozen=True, slots=True)
class FormulaFunction:
    """One function. `of_rules` is one of the actions, which only rules ask; the others are of the book."""

    name: str
    notice: str
    parameters: tuple[Var, ...]
    formula: Expr
    of_rules: bool = False

    def asked(self, expr: Expr) -> tuple[Expr, ...] | None:
        """What it is asked for where the expression is this formula; None where it is another."""
        return arguments_of(self.formula, self.parameters, expr)


def crowded(vault: Vault) -> bool:
    """Whether plans hold so many steps that what several have in common is printed as functions: of a range that is
    hedged by a short."""
    return bool(vault.ranges and vault.perps)


def formula_functions(vault: Vault) -> tuple[FormulaFunction, ...]:
    """All of a vault: each before those that stand in its formula."""
    ranges = tuple(_of_ranges(vault)) if crowded(vault) else ()
    return (*ranges, *(one for venue in vault.perps for one in _of_a_short(venue, all_of_them=crowded(vault))))


def _of_ranges(vault: Vault) -> Iterator[FormulaFunction]:
    for held in vault.ranges.values():
        for swap in vault.swaps:
            sold = scale(most_out(held, WORTH), swap.slippage, Rounding.UP)
            name = f"_cost_out_of_{sanitized(held.name)}_by_{sanitized(swap.name)}"
            notice = f"What selling at `{swap.name}` may cost where so much worth is taken out of `{held.name}`."
            yield FormulaFunction(name, notice, (WORTH, held.value), sold, of_rules=True)


def _of_a_short(venue: VenueModel, *, all_of_them: bool) -> Iterator[FormulaFunction]:
    of, *_ = venue.account
    size, prices, name = amount("size", of.token), (price(of.token), price(of.margin)), sanitized(venue.name)
    what = f"What so much {of.token} costs at `{venue.name}`"
    if all_of_them:
        worth = worth_of_short(size, of.margin)
        lost = scale(worth, of.slippage, Rounding.UP)
        notice = f"What trading so much {of.token} at `{venue.name}` may cost beyond that, in 10^-18 USD, rounded up."
        yield FormulaFunction(f"_slippage_at_{name}", notice, (size, *prices), lost, of_rules=True)
        yield FormulaFunction(f"_worth_at_{name}", f"{what}, in 10^-18 USD, rounded up.", (size, *prices), worth)
        notice = f"How much {of.token} costs so much at `{venue.name}`, told in 10^-18 USD, rounded down."
        sized = size_worth(WORTH, of.token, of.margin)
        yield FormulaFunction(f"_size_at_{name}", notice, (WORTH, *prices), sized)
    costs = cost(size, of.margin, Rounding.UP)
    yield FormulaFunction(f"_cost_at_{name}", f"{what}, in {of.margin}, rounded up.", (size, price(of.token)), costs)
