"""The keeper's commands: they are reached, and what is wrong with their input is a sentence and status 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stratc.__main__ import main
from stratc_targets.keeper.config import SCHEMA

RPC = ("--rpc", "http://127.0.0.1:9", "--log", "text")


@pytest.mark.parametrize(
    ("contents", "expected"),
    [(None, "No such file"), (b"", "keeper.json"), (b"{", "keeper.json"), (b"\xff", "not UTF-8"), (b"{}", "schema")],
)
def test_a_bad_configuration(
    contents: bytes | None, expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "keeper.json"
    if contents is not None:
        config.write_bytes(contents)
    assert main(["keeper", "run", "--config", str(config), *RPC]) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert said.out == ""


PLAIN = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1].split(",")))
from stratc.__main__ import main
sys.exit(main(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    "command", [("run", *RPC), ("audit", *RPC[:2], "--from-block", "0"), ("print", "cre", "--out", "cre"), RPC[:2]]
)
def test_an_installation_without_the_extra(command: tuple[str, ...], tmp_path: Path) -> None:
    """Each package that only the extra brings is missing, as in an installation that just proves and builds."""
    config = tmp_path / "keeper.json"
    config.write_text(json.dumps({"schema": SCHEMA}))
    words = ("status", *command) if command == RPC[:2] else ("keeper", *command)
    missing = "web3,jsonschema,requests,hexbytes,eth_account,eth_abi,eth_typing,eth_utils"
    program = [sys.executable, "-c", PLAIN, missing, *words, "--config", str(config)]
    done = subprocess.run(program, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "is not installed: pip install 'stratc[keeper]'" in done.stderr
