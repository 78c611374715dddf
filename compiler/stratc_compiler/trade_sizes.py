"""How plans call the amounts that they bind, and which trades are too small to be made."""

from __future__ import annotations

from stratc_compiler.expr import Cmp, Expr, If, Rel, Rounding, dim_of, scale, zero
from stratc_compiler.vault import DUST_SHARE, NAV


def worth_trading(value: Expr, then: Expr) -> Expr:
    """`then` if the trade is worth at least `DUST_SHARE` of nav, else zero."""
    dust = scale(NAV, DUST_SHARE, Rounding.UP)
    return If(Cmp(value, Rel.GE, dust), then, zero(dim_of(then)))


def plan_name(*words: str) -> str:
    return "_".join(
        word for text in words for word in text.replace("(", " ").replace(")", " ").replace(".", " ").split()
    )
