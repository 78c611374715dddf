"""OpenZeppelin's Monitor and Relayer: their files by the form of OpenZeppelin's examples; `act.py` as a process.

The Relayer itself is no package: a stand-in with its interface signs, before a real anvil.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from keeper.rig import KEEPER
from keeper.stub import CHAIN_ID, DELEVERAGE, HARVEST, PERIOD, REBALANCE, SERVED, bound_document, calls, document
from lab.chain import AnvilChain, Contract
from stratc_targets.backends.openzeppelin import TOLD, openzeppelin_files
from stratc_targets.keeper.config import parse_config

VAULT = "0x" + "ab" * 20
KEY = "a-secret-key"

SECRET = {
    "type": "object",
    "required": ["type", "value"],
    "properties": {"type": {"enum": ["plain", "environment"]}, "value": {"type": "string"}},
    "additionalProperties": False,
}
TEXT, COUNT = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}


def exactly(**properties: Any) -> dict[str, Any]:
    """An object with these members and no others."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def many(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


MONITOR_NETWORK = exactly(
    network_type={"const": "EVM"},
    slug=TEXT,
    name=TEXT,
    rpc_urls=many(exactly(type_={"const": "rpc"}, url=SECRET, weight=COUNT)),
    chain_id=COUNT,
    block_time_ms=COUNT,
    confirmation_blocks=COUNT,
    cron_schedule=TEXT,
    max_past_blocks=COUNT,
    store_blocks={"type": "boolean"},
)
CONDITION = {"type": ["string", "null"]}
MONITOR = exactly(
    name=TEXT,
    paused={"type": "boolean"},
    networks=many(TEXT),
    addresses=many(exactly(address=TEXT, contract_spec=many({"type": "object"}))),
    match_conditions=exactly(
        functions=many({"type": "object"}),
        events=many(exactly(signature=TEXT, expression=CONDITION)),
        transactions=many(exactly(status={"enum": ["Success", "Failure", "Any"]}, expression=CONDITION)),
    ),
    trigger_conditions=many({"type": "object"}),
    triggers=many(TEXT),
)
WEBHOOK = exactly(
    name=TEXT,
    trigger_type={"const": "webhook"},
    config=exactly(
        url=SECRET,
        method={"const": "POST"},
        headers={"type": "object"},
        message=exactly(title=TEXT, body=TEXT),
    ),
)
POLICIES = exactly(
    eip1559_pricing={"type": "boolean"},
    gas_limit_estimation={"type": "boolean"},
    gas_price_cap=COUNT,
    min_balance=COUNT,
    private_transactions={"type": "boolean"},
    whitelist_receivers=many(TEXT),
)
RELAYER = exactly(
    relayers=many(
        exactly(
            id=TEXT,
            name=TEXT,
            network=TEXT,
            network_type={"const": "evm"},
            paused={"type": "boolean"},
            signer_id=TEXT,
            policies=POLICIES,
        )
    ),
    notifications=many({"type": "object"}),
    signers=many(exactly(id=TEXT, type={"const": "local"}, config={"type": "object"})),
    networks=TEXT,
)


def printed(given: dict[str, Any] | None = None, vault: str = VAULT) -> dict[str, str]:
    config = parse_config(json.dumps(given or document()), "keeper.json")
    return {artifact.path: artifact.text for artifact in openzeppelin_files(config, CHAIN_ID, vault)}


def test_the_files_have_the_form_of_openzeppelins_examples() -> None:
    made = printed()
    network = json.loads(made[f"monitor/networks/stub_chain_{CHAIN_ID}.json"])
    Draft202012Validator(MONITOR_NETWORK).validate(network)
    monitor = json.loads(made["monitor/monitors/stub.json"])
    Draft202012Validator(MONITOR).validate(monitor)
    triggers = json.loads(made["monitor/triggers/stub.json"])
    Draft202012Validator({"type": "object", "additionalProperties": WEBHOOK}).validate(triggers)
    relayer = json.loads(made["relayer/config.json"])
    Draft202012Validator(RELAYER).validate(relayer)
    assert (monitor["networks"], monitor["triggers"]) == ([network["slug"]], list(triggers))
    (one,) = relayer["relayers"]
    assert one["network"] == json.loads(made[f"relayer/networks/stub_chain_{CHAIN_ID}.json"])["networks"][0]["network"]
    assert one["policies"]["whitelist_receivers"] == [VAULT]
    assert one["policies"]["gas_price_cap"] == 500 * 10**9


def test_what_is_watched_are_events_that_the_vault_has() -> None:
    changed = document()
    changed["events"].append(
        {
            "type": "event",
            "name": "ModeChanged",
            "inputs": [{"name": "mode", "type": "uint256", "indexed": False}],
            "anonymous": False,
        }
    )
    monitor = json.loads(printed(changed)["monitor/monitors/stub.json"])
    assert [event["signature"] for event in monitor["match_conditions"]["events"]] == ["ModeChanged(uint256)"]
    assert "RuleRun" not in TOLD


class Relayer:
    """What the Relayer answers, and signs: `slow` leaves transactions under way."""

    def __init__(self, chain: AnvilChain) -> None:
        self.chain, self.slow = chain, False
        self.requests: list[dict[str, Any]] = []

    def answer(self, path: str, body: dict[str, Any] | None) -> Any:
        if body is not None:
            self.requests.append(body)
            if not self.slow:
                call = {"from": KEEPER, "to": body["to"], "data": body["data"], "gas": hex(body["gas_limit"])}
                self.chain.mined(call)
            return {"id": f"tx-{len(self.requests)}", "status": "pending"}
        if "/transactions/" in path:
            return {"id": path.rpartition("/")[2], "status": "submitted" if self.slow else "confirmed"}
        return {"address": KEEPER}


@contextmanager
def serving(relayer: Relayer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self, body: dict[str, Any] | None) -> None:
            known = self.headers["Authorization"] == f"Bearer {KEY}"
            assert re.fullmatch(r"/api/v1/relayers/stub-keeper(/transactions(/tx-[0-9]+)?)?", self.path)
            data = json.dumps({"success": known, "data": relayer.answer(self.path, body) if known else None}).encode()
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            self._serve(None)

        def do_POST(self) -> None:
            self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.anvil
def test_the_script_hands_over_what_is_due_once_and_in_order(
    tmp_path: Path, chain: AnvilChain, vault: Contract
) -> None:
    script, relayer = tmp_path / "act.py", Relayer(chain)
    script.write_text(printed(bound_document(vault), vault.address)["act.py"])

    def act(url: str, key: str = KEY) -> tuple[int, str]:
        environment = os.environ | {"RPC_URL": chain.url, "RELAYER_URL": url, "RELAYER_API_KEY": key}
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment, check=False)
        return done.returncode, done.stdout + done.stderr

    with serving(relayer) as url:
        for rule in (REBALANCE, DELEVERAGE):
            vault.send("set_due", rule, True, False)
        relayer.slow = True
        assert "deleverage_aave: handed over as tx-1" in act(url)[1]
        assert act(url) == (0, "deleverage_aave is under way\n")
        relayer.slow = False
        vault.send("set_failure", DELEVERAGE, "pool is dry")
        code, said = act(url)
        assert code == 0
        assert "deleverage_aave is due, but would fail" in said
        assert "rebalance: handed over" in said
        vault.send("set_failure", DELEVERAGE, "")
        assert "settle: handed over" in act(url)[1]  # the deleverage rests for five minutes
        chain.warp(300)
        assert "deleverage_aave: handed over" in act(url)[1]
        assert act(url) == (0, "")
        chain.warp(86_400)
        assert "harvest_save: handed over" in act(url)[1]
        chain.warp(PERIOD)
        assert "settle: handed over" in act(url)[1]
        vault.send("set_requests", 1, False)
        assert act(url) == (0, "")
        vault.send("set_requests", 1, True)
        assert "serve: handed over" in act(url)[1]
        assert act(url) == (0, "")
        assert calls(vault) == [REBALANCE, DELEVERAGE, HARVEST, SERVED]
        assert [one["speed"] for one in relayer.requests][:2] == ["fastest", "average"]
        code, said = act(url, "wrong")
        assert (code, said) == (1, "the relayer answers with status 401\n")
    assert act(url)[0] == 1
    assert KEY not in act(url)[1]
