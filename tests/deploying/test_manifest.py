"""Manifests: what is read of them, and everything that is wrong said at once."""

from __future__ import annotations

import pytest

from deploying.market import Tables, toml
from lab.chain import ACCOUNTS, CHAIN_ID
from stratc_targets.deploy.manifest import ManifestError, parse_manifest, skeleton
from stratc_targets.vyper.arguments import BindingKind, constructor_layout
from vyper_target.vaults import example

CARRY = example("eth_carry").vault
BLUE = example("blue_carry").vault


def address(number: int) -> str:
    return f"0x{number:040x}"


def given() -> Tables:
    """A manifest of the carry and of the one at Morpho, with numbers for addresses."""
    return {
        "chain": CHAIN_ID,
        "sequencer_feed": "none",
        "roles": {"owner": address(1), "guardian": address(2), "keeper": address(3)},
        "tokens": {"USDC": address(10), "WETH": address(11)},
        "feeds": {"USDC": address(20), "WETH": {"address": address(21), "description": "Ether"}},
        "venues": {
            "aave": address(30),
            "save": address(31),
            "dex": address(32),
            "blue": {"address": address(33), "oracle": address(34), "irm": address(35)},
        },
    }


def mistakes(text: str) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text, "m.toml", CARRY)
    return [line.removeprefix("m.toml: ") for line in str(caught.value).splitlines()]


def test_every_argument_is_bound() -> None:
    manifest = parse_manifest(toml(given()), "m.toml", CARRY)
    assert manifest.chain_id == CHAIN_ID
    assert [one.binding for one in manifest.arguments] == list(constructor_layout(CARRY))
    numbers = [int(one.address, 16) for one in manifest.arguments]
    assert numbers == [1, 2, 3, 0, 10, 11, 20, 21, 30, 31, 32]
    assert manifest.descriptions == {"WETH": "Ether"}


def test_a_venue_of_several_addresses() -> None:
    manifest = parse_manifest(toml(given()), "m.toml", BLUE)
    assert int(manifest.address(BindingKind.VENUE, "blue"), 16) == 33
    assert int(manifest.address(BindingKind.MARKET, "blue.oracle"), 16) == 34
    assert int(manifest.address(BindingKind.MARKET, "blue.irm"), 16) == 35


def test_what_is_other_for_one_strategy() -> None:
    text = toml(given()) + f'[strategies.EthCarry.venues]\nsave = "{address(99)}"\n'
    assert int(parse_manifest(text, "m.toml", CARRY).address(BindingKind.VENUE, "save"), 16) == 99
    assert int(parse_manifest(text, "m.toml", BLUE).address(BindingKind.VENUE, "save"), 16) == 31


@pytest.mark.parametrize("vault", [CARRY, BLUE], ids=["carry", "blue"])
def test_the_skeleton_lacks_addresses_alone(vault: object) -> None:
    from stratc_compiler.vault import Vault

    assert isinstance(vault, Vault)
    text = skeleton(vault, 1)
    numbers = iter(range(1, 100))
    while '"0x..."' in text:
        text = text.replace('"0x..."', f'"{address(next(numbers))}"', 1)
    assert len(parse_manifest(text, "m.toml", vault).arguments) == len(constructor_layout(vault))


WRONG = {
    "no TOML": ("chain = ", ["not TOML: Invalid value (at end of document)"]),
    "nothing": (
        "",
        [
            "chain is missing: the id of the chain that the addresses are of",
            "roles.owner is missing: an account",
            "roles.guardian is missing: an account",
            "roles.keeper is missing: an account",
            "sequencer_feed is missing: Chainlink's uptime feed of the chain's sequencer, or \"none\"",
            "tokens.USDC is missing: the token's contract",
            "tokens.WETH is missing: the token's contract",
            "feeds.USDC is missing: the feed of the token's price",
            "feeds.WETH is missing: the feed of the token's price",
            "venues.aave is missing: the venue's contract",
            "venues.save is missing: the venue's contract",
            "venues.dex is missing: the venue's contract",
        ],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_all_of_it_is_said(case: str) -> None:
    text, expected = WRONG[case]
    assert mistakes(text) == expected


EDITS = {
    'chain = "one"': ("chain = 31337", "chain is the id of the chain, a positive number, and here it is 'one'"),
    "chian = 1\nchain = 31337": ("chain = 31337", "chian is unknown: did you mean `chain`?"),
    'ovner = "0x"': ('owner = "' + address(1) + '"', "roles.ovner is unknown: did you mean `owner`?"),
    f'USDC = "{address(10)[:-1]}"': (f'USDC = "{address(10)}"', "tokens.USDC is no address: "),
    f'USDC = "{ACCOUNTS[0].replace("f39fd6", "F39fd6")}"': (
        f'USDC = "{address(10)}"',
        "tokens.USDC has a wrong checksum",
    ),
    f'USDC = "{address(0)}"': (f'USDC = "{address(10)}"', "tokens.USDC is the zero address"),
    "USDC = 10": (f'USDC = "{address(10)}"', 'tokens.USDC is an address in quotes, "0x" and 40 hex digits'),
    'keeper = "none"': (f'keeper = "{address(3)}"', "roles.keeper is no address: 'none'"),
    f'sequencer_feed = "{address(0)}"': (
        'sequencer_feed = "none"',
        'the zero address; where there is none, write "none"',
    ),
    f'WETH = "{address(10)}"': (
        f'WETH = "{address(11)}"',
        f"tokens.USDC and tokens.WETH are one address: {address(10)[:-1]}",
    ),
    f'aave = "{address(11)}"': (f'aave = "{address(30)}"', "tokens.WETH and venues.aave are one address"),
    f'keeper = "{address(10)}"': (f'keeper = "{address(3)}"', "roles.keeper and tokens.USDC are one address"),
    "describes": ("description", "feeds.WETH.describes is unknown: did you mean `description`?"),
    "irms": ("irm", "venues.blue.irms is unknown: did you mean `irm`?"),
    f'WETHH = "{address(11)}"': (
        f'WETH = "{address(11)}"',
        "tokens.WETH is missing: the token's contract (did you mean",
    ),
    "[strategies.EthCarry.venues]\nsafe = 1\n[feeds]": (
        "[feeds]",
        "strategies.EthCarry.venues.safe is unknown: did you mean `save`?",
    ),
    "[strategies.ethcarry]\n[feeds]": ("[feeds]", "strategies.ethcarry: the strategy is called EthCarry"),
    "[strategies.EthCarry.roles]\nowner = 5\n[feeds]": ("[feeds]", "strategies.EthCarry.roles.owner is an address in"),
    "[strategies.EthCarry]\nrole = 5\n[feeds]": (
        "[feeds]",
        "strategies.EthCarry.role is unknown: did you mean `roles`?",
    ),
}


@pytest.mark.parametrize("new", EDITS, ids=[said for _, said in EDITS.values()])
def test_one_mistake(new: str) -> None:
    old, said = EDITS[new]
    text = toml(given())
    assert old in text
    assert any(said in line for line in mistakes(text.replace(old, new, 1)))


def test_what_is_bound_to_another_argument_is_not_suggested() -> None:
    text = toml(given())
    saved = f'save = "{address(31)}"\n'
    assert saved in text
    assert mistakes(text.replace(saved, "")) == ["venues.save is missing: the venue's contract"]
