"""`keeper audit`: what happened is what the strategy allows, and what is not is told, whatever the vault says."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from keeper.rig import KEEPER
from keeper.stub import TEXT, bound_document, document
from keeper.test_guarded import document_of
from lab.chain import CHAIN_ID, AnvilChain, Contract
from lab.world import World
from stratc_dsl.paint import plain
from stratc_targets.keeper.audit import main
from stratc_targets.keeper.chain import Happened, Sent
from stratc_targets.keeper.config import KeeperConfig, bind, parse_config
from stratc_targets.keeper.conform import NOBODY, Around, Finding, Verdict, judge, supply
from vyper_target.vaults import USDC, deploy, example

USD = 10**18
OWNER = "0x" + "0a" * 20

SETTLED = {
    "idle_usdc": 10_000 * 10**6,
    "idle_weth": 10 * 10**18,
    "aave_collateral_weth": 30 * 10**18,
    "aave_debt_usdc": 30_000 * 10**6,
    "save": 40_000 * 10**6,
    "price_usdc": USD,
    "price_weth": 2_000 * USD,
    "value_aave_collateral_weth": 60_000 * USD,
    "value_aave_debt_usdc": 30_000 * USD,
    "value_save": 40_000 * USD,
    "value_idle_weth": 20_000 * USD,
    "value_idle_usdc": 10_000 * USD,
    "nav": 100_000 * USD,
}
HEAVY = SETTLED | {"value_aave_debt_usdc": 34_000 * USD + 1}  # a hair outside its band
NEAR = SETTLED | {"value_aave_debt_usdc": 33_001 * USD}  # health 1.49995
BELOW = SETTLED | {"value_aave_debt_usdc": 37_000 * USD}  # health 1.338
AROUND = Around(
    HEAVY, SETTLED, (0, 0), 100_000, {"harvest_save": 100_000 - 86_400}, frozenset({OWNER}), {"WETH": 3_601}
)
BY_OWNER = Sent(OWNER, "rebalance", True)


def ran(rule: str, before: int = 100_000 * USD, after: int = 100_000 * USD) -> Happened:
    return Happened(7, "0x07", "RuleRun", {"rule": rule, "nav_before": before, "nav_after": after})


@cache
def config() -> KeeperConfig:
    """The stub's; not made where tests are only collected."""
    return parse_config(json.dumps(document()), "keeper.json")


def told(*events: Happened, around: Around = AROUND, sent: Sent = BY_OWNER) -> list[Finding]:
    return list(judge(config(), events, lambda _: around, lambda _: sent))


def verdict(*events: Happened, around: Around = AROUND, sent: Sent = BY_OWNER) -> tuple[str, str]:
    """Of the one thing that happened."""
    (finding,) = told(*events, around=around, sent=sent)
    return finding.verdict.name, finding.why


def test_what_is_due_and_keeps_the_floors_is_allowed() -> None:
    assert verdict(ran("rebalance")) == ("ALLOWED", "weights outside band")
    assert verdict(ran("deleverage_aave"), around=replace(AROUND, before=NEAR)) == (
        "ALLOWED",
        "when health(aave) < 1.50",
    )


def test_what_was_not_due_is_not_allowed_where_nothing_else_changed_in_the_block() -> None:
    quiet = replace(AROUND, before=SETTLED)
    assert verdict(ran("rebalance"), around=quiet) == ("AGAINST", "its trigger did not hold: weights outside band")
    assert verdict(ran("deleverage_aave"), around=quiet)[0] == "AGAINST"
    moved = verdict(ran("rebalance", before=100_001 * USD), around=quiet)
    assert moved[0] == "UNCLEAR"
    assert "within the block" in moved[1]
    unread = verdict(ran("rebalance"), around=replace(AROUND, before=None))
    assert unread == ("UNCLEAR", "the state before it cannot be read")


def test_a_volatility_may_rise_where_nav_stays() -> None:
    """Prices of what is not held move no nav, and a ring all the same: then nobody knows what the rule saw."""
    condition = "when volatility(WETH, 1d) > 8% and weight(save) > 10% do rebalance"
    text = TEXT.replace("when weights outside band do rebalance", condition)
    config = parse_config(json.dumps(document(text)), "keeper.json")

    def told_of(before: int, after: int) -> tuple[str, str]:
        measured = [SETTLED | {"volatility_weth_1d": percent * 10**16} for percent in (before, after)]
        around = replace(AROUND, before=measured[0], after=measured[1])
        (finding,) = judge(config, [ran("rebalance")], lambda _: around, lambda _: BY_OWNER)
        return finding.verdict.name, finding.why

    assert told_of(9, 9)[0] == told_of(9, 7)[0] == "ALLOWED"
    assert told_of(7, 9)[0] == "UNCLEAR"
    assert told_of(8, 8) == ("AGAINST", f"its trigger did not hold: {condition.removesuffix(' do rebalance')}")


def test_a_rule_that_the_strategy_has_not() -> None:
    assert verdict(ran("sweep")) == ("AGAINST", "the strategy has no such rule")


def test_an_event_that_the_vault_has_not() -> None:
    assert told(Happened(7, "0x07", None, {}))[0].verdict is Verdict.AGAINST


def test_floors_after_it() -> None:
    broken = replace(AROUND, after=BELOW)
    assert verdict(ran("rebalance"), around=broken) == ("AGAINST", "after it this does not hold: health(aave) >= 1.35")
    later = verdict(ran("rebalance", after=99_999 * USD), around=broken)
    assert later[0] == "UNCLEAR"


def test_what_it_cost_is_bound_by_slippage_of_all_that_it_can_have_moved() -> None:
    """0.3% of positions of 150,000 USD and of nav, and the dust: 750.1 USD."""
    assert verdict(ran("rebalance", after=99_260 * USD)) == ("ALLOWED", "weights outside band; it cost 0.7400% of nav")
    cost = verdict(ran("rebalance", after=99_100 * USD))
    assert cost[0] == "AGAINST"
    assert "it cost 0.9000% of nav" in cost[1]


def test_modes() -> None:
    def in_mode(before: int, after: int, rule: str) -> str:
        around = replace(AROUND, before=HEAVY | {"value_aave_debt_usdc": 34_001 * USD}, modes=(before, after))
        return verdict(ran(rule), around=around)[0]

    assert in_mode(1, 1, "deleverage_aave") == "ALLOWED"
    assert in_mode(1, 1, "rebalance") == "AGAINST"
    assert in_mode(1, 0, "rebalance") == "UNCLEAR"
    assert in_mode(2, 2, "deleverage_aave") == "AGAINST"


def test_who_did_it() -> None:
    other = verdict(ran("rebalance"), sent=Sent("0x" + "0b" * 20, "rebalance", True))
    assert other[0] == "UNCLEAR"
    assert "neither keeper nor owner" in other[1]
    assert verdict(ran("rebalance"), sent=Sent("0x" + "0b" * 20, None, False))[0] == "ALLOWED"


def test_timers() -> None:
    harvested = Happened(7, "0x07", "Harvested", {"position": "save", "assets": 1, "gain": 1, "loss": 0})
    by = Sent(OWNER, "harvest_save", True)
    assert verdict(harvested, sent=by) == ("ALLOWED", "86400 s after the last time, of 86400")
    early = verdict(harvested, sent=by, around=replace(AROUND, time=AROUND.time - 1))
    assert early == ("AGAINST", "86399 s after the last time, of 86400")
    assert verdict(harvested, sent=replace(by, call=None, direct=False))[0] == "UNCLEAR"
    first = verdict(harvested, sent=by, around=replace(AROUND, last_run={"harvest_save": 0}))
    assert first == ("ALLOWED", "it had not run before")


def test_a_rule_that_freezes_is_one_and_whoever_else_freezes_is_not() -> None:
    frozen = Happened(7, "0x07", "ModeChanged", {"mode": 1, "by": OWNER})
    rule = Sent(OWNER, "freeze_when_due", True)
    assert verdict(frozen, sent=rule) == ("ALLOWED", "the price of WETH was 3601 s old at the most, of 3600")
    assert verdict(frozen, sent=rule, around=replace(AROUND, ages={"WETH": 3_600}))[0] == "UNCLEAR"
    assert verdict(frozen, sent=rule, around=replace(AROUND, ages={}))[0] == "UNCLEAR"
    assert verdict(frozen, sent=replace(rule, call=None)) == ("ALLOWED", f"mode 1, by {OWNER}")


def test_rounds() -> None:
    times = {1: 0, 2: 3_600, 3: 7_201}
    events = [Happened(block, f"0x0{block}", "RoundBegan", {"assets": 1}) for block in times]

    def around(block: int) -> Around:
        return replace(AROUND, time=times[block])

    findings = list(judge(config(), events, around, lambda _: Sent(OWNER, "settle", True)))
    assert [finding.verdict.name for finding in findings] == ["ALLOWED"] * 3 + ["AGAINST"]
    assert findings[-1].why == "it lasted 3601 s, and the proofs assume 3600 s at most"
    unsettled = verdict(events[0], around=replace(AROUND, after=HEAVY))
    assert unsettled[0] == "UNCLEAR"
    assert "not settled: aave.debt(USDC)" in unsettled[1]


def transfer(sender: str, receiver: str, value: int) -> Happened:
    return Happened(7, "0x07", "Transfer", {"sender": sender, "receiver": receiver, "value": value})


def shares(name: str, amount: int) -> Happened:
    return Happened(7, "0x07", name, {"shares": amount})


@pytest.mark.parametrize(
    ("events", "verdicts"),
    [
        ([transfer(NOBODY, OWNER, 5), shares("Deposit", 5)], []),
        ([transfer(NOBODY, OWNER, 6), shares("Deposit", 5)], ["AGAINST"]),
        ([transfer(NOBODY, OWNER, 5)], ["AGAINST"]),
        ([transfer(NOBODY, OWNER, 6), shares("Deposit", 5), shares("FeesMinted", 1)], []),
        ([transfer(OWNER, NOBODY, 5), shares("Withdraw", 5)], []),
        ([shares("Withdraw", 5)], []),  # a claim: its shares are gone already
        ([shares("RedeemedInKind", 5)], ["AGAINST"]),
        ([transfer(OWNER, NOBODY, 5), shares("RequestServed", 5)], []),
        ([transfer(OWNER, NOBODY, 6), shares("Withdraw", 5)], ["AGAINST"]),
        ([transfer(OWNER, KEEPER, 6)], []),
    ],
)
def test_no_share_comes_from_nowhere_or_goes_there(events: Sequence[Happened], verdicts: list[str]) -> None:
    assert [finding.verdict.name for finding in told(*events)] == verdicts


def test_the_supply_is_what_the_events_make_of_it() -> None:
    events = [transfer(NOBODY, OWNER, 5), transfer(OWNER, NOBODY, 2), transfer(OWNER, KEEPER, 1)]
    assert not list(supply(events, 10, 13, 7))
    (finding,) = supply(events, 10, 14, 7)
    assert finding.verdict is Verdict.AGAINST


# ── the command ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def run(given: dict[str, Any], rpc: str, first: int = 0) -> tuple[int, str]:
        config = tmp_path / "keeper.json"
        config.write_text(json.dumps(given), "utf-8")
        capsys.readouterr()
        code = main(Namespace(config=str(config), rpc=rpc, vault=None, chain_id=None, from_block=first), plain)
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.mark.anvil
def test_the_command_over_a_stub(audit: Callable[..., tuple[int, str]], chain: AnvilChain, vault: Contract) -> None:
    given = bound_document(vault)
    vault.send("settle", sender=KEEPER)
    chain.warp(3_601)
    vault.send("settle", sender=KEEPER)
    code, said = audit(given, chain.url)
    assert code == 1
    assert "it lasted 3601 s" in said
    last = chain.block_number()
    code, said = audit(given, chain.url, last)
    assert (code, said.splitlines()[-1]) == (0, "1 events: 1 allowed, 0 unclear, 0 not allowed")
    vault.send("move", "save", 1)  # which tells of a rule called `4`
    assert "not allowed  4: the strategy has no such rule" in audit(given, chain.url, last)[1]
    assert audit(given, chain.url, last + 100)[0] == 2
    assert audit(given, "http://127.0.0.1:9")[0] == 3


@pytest.mark.long
@pytest.mark.anvil
def test_a_real_life_is_allowed_and_not_by_another_strategy(
    audit: Callable[..., tuple[int, str]], anvil_world: World
) -> None:
    """Deposits, a rebalance, rounds, a fall, a deleverage, a withdrawal, a request: all of it as EthCarry says."""
    chain = anvil_world.chain
    assert isinstance(chain, AnvilChain)
    first = chain.block_number()
    vault = deploy(anvil_world, example("eth_carry"), keeper_=KEEPER)
    given = bind(document_of("eth_carry"), CHAIN_ID, vault.address)
    user = anvil_world.users[0]
    vault.deposit(user, 150_000 * USDC)
    for call in ("rebalance", "harvest_save", "settle"):
        vault.contract.send(call, sender=KEEPER)
    part = vault.call("balanceOf", user) // 400
    vault.contract.send("redeem", part, user, user, sender=user)
    vault.contract.send("requestRedeem", part, user, user, sender=user)
    vault.contract.send("serve", 4, sender=KEEPER)
    vault.contract.send("claim", 1, user, sender=user)
    anvil_world.warp(3_600, refresh=True)
    anvil_world.set_price("WETH", 1_760)
    vault.contract.send("settle", sender=KEEPER)
    anvil_world.set_price("WETH", 1_430)
    for call in ("deleverage_aave", "rebalance"):
        vault.contract.send(call, sender=KEEPER)
    code, said = audit(given, chain.url, first)
    assert code == 0, said
    assert "deleverage_aave: when health(aave) < 1.50" in said
    assert said.count("rebalance: weights outside band") == 2
    # Had it been the strategy's word that the loan is paid down at 1.40 only, this would have been against it.
    other = json.loads(json.dumps(given).replace('"weight": "1.5"', '"weight": "1.4"'))
    assert other != given
    code, said = audit(other, chain.url, first)
    assert code == 1
    assert "not allowed  deleverage_aave: its trigger did not hold" in said
