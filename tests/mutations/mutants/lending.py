"""Faults in how a loan is valued and paid down."""

from __future__ import annotations

from mutations.mutant import Mutant, in_actions, in_book

LENDING: tuple[Mutant, ...] = (
    in_actions(
        "a deleverage asks the savings for more than they pay",
        "a crash while most of the savings are lent out",
        "min(repay, min(s.save, erc4626.liquidity(book.SAVE_VAULT)))",
        "min(repay, s.save)",
    ),
    in_book(
        "the floor under the loan is dropped",
        "a floor that is broken from outside lets nothing out and nothing in",
        '    assert self._floor_health_aave_1_35(s), "floor: health(aave) >= 1.35"\n',
        "",
    ),
    in_actions(
        "one unit too little is repaid",
        "a crash, the keeper, and the way back",
        "aave_v3.repay(book.AAVE_POOL, book.USDC, repay)",
        "aave_v3.repay(book.AAVE_POOL, book.USDC, repay - 1)",
    ),
    in_book(
        "collateral is valued rounded up",
        "a crash, the keeper, and the way back",
        "s.value_aave_collateral_weth = arith.mul_div_down(",
        "s.value_aave_collateral_weth = arith.mul_div_up(",
    ),
    in_actions(
        "the keeper may rebalance before the loan is safe",
        "a crash, the keeper, and the way back",
        '    assert not book._when_deleverage_aave(s), "rule: deleverage_aave comes first"\n',
        "",
    ),
)
