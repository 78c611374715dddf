"""A part of an account that is short, for who leaves: so much of the short is bought back out of as much of its cash.

What that leaves is the leaver's: the others keep their part of the cash and of the short, and a unit more, since a
withdrawal may cost the account a fraction of one. No price is read: the leaver's own cash bounds what is paid.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.expr import Add, Monus, Num, Rounding, Sub, Var, amount
from stratc_compiler.shares import part
from stratc_compiler.trade_sizes import plan_name
from stratc_compiler.vault import Leave, Let, Plan, Trade, VenueModel


def account_part(venue: VenueModel) -> tuple[Plan, Var]:
    """What `SHARES` out of `WHOLE` are given of an account: the plan, and what it binds the payment to."""
    _, cash, short = venue.account
    spend = amount(plan_name("part of", cash.name), cash.token)
    kept = amount(plan_name("kept of", cash.name), cash.token)
    cover = amount(plan_name("part of", short.name), short.token)
    given = amount(plan_name("given of", cash.name), cash.token)
    unit = Num(Fraction(1), cash.var.dim)
    plan: Plan = (
        Let(spend, part(cash.var, Rounding.DOWN)),
        Let(kept, Sub(cash.var, spend)),
        Let(cover, part(short.var, Rounding.UP)),
        Trade(short, cash, cover, spend, covers=True),
        Let(given, Monus(cash.var, Add(kept, unit))),
        Leave(cash, given),
    )
    return plan, given
