"""The language server: requests of the protocol, answered from documents.py and what it knows.

Nothing here may die of a document: pygls answers a request whose handler raises with an error of the protocol, and logs
it. Standard output belongs to the protocol alone; whatever else prints goes to standard error.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from stratc import __version__
from stratc.lsp import diagnostics, lenses, navigation
from stratc.lsp.completion import completion_item
from stratc.lsp.diagnostics import Checked
from stratc.lsp.documents import Documents
from stratc.lsp.formatting import formatted
from stratc.lsp.hover import hover_text
from stratc.lsp.tokens import LEGEND, semantic_tokens
from stratc.lsp.verification import Verifications
from stratc.status import Status
from stratc_dsl.navigate import Found
from stratc_dsl.suggest import suggestions

log = logging.getLogger(__name__)

DEBOUNCE = 0.15
"""Seconds of silence after the last keystroke before a text is checked."""


class Server(LanguageServer):
    """The documents that are open in one editor, and what was found out about them."""

    def __init__(self) -> None:
        # The whole text each time: pygls splits lines where Python does, at more characters than the protocol says.
        super().__init__("stratc", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.verifications = Verifications(self.show_verdicts)
        self.verify_on_save = True
        self._documents: Documents | None = None
        self._checked: dict[str, Checked] = {}
        self._waiting: dict[str, asyncio.Task[None]] = {}

    @property
    def documents(self) -> Documents:
        if self._documents is None:
            self._documents = Documents(self.workspace)
        return self._documents

    def report_server_error(self, error: Exception, source: Any) -> None:
        """To the log alone: a message box for each keystroke in an unlucky document would help nobody."""
        log.error("%s: %s", type(error).__name__, error)

    # ── checking ──

    def check_soon(self, uri: str) -> None:
        """Check a document, and those that use it, once nobody has typed for a moment."""
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
        self._waiting[uri] = asyncio.create_task(self._check(uri))

    async def _check(self, uri: str) -> None:
        await asyncio.sleep(DEBOUNCE)
        try:
            users = [one for one in self.documents.open() if self._uses(one, uri)]
            for one in (uri, *users):
                await self._publish(one)
            for one in users:
                await self.show_verdicts(one)
        except Exception:
            log.exception("checking %s failed", uri)

    def _uses(self, user: str, uri: str) -> bool:
        used = self.documents.source(uri).name
        return user != uri and any(one.source.name == used for one in self.documents.library(user).used)

    async def _publish(self, uri: str) -> None:
        source = self.documents.source(uri)
        version = self.workspace.get_text_document(uri).version
        checked = await asyncio.to_thread(diagnostics.check, source, self.documents.reader())
        if not self.documents.is_open(uri) or self.documents.source(uri) != source:
            return
        self._checked[uri] = checked
        found = [diagnostics.to_protocol(one, uri, checked, self.documents) for one in checked.diagnostics]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, found, version))

    def checked(self, uri: str) -> Checked:
        """What is known of the text as it is now."""
        source = self.documents.source(uri)
        known = self._checked.get(uri)
        if known is None or known.source != source:
            known = self._checked[uri] = diagnostics.check(source, self.documents.reader())
        return known

    def forget(self, uri: str) -> None:
        """The document is closed: nothing of it stays on the screen."""
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
        self.verifications.forget(uri)
        self._checked.pop(uri, None)
        self.documents.forget(uri)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    # ── verifying ──

    def verify(self, uri: str) -> None:
        """Verify a document as the editor has it, saved or not, if there is a strategy in it."""
        if any(one.kind == "strategy" for one in self.documents.outline(uri).declarations):
            self._checked.pop(uri, None)  # a used file may have changed a moment ago
            self.verifications.start(uri, self.checked(uri).program)

    async def show_verdicts(self, uri: str) -> None:
        """Ask the client to fetch the lenses again, where it can be asked."""
        workspace = self.client_capabilities.workspace
        lens = workspace.code_lens if workspace else None
        if lens and lens.refresh_support:
            self.workspace_code_lens_refresh(None)

    # ── places ──

    def offset(self, uri: str, position: types.Position) -> int:
        return self.documents.positions(self.documents.source(uri)).offset(position)

    def found(self, uri: str, position: types.Position) -> Found | None:
        """The declaration that the name at a place means."""
        return navigation.found_at(self.documents.library(uri), self.offset(uri, position))


# ── documents ──


def opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
    ls.check_soon(params.text_document.uri)


def changed(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
    ls.check_soon(params.text_document.uri)


def saved(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
    ls.check_soon(params.text_document.uri)
    if ls.verify_on_save:
        ls.verify(params.text_document.uri)


def closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
    ls.forget(params.text_document.uri)


def initialized(ls: Server, params: types.InitializeParams) -> None:
    options = params.initialization_options
    if isinstance(options, dict):
        ls.verify_on_save = options.get("verifyOnSave", True) is not False


async def stopped(ls: Server, _params: None) -> None:
    await ls.verifications.stop()


# ── reading ──


def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
    uri = params.text_document.uri
    library = ls.documents.library(uri)
    word = library.main.word_at(ls.offset(uri, params.position))
    text = hover_text(library, word, ls.checked(uri).strategies) if word is not None else None
    if word is None or text is None:
        return None
    place = ls.documents.positions(library.main.source).range(word.span)
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), place)


def completion(ls: Server, params: types.CompletionParams) -> types.CompletionList:
    uri = params.text_document.uri
    found = suggestions(ls.documents.library(uri), ls.offset(uri, params.position))
    capabilities = ls.client_capabilities.text_document
    item = capabilities.completion.completion_item if capabilities and capabilities.completion else None
    snippets = bool(item and item.snippet_support)
    return types.CompletionList(False, [completion_item(one, rank, snippets) for rank, one in enumerate(found)])


def tokens(ls: Server, params: types.SemanticTokensParams) -> types.SemanticTokens:
    library = ls.documents.library(params.text_document.uri)
    return semantic_tokens(library, ls.documents.positions(library.main.source))


def symbols(ls: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
    return navigation.document_symbols(ls.documents, ls.documents.outline(params.text_document.uri))


def layout(ls: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
    source = ls.documents.source(params.text_document.uri)
    return formatted(source, ls.documents.positions(source))


# ── names ──


def definition(ls: Server, params: types.DefinitionParams) -> types.Location | None:
    uri = params.text_document.uri
    return navigation.definition(ls.documents, ls.documents.library(uri), ls.offset(uri, params.position))


def references(ls: Server, params: types.ReferenceParams) -> list[types.Location]:
    uri = params.text_document.uri
    library, found = ls.documents.library(uri), ls.found(uri, params.position)
    if found is None:
        return []
    return [
        navigation.location(ls.documents, one.outline, one.word.span)
        for one in navigation.mentions(ls.documents, library, found)
        if params.context.include_declaration or not one.declares
    ]


def highlights(ls: Server, params: types.DocumentHighlightParams) -> list[types.DocumentHighlight]:
    uri = params.text_document.uri
    library, found = ls.documents.library(uri), ls.found(uri, params.position)
    positions = ls.documents.positions(library.main.source)
    everywhere = library.mentions(found) if found else []
    return [types.DocumentHighlight(positions.range(m.word.span)) for m in everywhere if m.outline is library.main]


def prepare_rename(ls: Server, params: types.PrepareRenameParams) -> types.Range | None:
    uri = params.text_document.uri
    library = ls.documents.library(uri)
    place = navigation.renameable(library, ls.offset(uri, params.position))
    return ls.documents.positions(library.main.source).range(place) if place else None


def rename(ls: Server, params: types.RenameParams) -> types.WorkspaceEdit:
    uri = params.text_document.uri
    library, found = ls.documents.library(uri), ls.found(uri, params.position)
    if found is None:
        raise JsonRpcInvalidParams(message="only tokens, venues, signals and strategies can be renamed")
    navigation.refuse_rename(ls.documents, library, found, params.new_name)
    return navigation.rename(ls.documents, library, found, params.new_name)


# ── verdicts ──


def code_lenses(ls: Server, params: types.CodeLensParams) -> list[types.CodeLens]:
    uri = params.text_document.uri
    now = ls.documents.outline(uri)
    positions = ls.documents.positions(now.source)
    verifications, program = ls.verifications, ls.checked(uri).program
    shown = lenses.lenses(now, program, verifications.outcomes.get(uri), verifications.running.get(uri))
    return [lenses.to_protocol(one, uri, positions.range(one.span)) for one in shown]


def code_actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    uri = params.text_document.uri
    verify = types.Command("Verify now", lenses.VERIFY, arguments=[uri])
    return [types.CodeAction("Verify now", types.CodeActionKind.Source, command=verify)]


def verify_now(ls: Server, uri: str) -> None:
    if not ls.documents.is_open(uri):
        raise JsonRpcInvalidParams(message=f"{uri} is not open")
    ls.verify(uri)


def show_scenario(ls: Server, uri: str, strategy: str, claim: str) -> str | None:
    """How a refuted claim breaks: to the user, and to whoever asked."""
    outcome = ls.verifications.outcomes.get(uri)
    text = lenses.scenario_text(outcome, strategy, claim) if outcome else None
    if text is not None:
        ls.window_show_message(types.ShowMessageParams(types.MessageType.Warning, text))
    return text


def make_server() -> Server:
    """A server with all that it can do, not started."""
    server = Server()
    handlers: dict[str, tuple[Any, Any]] = {
        types.INITIALIZE: (initialized, None),
        types.SHUTDOWN: (stopped, None),
        types.TEXT_DOCUMENT_DID_OPEN: (opened, None),
        types.TEXT_DOCUMENT_DID_CHANGE: (changed, None),
        types.TEXT_DOCUMENT_DID_SAVE: (saved, None),
        types.TEXT_DOCUMENT_DID_CLOSE: (closed, None),
        types.TEXT_DOCUMENT_HOVER: (hover, None),
        types.TEXT_DOCUMENT_COMPLETION: (completion, types.CompletionOptions(trigger_characters=[".", "(", "=", " "])),
        types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL: (tokens, LEGEND),
        types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: (symbols, None),
        types.TEXT_DOCUMENT_FORMATTING: (layout, None),
        types.TEXT_DOCUMENT_DEFINITION: (definition, None),
        types.TEXT_DOCUMENT_REFERENCES: (references, None),
        types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT: (highlights, None),
        types.TEXT_DOCUMENT_PREPARE_RENAME: (prepare_rename, None),
        types.TEXT_DOCUMENT_RENAME: (rename, types.RenameOptions(prepare_provider=True)),
        types.TEXT_DOCUMENT_CODE_LENS: (code_lenses, types.CodeLensOptions(resolve_provider=False)),
        types.TEXT_DOCUMENT_CODE_ACTION: (code_actions, types.CodeActionOptions([types.CodeActionKind.Source])),
    }
    for name, (handler, options) in handlers.items():
        server.feature(name, options)(handler)
    server.command(lenses.VERIFY)(verify_now)
    server.command(lenses.SCENARIO)(show_scenario)
    return server


def serve() -> Status:
    """Speak the protocol over standard input and output until the client ends it."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="stratc lsp: %(levelname)s: %(message)s")
    # The protocol gets the only way to standard output: a stray print of any library would break it.
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as client:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        make_server().start_io(sys.stdin.buffer, client)
    return Status.PROVED
