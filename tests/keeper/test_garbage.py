"""An endpoint that answers one method with nonsense: the keeper waits or goes on, and never ends of it.

One pass over a real anvil is written down, and told again with each kind of nonsense in its place.
"""

from __future__ import annotations

import io
import json
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from keeper.rig import KEEPER, KEY
from keeper.stub import CHAIN_ID, DELEVERAGE, bound_document
from lab.chain import AnvilChain, Contract
from stratc_targets.keeper import lane as lanes
from stratc_targets.keeper import state as states
from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.config import KeeperConfig, parse_config
from stratc_targets.keeper.duties import Keeper, Settings
from stratc_targets.keeper.errors import Refused, RpcDown
from stratc_targets.keeper.key import account_of_key
from stratc_targets.keeper.lane import Lane
from stratc_targets.keeper.log import Log
from stratc_targets.keeper.metrics import Board
from stratc_targets.keeper.nodes import Endpoint, Nodes
from stratc_targets.keeper.state import Identity, StateFile
from stratc_targets.keeper.waiting import Stop
from stratc_targets.keeper.watch import Watch

pytestmark = [pytest.mark.anvil, pytest.mark.timeout(240)]

WORDS: tuple[str, ...] = tuple("0x" + byte * 32 * 40 for byte in ("00", "11", "ff"))
NUMBERS = ("0x0", "-0x1", "0x" + "f" * 600)
NOTHING: tuple[Any, ...] = (None, "0x", "0xzz", 7, 1.5, [], {}, [{}], {"hash": 1})
ERRORS: tuple[Any, ...] = (
    {"code": -32000, "message": "no"},
    {"code": 3, "message": "execution reverted", "data": "0x08c379a0" + "ff" * 70},
    {"code": 3, "message": "execution reverted", "data": "0x4e487b71" + "ff" * 32},
    {"code": 3, "message": "execution reverted", "data": {"x": []}},
    {"message": None},
    "no",
    [],
)

Answer = dict[str, Any]
Written = dict[str, list[Answer]]


def key_of(method: str, params: Any) -> str:
    return f"{method} {json.dumps(params, default=repr)}"


def one_pass(folder: Path, asked: Chain, config: KeeperConfig, seconds: float) -> str:
    """What the keeper logs in two steps, from an empty state."""
    lines = io.StringIO()
    log = Log(lines, as_json=True)
    path = folder / "state.json"
    path.unlink(missing_ok=True)
    store = StateFile(path, Identity(CHAIN_ID, asked.vault, KEEPER))
    lane = Lane(account_of_key(KEY), CHAIN_ID, 60.0, log, Stop(time.monotonic() + seconds if seconds else None))
    watch, board = Watch(config, asked, store, log), Board(60.0)
    settings = Settings(0.01, dry_run=False, settle=True, once=False)
    keeper = Keeper(config, asked, lane, store, watch, log, settings, board)
    lane.vaults[asked.vault] = keeper
    for _ in range(2):
        with suppress(RpcDown, Refused):
            keeper.step()
    board.text()
    return lines.getvalue()


def nonsense(answer: Answer) -> Iterator[Answer]:
    """Every kind of it in place of an answer, and in place of each member of a result that has such."""
    base = {name: said for name, said in answer.items() if name not in ("result", "error")}
    for result in (*NOTHING, *NUMBERS, *WORDS):
        yield base | {"result": result}
    for error in ERRORS:
        yield base | {"error": error}
    yield base
    yield answer | {"error": None}
    result = answer.get("result")
    if isinstance(result, dict):
        for name in ("number", "hash", "timestamp", "baseFeePerGas", "status", "gasUsed", "blockNumber"):
            if name in result:
                yield answer | {"result": {one: said for one, said in result.items() if one != name}}
                for said in (*NOTHING[:3], *NUMBERS):
                    yield answer | {"result": result | {name: said}}


@pytest.mark.long
def test_nonsense_in_place_of_any_answer_ends_no_keeper(
    tmp_path: Path, chain: AnvilChain, vault: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = parse_config(json.dumps(bound_document(vault)), "keeper.json")
    vault.send("set_due", DELEVERAGE, True, False)
    written: Written = {}
    order: list[str] = []

    def write_down(_: Endpoint, method: str, params: Any) -> Answer:
        posted = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer: Answer = requests.post(chain.url, json=posted, timeout=20).json()
        written.setdefault(key_of(method, params), []).append(answer)
        order.append(method)
        return answer

    monkeypatch.setattr(Endpoint, "request", write_down)
    for name in ("LOOK_SECONDS", "RETRY_SECONDS", "QUICK_LOOK_SECONDS"):
        monkeypatch.setattr(lanes, name, 0.005)
    monkeypatch.setattr(states, "replace_file", lambda path, text: None)  # which waits for the disk
    asked = Chain(Nodes(["http://127.0.0.1:1"]), config, vault.address)
    said = one_pass(tmp_path, asked, config, 0)
    assert '"mined"' in said
    tried, escaped = 0, {}
    for spoilt in dict.fromkeys(order):
        example = next(answers[-1] for key, answers in written.items() if key.startswith(f"{spoilt} "))
        for answer in nonsense(example):
            monkeypatch.setattr(Endpoint, "request", _told_again(written, spoilt, answer))
            try:
                one_pass(tmp_path, asked, config, 0.02)
            except Exception as error:  # whatever it is: nothing of the kind may leave a step
                place = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
                escaped.setdefault(where, f"{spoilt} answered with {str(answer)[:150]}")
            tried += 1
    assert escaped == {}
    assert tried > 200


def _told_again(written: Written, spoilt: str, nonsense: Answer) -> Callable[[Endpoint, str, Any], Answer]:
    left = {key: list(answers) for key, answers in written.items()}

    def request(_: Endpoint, method: str, params: Any) -> Answer:
        if method == spoilt:
            return nonsense
        answers = left.get(key_of(method, params))
        if answers is None:
            raise RpcDown("nothing of the kind was written down")
        return answers.pop(0) if len(answers) > 1 else answers[0]

    return request
