"""`maxDeposit`, `maxMint`, `maxWithdraw`, `maxRedeem`: never a revert, never too much, never too little."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from erc4626.amounts import PARTS, tried, up_to
from erc4626.situations import SITUATIONS, UNLIMITED, Subject, held, invested, plain, restored
from lab.chain import Reverted
from lab.feed import deploy_feed
from lab.world import World
from vyper_target.vaults import deploy, example

LIMITS = ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem")


def answers(subject: Subject, user: str) -> dict[str, int]:
    return {limit: subject.call(limit, user) for limit in LIMITS}


# ── they never revert ──────────────────────────────────────────────────────────────────────


def _feeds(subject: Subject, **raw: int) -> None:
    for feed in subject.world.feeds.values():
        feed.set_raw(**raw)


def _dead(subject: Subject) -> None:
    """A feed that answers nothing at all, as one whose contract is gone."""
    subject.world.feeds["USDC"].set_raw(answer=0, updated_at=0, round_id=0)


def _paused(subject: Subject) -> None:
    world = subject.world
    for token in (world.usdc, world.weth):
        world.aave.pause(token, True)
    world.save.limit_liquidity(0)


def _exited(subject: Subject) -> None:
    subject.send("emergency_exit", sender=subject.ours.guardian)


def _stuck(subject: Subject) -> None:
    _paused(subject)
    _exited(subject)


TROUBLES: dict[str, Callable[[Subject], object]] = {
    "none": lambda subject: None,
    "a stale price": lambda subject: _feeds(subject, updated_at=1),
    "a price from the future": lambda subject: _feeds(subject, updated_at=subject.chain.timestamp() + 1),
    "a price of zero": lambda subject: _feeds(subject, answer=0),
    "a price below zero": lambda subject: _feeds(subject, answer=-1),
    "a price beyond reason": lambda subject: _feeds(subject, answer=2**200),
    "a feed without an answer": _dead,
    "frozen": lambda subject: subject.send("freeze", sender=subject.ours.guardian),
    "venues paused": _paused,
    "exited": _exited,
    "stuck, or exited where there is no venue": _stuck,
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_limits_never_revert(subject: Subject, trouble: str) -> None:
    """In any trouble, for anybody; and what trouble closes is said to be closed."""
    TROUBLES[trouble](subject)
    for user in (*subject.holders, subject.stranger, subject.vault.address, "0x" + "00" * 20):
        found = answers(subject, user)
        if trouble not in ("none", "venues paused"):
            assert found["maxDeposit"] == found["maxMint"] == 0
        if "price" in trouble or "feed" in trouble:
            assert set(found.values()) == {0}


def test_limits_of_an_empty_vault(revm_world: World) -> None:
    subject = plain(revm_world, 6)
    user = subject.stranger
    assert answers(subject, user) == {
        "maxDeposit": UNLIMITED, "maxMint": UNLIMITED, "maxWithdraw": 0, "maxRedeem": 0,
    }  # fmt: skip


# ── they are accepted, and nothing more is ─────────────────────────────────────────────────


def test_what_can_be_deposited_is_taken_and_one_unit_more_is_not(subject: Subject) -> None:
    user = subject.holders[1]
    for limit, fn in (("maxDeposit", "deposit"), ("maxMint", "mint")):
        most = subject.call(limit, user)
        if most == UNLIMITED:
            continue
        with restored(subject.chain):
            assert subject.enter(fn, most, user) > 0
            assert subject.call(limit, user) <= subject.call("previewDeposit", 1)
        subject.asset.provide(user, subject.vault, 10 ** (subject.asset.decimals + 15))
        assert subject.refused(fn, most + 1, user, sender=user)


@tried(examples=4, part=PARTS)
def test_without_a_limit_any_amount_is_taken(subject: Subject, part: int | float) -> None:
    """Of more assets than there are of any token; who has them does not matter to the limit."""
    if subject.call("maxDeposit", subject.stranger) != UNLIMITED:
        return
    with restored(subject.chain):
        subject.enter("deposit", up_to(10 ** (subject.asset.decimals + 13), part) + 10**6, subject.stranger)


def test_what_can_be_withdrawn_is_paid_and_one_unit_more_is_not(anyones: Subject) -> None:
    for owner in anyones.holders:
        most = anyones.call("maxWithdraw", owner)
        with restored(anyones.chain):
            anyones.leave("withdraw", most, owner)
        assert anyones.refused("withdraw", most + 1, owner, owner, sender=owner)


def test_what_can_be_redeemed_is_taken_and_one_share_more_is_not(anyones: Subject) -> None:
    """To the last of 10^-18 shares, though they are finer than the asset; what pays nothing at all is not counted."""
    for owner in anyones.holders:
        most = anyones.call("maxRedeem", owner)
        with restored(anyones.chain):
            anyones.leave("redeem", most, owner)
        more = 1 if most else anyones.call("previewWithdraw", 1)
        assert anyones.refused("redeem", most + more, owner, owner, sender=owner)


@tried(examples=8, part=PARTS)
def test_what_can_be_redeemed_is_exact_in_any_round(subject: Subject, part: int | float) -> None:
    """Whatever was withdrawn before: what is left of a round seldom divides."""
    one, other = subject.holders
    with restored(subject.chain):
        subject.leave("withdraw", min(subject.call("maxWithdraw", one), up_to(10**12, part)), one)
        most = subject.call("maxRedeem", other)
        assert not subject.refused("redeem", most, other, other, sender=other)
        if most:
            assert subject.refused("redeem", most + 1, other, other, sender=other)


def test_limits_count_what_others_took(subject: Subject) -> None:
    """A limit of the vault's is everybody's: what one takes of it the other cannot have."""
    one, other = subject.holders
    before = answers(subject, other)
    taken = subject.call("maxWithdraw", one)
    subject.leave("withdraw", taken, one)
    after = answers(subject, other)
    assert after["maxWithdraw"] <= before["maxWithdraw"] + 1
    if subject.round_allowance() == 0:
        assert after["maxWithdraw"] == after["maxRedeem"] == 0


def test_limits_do_not_ask_for_balances_or_allowances(anyones: Subject) -> None:
    user = anyones.holders[0]
    before = answers(anyones, user)
    anyones.asset.provide(user, anyones.vault, 10**30)
    anyones.send("approve", anyones.stranger, UNLIMITED, sender=user)
    assert answers(anyones, user) == before
    assert {limit: anyones.call(limit, user, sender=anyones.stranger) for limit in LIMITS} == before


# ── modes ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("situation", SITUATIONS)
def test_after_the_exit_all_shares_are_redeemed(revm_world: World, situation: str) -> None:
    subject = SITUATIONS[situation](revm_world)
    _exited(subject)
    for owner in subject.holders:
        assert subject.call("maxRedeem", owner) == subject.shares(owner)
        subject.leave("redeem", subject.shares(owner), owner)
    if subject.ours.model.queues:
        subject.send("serve", 64, sender=subject.stranger)
    assert subject.call("totalSupply") == 0


@pytest.mark.parametrize("name", ["treasury", "eth_carry", "office"])
def test_a_stuck_vault_pays_in_kind_only(revm_world: World, name: str) -> None:
    """A choice of ours: while a venue keeps a part, paying in assets would give the first what belongs to all."""
    subject = invested(revm_world, name)
    _stuck(subject)
    owner = subject.holders[0]
    assert subject.call("mode") == 3
    assert set(answers(subject, owner).values()) == {0}
    for fn in ("withdraw", "redeem"):
        assert subject.refused(fn, 1, owner, owner, sender=owner)
    assert subject.call("previewRedeem", 10**18) >= 0
    subject.send("redeem_in_kind", 10**18, owner, owner, 2**256 - 1, sender=owner)


def test_a_guarded_vault_takes_and_pays_nothing_but_in_kind(revm_world: World) -> None:
    """A choice of ours: beyond the move that is assumed of a price nobody enters or leaves at it. Conversions and
    previews go on telling what it says, and limits what calls do."""
    subject = invested(revm_world, "eth_carry")
    revm_world.set_price("WETH", 1_590)
    owner = subject.holders[0]
    assert subject.call("guarded") == 1
    assert set(answers(subject, owner).values()) == {0}
    for fn in ("deposit", "mint"):
        assert subject.refused(fn, 10**9, owner, sender=owner)
    for fn in ("withdraw", "redeem"):
        assert subject.refused(fn, 1, owner, owner, sender=owner)
    shares = subject.shares(owner)
    assert 0 < subject.call("previewRedeem", shares) == subject.call("convertToAssets", shares)
    subject.asset.provide(owner, subject.vault, 10**12)
    subject.send("redeem_in_kind", shares, owner, owner, 0, sender=owner)
    assert subject.shares(owner) == 0
    subject.ours.accept_prices()
    assert subject.call("maxRedeem", subject.holders[1]) > 0


def test_a_venue_whose_views_revert_is_shown(revm_world: World) -> None:
    """Where we differ: what is there has no value that could be told. The venue is a vault of ours, without a price.

    Nobody is locked in by it: what is there is handed over in its own shares.
    """
    feed = deploy_feed(revm_world.chain, revm_world.admin, "USDC / USD", 1)
    venue = deploy(revm_world, example("idle"), feed_usdc=feed)
    outer = deploy(revm_world, example("treasury"), venue_save=venue.contract)
    subject = held(Subject(revm_world, outer.contract, revm_world.usdc, outer))
    outer.run("rebalance")
    feed.set_raw(updated_at=1)
    owner = subject.holders[0]
    for limit in LIMITS:
        with pytest.raises(Reverted, match="oracle: stale price"):
            subject.call(limit, owner)
    subject.send("redeem_in_kind", subject.shares(owner), owner, owner, 0, sender=owner)
    assert venue.call("balanceOf", owner) > 0
