"""Aave's own flash loans, asked for by the emitted adapter, against the books and what the proofs assume of them."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from differential.market import aave_account
from differential.pair import outcome
from lab.artifacts import Artifact
from lab.chain import Reverted as ChainReverted
from lab.world import World
from stratc_compiler.expr import Rounding
from stratc_compiler.interpret import Reverted, mul_div
from stratc_targets.venues.aave_v3.model import FLASH_PREMIUM
from stratc_targets.vyper.adapters import adapter_source, runtime_source
from stratc_targets.vyper.build import VAULT, Mode, compile_request, standard_json
from venues.quietly import quietly

HERE = Path(__file__).resolve().parent


@cache
def receiver() -> Artifact:
    """The borrower's code."""
    sources = {VAULT: (HERE / "flash_receiver.vy").read_text(encoding="utf-8")}
    sources |= {"contracts/aave_v3.vy": adapter_source("aave_v3"), "contracts/tokens.vy": runtime_source("tokens")}
    compiled = compile_request(standard_json(sources, Mode("none")))
    return Artifact("borrower", compiled.abi, bytes.fromhex(compiled.creation.removeprefix("0x")))


def test_the_books_are_aaves(revm_world: World) -> None:
    world, lab = revm_world, revm_world.aave
    borrower = world.chain.deploy_artifact(receiver())
    world.usdc.mint(borrower.address, 10**15)
    count: Counter[str] = Counter()

    @quietly(150)
    @given(
        st.integers(0, 3_000) | st.integers(1, 10**14) | st.integers(10**15 - 3, 10**15 + 3),
        st.integers(0, 5),
        st.booleans() | st.just(True),
        st.sampled_from([False, False, False, True]),
    )
    def told(amount: int, premium: int, lends: bool, paused: bool) -> None:
        start = world.chain.snapshot()
        try:
            lab.set_flash_premium(premium)
            lab.lend_by_flash(world.usdc, lends)
            lab.pause(world.usdc, paused)
            books = aave_account(world)
            books.reserves["USDC"].lends_by_flash, books.reserves["USDC"].paused = lends, paused
            owed, told = outcome(lambda: books.flash_loan("USDC", amount), Reverted)
            _, reason = outcome(lambda: borrower.send("ask", lab.pool, world.usdc, amount), ChainReverted)
            assert (told is None) == (reason is None), (told, reason)
            if told is not None:
                assert not str(reason).isdigit() or told == f"aave: {reason}"
                count[told] += 1
                return
            books.flash_repaid("USDC", owed)
            assert borrower.call("amount") + borrower.call("premium") == owed
            top, bottom = FLASH_PREMIUM.numerator, FLASH_PREMIUM.denominator
            assert owed <= amount + mul_div(amount, top, bottom, Rounding.UP)
            reserve = lab.reserve(world.usdc)
            assert books.reserves["USDC"].available == world.usdc.balance(reserve.a_token.address)
            count["done"] += 1
        finally:
            world.chain.revert(start)

    told()
    print(count)
    assert count["done"] >= 30, count
    for reason in ("29", "91", "liquidity"):
        assert count[f"aave: {reason}"] >= 5, count


def test_a_pool_that_asks_for_more_is_not_deployed_beside(revm_world: World) -> None:
    borrower = revm_world.chain.deploy_artifact(receiver())
    for premium in (0, 5):
        revm_world.aave.set_flash_premium(premium)
        borrower.call("check_flash_premium", revm_world.aave.pool, 5)
    revm_world.aave.set_flash_premium(6)
    with pytest.raises(ChainReverted, match="aave_v3: flash premium differs"):
        borrower.call("check_flash_premium", revm_world.aave.pool, 5)
