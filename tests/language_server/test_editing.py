"""A user types: what is wrong with the text, and where, whatever state it is in."""

from __future__ import annotations

import asyncio

from lsprotocol import types

from ground.tree import ROOT
from language_server.editor import Editor, editor, uri_of

CARRY = (ROOT / "examples" / "eth_carry.strat").read_text(encoding="utf-8")
URI = uri_of(ROOT / "examples" / "eth_carry.strat")


def changed(old: str, new: str) -> str:
    assert old in CARRY
    return CARRY.replace(old, new, 1)


async def said(client: Editor, text: str) -> list[types.Diagnostic]:
    """Type a text and wait for what is said about it."""
    if URI not in client.texts:
        client.open(URI, text)
    else:
        client.type(URI, text)
    return await client.diagnostics(URI)


def test_a_mistake_is_shown_where_it_is_and_vanishes_when_it_is_repaired() -> None:
    async def story() -> None:
        async with editor() as client:
            assert await said(client, CARRY) == []
            (wrong,) = await said(client, changed("health(aave) >= 1.35", "helth(aave) >= 1.35"))
            assert client.words(URI, wrong.range) == "helth"
            assert wrong.severity == types.DiagnosticSeverity.Error
            assert str(wrong.code).startswith("E")
            assert "did you mean `health`" in wrong.message
            assert wrong.source == "stratc"
            assert await said(client, CARRY) == []

    asyncio.run(story())


def test_the_reasons_of_a_mistake_are_related_places() -> None:
    async def story() -> None:
        async with editor() as client:
            (wrong,) = await said(client, changed("idle(USDC)   >= 1% of nav", "nav >= 1%"))
            related = wrong.related_information or []
            assert [client.words(one.location.uri, one.location.range) for one in related] == ["nav"]
            assert client.words(URI, wrong.range) == "1%"

    asyncio.run(story())


USDC = 'token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }\n'
SAVER = """use "middle_of_a_test.strat"
strategy Saver {
    base USDC
    assume { keeper every 1d, price(USDC) stays 0.98 .. 1.02 }
    allocate { idle(USDC): 100% }
}
"""


def test_what_is_wrong_in_a_used_file_is_shown_there_and_where_it_is_used() -> None:
    """Of texts that are not saved, and through a file that only uses others."""
    middle, tokens = (uri_of(ROOT / "examples" / f"{name}_of_a_test.strat") for name in ("middle", "tokens"))

    async def story() -> None:
        async with editor() as client:
            client.open(tokens, USDC)
            client.open(middle, 'use "tokens_of_a_test.strat"\n')
            assert await said(client, SAVER) == []
            assert await client.diagnostics(tokens) == await client.diagnostics(middle) == []
            client.type(tokens, USDC.replace("decimals: 6", "decimals: 6.5"))
            (there,) = await client.diagnostics(tokens)
            assert client.words(tokens, there.range) == "6.5"
            (here,) = await said(client, SAVER + "\n")
            assert client.words(URI, here.range) == '"middle_of_a_test.strat"'
            assert "tokens_of_a_test.strat" in here.message
            (place,) = [one.location for one in here.related_information or ()]
            assert (place.uri, client.words(tokens, place.range)) == (tokens, "6.5")
            client.type(tokens, USDC)
            (twice,) = await said(client, SAVER.replace("base USDC", f"base USDC\n    {USDC}"))
            assert client.words(URI, twice.range) == "USDC"
            assert [one.location.uri for one in twice.related_information or ()] == [tokens]

    asyncio.run(story())


def test_a_syntax_error_and_a_warning() -> None:
    async def story() -> None:
        async with editor() as client:
            found = await said(client, changed("    floors {", "    floors"))
            assert found
            assert all(one.severity == types.DiagnosticSeverity.Error for one in found)
            unused = "    venue spare = erc4626(asset=USDC)\n    assume {"
            (warning,) = await said(client, changed("    assume {", unused))
            assert warning.severity == types.DiagnosticSeverity.Warning
            assert "spare" in warning.message

    asyncio.run(story())


def test_places_are_counted_in_utf_16() -> None:
    """Behind an emoji, which is two units, and a wide character, which is one."""

    async def story() -> None:
        async with editor() as client:
            text = changed('chainlink("ETH/USD",', 'chainlink("🦄漢/USD",')
            text = text.replace("deviation=0.5%)", "deviation=0.5 USDC)")
            (wrong,) = await said(client, text)
            assert client.words(URI, wrong.range) == "0.5 USDC"
            assert "How far the price" not in await client.hover(URI, "0.5 USDC")
            assert "may be from the answer" in await client.hover(URI, "deviation=0.5 USDC")

    asyncio.run(story())


def test_another_encoding_can_be_agreed_upon() -> None:
    async def story() -> None:
        general = types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf8])
        async with editor(capabilities=types.ClientCapabilities(general=general)) as client:
            line = '    token USDC { decimals: 6,  price: chainlink("🦄", heartbeat=24h, deviation=0.25 USDC) }'
            old = '    token USDC { decimals: 6,  price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }'
            (wrong,) = await said(client, changed(old, line))
            start = len(line[: line.index("0.25 USDC")].encode())
            assert (wrong.range.start.character, wrong.range.end.character) == (start, start + len("0.25 USDC"))

    asyncio.run(story())


def test_only_the_last_of_many_keystrokes_is_answered() -> None:
    async def story() -> None:
        async with editor() as client:
            await said(client, CARRY)
            for length in range(1, 40):
                client.type(URI, CARRY[:-length])
            client.type(URI, CARRY)
            assert await client.diagnostics(URI) == []
            seen = client.said[URI].version
            assert seen == client.versions[URI]

    asyncio.run(story())


def test_a_closed_document_leaves_nothing_on_the_screen() -> None:
    async def story() -> None:
        async with editor() as client:
            assert await said(client, "strategy {") != []
            client.heard.clear()
            document = types.TextDocumentIdentifier(URI)
            client.text_document_did_close(types.DidCloseTextDocumentParams(document))
            async with asyncio.timeout(30):
                await client.heard.wait()
            assert list(client.said[URI].diagnostics) == []

    asyncio.run(story())


def test_a_document_is_formatted_and_stays_so() -> None:
    """With the line ends that the editor has chosen for it, and with a statement in it that cannot be read."""

    async def layout(client: Editor) -> list[types.TextEdit]:
        options = types.FormattingOptions(tab_size=4, insert_spaces=True)
        params = types.DocumentFormattingParams(types.TextDocumentIdentifier(URI), options)
        return list(await client.text_document_formatting_async(params) or ())

    async def story() -> None:
        async with editor() as client:
            untidy = CARRY.replace("    base USDC", "  base   USDC").replace("solvent", "solvent ??? 🦄")
            client.open(URI, untidy)
            (edit,) = await layout(client)
            assert edit.range.start == types.Position(0, 0)
            assert edit.range.end == types.Position(untidy.count("\n"), 0)
            assert "\n    base USDC\n" in edit.new_text
            assert "solvent ??? 🦄" in edit.new_text
            client.type(URI, edit.new_text)
            assert await layout(client) == []
            client.type(URI, edit.new_text.replace("\n", "\r\n"))
            assert await layout(client) == []

    asyncio.run(story())
