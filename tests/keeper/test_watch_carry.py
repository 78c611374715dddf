"""The watch over the emitted EthCarry vault beside the protocols' own contracts: the right alarm and no other."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest
from msgspec.structs import replace

from keeper.watching import Watching, watched_from_a_round
from lab.aave import VARIABLE
from lab.chain import Reverted
from lab.world import World
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.certify import ProvedVault
from stratc_targets.vyper.emit import vault_sources
from vyper_target.vaults import EXAMPLES, USDC, Deployed, example, proved

pytestmark = pytest.mark.anvil

HOUR = 3_600
VARIABLE_RATE_FIELD = 4
"""Of aave-v3-core `DataTypes.ReserveData`, in 10^-27 a year."""


def carry() -> ProvedVault:
    """The example, which also says what the savings vault can pay out, and how far Aave may misread one token."""
    text = (EXAMPLES / "eth_carry.strat").read_text("utf-8")
    text = text.replace("loss(save) <= 0.05%", "loss(save) <= 0.05%\n        liquidity(save) >= 50%")
    text = text.replace("loss(save)", "oracle(WETH) off by <= 3%\n        loss(save)", 1)
    given = proved(text)
    return replace(given, verification=replace(given.verification, assumptions=guarded_assumptions(given.vault)))


def code(given: ProvedVault) -> str:
    """All that is emitted, without comments, which name lines of the strategy."""
    text = "".join(vault_sources(given.vault, given.verification.source).values())
    return re.sub(r"#.*|^@author.*", "", text, flags=re.MULTILINE)


def watched(world: World, folder: Path) -> tuple[Deployed, Watching]:
    """A vault of 150,000 USDC that has just begun a round, and the watch over it."""
    world.aave.borrow(world.whale, world.usdc, world.usdc.units(300_000_000))  # so that Aave's interest is not zero
    given, built = carry(), example("eth_carry")
    # What is watched alone is nothing to the contract: the example's own is compiled already.
    assert code(given) == code(built)
    return watched_from_a_round(world, folder, given, "rebalance", "harvest_save", built=built)


def test_a_price_that_leaves_its_band_is_the_only_alarm(anvil_world: World, tmp_path: Path) -> None:
    vault, watching = watched(anvil_world, tmp_path)
    anvil_world.warp(HOUR // 2, refresh=True)
    anvil_world.set_price("WETH", 1_600)
    assert watching.says() == []
    anvil_world.set_price("WETH", 1_590)
    assert watching.says() == [("alarm", "moves(WETH)")]
    for rule in ("deleverage_aave", "rebalance"):
        if vault.call(f"{rule}_due"):
            vault.run(rule)
    for due in ("rebalance_due", "settled"):  # what the keeper asks before it sends anything
        assert vault.call(due) is False
    with pytest.raises(Reverted, match="mode: guarded"):
        vault.contract.send("settle")
    vault.accept_prices()
    vault.run("rebalance")
    vault.contract.send("settle")
    assert watching.says() == [("alarm_over", "moves(WETH)")]


def test_what_venues_do_is_seen_in_their_own_contracts(anvil_world: World, tmp_path: Path) -> None:
    vault, watching = watched(anvil_world, tmp_path)
    save, aave = anvil_world.save, anvil_world.aave
    save.lose(save.total_assets() // 1_000)
    assert watching.says() == [("alarm", "loss(save)")]
    save.limit_liquidity(save.value(vault.address) // 2 - 10)
    aave.set_collateral(anvil_world.weth, 8_000, 8_200)
    assert watching.says() == [("alarm", "liquidity(save)"), ("alarm", "parameters(aave)")]
    aave.set_collateral(anvil_world.weth, 8_000, 8_250)
    save.limit_liquidity(None)
    vault.contract.send("settle")
    over = ["loss(save)", "liquidity(save)", "parameters(aave)"]
    assert watching.says() == [("alarm_over", id_) for id_ in over]
    save.gain(save.total_assets() // 50)
    assert watching.says() == [("alarm", "gain(save)")]
    anvil_world.usdc.mint(vault.address, 10_000 * USDC)
    assert watching.says() == []  # gifts of base are deposits without shares
    gift = aave.owed(vault.address, anvil_world.usdc) // 50
    anvil_world.usdc.provide(anvil_world.users[1], aave.pool, gift)
    aave.pool.send("repay", anvil_world.usdc, gift, VARIABLE, vault.address, sender=anvil_world.users[1])
    assert watching.says() == [("alarm", "gain(aave)")]


def test_quiet_hours_with_interest_are_no_alarm(anvil_world: World, tmp_path: Path) -> None:
    vault, watching = watched(anvil_world, tmp_path)
    for _ in range(3):
        for _ in range(3):
            anvil_world.warp(HOUR // 4, refresh=True)
            assert watching.says() == []
        anvil_world.warp(HOUR // 4 - 60, refresh=True)
        vault.contract.send("settle")
        assert watching.says() == []


def test_the_rate_that_is_measured_is_the_one_that_aave_charges(anvil_world: World, tmp_path: Path) -> None:
    _, watching = watched(anvil_world, tmp_path)
    (limit,) = (one for one in watching.document["alarms"] if one["id"] == "rate(aave.debt(USDC))")
    limit["measure"]["high"] = "0.001"
    watching.start()
    charged = anvil_world.aave.pool.call("getReserveData", anvil_world.usdc)[VARIABLE_RATE_FIELD]
    anvil_world.warp(HOUR // 2, refresh=True)
    (alarm,) = watching.look()
    assert alarm["id"] == limit["id"]
    assert alarm["measured"] == pytest.approx(charged / 10**27, rel=1e-4)


def test_a_rate_beyond_what_is_assumed_is_the_only_alarm(anvil_world: World, tmp_path: Path) -> None:
    vault, watching = watched(anvil_world, tmp_path)
    aave, usdc, whale = anvil_world.aave, anvil_world.usdc, anvil_world.whale
    aave.set_rate(usdc, 4_000)
    aave.borrow(whale, usdc, usdc.balance(aave.reserve(usdc).a_token.address))
    anvil_world.warp(HOUR // 2, refresh=True)
    short = "room(aave)"  # all is lent out, so that nothing is left to borrow
    assert watching.says() == [("alarm", "rate(aave.debt(USDC))"), ("alarm", short)]
    usdc.provide(whale, aave.pool, 2 * aave.owed(whale, usdc))
    aave.repay(whale, usdc)
    vault.contract.send("settle")
    anvil_world.warp(60)
    assert watching.says() == [("alarm_over", "rate(aave.debt(USDC))"), ("alarm_over", short)]


def test_what_a_venue_could_pay_out_is_read_where_it_lies(anvil_world: World, tmp_path: Path) -> None:
    vault, watching = watched(anvil_world, tmp_path)
    paid = {one.name: watching.ask(one.payable) for one in watching.positions if one.payable is not None}
    receipt = vault.call("AAVE_COLLATERAL_WETH")
    assert paid == {
        "aave.collateral(WETH)": anvil_world.weth.balance(receipt),
        "save": anvil_world.save.value(vault.address),
    }


def test_what_aaves_own_oracle_reads_is_compared_token_by_token(anvil_world: World, tmp_path: Path) -> None:
    """WETH may be off by 3%, as is stated; of USDC nothing is stated, so that it may not be off at all."""
    _, watching = watched(anvil_world, tmp_path)
    lab, weth, usdc = anvil_world.aave, anvil_world.feeds["WETH"], anvil_world.feeds["USDC"]
    anvil_world.set_price("WETH", "1801.23456789")
    assert watching.says() == []  # both read one feed: they move together
    for factor in (Fraction("0.9715"), Fraction("1.03"), Fraction("0.97")):
        lab.misread(anvil_world.weth, weth, factor)
        assert watching.says() == [], factor
    for factor in (Fraction("0.9699"), Fraction("1.0301")):
        lab.misread(anvil_world.weth, weth, factor)
        (alarm,) = watching.look()
        assert (alarm["event"], alarm["id"]) == ("alarm", "oracle(WETH)")
        assert alarm["measured"] == pytest.approx(abs(float(factor) - 1), rel=1e-4)
        lab.misread(anvil_world.weth, weth, Fraction(1))
        assert watching.says() == [("alarm_over", "oracle(WETH)")]
    lab.misread(anvil_world.usdc, usdc, Fraction("1.00001"))
    assert watching.says() == [("alarm", "oracle(aave)")]
    lab.misread(anvil_world.usdc, usdc, Fraction(1))
    assert watching.says() == [("alarm_over", "oracle(aave)")]


def test_another_oracle_in_the_place_of_aaves_is_the_one_that_is_asked(anvil_world: World, tmp_path: Path) -> None:
    """Governance can replace the oracle itself: it is looked up at each look."""
    _, watching = watched(anvil_world, tmp_path)
    lab = anvil_world.aave
    feeds = [anvil_world.feeds[name].address for name in ("USDC", "WETH")]  # mixed up
    oracle = lab.generation.artifact("misc/AaveOracle")
    tokens = [anvil_world.weth.address, anvil_world.usdc.address]
    zero = "0x" + "00" * 20
    args = (lab.provider.address, tokens, feeds, zero, zero, 10**8)
    other = anvil_world.chain.deploy_artifact(oracle, *args, sender=anvil_world.admin)
    lab.provider.send("setPriceOracle", other, sender=anvil_world.admin)
    said = watching.says()
    assert ("alarm", "oracle(WETH)") in said
    assert ("alarm", "oracle(aave)") in said
