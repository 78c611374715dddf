"""Several endpoints: whom is asked, whom is believed, who is told of, and what one alone may not do."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from keeper.rig import KEEPER, Endpoint, endpoint
from keeper.stub import bound_document
from lab.chain import AnvilChain, Contract
from stratc_targets.keeper import nodes as module
from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.config import parse_config
from stratc_targets.keeper.errors import Refused, Reverted, RpcDown, SetupError
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.nodes import Nodes
from stratc_targets.keeper.startup import bound, check_vault

pytestmark = [pytest.mark.anvil, pytest.mark.timeout(120)]

HEAD = "eth_getBlockByNumber"


class Several:
    """Three endpoints before one chain, and the vault behind them."""

    def __init__(self, chain: AnvilChain, vault: Contract, held: ExitStack) -> None:
        self.points: list[Endpoint] = [held.enter_context(endpoint(chain.port)) for _ in range(3)]
        self._lines = io.StringIO()
        self._config = parse_config(json.dumps(bound_document(vault)), "keeper.json")
        self.of(3)

    def of(self, count: int) -> None:
        """Begin with so many of them."""
        log = Log(self._lines, as_json=True)
        self.nodes = Nodes([point.url for point in self.points[:count]], None, log)
        self.chain = Chain(self.nodes, self._config, bound(self._config).vault)

    def check(self) -> None:
        check_vault(self._config, bound(self._config), self.chain)

    def said(self) -> list[tuple[str, str]]:
        """What was logged: of which endpoint, and what."""
        lines = [json.loads(line) for line in self._lines.getvalue().splitlines()]
        return [(line["event"], line["host"]) for line in lines]

    def host(self, place: int) -> str:
        return self.points[place].url.split("/")[2]


@pytest.fixture
def several(chain: AnvilChain, vault: Contract, monkeypatch: pytest.MonkeyPatch) -> Iterator[Several]:
    monkeypatch.setattr(module, "SOON_SECONDS", 0.5)
    with ExitStack() as held:
        yield Several(chain, vault, held)


def other(block: dict[str, Any]) -> dict[str, Any]:
    """The same block by another hash."""
    return block | {"hash": "0x" + "66" * 32}


def ahead(block: dict[str, Any]) -> dict[str, Any]:
    """A block that is far from made."""
    return block | {"number": hex(10**6)}


def test_one_that_is_down_or_silent_is_told_of_once_and_the_next_one_asked(several: Several) -> None:
    several.points[0].down()
    several.points[1].hold("eth_call", "before")
    for _ in range(2):
        head = several.chain.head()
        assert several.chain.view("mode", head.number) == 0
    assert several.said() == [("endpoint", several.host(0)), ("endpoint", several.host(1))]
    several.points[1].down()
    several.points[2].down()
    with pytest.raises(RpcDown, match=r"cannot connect to .*; cannot connect to .*; cannot connect to "):
        several.chain.view("mode", head.number)


def test_what_the_vault_itself_refuses_another_has_to_say_too_and_no_third(several: Several, vault: Contract) -> None:
    vault.send("put", "stale", 1)
    head = several.chain.head()
    with pytest.raises(Reverted, match="oracle: stale"):
        several.chain.state(head.number)
    assert [point.methods.count("eth_call") for point in several.points] == [1, 1, 0]


@pytest.mark.parametrize("lie", [other, ahead])
def test_who_lies_about_the_block_is_outvoted_and_not_asked_until_it_agrees(
    several: Several, vault: Contract, lie: Callable[[Any], Any]
) -> None:
    truth = several.chain.head()
    liar = several.points[0]
    liar.lie(HEAD, lambda block: lie(block) if block else block)
    liar.lie("eth_call", lambda _: "0x" + "00" * 31 + "03")
    assert several.chain.head() == truth
    asked = liar.methods.count("eth_call")
    assert several.chain.view("mode", truth.number) == 0
    assert liar.methods.count("eth_call") == asked
    assert ("endpoint", several.host(0)) in several.said()
    liar.release()
    vault.send("put", "age", 1)
    assert several.chain.head().number == truth.number + 1
    several.chain.view("mode", truth.number)
    assert liar.methods.count("eth_call") == asked + 1
    assert several.said()[-1] == ("endpoint_back", several.host(0))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_who_knows_the_block_and_lies_about_what_is_in_it_is_outvoted(several: Several, place: int) -> None:
    """A rule that it says is not due would be left undone, and nobody would notice."""
    liar = several.points[place]
    head = several.chain.head()
    liar.lie("eth_call", lambda _: "0x" + "00" * 31 + "03")
    for _ in range(2):
        assert several.chain.view("mode", head.number) == 0
    assert several.said() == ([("endpoint", several.host(place))] if place < 2 else [])
    assert liar.methods.count("eth_call") == (place < 2)  # not asked again of this block
    liar.lie("eth_getTransactionCount", lambda _: "0x7")
    assert several.chain.head() == head
    assert several.chain.nonce(KEEPER, head.number) == 0


def test_who_invents_a_revert_is_outvoted(several: Several) -> None:
    head = several.chain.head()
    several.points[0].refuse("eth_call", {"code": 3, "message": "execution reverted: not now"})
    assert several.chain.view("mode", head.number) == 0
    assert several.said() == [("endpoint", several.host(0))]


def test_of_two_that_say_different_things_of_a_block_the_first_is_believed(several: Several) -> None:
    several.of(2)
    head = several.chain.head()
    several.points[1].lie("eth_call", lambda _: "0x" + "00" * 31 + "03")
    assert several.chain.view("mode", head.number) == 0
    assert several.said() == [("endpoint", several.host(1))]


def test_fees_and_gas_that_one_invents_are_not_paid(several: Several) -> None:
    """A tip without end would cost all that the fee cap allows; gas too little, the fee of a call that fails."""
    several.chain.head()
    tip = several.chain.tip()
    gas = several.chain.estimate_gas("settle", KEEPER, 10**6)
    for invented in ("0x1", hex(10**15)):
        several.points[0].lie("eth_estimateGas", lambda _, told=invented: told)
        several.points[0].lie("eth_maxPriorityFeePerGas", lambda _, told=invented: told)
        assert several.chain.estimate_gas("settle", KEEPER, 10**6) == gas
        assert several.chain.tip() == tip
    for point in several.points:
        point.refuse("eth_estimateGas", {"code": 3, "message": "execution reverted: not now"})
    with pytest.raises(Reverted, match="not now"):
        several.chain.estimate_gas("settle", KEEPER, 10**6)


def test_one_that_answers_a_byte_at_a_time_is_not_waited_for(several: Several) -> None:
    """Each byte in time, and an answer of minutes."""
    several.points[0].drip("eth_getBlockByNumber")
    started = time.monotonic()
    several.chain.head()
    assert time.monotonic() - started < 10
    assert several.said() == [("endpoint", several.host(0))]


def test_with_two_that_differ_the_first_is_believed_and_people_are_told(several: Several) -> None:
    several.of(2)
    truth = several.chain.head()
    several.points[1].lie(HEAD, other)
    assert several.chain.head() == truth
    assert several.said() == [("endpoint", several.host(1))]


def test_one_that_lags_is_not_waited_for_and_one_that_stands_still_has_no_say(
    several: Several, vault: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    several.of(2)
    old = several.chain.head()
    several.points[1].lie(HEAD, lambda block: block | {"number": hex(old.number), "hash": old.hash})
    vault.send("put", "age", 1)
    assert several.chain.head() == old  # both are alive, and know no later one
    monkeypatch.setattr(module, "STALLED_SECONDS", 0.0)
    assert several.chain.head().number == old.number + 1
    assert several.said() == [("endpoint", several.host(1))]


def test_one_on_another_chain_is_refused_at_the_start(several: Several) -> None:
    several.points[2].lie("eth_chainId", lambda _: "0x1")
    with pytest.raises(SetupError, match=f"wrong chain: {several.host(2)} is chain 1"):
        several.check()


def test_no_message_holds_the_token_of_a_url(several: Several) -> None:
    for point in several.points:
        point.down()
    with pytest.raises(RpcDown) as caught:
        several.chain.head()
    assert "secret-token" not in str(caught.value)


def test_an_error_that_quotes_the_url_is_told_without_its_token(several: Several) -> None:
    several.of(1)
    several.points[0].quote("eth_getBlockByNumber")
    with pytest.raises(Refused, match=r"no such project: http://127.0.0.1:\d+/v3/\.\.\.$"):
        several.chain.head()
