"""An editor without a screen: starts `stratc lsp` as a process and speaks to it as editors do."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

PATIENCE = 60
"""Seconds to wait for what must come: a verification on a busy machine is the slowest of it."""

CAPABILITIES = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(
        code_lens=types.CodeLensWorkspaceClientCapabilities(refresh_support=True)
    ),
    text_document=types.TextDocumentClientCapabilities(
        completion=types.CompletionClientCapabilities(
            completion_item=types.ClientCompletionItemOptions(snippet_support=True)
        )
    ),
)


class Editor(LanguageClient):
    """One window: its documents as the user sees them, and what the server has said about each."""

    def __init__(self) -> None:
        super().__init__("stratc-test", "1")
        self.texts: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        self.said: dict[str, types.PublishDiagnosticsParams] = {}
        self.messages: list[str] = []
        self.refreshed = asyncio.Event()
        self.heard = asyncio.Event()
        self._listen()

    def _listen(self) -> None:
        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def hear(params: types.PublishDiagnosticsParams) -> None:
            self.said[params.uri] = params
            self.heard.set()

        @self.feature(types.WORKSPACE_CODE_LENS_REFRESH)
        def refresh(_params: None) -> None:
            self.refreshed.set()

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def show(params: types.ShowMessageParams) -> None:
            self.messages.append(params.message)

    # ── documents ──

    def open(self, uri: str, text: str) -> None:
        self.texts[uri], self.versions[uri] = text, 1
        item = types.TextDocumentItem(uri, "strat", 1, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def type(self, uri: str, text: str) -> None:
        """Replace the text of a document."""
        self.texts[uri] = text
        self.versions[uri] += 1
        document = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        change = types.TextDocumentContentChangeWholeDocument(text)
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def save(self, uri: str) -> None:
        self.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))

    async def diagnostics(self, uri: str) -> list[types.Diagnostic]:
        """What the server says about the text as it is now."""
        async with asyncio.timeout(PATIENCE):
            while uri not in self.said or self.said[uri].version != self.versions[uri]:
                self.heard.clear()
                await self.heard.wait()
        return list(self.said[uri].diagnostics)

    # ── places ──

    def at(self, uri: str, words: str, inside: int = 0) -> dict[str, Any]:
        """The place `inside` characters into the first occurrence of some words, in UTF-16 as the protocol counts."""
        before = self.texts[uri][: self.texts[uri].index(words) + inside]
        line = before.count("\n")
        character = len(before[before.rfind("\n") + 1 :].encode("utf-16-le")) // 2
        return {"text_document": types.TextDocumentIdentifier(uri), "position": types.Position(line, character)}

    def words(self, uri: str, place: types.Range) -> str:
        """The text of a range, cut out as an editor would."""
        lines = [line.encode("utf-16-le") for line in self.texts[uri].split("\n")]
        assert place.start.line == place.end.line
        cut = lines[place.start.line][2 * place.start.character : 2 * place.end.character]
        return cut.decode("utf-16-le")

    async def hover(self, uri: str, words: str, inside: int = 0) -> str:
        """What is shown about a word, "" where nothing is."""
        found = await self.text_document_hover_async(types.HoverParams(**self.at(uri, words, inside)))
        if found is None:
            return ""
        assert isinstance(found.contents, types.MarkupContent)
        return found.contents.value

    async def complete(self, uri: str, words: str) -> list[str]:
        """The labels that are offered behind some words."""
        found = await self.text_document_completion_async(types.CompletionParams(**self.at(uri, words, len(words))))
        assert isinstance(found, types.CompletionList)
        return [item.label for item in sorted(found.items, key=lambda item: item.sort_text or "")]

    async def lenses(self, uri: str) -> list[tuple[str, str]]:
        """Every lens: the words that it stands at, and its title."""
        params = types.CodeLensParams(types.TextDocumentIdentifier(uri))
        found = await self.text_document_code_lens_async(params)
        return [(self.words(uri, one.range), one.command.title) for one in found or () if one.command]

    async def verdicts(self, uri: str) -> list[tuple[str, str]]:
        """The lenses once no verification is running."""
        async with asyncio.timeout(PATIENCE):
            while True:
                self.refreshed.clear()
                shown = await self.lenses(uri)
                if shown and not any("verifying" in title or title == "verify now" for _, title in shown):
                    return shown
                await self.refreshed.wait()


@asynccontextmanager
async def editor(**initialize: Any) -> AsyncIterator[Editor]:
    """An editor with its server; leaving it takes both down, as quitting does."""
    client = Editor()
    await client.start_io(sys.executable, "-m", "stratc", "lsp")
    async with asyncio.timeout(PATIENCE):
        given = {"capabilities": CAPABILITIES, "process_id": None} | initialize
        await client.initialize_async(types.InitializeParams(**given))
        client.initialized(types.InitializedParams())
    try:
        yield client
    finally:
        async with asyncio.timeout(PATIENCE):
            await client.shutdown_async(None)
            client.exit(None)
            await client.stop()


def uri_of(path: Path) -> str:
    return path.as_uri()
