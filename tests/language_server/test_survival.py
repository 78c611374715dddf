"""Nothing that a client or a document does ends the server, and nothing but the protocol is on standard output."""

from __future__ import annotations

import asyncio
import builtins
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.workspace import PositionCodec

from ground.tree import ROOT
from language_server.editor import editor, uri_of
from stratc.__main__ import main
from stratc.lsp.positions import Positions
from stratc_dsl.span import Span

TREASURY = (ROOT / "examples" / "treasury.strat").read_text(encoding="utf-8")
URI = uri_of(ROOT / "examples" / "treasury.strat")


def test_a_request_that_fails_is_answered_with_an_error_and_the_next_one_with_a_result(tmp_path: Path) -> None:
    async def story() -> None:
        async with editor() as client:
            client.open(URI, TREASURY)
            place = client.at(URI, "base USDC", 5) | {
                "text_document": types.TextDocumentIdentifier(uri_of(tmp_path / "nowhere.strat"))
            }
            with pytest.raises(JsonRpcException):
                await client.text_document_hover_async(types.HoverParams(**place))
            unknown = types.ExecuteCommandParams("stratc.verify", arguments=["file:///nowhere.strat"])
            with pytest.raises(JsonRpcException):
                await client.workspace_execute_command_async(unknown)
            assert "ERC-20" in await client.hover(URI, "base USDC", 5)

    asyncio.run(story())


@pytest.mark.parametrize("uri", ["untitled:Untitled-1", "file:///tmp/a%20b%00c.strat"])
def test_texts_that_nobody_would_write(uri: str) -> None:
    texts = [
        "",
        "\ufeff",
        "\0\0",
        "{" * 5_000,
        "(" * 5_000,
        '"' * 999,
        'use "\0"',
        'use "/"',
        "é🦄\r\r\n\u2028{",
        TREASURY,
    ]

    async def story() -> None:
        async with editor() as client:
            client.open(uri, "")
            for text in texts:
                client.type(uri, text)
                document = types.TextDocumentIdentifier(uri)
                await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(document))
                await client.text_document_document_symbol_async(types.DocumentSymbolParams(document))
                await client.lenses(uri)
                await client.diagnostics(uri)
            assert await client.diagnostics(uri) == []

    asyncio.run(story())


def test_a_running_verification_ends_with_its_editor() -> None:
    async def story() -> int:
        async with editor() as client:
            client.open(URI, TREASURY)
            client.save(URI)
            assert [title for _, title in await client.lenses(URI)] == ["verifying ..."]
            assert client._server is not None
            verifier = await child_of(client._server.pid)
        return verifier

    verifier = asyncio.run(story())
    assert has_ended(verifier)


def has_ended(pid: int) -> bool:
    """Now, or in a moment: on a busy machine a process that was killed is listed until somebody takes notice."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


async def child_of(pid: int) -> int:
    """The process that a server started, as soon as there is one."""
    async with asyncio.timeout(30):
        while True:
            listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
            if listed.split():
                return int(listed.split()[0])
            await asyncio.sleep(0.05)


def test_a_client_that_vanishes_takes_the_server_with_it() -> None:
    done = subprocess.run([sys.executable, "-m", "stratc", "lsp"], input=b"", capture_output=True, timeout=60)
    assert done.stdout == b""


def test_without_its_libraries_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "pygls":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    assert main(["lsp"]) == 2
    assert "stratc[lsp]" in capsys.readouterr().err


# ── positions ──


@pytest.mark.parametrize("text", ["", "a", "é\r\n🦄b\rc\n\nd", "🦄🦄\n", "\u2028\x0c\u0085x\ny"])
def test_every_character_has_one_position_and_back(text: str) -> None:
    positions = Positions(text, PositionCodec())
    for offset in range(len(text) + 1):
        inside_line_end = text[offset - 1 : offset + 1] == "\r\n"
        assert positions.offset(positions.position(offset)) == (offset - 1 if inside_line_end else offset)


def test_lines_and_units_are_those_of_the_protocol() -> None:
    positions = Positions("é\r\n🦄b\rc\n\u2028d", PositionCodec())
    assert positions.position(4) == types.Position(1, 2)
    assert positions.position(6) == types.Position(2, 0)
    assert positions.position(9) == types.Position(3, 1)
    assert positions.position(99) == types.Position(3, 2)
    assert positions.offset(types.Position(1, 1)) == 4  # in the middle of the emoji: behind it
    assert positions.offset(types.Position(1, 99)) == 5
    assert positions.offset(types.Position(9, 0)) == 10
    assert positions.lines(Span(3, 7)) == [(1, Span(3, 5)), (2, Span(6, 7))]
