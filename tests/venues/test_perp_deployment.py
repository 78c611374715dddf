"""What a deployment asks of Perp v2's own contracts, and what the keeper is to make of what it reads there."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from vyper.utils import keccak256

from lab.interface import CallFailed
from lab.world import World
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.errors import Unsupported
from stratc_compiler.verdict import Verification
from stratc_dsl.span import Source
from stratc_targets.deploy.checks import check, wrong
from stratc_targets.deploy.findings import Level
from stratc_targets.deploy.manifest import Bound, Manifest
from stratc_targets.deploy.node import Head, Node
from stratc_targets.keeper.alarms import alarms, grounds_of, readings
from stratc_targets.keeper.conditions import Compare, members_of, parse_goals
from stratc_targets.keeper.errors import Reverted
from stratc_targets.keeper.goals import bands, floors
from stratc_targets.keeper.measures import WORD, Sight, measure
from stratc_targets.keeper.state import Look, Seen
from stratc_targets.keeper.watchlist import View, parse_alarms, parse_readings
from stratc_targets.vyper import constructor_layout
from stratc_targets.vyper.emit import vault_sources
from stratc_targets.vyper.symbols import symbols_of
from vyper_target.vaults import HERE, bound_to, example, proved

PERIOD = 3_600


class OnRevm(Node):
    """An endpoint of the chain in this process."""

    def __init__(self, world: World) -> None:
        self._chain = world.chain

    def code(self, address: str, block: int | None = None) -> bytes:
        return b"\x01"

    def call(self, to: str, signature: str, *arguments: int | str, block: int) -> bytes:
        words = (int(one, 16) if isinstance(one, str) else one for one in arguments)
        data = keccak256(signature.encode())[:4] + b"".join(word.to_bytes(32) for word in words)
        try:
            return bytes(self._chain._view(self._chain.accounts[0], to, data))
        except CallFailed as failure:
            raise Reverted(str(failure)) from None


def told(world: World, **others: object) -> tuple[list[str], list[str]]:
    """What a deployment finds right at Perp, and what wrong; `others` are addresses by parameter."""
    vault = example("perp_hedged").vault
    bound = []
    for one in constructor_layout(vault):
        address = others.get(one.parameter) or bound_to(world, one)
        bound.append(Bound(one, str(getattr(address, "address", address)), f"{one.kind.value}.{one.name}"))
    head = Head(1, world.chain.timestamp(), None, 10**9)
    findings = check(vault, Manifest(1, tuple(bound), {}), OnRevm(world), head, world.users[3])
    mine = tuple(one for one in findings if "perp" in one.place)
    return [one.said for one in mine if one.level is Level.OK], [one.said for one in wrong(mine)]


def test_a_deployment_compares_the_market_with_what_was_proved(perp_world: World) -> None:
    right, mistakes = told(perp_world)
    assert not mistakes
    assert "its market of WETH is open, and margined in USDC" in right
    assert (
        len([one for one in right if "as it was proved with" in one]) == 8
    )  # ratios, penalty, funding, averages, open
    assert any(one.startswith("it values WETH as the feeds do") for one in right)


def test_a_deployment_tells_what_differs(perp_world: World) -> None:
    lab, chain = perp_world.perp, perp_world.chain

    def mistakes_after(fn: str, *args: object, on: str = "config") -> list[str]:
        start = chain.snapshot()
        try:
            getattr(lab, on).send(fn, *args, sender=lab.admin)
            return told(perp_world)[1]
        finally:
            chain.revert(start)

    (penalty,) = mistakes_after("setLiquidationPenaltyRatio", 30_000)
    assert "it is 30000, and it was proved with 25000" in penalty
    (fee,) = mistakes_after("setFeeRatio", lab.base, 6_000, on="registry")
    assert fee == "its fee is 0.60%, and a fill may be 0.50% off the oracle, fee included"
    (margin,) = told(perp_world, token_usdc=perp_world.weth)[1][:1]
    assert "which is not USDC" in margin
    assert told(perp_world, market_perp_base=lab.quote)[1][0].endswith(lab.quote.address)
    start = chain.snapshot()
    lab.base.contract.send("pause", sender=lab.admin)
    assert "its market of WETH is paused or closed" in told(perp_world)[1]
    chain.revert(start)


def test_the_keeper_measures_what_is_assumed_of_a_short() -> None:
    vault = example("perp_hedged").vault
    verification = Verification(vault, Source("test.strat", ""), (), guarded_assumptions(vault))
    document = {"alarms": alarms_of(verification), "readings": readings(vault)}
    found = {one.id: one for one in parse_alarms(document)}
    funding = found["funding(perp)"]
    assert (funding.quantity, funding.low, funding.high) == ("funding", Fraction(-1, 8_000), Fraction(1, 8_000))
    assert found["settles(perp)"].quantity == "funding"
    assert found["oracle(perp)"].high == Fraction(1, 200)
    read = parse_readings(document)
    amounts = {one.name: 10**18 for one in read.positions}
    look = Look(1, PERIOD, "", amounts)
    state = {one.amount: 10**18 for one in read.positions} | {one.price: 2_000 * 10**18 for one in read.tokens}
    seen = Seen(0, {}, {name: Fraction(1) for name in amounts}, 0, look, look)
    sight = Sight(read, state | {read.nav: 10**24}, Fraction(1), seen, False)

    def pending(usd: int) -> Fraction | None:
        def ask(view: View) -> int:
            assert view.function == "getAllPendingFundingPayment(address)"
            return usd * 10**18 % WORD

        return measure(funding, sight, ask)

    assert pending(2) == Fraction(-1, 1_000)  # it pays: below what is assumed
    assert not funding.inside(Fraction(-1, 1_000))
    assert pending(-2) == Fraction(1, 1_000)
    assert pending(0) == 0


def alarms_of(verification: Verification) -> list[dict[str, object]]:
    return [one | {"claims": []} for one in alarms(grounds_of(verification), PERIOD)]


def test_a_vault_without_a_short_has_nothing_of_it() -> None:
    given = example("treasury")
    assert not any("perp" in text for text in vault_sources(given.vault, given.verification.source).values())
    assert "fundings" not in readings(given.vault)


def test_a_round_begins_with_funding_settled_and_no_price_is_read_to_leave_in_kind() -> None:
    given = example("perp_hedged")
    texts = vault_sources(given.vault, given.verification.source)
    begin = texts["contracts/book.vy"].partition("def _begin_round")[2].splitlines()
    assert begin[1].strip() == "perp_v2.settle(PERP_MARKET)"
    in_kind = texts["contracts/Actions.vy"].partition("def redeem_in_kind")[2].partition("@internal")[0]
    assert "perp_v2.buy(" in in_kind
    assert "oracle" not in in_kind


def test_harvest_of_a_short_is_refused() -> None:
    text = (HERE / "perp_hedged.strat").read_text(encoding="utf-8")
    with pytest.raises(Unsupported, match="harvest of `perp`"):
        proved(text.replace("    rules {\n", "    rules {\n        every 24h do harvest perp\n"))


def margin_owes(written: dict[str, dict[str, Any]]) -> str:
    return str(written["perp.margin"]["less"])


def test_the_keeper_counts_an_account_for_what_it_is_worth() -> None:
    vault = example("perp_hedged").vault
    symbols = symbols_of(vault)
    written = {one["position"]: one for one in bands(vault, symbols)}
    assert written["perp.margin"]["less"] == symbols.fields["value(perp.short(WETH))"]
    assert "less" not in written["idle(WETH)"]
    (floor,) = floors(vault, symbols, [1])
    given = parse_goals({"readings": {"nav": "nav"}, "floors": [floor], "loans": [], "bands": [*written.values()]})
    assert isinstance(given.floors[0].condition, Compare)
    assert set(members_of(given.floors[0].condition)) == {symbols.fields["value(perp.margin)"], margin_owes(written)}
    margin = next(one for one in given.bands if one.position == "perp.margin")
    state = {"nav": 100, margin.value: 90, str(margin.less): 45}
    assert margin.weight(state, "nav") == Fraction(45, 100)
    assert margin.room(state, "nav") == Fraction(6, 100)
