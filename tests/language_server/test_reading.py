"""A user reads: hover, completion, names, symbols, colours."""

from __future__ import annotations

import asyncio

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from ground.tree import ROOT
from language_server.editor import editor, uri_of
from stratc.lsp.tokens import LEGEND

CARRY = (ROOT / "examples" / "eth_carry.strat").read_text(encoding="utf-8")
URI = uri_of(ROOT / "examples" / "eth_carry.strat")
DOCUMENT = types.TextDocumentIdentifier(URI)

HOVERS = [
    ("base USDC", 5, ["decimals: 6", "heartbeat=24h", "ERC-20"]),
    ("aave.debt(USDC):", 0, ["aave_v3(", "threshold=82.5%", "Aave v3 market", "Target -32% of nav, band -36% .. -28%"]),
    ("aave.debt(USDC):", 6, ["what is owed", "band -36% .. -28%"]),
    ("idle(USDC):", 0, ["an amount of T", "at least 6%"]),
    ("health(aave) >= 1.35", 0, ["a ratio", "over debt"]),
    ("5% of nav", 6, ["a value in USD"]),
    ("allocate {", 0, ["target shares of nav"]),
    ("60% per 1y", 0, ["exactly 3/5"]),
    ("24h do harvest", 0, ["86,400 seconds"]),
    ("uniswap_v3(", 0, ["a pool to swap in"]),
    ("slippage(dex)", 0, ["oracle's price at most"]),
    ("solvent", 0, ["nav never falls below 0"]),
    ("order: [", 0, ["the venues that the exit leaves"]),
]


def test_hover() -> None:
    async def story() -> None:
        async with editor() as client:
            client.open(URI, CARRY)
            for words, inside, expected in HOVERS:
                shown = await client.hover(URI, words, inside)
                missing = [one for one in expected if one.lower() not in shown.lower()]
                assert missing == [], f"{words}: {shown}"
            assert await client.hover(URI, "# Hold ETH", 3) == ""

    asyncio.run(story())


DELEVERAGE = "when health(aave) < 1.50 do deleverage aave to health 1.80"
COMPLETIONS = [
    ("uniswap_v3(WETH/USDC, fee=0.05%)", "|", {"uniswap_v3", "erc4626", "aave_v3"}, {"nav", "USDC"}),
    ("uniswap_v3(WETH/USDC, fee=0.05%)", "uniswap_v3(|", {"fee=", "WETH"}, {"nav", "aave"}),
    ("health(aave) >= 1.35", "hea|", {"nav", "health", "idle"}, {"rebalance", "aave"}),
    ("health(aave) >= 1.35", "health(|", {"aave", "save"}, {"nav", "WETH"}),
    ("idle(USDC)   >= 1% of nav", "idle(|", {"USDC", "WETH"}, {"aave"}),
    (DELEVERAGE, "when nav < 5 USD do |", {"rebalance", "freeze"}, {"nav"}),
    (DELEVERAGE, "when |", {"health", "stale", "weights"}, {"rebalance"}),
    (DELEVERAGE, "when nav < 5 |", {"USD", "USDC"}, {"nav"}),
    (DELEVERAGE, "when nav < 5 USD do deleverage |", {"aave"}, {"nav", "WETH"}),
    ("aave.debt(USDC): ", "aave.|", {"collateral", "debt"}, {"USDC"}),
    ("save:                   42%", "s|", {"save", "aave", "idle"}, {"solvent"}),
    ("    floors {", "    |\n    floors {", {"floors", "rules", "prove", "token"}, {"nav"}),
    ("solvent", "so|", {"solvent", "safe", "exit", "survives"}, {"health"}),
    ("base USDC", "base |", {"USDC", "WETH"}, {"aave"}),
    ("order: [save", "order: [|", {"save", "dex"}, {"USDC"}),
    ("price(WETH) moves -20% .. +20%", "price(WETH) |", {"moves", "stays"}, {"nav"}),
    ("# Hold ETH", "# Hold |", set(), {"strategy"}),
]


def test_completion_in_texts_that_do_not_parse() -> None:
    """Each statement is broken off at the bar, and another one is broken all the while."""

    async def story() -> None:
        async with editor() as client:
            client.open(URI, CARRY)
            for old, new, offered, others in COMPLETIONS:
                before, after = CARRY.split(old, 1)
                typed, left = new.split("|")
                before = before.replace("keeper every 1h", "keeper every )) 1h (")
                client.type(URI, before + typed + left + after)
                got = set(await client.complete(URI, before + typed))
                assert offered <= got, f"{new!r}: {got}"
                assert not others & got, f"{new!r}: {got}"

    asyncio.run(story())


def test_a_call_is_completed_with_its_parentheses() -> None:
    async def story() -> None:
        async with editor() as client:
            client.open(URI, CARRY.replace("health(aave) >= 1.35", "h", 1))
            params = types.CompletionParams(**client.at(URI, "floors {\n        h", len("floors {\n        h")))
            found = await client.text_document_completion_async(params)
            assert isinstance(found, types.CompletionList)
            (health,) = (item for item in found.items if item.label == "health")
            assert health.insert_text == "health($0)"
            assert health.insert_text_format == types.InsertTextFormat.Snippet

    asyncio.run(story())


def test_definition_references_and_rename() -> None:
    async def story() -> None:
        async with editor() as client:
            client.open(URI, CARRY)
            place = client.at(URI, "harvest save", len("harvest "))
            found = await client.text_document_definition_async(types.DefinitionParams(**place))
            assert isinstance(found, types.Location)
            assert found.range.start == client.at(URI, "venue save", len("venue "))["position"]
            context = types.ReferenceContext(include_declaration=False)
            uses = await client.text_document_references_async(types.ReferenceParams(context=context, **place))
            assert {client.words(one.uri, one.range) for one in uses or ()} == {"save"}
            assert len(uses or ()) == 4
            edit = await client.text_document_rename_async(types.RenameParams(new_name="vault", **place))
            assert edit is not None
            assert edit.changes is not None
            renamed = applied(CARRY, edit.changes[URI])
            assert "save" not in renamed
            assert renamed.count("vault") == 5
            client.type(URI, renamed)
            assert await client.diagnostics(URI) == []

    asyncio.run(story())


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """A text after edits, as an editor makes them: the last first."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda one: (one.range.start.line, one.range.start.character), reverse=True):
        row, start, end = edit.range.start.line, edit.range.start.character, edit.range.end.character
        lines[row] = lines[row][:start] + edit.new_text + lines[row][end:]
    return "\n".join(lines)


REFUSED = ["aave", "nav", "every", "1x", "a b", "x" * 65, ""]


def test_a_name_that_would_break_the_text_is_refused() -> None:
    async def story() -> None:
        async with editor() as client:
            client.open(URI, CARRY)
            place = client.at(URI, "venue save", len("venue "))
            for name in REFUSED:
                with pytest.raises(JsonRpcException, match=r"is no name|word of the language|used already"):
                    await client.text_document_rename_async(types.RenameParams(new_name=name, **place))

    asyncio.run(story())


def test_names_are_followed_into_the_file_that_is_used() -> None:
    """From and to documents whose names the client writes in a way of its own, as VS Code does with colons."""

    async def story() -> None:
        async with editor() as client:
            shared = uri_of(ROOT / "examples" / "shared_of_a_test.strat").replace("shared", "%73hared")
            client.open(shared, 'token DAI { decimals: 18, price: chainlink("DAI/USD", heartbeat=1h, deviation=1%) }\n')
            client.open(URI, 'use "shared_of_a_test.strat"\nstrategy S { base DAI }\n')
            place = client.at(URI, "base DAI", len("base "))
            found = await client.text_document_definition_async(types.DefinitionParams(**place))
            assert isinstance(found, types.Location)
            assert (found.uri, client.words(found.uri, found.range)) == (shared, "DAI")
            assert "DAI/USD" in await client.hover(URI, "base DAI", 5)
            declared = client.at(shared, "token DAI", len("token "))
            edit = await client.text_document_rename_async(types.RenameParams(new_name="SAI", **declared))
            assert edit is not None
            assert set(edit.changes or {}) == {shared, URI}

    asyncio.run(story())


def test_symbols() -> None:
    async def story() -> None:
        async with editor() as client:
            client.open(URI, CARRY)
            params = types.DocumentSymbolParams(DOCUMENT)
            found = await client.text_document_document_symbol_async(params)
            (strategy,) = [one for one in found or () if isinstance(one, types.DocumentSymbol)]
            inside = [one.name for one in strategy.children or ()]
            assert strategy.name == "EthCarry"
            assert {"USDC", "WETH", "aave", "save", "dex", "assume", "prove"} <= set(inside)

    asyncio.run(story())


def test_semantic_tokens_name_what_each_word_is() -> None:
    async def story() -> None:
        async with editor() as client:
            client.open(URI, CARRY)
            legend = types.SemanticTokensParams(DOCUMENT)
            found = await client.text_document_semantic_tokens_full_async(legend)
            assert found is not None
            kinds = decoded(CARRY, list(found.data))
            assert kinds["strategy"] == "keyword"
            assert kinds["EthCarry"] == "class"
            assert kinds["WETH"] == "type"
            assert kinds["save"] == "namespace"
            assert kinds["weights"] == "function"
            assert kinds["debt"] == "method"
            assert kinds["82.5%"] == "number"
            assert kinds['"ETH/USD"'] == "string"

    asyncio.run(story())


def decoded(text: str, data: list[int]) -> dict[str, str]:
    """The kind of each word, the last occurrence counting; ASCII texts only."""
    lines, row, column, kinds = text.split("\n"), 0, 0, {}
    for start in range(0, len(data), 5):
        down, along, length, kind, _ = data[start : start + 5]
        row, column = row + down, along if down else column + along
        kinds[lines[row][column : column + length]] = LEGEND.token_types[kind]
    return kinds
