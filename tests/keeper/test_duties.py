"""What one pass does, in what order, and what it leaves alone: the command in this process, a real anvil behind it."""

from __future__ import annotations

from typing import Any

import pytest

from keeper.rig import KEEPER, Runner
from keeper.stub import DELEVERAGE, FREEZE, HARVEST, REBALANCE, SERVED, TEXT, bound_document, calls
from lab.chain import AnvilChain, Contract

DAY = 86_400


def sent(chain: AnvilChain) -> int:
    """How many transactions of the keeper are on the chain."""
    return int(chain.rpc("eth_getTransactionCount", KEEPER, "latest"), 16)


@pytest.fixture
def doc(vault: Contract) -> dict[str, Any]:
    return bound_document(vault)


def test_due_rules_run_in_order_of_priority(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    chain.warp(DAY)
    for rule in (FREEZE, REBALANCE, DELEVERAGE):
        vault.send("set_due", rule, True, False)
    assert run(doc, chain.url, "--once", "--no-settle").status == 0
    assert calls(vault) == [DELEVERAGE, REBALANCE, HARVEST, FREEZE]


def test_what_does_not_simulate_is_never_sent_and_holds_nothing_up(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", DELEVERAGE, True, False)
    vault.send("set_failure", DELEVERAGE, "not enough USDC")
    vault.send("set_due", REBALANCE, True, False)
    ran = run(doc, chain.url, "--once", "--no-settle")
    assert ran.status == 0
    assert calls(vault) == [REBALANCE]
    assert sent(chain) == 1
    (failure, *_) = [event for event in ran.events if event["event"] == "would_revert"]
    assert failure["reason"] == "not enough USDC"
    assert failure["rule"] == "deleverage_aave"


def test_a_rule_whose_condition_cannot_be_read_does_not_hold_up_the_others(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_unreadable", DELEVERAGE)
    vault.send("set_due", FREEZE, True, False)
    ran = run(doc, chain.url, "--once", "--no-settle")
    assert calls(vault) == [FREEZE]
    assert "stale price" in next(event["message"] for event in ran.events if event["event"] == "unreadable")


def test_a_timer_rule_runs_when_its_time_has_come(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    chain.warp(DAY - 1)
    run(doc, chain.url, "--once", "--no-settle")
    assert calls(vault) == []
    chain.warp(1)
    for _ in range(2):
        run(doc, chain.url, "--once", "--no-settle")
    assert calls(vault) == [HARVEST]


def test_a_rule_that_stays_due_is_not_sent_over_and_over(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, True)
    vault.send("set_due", FREEZE, True, False)
    assert run(doc, chain.url, "--once", "--no-settle", "--poll", "60").status == 0
    assert calls(vault) == [REBALANCE, FREEZE]


def test_a_frozen_vault_only_reduces_risk_and_an_exited_one_does_nothing(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    vault.send("set_due", DELEVERAGE, True, False)
    vault.send("set_mode", 2)
    ran = run(doc, chain.url, "--once")
    assert sent(chain) == 0
    assert "the vault is exited now" in ran.text
    vault.send("set_mode", 1)
    run(doc, chain.url, "--once", "--no-settle")
    assert calls(vault) == [DELEVERAGE]


def test_a_dry_run_tells_and_sends_nothing(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    ran = run(doc, chain.url, "--once", "--dry-run")
    assert ran.status == 0
    assert "rebalance is due and would succeed" in ran.text
    assert sent(chain) == 0


def test_rounds_begin_when_they_are_old_or_half_used_and_not_before(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    def rounds() -> int:
        assert run(doc, chain.url, "--once").status == 0
        return int(vault.call("rounds"))

    assert rounds() == 1  # how old the first one is, nobody knows
    assert rounds() == 1
    vault.send("set_allowance", 50)
    assert rounds() == 1
    vault.send("set_allowance", 49)
    assert rounds() == 2
    chain.warp(3599)
    assert rounds() == 2
    chain.warp(1)
    assert rounds() == 3


def test_a_round_ends_before_the_period_does(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """The proofs cover a period and no more: there is room for a look that is missed, and for the mining."""
    for rounds, seconds in ((1, 0), (1, 3600 - 4 * 15 - 10), (2, 10)):
        chain.warp(seconds)
        assert run(doc, chain.url, "--once", "--poll", "15").status == 0
        assert vault.call("rounds") == rounds


def test_no_round_begins_while_something_is_due_or_where_it_is_not_asked_for(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    run(doc, chain.url, "--once", "--no-settle")
    vault.send("set_due", REBALANCE, True, False)
    vault.send("set_failure", REBALANCE, "no")
    run(doc, chain.url, "--once")
    assert vault.call("rounds") == 0


def test_prices_are_noted_where_no_round_begins_that_does_it(run: Runner, chain: AnvilChain, vault: Contract) -> None:
    stops = "when volatility(WETH, 1d) > 8% do freeze"
    doc = bound_document(vault, TEXT.replace("when stale(price(WETH)) do freeze", stops))

    def noted(*options: str) -> bool:
        vault.send("put", "observations due", 1)
        assert run(doc, chain.url, "--once", *options).status == 0
        return not vault.call("observation_due")

    assert not noted()  # a round begins, which does it
    assert not noted()  # the next one will
    assert noted("--no-settle")
    vault.send("set_settled", False)
    assert noted()
    vault.send("set_settled", True)
    vault.send("set_due", REBALANCE, True, False)
    vault.send("set_failure", REBALANCE, "no")
    assert noted()  # none begins while a rule is due
    vault.send("set_due", REBALANCE, False, False)
    vault.send("set_mode", 1)
    assert noted()  # a frozen vault goes on looking
    vault.send("set_mode", 2)
    assert not noted()


def test_a_call_that_needs_more_than_its_limit_is_not_sent(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    vault.send("set_due", REBALANCE, True, False)
    doc["rules"][1]["gas_limit"] = 21_000
    ran = run(doc, chain.url, "--once", "--no-settle")
    assert "too_much_gas" in ran.names
    assert sent(chain) == 0


@pytest.mark.parametrize(("rule", "expected"), [(REBALANCE, []), (DELEVERAGE, [DELEVERAGE])])
def test_only_what_reduces_risk_may_bid_above_the_normal_cap(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any], rule: int, expected: list[int]
) -> None:
    vault.send("set_due", rule, True, False)
    chain.rpc("anvil_setNextBlockBaseFeePerGas", hex(100 * 10**9))
    chain.rpc("evm_mine")
    ran = run(doc, chain.url, "--once", "--no-settle")
    assert calls(vault) == expected
    assert ("fee_too_high" in ran.names) == (not expected)


def test_text_log_and_no_key_in_any(run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]) -> None:
    vault.send("set_due", REBALANCE, True, False)
    ran = run(doc, chain.url, "--once", "--log", "text")
    assert "rebalance: done in block" in ran.text
    assert "{" not in ran.text


def test_a_rule_that_cannot_be_carried_out_holds_up_no_requests(
    run: Runner, chain: AnvilChain, vault: Contract, doc: dict[str, Any]
) -> None:
    """A rebalance that a cap makes impossible is told, and tried again; no round begins, and who leaves is served."""
    vault.send("set_due", REBALANCE, True, False)
    vault.send("set_failure", REBALANCE, "51")
    vault.send("set_requests", 2, True)
    ran = run(doc, chain.url, "--once")
    assert ran.status == 0
    assert calls(vault) == [SERVED]
    assert vault.call("requests_done") == 2
    assert vault.call("rounds") == 0
    assert {event["rule"] for event in ran.events if event["event"] == "would_revert"} == {"rebalance"}
