"""Loans of Uniswap's own pools, asked for by the emitted adapter, against the books and what proofs assume of them."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import cache
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from differential.market import lending_pool
from differential.pair import outcome
from lab.artifacts import Artifact
from lab.chain import Contract
from lab.chain import Reverted as ChainReverted
from lab.uniswap import ZERO, Pool
from lab.world import LENDING_FEE, POOL_FEE, World
from stratc_compiler.interpret import Reverted
from stratc_targets.vyper.adapters import adapter_source, runtime_source
from stratc_targets.vyper.build import VAULT, Mode, compile_request, standard_json
from venues.quietly import quietly
from vyper_target.vaults import example

HERE = Path(__file__).resolve().parent


@cache
def receiver() -> Artifact:
    """The borrower's code."""
    sources = {VAULT: (HERE / "pool_flash_receiver.vy").read_text(encoding="utf-8")}
    sources |= {
        "contracts/uniswap_v3.vy": adapter_source("uniswap_v3"),
        "contracts/tokens.vy": runtime_source("tokens"),
    }
    compiled = compile_request(standard_json(sources, Mode("none")))
    return Artifact("borrower", compiled.abi, bytes.fromhex(compiled.creation.removeprefix("0x")))


@pytest.fixture
def pool(lending_world: World) -> Pool:
    assert lending_world.lending is not None
    return lending_world.lending


@pytest.fixture
def borrower(lending_world: World) -> Contract:
    """Who has enough for any fee."""
    contract = lending_world.chain.deploy_artifact(receiver())
    for token in (lending_world.usdc, lending_world.weth):
        token.mint(contract.address, token.units(10**7))
    return contract


def test_the_books_are_the_pools(lending_world: World, pool: Pool, borrower: Contract) -> None:
    """Sequences of loans of either token, between trades, with and without a part of the fee for the protocol, and
    with nothing left at the price: lent or refused alike, for the same to the unit."""
    world, count = lending_world, Counter[str]()
    tokens = {token.symbol: token for token in (world.usdc, world.weth)}
    step = st.one_of(
        st.tuples(st.just("loan"), st.sampled_from(sorted(tokens)), st.integers(1, 3_000) | st.integers(1, 10**16)),
        st.tuples(st.just("all"), st.sampled_from(sorted(tokens)), st.integers(-2, 2)),
        st.tuples(st.just("trade"), st.sampled_from(sorted(tokens)), st.integers(1, 10**6)),
        st.tuples(st.just("share"), st.just("USDC"), st.sampled_from([0, 4, 10])),
    )

    @quietly(60)
    @given(st.lists(step, min_size=1, max_size=6), st.booleans() | st.just(True))
    def told(steps: list[tuple[str, str, int]], deep: bool) -> None:
        start = world.chain.snapshot()
        try:
            if not deep:
                pool.remove_liquidity(world.whale)
            for kind, symbol, size in steps:
                token = tokens[symbol]
                if kind == "share":
                    pool.contract.send("setFeeProtocol", size, size, sender=world.admin)
                elif kind == "trade" and deep:
                    token.provide(world.arbitrageur, world.uniswap.router, token.units(Fraction(size, 1_000)))
                    pool.swap(world.arbitrageur, token, token.units(Fraction(size, 1_000)))
                elif kind in ("loan", "all"):
                    books = lending_pool(pool)
                    amount = size if kind == "loan" else books.held[symbol] + size
                    count[_alike(borrower, pool, books, symbol, token.address, amount)] += 1
        finally:
            world.chain.revert(start)

    told()
    assert min(count["lent"] - 35, count["TF"], count["L"]) >= 3, count


def _alike(borrower: Contract, pool: Pool, books: object, symbol: str, token: str, amount: int) -> str:
    owed, told = outcome(lambda: books.flash(symbol, amount), Reverted)  # type: ignore[attr-defined]
    _, reason = outcome(lambda: borrower.send("ask", pool.address, token, amount, 0), ChainReverted)
    assert told == reason, (amount, told, reason)
    if told is not None:
        return told
    assert borrower.call("premium") == owed - amount == ceil(amount * Fraction(pool.fee, 10**6))
    assert borrower.call("lender") == pool.address
    books.give_back(symbol, owed)  # type: ignore[attr-defined]
    assert books == lending_pool(pool)
    return "lent"


def test_what_the_proofs_assume_is_at_least_what_the_pool_takes() -> None:
    (dear,) = (swap for swap in example("pool_loop").vault.swaps if swap.name == "pool")
    assert dear.flash_premium == Fraction(LENDING_FEE, 10**6)


@pytest.mark.parametrize("symbol", ["USDC", "WETH"])
def test_what_is_short_by_one_unit_is_not_taken(
    lending_world: World, pool: Pool, borrower: Contract, symbol: str
) -> None:
    token = lending_world.token(symbol)
    borrower.send("ask", pool.address, token, 10**9 + 1, 0)
    with pytest.raises(ChainReverted, match="F0" if token.address == pool.contract.call("token0") else "F1"):
        borrower.send("ask", pool.address, token, 10**9 + 1, 1)


def test_a_pool_that_lends_is_locked_and_no_other_is(lending_world: World, pool: Pool, borrower: Contract) -> None:
    """Which is why the model refuses what would go through the lender within its loan."""
    usdc, router = lending_world.usdc, lending_world.uniswap.router
    borrower.send("trade", router, LENDING_FEE, lending_world.weth)
    with pytest.raises(ChainReverted, match="LOK"):
        borrower.send("ask", pool.address, usdc, 10**9, 0)
    borrower.send("trade", router, POOL_FEE, lending_world.weth)
    borrower.send("ask", pool.address, usdc, 10**9, 0)


def test_the_lender_is_the_pool_that_the_factory_knows(lending_world: World, pool: Pool, borrower: Contract) -> None:
    router, tokens = lending_world.uniswap.router, (lending_world.weth, lending_world.usdc)
    for fee, address in ((LENDING_FEE, pool.address), (POOL_FEE, lending_world.pool.address), (100, ZERO)):
        for pair in (tokens, tokens[::-1]):
            assert borrower.call("pool", router, fee, *pair).lower() == address.lower()
