"""The RPC endpoints of one chain as one provider for web3: fail-over, agreement, and where to send.

What one endpoint does not answer the next one is asked. With several, a block is what most of those that answer know
by the same hash, and until the next head only they are asked. What is said of that block a second one has to say as
well (`saying.py`); where they differ all are asked, and most are believed. Where there is no majority the one that was
named first is: the vault checks each rule again, so a wrong answer costs a fee at most, and waiting may cost a loan.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, cast
from urllib.parse import urlsplit

import requests
import urllib3
from web3 import HTTPProvider
from web3.providers import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from stratc_targets.keeper.errors import Refused, RpcDown
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.saying import error_of, is_halt, said_of

ANSWER_SECONDS = 10.0
SOON_SECONDS = 3.0
"""How long an answer may take: of the only endpoint, and of one of several."""

REST_SECONDS = 30.0
"""So long an endpoint that did not answer is asked after the others."""

STALLED_SECONDS = 60.0
"""So long an endpoint may stand at a block while others go on, before it has no say in what the latest is."""

LARGEST_ANSWER = 64 * 2**20
"""Bytes. The events of two thousand blocks are far less."""

SECRET_LENGTH = 8
"""No access token is shorter than so many characters, and words in paths seldom are longer ("mainnet")."""

SEND = "eth_sendRawTransaction"

KNOWN = ("already known", "already imported", "already_exists")
"""What nodes say of a transaction that they have."""


class _Provider(HTTPProvider):
    """web3's, with a limit to all of an answer: a timeout of `requests` begins anew with each byte."""

    def __init__(self, url: str, seconds: float) -> None:
        # web3's own retries would hide a dead endpoint for seconds; the keeper has its own, and says so.
        super().__init__(url, exception_retry_configuration=None)
        self._url, self._seconds, self._session = url, seconds, requests.Session()

    def _make_request(self, method: RPCEndpoint, request_data: bytes) -> bytes:
        until, body = time.monotonic() + self._seconds, bytearray()
        asked = {"data": request_data, "headers": self.get_request_headers()}
        with self._session.post(self._url, **asked, timeout=self._seconds, stream=True) as answer:
            answer.raise_for_status()
            while piece := answer.raw.read1(2**16, decode_content=True):
                body += piece
                if time.monotonic() > until:
                    raise requests.Timeout
                if len(body) > LARGEST_ANSWER:
                    raise ValueError("too long")
        return bytes(body)


class Endpoint:
    """One endpoint. Its name is its host alone: the rest of a URL may hold an access token."""

    def __init__(self, url: str, seconds: float) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc.rpartition("@")[2]
        self._secrets = [
            one
            for one in re.split("[/@:?&=]", url.partition("//")[2].replace(self.host, ""))
            if len(one) >= SECRET_LENGTH
        ]
        self._provider = _Provider(url, seconds)
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
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise self._down(f"gave no answer in {self._seconds:g} s") from None
        except (requests.ConnectionError, urllib3.exceptions.HTTPError):
            raise self._down("", f"cannot connect to {self.host}") from None
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else "unknown"
            raise self._down(f"answers with HTTP status {status}") from None
        except (requests.RequestException, ValueError, KeyError, TypeError, RecursionError) as error:
            # Only the kind: the text of these errors may quote the URL.
            raise self._down(f"gives no usable answer ({type(error).__name__})") from None
        self._rested = 0.0
        if "error" in answer:
            if answer["error"] is None:  # some write it beside their result
                return cast(RPCResponse, {name: said for name, said in answer.items() if name != "error"})
            answer["error"] = self._without_secrets(answer["error"])
        return answer

    def _without_secrets(self, error: Any) -> Any:
        """The error without what is secret in the URL: some quote it, and messages go to the log."""
        if isinstance(error, dict):
            return {name: self._without_secrets(one) for name, one in error.items()}
        if isinstance(error, str):
            for one in self._secrets:
                error = error.replace(one, "...")
        return error

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
            answer = self._asked(node, method, params, down)
            if answer is None:
                continue
            if "error" not in answer or is_halt(answer):
                return self._confirmed(node, answer, method, params)
            refused = answer
        if refused is not None:
            return refused
        raise RpcDown("; ".join(down))

    def _in_order(self) -> list[Endpoint]:
        """Those that agreed on the block, then those that did not say, the rested first; never who was outvoted."""
        others = [node for node in self._nodes if node not in self._agreeing and node not in self._outvoted]
        return sorted(self._agreeing, key=lambda node: node.resting) + sorted(others, key=lambda node: node.resting)

    def _asked(self, node: Endpoint, method: str, params: Any, down: list[str]) -> RPCResponse | None:
        """What one answers; None where it does not, with the reason in `down`."""
        try:
            answer = node.request(method, params)
        except RpcDown as trouble:
            down.append(str(trouble))
            self._fault(node, str(trouble))
            return None
        self._well(node)
        return answer

    def _confirmed(self, first: Endpoint, answer: RPCResponse, method: str, params: Any) -> RPCResponse:
        """The answer of most, where it is of a block and thus the same for ever; one that says the same is enough."""
        mine = said_of(method, params, answer)
        if mine is None or first not in self._agreeing:
            return answer
        said = {first: (mine, answer)}
        for node in [one for one in self._agreeing if one is not first and not one.resting]:
            other = self._asked(node, method, params, [])
            theirs = None if other is None else said_of(method, params, other)
            if other is None or theirs is None:
                continue
            said[node] = theirs, other
            if len(said) == 2 and theirs == mine:
                return answer
        votes = Counter(one for one, _ in said.values())
        believed = next(one for one in said if votes[said[one][0]] == max(votes.values()))
        for node in [one for one in said if said[one][0] != said[believed][0]]:
            most = f"as {votes[said[believed][0]]} of {len(said)} do"
            self._fault(node, f"{node.host} answers {method} otherwise than {believed.host}, {most}")
            self._agreeing.remove(node)
            self._outvoted.add(node)
        return said[believed][1]

    def each(self, method: str, params: Any) -> list[int]:
        """The number that each of those answers with that agree on the block, of those that answer with one."""
        found = []
        for node in self._agreeing:
            answer = None if node.resting else self._asked(node, method, params, [])
            with suppress(KeyError, TypeError, ValueError):
                found.append(int((answer or {})["result"], 16))
        return [one for one in found if one >= 0]

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
        self._outvoted = set(hashes.keys() - self._agreeing)
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
