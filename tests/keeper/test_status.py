"""`stratc status`: what it says of a vault is what stands on the chain, and its exit status what that means."""

from __future__ import annotations

import json
import re
from argparse import Namespace
from collections.abc import Callable
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any

import pytest

from keeper.rig import KEEPER
from keeper.stub import REBALANCE, bound_document
from keeper.test_guarded import document_of
from lab.chain import CHAIN_ID, AnvilChain, Contract
from lab.world import World
from stratc_dsl.paint import plain
from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.conditions import Band, Compare, Goals, Negated, OutsideBand, Several, Side, Term
from stratc_targets.keeper.config import bind, parse_config
from stratc_targets.keeper.nodes import Nodes
from stratc_targets.keeper.overview import Coming, Weighed, overview, used_up
from stratc_targets.keeper.status import main
from stratc_targets.keeper.status_text import _next, _weighed
from stratc_targets.keeper.watch import Measured
from stratc_targets.keeper.watchlist import Alarm
from vyper_target.vaults import USD, USDC, deploy, example

DEAD = "http://127.0.0.1:9"


@pytest.fixture
def status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs the command in this process: its exit status, and what it printed."""

    def run(document: dict[str, Any], rpc: str) -> tuple[int, str]:
        config = tmp_path / "keeper.json"
        config.write_text(json.dumps(document), "utf-8")
        capsys.readouterr()
        code = main(Namespace(config=str(config), rpc=rpc, vault=None, chain_id=None), plain)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


Status = Callable[[dict[str, Any], str], tuple[int, str]]


def row(table: str, first: str) -> list[str]:
    """The cells of a line that begins so."""
    (line,) = [line for line in table.splitlines() if line.startswith(first)]
    return re.split(r"  +", line)


@pytest.mark.anvil
def test_the_table_of_a_stub(status: Status, chain: AnvilChain, vault: Contract) -> None:
    vault.send("settle", sender=KEEPER)
    vault.send("put", "age", 600)
    vault.send("put", "price_weth", 1_800 * USD)
    code, said = status(bound_document(vault), chain.url)
    assert code == 0
    assert "net asset value 100,000 USD, 100,000 shares" in said
    assert row(said, "aave.collateral(WETH)")[1:] == ["54,000 USD", "54%", "55% .. 65%", "-1 points of nav"]
    assert row(said, "aave.debt(USDC)")[1:] == ["-30,000 USD", "-30%", "-26% .. -34%", "4 points of nav"]
    assert row(said, "health(aave) >= 1.35")[1:] == ["1.485", "1.35", "10%"]
    assert row(said, "aave  ")[1:] == ["1.485", "32.66%"]
    assert row(said, "harvest save")[1:] == ["every 24h", "in 1 d"]
    assert row(said, "rebalance")[1:] == ["when weights outside band", "waits: it is held back"]
    assert row(said, "WETH ")[1:] == ["10 min", "1 h"]
    assert row(said, "moves(WETH)")[1:] == ["-10%", "-20% .. 12.5%", "50%"]
    assert row(said, "stays(USDC)")[1:] == ["1", "0.98 .. 1.02", "0%"]
    assert row(said, "liquidity(save)")[3] == "0%"


@pytest.mark.anvil
def test_what_is_broken_what_is_due_and_what_cannot_be_read(status: Status, chain: AnvilChain, vault: Contract) -> None:
    document = bound_document(vault)
    vault.send("settle", sender=KEEPER)
    vault.send("set_due", REBALANCE, True, False)
    assert row(status(document, chain.url)[1], "rebalance")[2] == "due"
    vault.send("put", "price_weth", 1_599 * USD)
    code, said = status(document, chain.url)
    assert code == 1
    assert row(said, "health(aave) >= 1.35")[3] == "-2.28%: broken"
    assert "price(WETH) moves -20% .. +12.5%: this does not hold. At stake: survives" in said
    vault.send("put", "stale", 1)
    code, said = status(document, chain.url)
    assert code == 3
    assert "the vault cannot be read: oracle: stale" in said
    assert row(said, "harvest save")[2] == "in 1 d"
    assert row(said, "moves(WETH)")[1:3] == ["cannot be measured: oracle: stale", "-20% .. 12.5%"]


@pytest.mark.anvil
def test_a_vault_that_cannot_be_asked(status: Status, chain: AnvilChain, vault: Contract) -> None:
    document = bound_document(vault)
    code, said = status(document, DEAD)
    assert (code, said) == (3, "stratc status: error: cannot connect to 127.0.0.1:9\n")
    assert status(document | {"deployment": None}, chain.url)[0] == 2
    code, said = status(document | {"deployment": {"chain_id": 1, "vault": vault.address}}, chain.url)
    assert code == 2
    assert "wrong chain" in said


@pytest.mark.long
@pytest.mark.anvil
def test_what_it_says_of_a_real_vault_is_what_the_vault_itself_says(
    status: Status, anvil_world: World, tmp_path: Path
) -> None:
    """Floors, bands and triggers are computed outside: `settled` and the rules' own views must agree at each price."""
    vault = deploy(anvil_world, example("eth_carry"), keeper_=KEEPER)
    document = bind(document_of("eth_carry"), CHAIN_ID, vault.address)
    vault.deposit(anvil_world.users[0], 150_000 * USDC)
    chain = anvil_world.chain
    assert isinstance(chain, AnvilChain)
    config = parse_config(json.dumps(document), "keeper.json")
    asked = Chain(Nodes([chain.url]), config, vault.address)
    for call in ("rebalance", "harvest_save", "settle"):
        vault.contract.send(call, sender=KEEPER)
    said = []
    for usd in (2_000, 1_640, 1_380, 1_300):
        anvil_world.set_price("WETH", usd)
        seen = overview(config, asked, asked.head())
        floor, *_ = seen.floors
        assert floor.now is not None
        assert int(Fraction(floor.now) * USD) == vault.call("health_aave")
        assert (not seen.broken and all(one.room >= 0 for one in seen.weights)) == vault.call("settled")
        by_condition = [one for one in seen.rules if one.away is not None]
        assert [one.rule.name for one in by_condition] == ["deleverage_aave", "rebalance"]
        guarded = vault.call("guarded")
        for one in by_condition:
            waits = guarded and not one.rule.reduces_risk
            assert one.away is not None
            assert one.due == vault.call(one.rule.due) == (one.away < 0 and not waits)
        said.append((guarded, *(one.due for one in by_condition)))
    assert set(said) >= {(False, False, False), (False, False, True), (True, True, False)}
    code, table = status(document, chain.url)
    assert code == 1
    assert row(table, "rebalance")[2] == "waits: it is held back"
    assert row(table, "moves(WETH)")[1:] == ["-35%", "-20% .. 20%", "175%"]


def test_an_empty_vault_owes_nothing_and_is_out_of_no_band() -> None:
    config = parse_config(json.dumps(document_of("eth_carry")), "keeper.json")
    (rule,) = [one for one in config.rules if one.name == "rebalance"]
    assert _next(Coming(rule, False, inf), plain) == "not while it is empty"
    (debt,) = [one for one in config.goals.bands if one.debt]
    assert _weighed(Weighed(debt, Fraction(0), None, inf))[:3] == (debt.position, "0 USD", "")


NAV = {"nav": 100, "a": 30, "b": 10}
ONE = Side((Term(Fraction(1), (), 1),), (Term(Fraction(1), (), 1),))
RATIO = Side((Term(Fraction(1), ("a",), 1),), (Term(Fraction(1), ("b",), 1),))


@pytest.mark.parametrize(
    ("relation", "room"), [(">=", Fraction(2)), (">", Fraction(2)), ("<=", Fraction(-2)), ("<", Fraction(-2))]
)
def test_room_is_the_distance_as_a_share_of_the_edge(relation: str, room: Fraction) -> None:
    assert Compare(RATIO, relation, ONE, usd=False).room(NAV) == room


def test_room_of_what_is_composed() -> None:
    far, out = Compare(RATIO, ">=", ONE, usd=False), Compare(RATIO, "<=", ONE, usd=False)
    band = Band("a", False, "a", Fraction(1, 4), Fraction(1, 5), Fraction(7, 20))
    goals = Goals("nav", (), (band,))
    assert goals.room(Several("and", (far, out)), NAV) == -2
    assert goals.room(Several("or", (far, out)), NAV) == 2
    assert goals.room(Negated(far), NAV) == -2
    assert goals.room(OutsideBand(), NAV) == Fraction(-1, 20)
    assert goals.room(OutsideBand(), NAV | {"a": 36}) == Fraction(1, 100)
    assert Compare(RATIO, ">=", ONE, usd=False).room(NAV | {"b": 0}) == inf


@pytest.mark.parametrize(
    ("low", "high", "worth", "inside"), [(1, 2, 0, True), (1, 2, 5, False), (1, None, 5, True), (None, 2, 5, False)]
)
def test_without_nav_only_nothing_is_in_a_band(low: int | None, high: int | None, worth: int, inside: bool) -> None:
    """As the contract has it, which multiplies by nav: low x 0 <= worth <= high x 0."""
    edges = [None if edge is None else Fraction(edge, 10) for edge in (low, high)]
    band, state = Band("a", False, "a", Fraction(1, 10), *edges), {"nav": 0, "a": worth}
    outside = (low is not None and worth < low * state["nav"]) or (high is not None and worth > high * state["nav"])
    assert inside is not outside
    goals = Goals("nav", (), (band,))
    assert goals.holds(OutsideBand(), state) is not inside
    assert goals.room(OutsideBand(), state) == (-inf if inside else inf)


LEFT = Side((Term(Fraction(1), ("a",), 1), Term(Fraction(-1), ("b",), 1)), (Term(Fraction(1), ("a",), 1),))


@pytest.mark.parametrize(
    ("relation", "of_nothing", "owed"), [(">=", True, False), ("<=", True, True), ("<", False, True)]
)
def test_over_nothing_a_comparison_is_as_the_contract_has_it(relation: str, of_nothing: bool, owed: bool) -> None:
    """A weight in an empty vault; and what a loan has left, a - b over a, where nothing covers it any more."""
    assert Compare(RATIO, relation, ONE, usd=False).holds({"a": 0, "b": 0}) is of_nothing
    left = Compare(LEFT, relation, ONE, usd=False)
    assert left.holds({"a": 0, "b": 7}) is owed
    assert (left.room({"a": 0, "b": 7}) > 0) is owed


@pytest.mark.parametrize(
    ("low", "high", "value", "used"),
    [
        ("-0.2", "0.1", "-0.1", Fraction(1, 2)),
        ("-0.2", "0.1", "0.1", Fraction(1)),
        ("0.98", "1.02", "1.01", Fraction(1, 2)),
        ("0.98", "1.02", "0.97", Fraction(3, 2)),
        (None, "0.05", "0.01", Fraction(1, 5)),
        (None, "0.05", "-0.01", Fraction(0)),
        (None, "0", "0", Fraction(0)),
        (None, "0", "0.0001", inf),
        ("0.6", None, "0.8", Fraction(1, 2)),
        ("0.6", None, "3", Fraction(0)),
        ("1000000", None, "2000000", Fraction(1, 2)),
    ],
)
def test_what_is_used_up(low: str | None, high: str | None, value: str, used: Fraction | float) -> None:
    edges = [None if edge is None else Fraction(edge) for edge in (low, high)]
    alarm = Alarm("x", "x", (), "loss", "x", *edges, per_seconds=None)
    assert used_up(Measured(alarm, Fraction(value))) == used
    assert used_up(Measured(alarm, None)) is None
