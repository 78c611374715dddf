"""What the oracle module makes of a price that is told in another token."""

from __future__ import annotations

import pytest

from lab.chain import Contract, Reverted, RevmChain
from lab.eas import NOBODY
from lab.feed import Feed, deploy_feed
from vyper_target.probes import probe

HEARTBEAT = 3_600


def told(chain: RevmChain, ratio: str = "1.2", usd: str = "2000", decimals: int = 18) -> tuple[Feed, Feed, Contract]:
    """The ratio's feed, the other token's, and what is made of the two."""
    feed = deploy_feed(chain, chain.accounts[0], "WSTETH / ETH", ratio, decimals)
    other = deploy_feed(chain, chain.accounts[0], "ETH / USD", usd, 8)
    return feed, other, probe(chain, "ratio_probe", feed, other, HEARTBEAT, NOBODY)


def refusal(oracle: Contract) -> str:
    """The reason why there is no price; who only asks must be told so too, and not by a revert."""
    assert oracle.call("price_or_none") == 0
    with pytest.raises(Reverted) as caught:
        oracle.call("price")
    return caught.value.reason


@pytest.mark.parametrize("decimals", [0, 8, 18, 24])
def test_the_price_is_the_product(revm_chain: RevmChain, decimals: int) -> None:
    _, _, oracle = told(revm_chain, "3", "2000.5", decimals)
    assert oracle.call("price") == oracle.call("price_or_none") == 6_001_500 * 10**15


def test_the_product_is_rounded_down(revm_chain: RevmChain) -> None:
    feed, _, oracle = told(revm_chain, "1", "0.00000003")
    feed.set_raw(answer=10**18 - 1)
    assert oracle.call("price") == oracle.call("price_or_none") == 3 * 10**10 - 1


@pytest.mark.parametrize("which", [0, 1])
def test_each_feed_has_to_be_fresh(revm_chain: RevmChain, which: int) -> None:
    *feeds, oracle = told(revm_chain)
    revm_chain.warp(HEARTBEAT)
    assert oracle.call("price") == 2_400 * 10**18
    feeds[which].refresh()
    revm_chain.warp(1)
    assert refusal(oracle) == "oracle: stale price"


@pytest.mark.parametrize("which", [0, 1])
def test_each_feed_has_to_be_positive(revm_chain: RevmChain, which: int) -> None:
    *feeds, oracle = told(revm_chain)
    feeds[which].set_raw(answer=0)
    assert refusal(oracle) == "oracle: price out of range"


def test_a_product_that_rounds_to_nothing_is_no_price(revm_chain: RevmChain) -> None:
    feed, other, oracle = told(revm_chain)
    other.set_raw(answer=1)
    feed.set_raw(answer=10**8)
    assert oracle.call("price") == 1
    feed.set_raw(answer=10**8 - 1)
    assert refusal(oracle) == "oracle: price out of range"


@pytest.mark.parametrize("which", [0, 1])
def test_a_factor_that_would_overflow_is_no_price(revm_chain: RevmChain, which: int) -> None:
    *feeds, oracle = told(revm_chain)
    scale = (1, 10**10)[which]
    feeds[which].set_raw(answer=(2**128 - 1) // scale)
    assert oracle.call("price") == oracle.call("price_or_none") > 0
    feeds[which].set_raw(answer=(2**128 - 1) // scale + 1)
    assert refusal(oracle) == "oracle: price out of range"
