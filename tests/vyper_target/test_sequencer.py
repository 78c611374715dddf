"""On a chain with a sequencer no price is good while that is down, or has just come back."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.artifacts import vyper_artifact
from lab.chain import Contract, Reverted, RevmChain
from lab.eas import NOBODY
from lab.feed import Feed, deploy_feed
from lab.sequencer import Sequencer, deploy_sequencer
from lab.world import World
from vyper_target.probes import probe
from vyper_target.vaults import USDC, deploy, example

PROXY = Path(__file__).with_name("failing_proxy.vy")

HEARTBEAT = 86_400
GRACE = 3_600
REFUSAL = "oracle: sequencer not up for an hour"


def behind(chain: RevmChain) -> tuple[Sequencer, Contract]:
    sequencer = deploy_sequencer(chain, chain.accounts[0])
    return sequencer, probe(chain, "oracle_probe", price_feed(chain), HEARTBEAT, sequencer)


def price_feed(chain: RevmChain) -> Feed:
    return deploy_feed(chain, chain.accounts[0], "ETH / USD", 2_000)


def is_usable(oracle: Contract) -> bool:
    """The price and the view that only asks must agree."""
    told = oracle.call("usable")
    if told:
        assert oracle.call("price") == 2_000 * 10**18
    else:
        with pytest.raises(Reverted, match=REFUSAL):
            oracle.call("price")
    return bool(told)


def test_a_price_is_good_once_the_sequencer_has_been_up_for_longer_than_an_hour(revm_chain: RevmChain) -> None:
    sequencer, oracle = behind(revm_chain)
    assert is_usable(oracle)
    sequencer.report(0, revm_chain.timestamp() - GRACE)
    assert not is_usable(oracle)
    revm_chain.warp(1)
    assert is_usable(oracle)


@pytest.mark.parametrize("answer", [1, 2, -1, 2**255 - 1])
def test_a_sequencer_that_is_not_said_to_be_up_is_not(revm_chain: RevmChain, answer: int) -> None:
    sequencer, oracle = behind(revm_chain)
    sequencer.report(answer, revm_chain.timestamp() - 30 * GRACE)
    assert not is_usable(oracle)


@pytest.mark.parametrize("since", [0, 2**255, 2**256 - 1])
def test_a_time_that_cannot_be_is_not_believed(revm_chain: RevmChain, since: int) -> None:
    sequencer, oracle = behind(revm_chain)
    sequencer.report(0, since)
    assert not is_usable(oracle)


def test_an_answer_from_the_future_is_not_believed(revm_chain: RevmChain) -> None:
    sequencer, oracle = behind(revm_chain)
    sequencer.report(0, revm_chain.timestamp() + 1)
    assert not is_usable(oracle)


def test_without_a_sequencer_nobody_is_asked(revm_chain: RevmChain) -> None:
    oracle = probe(revm_chain, "oracle_probe", price_feed(revm_chain), HEARTBEAT, NOBODY)
    assert is_usable(oracle)


def test_what_is_no_uptime_feed_is_refused_at_deployment(revm_chain: RevmChain) -> None:
    feed = price_feed(revm_chain)
    unset = deploy_sequencer(revm_chain, revm_chain.accounts[0])
    unset.report(0, 0)
    for wrong in (feed, unset, revm_chain.accounts[3]):
        with pytest.raises(Reverted, match="oracle: no sequencer feed"):
            probe(revm_chain, "oracle_probe", feed, HEARTBEAT, wrong)


def test_a_feed_that_falls_silent_leaves_no_price_and_the_way_out_in_kind(revm_world: World) -> None:
    """Nobody is told a price, and nobody is locked in."""
    proxy = revm_world.chain.deploy_artifact(vyper_artifact(PROXY), revm_world.sequencer)
    vault = deploy(revm_world, example("treasury"), sequencer_feed_=proxy)
    user = revm_world.users[0]
    vault.deposit(user, 1_000 * USDC)
    vault.run("rebalance")
    proxy.send("break_down")
    for limit in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"):
        assert vault.call(limit, user) == 0
    with pytest.raises(Reverted, match=REFUSAL):
        vault.contract.send("redeem", 10**18, user, user, sender=user)
    vault.contract.send("redeem_in_kind", vault.call("balanceOf", user), user, user, 0, sender=user)
    assert vault.call("totalSupply") == 0
    assert revm_world.save.value(user) > 0
