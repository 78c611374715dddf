"""A user saves: the verdicts appear beside the claims, and say when they are of an older text."""

from __future__ import annotations

import asyncio

from lsprotocol import types

from ground.tree import ROOT
from language_server.editor import editor, uri_of

TREASURY = (ROOT / "examples" / "treasury.strat").read_text(encoding="utf-8")
URI = uri_of(ROOT / "examples" / "treasury.strat")


def test_verdicts_of_a_saved_text_grow_old() -> None:
    async def story() -> None:
        async with editor() as client:
            client.open(URI, TREASURY)
            assert await client.lenses(URI) == [("Treasury", "verify now")]
            client.save(URI)
            assert [title for _, title in await client.lenses(URI)] == ["verifying ..."]
            shown = dict(await client.verdicts(URI))
            assert shown["Treasury"].startswith("✓ proved: all 10 claims")
            assert (shown["solvent"], shown["survives"]) == ("✓ proved", "✓ proved")
            client.type(URI, TREASURY.replace("        solvent\n", "") + "# a thought\n")
            older = dict(await client.lenses(URI))
            assert older["Treasury"].endswith("(of an older text)")
            assert older["survives"] == "✓ proved (of an older text)"
            assert "solvent" not in older

    asyncio.run(story())


def test_a_refuted_claim_shows_its_scenario() -> None:
    async def story() -> None:
        async with editor() as client:
            client.open(URI, TREASURY.replace("loss <= 1% per round", "loss <= 0.1% per round"))
            command = types.ExecuteCommandParams("stratc.verify", arguments=[URI])
            await client.workspace_execute_command_async(command)
            shown = dict(await client.verdicts(URI))
            assert shown["Treasury"].startswith("✗ refuted: loss <= 0.1% per round (1 of 10 claims)")
            assert shown["loss"].startswith("✗ refuted: ")
            arguments = [URI, "Treasury", "loss <= 0.1% per round"]
            scenario = types.ExecuteCommandParams("stratc.scenario", arguments=arguments)
            text = await client.workspace_execute_command_async(scenario)
            assert "the move: " in str(text)

    asyncio.run(story())


def test_a_newer_text_supersedes_a_verification_and_typing_goes_on_meanwhile() -> None:
    async def story() -> None:
        async with editor() as client:
            client.open(URI, TREASURY)
            client.save(URI)
            assert "ERC-20" in await client.hover(URI, "base USDC", 5)
            broken = TREASURY.replace("base USDC", "base USDX")
            client.type(URI, broken)
            client.save(URI)
            shown = await client.verdicts(URI)
            assert [words for words, _ in shown] == ["Treasury"]
            assert shown[0][1].startswith("not verified: ")
            assert "USDX" in shown[0][1]

    asyncio.run(story())


def test_verify_now_is_offered_as_an_action() -> None:
    async def story() -> None:
        async with editor(initialization_options={"verifyOnSave": False}) as client:
            client.open(URI, TREASURY)
            client.save(URI)
            nowhere = types.Range(types.Position(0, 0), types.Position(0, 0))
            document, context = types.TextDocumentIdentifier(URI), types.CodeActionContext(diagnostics=[])
            params = types.CodeActionParams(document, nowhere, context)
            # Not by its type: this client takes every action that has a command for a bare command.
            (action,) = await client.text_document_code_action_async(params) or ()
            assert action.title == "Verify now"
            assert "stratc.verify" in str(action.command)
            assert await client.lenses(URI) == [("Treasury", "verify now")]

    asyncio.run(story())


SHARED = 'token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }\n'
IDLE = """use "shared_of_a_test.strat"
strategy Idle {
    base USDC
    assume { keeper every 1d, price(USDC) stays 0.98 .. 1.02 }
    allocate { idle(USDC): 100% }
}
"""


def test_used_texts_count_as_the_editor_has_them_and_make_verdicts_old() -> None:
    async def story() -> None:
        async with editor() as client:
            shared = uri_of(ROOT / "examples" / "shared_of_a_test.strat")
            client.open(shared, SHARED)
            client.open(URI, IDLE)
            client.save(URI)
            (fresh,) = await client.verdicts(URI)
            assert "6 claims" in fresh[1]
            assert "older" not in fresh[1]
            client.refreshed.clear()
            client.type(shared, SHARED.replace("24h", "12h"))
            async with asyncio.timeout(30):
                await client.refreshed.wait()
            ((_, title),) = await client.lenses(URI)
            assert title.endswith("(of an older text)")
            client.save(shared)
            assert await client.lenses(shared) == []

    asyncio.run(story())
