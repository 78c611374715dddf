"""The RPC endpoints of one chain as one provider for web3: fail-over, agreement on the block, and where to send.

What one endpoint does not answer the next one is asked. With several, a block is what most of those that answer know
by the same hash, and until the next head only they are asked. Where there is no majority the one that was named first
is believed: the vault checks each rule again, so a wrong block costs a fee at most, and waiting may cost a loan.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from web3 import HTTPProvider
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from stratc_targets.keeper.errors import Refused, RpcDown
from stratc_targets.keeper.log import Log

ANSWER_SECONDS = 10.0
SOON_SECONDS = 3.0
"""How long an answer may take: of the only endpoint, and of one of several."""

REST_SECONDS = 30.0
"""So long an endpoint that did not answer is asked after the others."""

STALLED_SECONDS = 60.0
"""So long an endpoint may stand at a block while others go on, before it has no say in what the latest is."""

SEND = "eth_sendRawTransaction"

# What nodes call an execution that ended without a revert reason: geth's words, and those of revm (anvil, reth).
HALTS = (
    "execution reverted",
    "out of gas",
    "outofgas",
    "invalid opcode",
    "evm error",
    "stack ",
    "gas required exceeds",
)

KNOWN = ("already known", "already imported", "already_exists")
"""What nodes say of a transaction that they have."""


class Endpoint:
    """One endpoint. Its name is its host alone: the rest of a URL may hold an access token."""

    def __init__(self, url: str, seconds: float) -> None:
        self.host = urlsplit(url).netloc.rpartition("@")[2]
        # web3's own retries would hide a dead endpoint for seconds; the keeper has its own, and says so.
        self._provider = HTTPProvider(url, request_kwargs={"timeout": seconds}, exception_retry_configuration=None)
        self._seconds = seconds
        self._rested = 0.0
        self._height, self._since = -1, 0.0

    @property
    def resting(self) -> bool:
        """Whether it has just failed to answer."""
        return time.monotonic() < self._rested

    def request(self, method: str, params: Any) -> RPCResponse:
        """Its answer, which may be an error. Raises RpcDown where there is none."""
        try:
            answer = self._provider.make_request(RPCEndpoint(method), params)
            if not isinstance(answer, dict):
                raise TypeError("no JSON object")
        except requests.Timeout:
            raise self._down(f"gave no answer in {self._seconds:g} s") from None
        except requests.ConnectionError:
            raise self._down("", f"cannot connect to {self.host}") from None
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else "unknown"
            raise self._down(f"answers with HTTP status {status}") from None
        except (requests.RequestException, ValueError, KeyError, TypeError, RecursionError) as error:
            # Only the kind: the text of these errors may quote the URL.
            raise self._down(f"gives no usable answer ({type(error).__name__})") from None
        self._rested = 0.0
        return answer

    def _down(self, what: str, said: str | None = None) -> RpcDown:
        self._rested = time.monotonic() + REST_SECONDS
        return RpcDown(said or f"{self.host} {what}")

    def block(self, number: int | str) -> tuple[int, str]:
        """The number and the hash of a block. Raises RpcDown or Refused."""
        wanted = number if isinstance(number, str) else hex(number)
        answer = self.request("eth_getBlockByNumber", [wanted, False])
        found = answer.get("result")
        if not isinstance(found, dict):
            raise Refused(f"{self.host} does not know block {number}: {error_of(answer)}")
        try:
            told = int(found["number"], 16)
            known = str(found["hash"])
        except (KeyError, TypeError, ValueError):
            raise self._down("gives no usable answer (of a block)") from None
        if told != number and number != "latest":
            raise Refused(f"{self.host} answers with block {told} where it was asked for block {number}")
        return told, known

    def stands(self, height: int) -> float:
        """For how many seconds it has been at this height."""
        if height != self._height:
            self._height, self._since = height, time.monotonic()
        return time.monotonic() - self._since


class Nodes(JSONBaseProvider):
    """All endpoints of the chain, in the order in which they are trusted.

    Transactions go to `relay` where one is given, and to every endpoint else. `log` is told of endpoints that fail or
    differ, once each time.
    """

    def __init__(self, urls: Sequence[str], relay: str | None = None, log: Log | None = None) -> None:
        super().__init__()
        seconds = ANSWER_SECONDS if len(urls) == 1 else SOON_SECONDS
        self._nodes = [Endpoint(url, seconds) for url in urls]
        self._relay = None if relay is None else Endpoint(relay, ANSWER_SECONDS)
        self._log = log
        self._agreeing = list(self._nodes)
        self._outvoted: set[Endpoint] = set()
        self._faults: dict[str, str] = {}
        self._public = False

    @property
    def host(self) -> str:
        """What to call them in messages."""
        return ", ".join(node.host for node in self._nodes)

    @property
    def private(self) -> bool:
        """Whether transactions go to a relay."""
        return self._relay is not None

    def publish(self, *, public: bool) -> None:
        """Let the next transaction go to every endpoint besides the relay, or no longer."""
        self._public = public

    # ── asking ─────────────────────────────────────────────────────────────────────────────

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """The first answer that can be used; the last error where there is none. Raises RpcDown without any."""
        if method == SEND:
            return self._send(params)
        refused: RPCResponse | None = None
        down: list[str] = []
        for node in self._in_order():
            try:
                answer = node.request(method, params)
            except RpcDown as trouble:
                down.append(str(trouble))
                self._fault(node, str(trouble))
                continue
            self._well(node)
            if "error" not in answer or is_halt(answer):
                return answer
            refused = answer
        if refused is not None:
            return refused
        raise RpcDown("; ".join(down))

    def _in_order(self) -> list[Endpoint]:
        """Those that agreed on the block, then those that did not say, the rested first; never who was outvoted."""
        others = [node for node in self._nodes if node not in self._agreeing and node not in self._outvoted]
        return sorted(self._agreeing, key=lambda node: node.resting) + sorted(others, key=lambda node: node.resting)

    def _send(self, params: Any) -> RPCResponse:
        """Hand a transaction over, to all who should have it: success where one of them takes it or has it."""
        targets = [self._relay] if self._relay is not None else []
        targets += self._nodes if self._relay is None or self._public else []
        answers, down = [], []
        for node in targets:
            try:
                answers.append(node.request(SEND, params))
            except RpcDown as trouble:
                down.append(str(trouble))
        if not answers:
            raise RpcDown("; ".join(down))
        taken = [one for one in answers if "error" not in one or any(word in error_of(one).lower() for word in KNOWN)]
        return (taken or answers)[0]

    def chain_ids(self) -> dict[str, int]:
        """Which chain each says it is on, by host, of those that answer. Raises RpcDown where none does."""
        found: dict[str, int] = {}
        down: list[str] = []
        for node in self._nodes:
            try:
                answer = node.request("eth_chainId", [])
                found[node.host] = int(answer["result"], 16)
            except RpcDown as trouble:
                down.append(str(trouble))
            except (KeyError, TypeError, ValueError):
                down.append(f"{node.host} does not tell its chain: {error_of(answer)}")
        if not found:
            raise RpcDown("; ".join(down))
        return found

    # ── agreement ──────────────────────────────────────────────────────────────────────────

    def agree(self) -> int | None:
        """The number of the latest block that most know by one hash; None where there is only one endpoint to ask.

        Raises RpcDown where none answers.
        """
        if len(self._nodes) == 1:
            return None
        tips = dict(self._tips())
        if not tips:
            raise RpcDown("; ".join(self._faults.values()))
        highest = max(number for number, _ in tips.values())
        lively = {node: tip for node, tip in tips.items() if tip[0] == highest or node.stands(tip[0]) < STALLED_SECONDS}
        for node in tips.keys() - lively.keys():
            self._fault(node, f"{node.host} stands still at block {tips[node][0]}, others are at {highest}")
        need = len(lively) // 2 + 1
        height = sorted((number for number, _ in lively.values()), reverse=True)[need - 1]
        hashes = dict(self._hashes(lively, height))
        votes = Counter(hashes.values())
        best = max(votes.values(), default=0)
        chosen = next((one for one in hashes.values() if votes[one] == best), None)
        if chosen is None:
            raise RpcDown(f"nobody knows block {height}")
        for node, known in hashes.items():
            if known == chosen:
                self._well(node)
            else:
                ours = f"{best} of {len(hashes)} have {chosen}"
                self._fault(node, f"{node.host} has another block {height}, {known}, where {ours}")
        self._agreeing = [node for node, known in hashes.items() if known == chosen]
        self._outvoted = hashes.keys() - self._agreeing
        return height

    def _tips(self) -> Iterator[tuple[Endpoint, tuple[int, str]]]:
        """The latest block of each; those that rest are asked only where all do."""
        for node in [one for one in self._nodes if not one.resting] or self._nodes:
            try:
                tip = node.block("latest")
            except (RpcDown, Refused) as trouble:
                self._fault(node, str(trouble))
            else:
                node.stands(tip[0])
                yield node, tip

    def _hashes(self, tips: dict[Endpoint, tuple[int, str]], height: int) -> Iterator[tuple[Endpoint, str]]:
        """What each that has got so far calls the block of that height."""
        for node, (number, known) in tips.items():
            if number < height:
                continue
            try:
                yield node, known if number == height else node.block(height)[1]
            except (RpcDown, Refused) as trouble:
                self._fault(node, str(trouble))

    # ── telling ────────────────────────────────────────────────────────────────────────────

    def _fault(self, node: Endpoint, what: str) -> None:
        """Say once what is wrong with an endpoint. Of the only one those say it who need an answer."""
        if self._log is not None and node.host not in self._faults and len(self._nodes) > 1:
            self._log.warning("endpoint", what, host=node.host)
        self._faults[node.host] = what

    def _well(self, node: Endpoint) -> None:
        if self._faults.pop(node.host, None) is not None and self._log is not None and len(self._nodes) > 1:
            self._log.info("endpoint_back", f"{node.host} is in order again", host=node.host)


def error_of(answer: RPCResponse) -> str:
    """What an answer says went wrong."""
    error = answer.get("error")
    return str(error["message"]) if isinstance(error, dict) and "message" in error else str(error or "no such thing")


def is_halt(answer: RPCResponse) -> bool:
    """Whether the error is the contract's own: any other node would say the same."""
    error = answer.get("error")
    code, data = (error.get("code"), error.get("data")) if isinstance(error, dict) else (None, None)
    reverted = code == 3 or (isinstance(data, str) and data.startswith("0x"))
    return reverted or any(halt in error_of(answer).lower() for halt in HALTS)
