"""Uniswap v3: the adapter on the protocol's own pool pays what the quoter says, and never less than the minimum."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from differential.pair import outcome
from lab.chain import Contract, Reverted
from lab.tokens import Token
from lab.world import POOL_FEE, World
from stratc_compiler.expr import amount
from stratc_compiler.interpret import Evaluator
from stratc_compiler.trading import Parts, sell
from stratc_compiler.vault import Held, Swap
from stratc_dsl.span import NOWHERE
from venues.probes import probe
from venues.quietly import quietly
from vyper_target.vaults import example

CARRY = example("eth_carry").vault
(DEX,) = CARRY.swaps


class _Prices:
    """The feeds as the interpreter reads a world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def read(self, name: str) -> int:
        word, _, token = name.removesuffix(")").partition("(")
        if word == "price":
            return int(self.world.price(token) * 10**18)
        return 10 ** self.world.token(token).decimals

    def enter(self, held: Held, amount: int) -> None:
        raise NotImplementedError

    def leave(self, held: Held, amount: int) -> None:
        raise NotImplementedError

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        raise NotImplementedError


def minimum_of(world: World, sold: str, bought: str, size: int) -> int:
    """The minimum that the model's own plan asks for."""
    parts = Parts(CARRY.base, (), (), (), CARRY.swaps)
    item = sell(sold, bought, amount("sized", sold), parts, NOWHERE)
    return Evaluator(CARRY, _Prices(world), {"sized": size}).value(item.minimum)


def swap(world: World, contract: Contract, sold: Token, bought: Token, size: int, minimum: int) -> int:
    args = (world.uniswap.router, POOL_FEE, sold, bought, size, minimum)
    return int(contract.send("dex_swap", *args).value)


def test_a_swap_pays_what_is_quoted_and_never_less_than_the_minimum(revm_world: World) -> None:
    count: Counter[str] = Counter()

    @quietly(150)
    @given(
        selling_weth=st.booleans(),
        dollars=st.integers(1, 5_000_000) | st.sampled_from([1, 10**8]),
        price=st.integers(300, 9_000),
        lag=st.integers(-60, 60),
        usdc=st.integers(985, 1_015),
        odd=st.integers(0, 10**6 - 1),
    )
    def told(selling_weth: bool, dollars: int, price: int, lag: int, usdc: int, odd: int) -> None:
        world, start = revm_world, revm_world.chain.snapshot()
        try:
            world.set_price("USDC", Fraction(usdc, 1_000), arbitrage=False)
            world.set_price("WETH", Fraction(price * (10_000 + lag), 10_000))
            world.set_price("WETH", price, arbitrage=False)  # the pool is up to 0.6% away from the oracle
            sold, bought = (world.weth, world.usdc) if selling_weth else (world.usdc, world.weth)
            size = sold.units(Fraction(dollars, price if selling_weth else 1)) + odd
            contract = probe(world.chain)
            sold.mint(contract.address, size + 7)
            minimum = minimum_of(world, sold.symbol, bought.symbol, size)
            quoted = world.pool.quote_in(sold, size)
            received, reason = outcome(lambda: swap(world, contract, sold, bought, size, minimum), Reverted)
            if reason is not None:
                assert quoted < minimum
                assert reason == "Too little received"
                assert (sold.balance(contract.address), bought.balance(contract.address)) == (size + 7, 0)
                count["refused"] += 1
                return
            assert received == quoted == bought.balance(contract.address) >= minimum
            assert sold.balance(contract.address) == 7
            # The minimum is the oracle's value less the slippage, rounded down: never more than that, nor much less.
            worth = Fraction(size, 10**sold.decimals) * world.price(sold) / world.price(bought)
            exact = worth * (1 - DEX.slippage) * 10**bought.decimals
            assert exact - 2 - Fraction(10**bought.decimals, 10**18) / world.price(bought) * 2 <= minimum <= exact
            count["paid"] += 1
        finally:
            world.chain.revert(start)

    told()
    assert count["paid"] >= 40, count
    assert count["refused"] >= 20, count


def test_one_unit_more_than_is_quoted_is_refused(revm_world: World) -> None:
    world, contract = revm_world, probe(revm_world.chain)
    for sold, bought, size in ((world.weth, world.usdc, 10**18), (world.usdc, world.weth, 10**9 + 1)):
        sold.mint(contract.address, size)
        quoted = world.pool.quote_in(sold, size)
        with pytest.raises(Reverted, match="Too little received"):
            swap(world, contract, sold, bought, size, quoted + 1)
        assert swap(world, contract, sold, bought, size, quoted) == quoted


def test_a_pool_that_runs_dry_fills_nothing_in_part(revm_world: World) -> None:
    """Uniswap itself would take what it can and leave the rest: the adapter wants all or nothing."""
    world, contract = revm_world, probe(revm_world.chain)
    thin = world.uniswap.create_pool(world.weth, world.usdc, 3_000, 2_000)
    thin.add_liquidity(world.whale, 10**12, 2_000)
    size = 10**30
    world.weth.mint(contract.address, size)
    with pytest.raises(Reverted, match="filled in part"):
        contract.send("dex_swap", world.uniswap.router, 3_000, world.weth, world.usdc, size, 0)
    assert world.weth.balance(contract.address) == size


def test_ether_that_lies_at_the_router_holds_no_sale_up(revm_world: World) -> None:
    """The router pays with it, for all of a sale or for nothing of it: the seller keeps what he wanted to sell."""
    world, contract = revm_world, probe(revm_world.chain)
    world.weth.mint(contract.address, 2 * 10**18)
    world.uniswap.router.send("refundETH", sender=world.users[3], value=10**18)  # what is there goes to who asks
    world.uniswap.router.send("multicall", [], sender=world.users[3], value=10**18)
    quoted = world.pool.quote_in(world.weth, 10**18)
    assert swap(world, contract, world.weth, world.usdc, 10**18, quoted) == quoted
    assert world.weth.balance(contract.address) == 2 * 10**18
    assert world.weth.contract.call("allowance", contract, world.uniswap.router) == 0
    assert swap(world, contract, world.weth, world.usdc, 10**18, 1) > 0
    assert world.weth.balance(contract.address) == 10**18


def test_more_than_is_held_cannot_be_sold(revm_world: World) -> None:
    contract = probe(revm_world.chain)
    with pytest.raises(Reverted):
        swap(revm_world, contract, revm_world.weth, revm_world.usdc, 1, 0)


def test_the_adapter_refuses_a_pair_without_a_pool(revm_world: World) -> None:
    world, contract = revm_world, probe(revm_world.chain)
    contract.call("dex_check_pool", world.uniswap.router, POOL_FEE, world.weth, world.usdc)
    with pytest.raises(Reverted, match="no pool"):
        contract.call("dex_check_pool", world.uniswap.router, 10_000, world.weth, world.usdc)
