"""What the oracle module takes for a price, and what it refuses."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lab.chain import Contract, Reverted, RevmChain
from lab.eas import NOBODY
from lab.feed import Feed, deploy_feed
from vyper_target.probes import probe

HEARTBEAT = 3_600
NEVER = 2**256 - 1


def connected(chain: RevmChain, usd: str = "2000", decimals: int = 8) -> tuple[Feed, Contract]:
    feed = deploy_feed(chain, chain.accounts[0], "ETH / USD", usd, decimals)
    return feed, probe(chain, "oracle_probe", feed, HEARTBEAT, NOBODY)


def refusal(oracle: Contract) -> str:
    """The reason why there is no price; the view that only asks must agree."""
    assert oracle.call("usable") is False
    with pytest.raises(Reverted) as caught:
        oracle.call("price")
    return caught.value.reason


@pytest.mark.parametrize("decimals", [0, 6, 8, 18, 24])
def test_every_feed_is_scaled_to_eighteen_decimals(revm_chain: RevmChain, decimals: int) -> None:
    _, oracle = connected(revm_chain, "2000", decimals)
    assert oracle.call("price") == 2_000 * 10**18
    assert oracle.call("usable") is True


def test_fractions_of_a_dollar_survive_the_scaling(revm_chain: RevmChain) -> None:
    _, oracle = connected(revm_chain, "0.99975", 8)
    assert oracle.call("price") == Fraction("0.99975") * 10**18


def test_an_answer_is_good_for_its_heartbeat_and_no_second_longer(revm_chain: RevmChain) -> None:
    _, oracle = connected(revm_chain)
    revm_chain.warp(HEARTBEAT)
    assert oracle.call("price") == 2_000 * 10**18
    assert oracle.call("age") == HEARTBEAT
    revm_chain.warp(1)
    assert refusal(oracle) == "oracle: stale price"


@pytest.mark.parametrize("answer", [0, -1, -(2**255)])
def test_an_answer_that_is_not_positive_is_no_price(revm_chain: RevmChain, answer: int) -> None:
    feed, oracle = connected(revm_chain)
    feed.set_raw(answer=answer)
    assert refusal(oracle) == "oracle: price out of range"


@pytest.mark.parametrize("answer", [2**128 + 1, 2**255 - 1])
def test_an_answer_that_would_overflow_is_no_price(revm_chain: RevmChain, answer: int) -> None:
    feed, oracle = connected(revm_chain)
    feed.set_raw(answer=answer)
    assert refusal(oracle) == "oracle: price out of range"


def test_a_price_that_rounds_to_nothing_is_no_price(revm_chain: RevmChain) -> None:
    feed, oracle = connected(revm_chain, "1", 24)
    feed.set_raw(answer=10**6 - 1)
    assert refusal(oracle) == "oracle: price out of range"


def test_an_answer_from_the_future_is_no_price(revm_chain: RevmChain) -> None:
    feed, oracle = connected(revm_chain)
    feed.set_raw(updated_at=revm_chain.timestamp() + 1)
    assert refusal(oracle) == "oracle: answer from the future"
    assert oracle.call("age") == NEVER


def test_a_round_without_an_answer_is_no_price(revm_chain: RevmChain) -> None:
    feed, oracle = connected(revm_chain)
    feed.set_raw(updated_at=0)
    assert refusal(oracle) == "oracle: no answer"
    assert oracle.call("age") == NEVER


def test_an_answer_carried_over_is_as_old_as_it_says(revm_chain: RevmChain) -> None:
    """`answeredInRound` is deprecated: what counts is when the answer was given."""
    feed, oracle = connected(revm_chain)
    feed.set_raw(round_id=9, answered_in=3)
    assert oracle.call("usable") is True
    feed.set_raw(updated_at=revm_chain.timestamp() - HEARTBEAT - 1, round_id=10, answered_in=3)
    assert refusal(oracle) == "oracle: stale price"


def test_what_is_no_feed_cannot_be_connected(revm_chain: RevmChain) -> None:
    with pytest.raises(Reverted):
        probe(revm_chain, "oracle_probe", revm_chain.accounts[3], HEARTBEAT, NOBODY)
