"""Faults in rules and in the trades that they make."""

from __future__ import annotations

from mutations.change import Change
from mutations.mutant import Mutant, in_actions

RULES: tuple[Mutant, ...] = (
    in_actions(
        "rebalancing without cause",
        "rules that are not due",
        '    assert book._when_rebalance(s), "rule: not due"\n',
        "",
    ),
    in_actions(
        "the budget of a rule forgets the slippage of what it buys",
        "a trade against a pool that is worse than the oracle",
        "increase_aave_collateral_weth, s.price_usdc, book.USDC_UNIT), 3, 1_000)",
        "increase_aave_collateral_weth, s.price_usdc, book.USDC_UNIT), 0, 1_000)",
    ),
    in_actions(
        "the timer is not wound",
        "rules that are not due",
        "    book.harvest_save_last_run = block.timestamp\n",
        "",
    ),
    Mutant(
        "a swap takes whatever it gets",
        (
            Change("contracts/uniswap_v3.vy", "amount_out_minimum=minimum", "amount_out_minimum=0"),
            Change(
                "contracts/uniswap_v3.vy", '    assert received >= minimum, "uniswap_v3: too little received"\n', ""
            ),
        ),
        "a trade against a pool that is worse than the oracle",
    ),
)
