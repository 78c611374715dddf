"""Faults in loans that are taken and given back in one transaction."""

from __future__ import annotations

from mutations.mutant import Mutant, in_actions, in_module

_LOOP = "a loop goes up, down and out by flash loans"
_DRY = "bitcoin pays where ether cannot be drawn, and for the rest where some can"
_CRASH = "a crash that takes all ether, and more"
_LENDER = "a lender that does not lend, or not at that price"

FLASH_LOANS: tuple[Mutant, ...] = (
    in_module(
        "flash",
        "a dearer loan is given back",
        _LENDER,
        '    assert owed <= self.due, "flash: costs more than was proved"\n',
        "",
    ),
    in_actions(
        "the sale after a deleverage has no least price but the loan",
        "a deleverage whose sale brings too little leaves everything as it was",
        "        minimum: uint256 = least_weth\n",
        "        minimum: uint256 = loan * 99 // 100\n",
    ),
    in_actions(
        "a rebalance borrows what it has",
        _LOOP,
        "arith.monus(repay_aave_debt_usdc + increase_aave_collateral_weth, s.idle_usdc)",
        "repay_aave_debt_usdc + increase_aave_collateral_weth",
    ),
    in_actions(
        "a loan goes on with another plan",
        _LOOP,
        "flash._expect(book.AAVE_POOL, book.USDC, loan, due, 2)",
        "flash._expect(book.AAVE_POOL, book.USDC, loan, due, 3)",
    ),
    in_actions(
        "the premium is not given back",
        _LOOP,
        "tokens.allow(asset, msg.sender, amount + premium)",
        "tokens.allow(asset, msg.sender, amount)",
    ),
    in_actions(
        "a pool is given back no more than it lent",
        "a loop goes up, down and out by loans from a pool",
        "tokens.push(flash.token, msg.sender, flash.amount + fee0 + fee1)",
        "tokens.push(flash.token, msg.sender, flash.amount)",
    ),
    in_actions(
        "of the first collateral more is sold than can be drawn",
        _DRY,
        "min(s.aave_collateral_weth, aave_v3.liquidity(book.AAVE_POOL, book.WETH, book.AAVE_COLLATERAL_WETH)),\n"
        "            s.price_weth",
        "s.aave_collateral_weth,\n            s.price_weth",
    ),
    in_actions(
        "what the second collateral brings repays nothing",
        _CRASH,
        "loan: uint256 = repay_weth + repay_wbtc\n",
        "loan: uint256 = repay_weth\n",
    ),
    in_actions(
        "the second collateral pays for all, whatever the first has paid",
        _CRASH,
        "            arith.mul_div_up(over_after_weth, 19_900, 11_229),\n",
        "            arith.mul_div_up(over, 19_900, 11_229),\n",
    ),
    in_actions(
        "an exit without a loan does nothing",
        "where idle covers the debt nothing is lent, and no price is read",
        "        else:\n            self._within_3()\n",
        "",
    ),
)
