"""What Aave does not count as collateral though it is supplied: in isolation mode, or without a loan-to-value."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lab.aave import AaveAsset
from lab.chain import Reverted
from lab.feed import deploy_feed
from lab.tokens import deploy_wbtc
from lab.world import World
from proofs.strategies import vault_of
from stratc_compiler.errors import Unsupported
from venues.probes import probe

CEILING = 1_000_000_00  # dollars, in cents


def test_it_is_not_counted_and_no_vault_is_deployed_with_it(revm_world: World) -> None:
    lab, weth, account = revm_world.aave, revm_world.weth, probe(revm_world.chain)
    bitcoin = deploy_wbtc(revm_world.chain, revm_world.admin)
    feed = deploy_feed(revm_world.chain, revm_world.admin, "BTC / USD", Fraction(60_000))
    lab.list_reserve(AaveAsset(bitcoin, feed, 7_000, 7_500, borrowable=False), feed.contract)
    account.call("aave_check_not_isolated", lab.pool, bitcoin)
    lab.configure("setDebtCeiling", bitcoin, CEILING)
    for token, amount in ((weth, 10**18), (bitcoin, 10**8)):
        token.mint(account.address, amount)
        account.send("aave_supply", lab.pool, token, amount)
    assert lab.supplied(account.address, bitcoin) == 10**8
    assert lab.account(account.address).collateral == 2_000 * 10**8  # the ether alone
    account.call("aave_check_risk", lab.pool, bitcoin, 7_000, 7_500)  # its terms are as stated
    with pytest.raises(Reverted, match="aave_v3: isolated collateral"):
        account.call("aave_check_not_isolated", lab.pool, bitcoin)
    account.call("aave_check_not_isolated", lab.pool, weth)


def test_what_has_no_loan_to_value_is_not_counted_and_no_strategy_can_say_so(bitcoin_world: World) -> None:
    lab, bitcoin, account = bitcoin_world.aave, bitcoin_world.token("WBTC"), probe(bitcoin_world.chain)
    lab.set_collateral(bitcoin, 0, 7_800)
    for token, amount in ((bitcoin_world.weth, 10**18), (bitcoin, 10**8)):
        token.mint(account.address, amount)
        account.send("aave_supply", lab.pool, token, amount)
    assert lab.account(account.address).collateral == 2_000 * 10**8  # the ether alone
    account.call("aave_check_risk", lab.pool, bitcoin, 0, 7_800)  # as it would be stated
    with pytest.raises(Unsupported, match="WBTC with a loan-to-value of 0 as collateral"):
        vault_of("treasury_loan", ("WBTC(ltv=73%, threshold=78%)", "WBTC(ltv=0%, threshold=78%)"))
