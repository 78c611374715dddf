"""Morpho's own flash loans, asked for by the emitted adapter: what lies there, for nothing, to whoever asks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from lab.artifacts import Artifact
from lab.chain import Contract
from lab.chain import Reverted as ChainReverted
from lab.world import World
from stratc_targets.venues.morpho_blue.model import FREE
from stratc_targets.vyper.adapters import adapter_source, runtime_source
from stratc_targets.vyper.build import VAULT, Mode, compile_request, standard_json
from venues.morpho_books import market_of

HERE = Path(__file__).resolve().parent


@cache
def receiver() -> Artifact:
    """The borrower's code."""
    sources = {VAULT: (HERE / "morpho_flash_receiver.vy").read_text(encoding="utf-8")}
    sources |= {f"contracts/{name}.vy": adapter_source(name) for name in ("morpho_blue",)}
    sources["contracts/tokens.vy"] = runtime_source("tokens")
    compiled = compile_request(standard_json(sources, Mode("none")))
    return Artifact("borrower", compiled.abi, bytes.fromhex(compiled.creation.removeprefix("0x")))


@pytest.fixture
def borrower(blue_world: World) -> Contract:
    return blue_world.chain.deploy_artifact(receiver())


@pytest.mark.parametrize("symbol", ["USDC", "WETH"])
def test_all_that_lies_there_is_lent_for_nothing(blue_world: World, borrower: Contract, symbol: str) -> None:
    """Of every token, to the last unit, of whatever market: and all of it is back afterwards."""
    token, morpho = blue_world.token(symbol), blue_world.morpho.contract
    there = token.balance(morpho.address)
    assert there == (
        market_of(blue_world).liquid if symbol == "USDC" else market_of(blue_world).account(blue_world.whale).collateral
    )
    for amount in (1, there // 3, there):
        borrower.send("ask", morpho, token, amount)
        assert borrower.call("amount") == borrower.call("held") == amount
        assert borrower.call("lender") == morpho.address
        assert (token.balance(morpho.address), token.balance(borrower.address)) == (there, 0)
    assert FREE == 0
    with pytest.raises(ChainReverted, match="transfer reverted"):
        borrower.send("ask", morpho, token, there + 1)
    with pytest.raises(ChainReverted, match="zero assets"):
        borrower.send("ask", morpho, token, 0)


def test_a_loan_moves_no_market(blue_world: World, borrower: Contract) -> None:
    """So that what the vault itself has there is as it was, but for what is lent out for that moment."""
    before = blue_world.morpho.market()
    borrower.send("ask", blue_world.morpho.contract, blue_world.usdc, 10**12)
    assert blue_world.morpho.market() == before
