"""What the adapter of Morpho Blue compares when a vault is deployed."""

from __future__ import annotations

from fractions import Fraction

import pytest

from differential.pair import outcome
from lab.chain import Reverted as ChainReverted
from lab.morpho import deploy_oracle
from lab.world import World
from venues.probes import probe


def test_the_adapter_refuses_a_market_that_is_not_there(blue_world: World) -> None:
    contract, lab = probe(blue_world.chain), blue_world.morpho
    assert contract.call("blue_market_id", lab.params) == lab.id
    assert lab.contract.call("idToMarketParams", lab.id) == lab.params
    contract.call("blue_check_market", lab.contract, lab.id)
    for place, other in enumerate((blue_world.weth, blue_world.usdc, lab.irm, lab.oracle, lab.lltv + 1)):
        params = (*lab.params[:place], other, *lab.params[place + 1 :])
        with pytest.raises(ChainReverted, match="no such market"):
            contract.call("blue_check_market", lab.contract, contract.call("blue_market_id", params))


def test_the_adapter_refuses_an_oracle_that_says_something_else(blue_world: World) -> None:
    contract, lab, feeds = probe(blue_world.chain), blue_world.morpho, blue_world.feeds
    given = (10**12, 10**18, 10**6)

    def check(weth: int, usdc: int, oracle: object = lab.oracle) -> None:
        contract.call("blue_check_oracle", oracle, weth * 10**10, given[1], usdc * 10**10, given[2])

    for weth, usdc in ((2_000 * 10**8, 10**8), (1_234_56789012, 99_999_999), (3, 101_000_001)):
        feeds["WETH"].set_raw(answer=weth)
        feeds["USDC"].set_raw(answer=usdc)
        check(weth, usdc)
        for other in ((weth + 1, usdc), (weth, usdc + 1)):
            with pytest.raises(ChainReverted, match="the oracle differs from the feeds"):
                check(*other)
    feeds["WETH"].set_raw(answer=1_234_56789012)
    feeds["USDC"].set_raw(answer=99_999_999)
    for digits, near in ((0, True), (4, True), (-4, True), (9_000, False), (-9_000, False)):
        prices = (1_234_56789012 * 10**10, 10**18, 99_999_999 * 10**10)
        for price, loan_price in ((prices[0] + digits, prices[2]), (prices[0], prices[2] + digits)):
            told = (lab.oracle, price, 10**18, loan_price, 10**6)
            assert (
                outcome(lambda told=told: contract.call("blue_check_oracle", *told), ChainReverted)[1] is None
            ) == near
    upside_down = deploy_oracle(
        blue_world.chain, blue_world.admin, (blue_world.weth, feeds["USDC"]), (blue_world.usdc, feeds["WETH"])
    )
    with pytest.raises(ChainReverted, match="the oracle differs from the feeds"):
        check(1_234_56789012, 99_999_999, upside_down)
    lab.misprice(1 - Fraction(1, 10**15))
    with pytest.raises(ChainReverted, match="the oracle differs from the feeds"):
        check(1_234_56789012, 99_999_999)
