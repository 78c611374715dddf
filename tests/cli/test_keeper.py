"""`stratc keeper run`: the command reaches the keeper, and what is wrong with its input is a sentence and status 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from stratc.__main__ import main

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
