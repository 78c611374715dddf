"""`asset`, `totalAssets`, `convertTo*` and `preview*`: what they answer, to whom, and whether it is kept."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction

import pytest

from erc4626.amounts import PARTS, WORDS, tried, up_to
from erc4626.situations import RICH, SITUATIONS, Subject, lost, restored
from lab.chain import Reverted
from lab.world import World

CONVERSIONS = ("convertToShares", "convertToAssets")
PREVIEWS = ("previewDeposit", "previewMint", "previewWithdraw", "previewRedeem")
REASONABLE = 10**38
"""More than there is of any token: 10^20 dollars of 18 decimals."""


def _price(subject: Subject) -> Fraction:
    """Assets for one unit of shares, with the virtual ones on both sides."""
    virtual = 10 ** (18 - subject.asset.decimals)
    return Fraction(subject.call("totalAssets") + 1, subject.supply() + virtual)


def test_the_asset_is_a_token_and_always_known(subject: Subject) -> None:
    assert subject.vault.call("asset") == subject.asset.address
    assert subject.asset.contract.call("decimals") == subject.asset.decimals
    for feed in subject.world.feeds.values():
        feed.set_raw(answer=0, updated_at=0)
    assert subject.vault.call("asset") == subject.asset.address


def test_total_assets_compound_what_was_earned(subject: Subject) -> None:
    """A gift to the vault is in it at once, to the unit but for the price's own rounding."""
    before = subject.call("totalAssets")
    subject.asset.mint(subject.vault.address, 10**subject.asset.decimals)
    assert abs(subject.call("totalAssets") - before - 10**subject.asset.decimals) <= 1


def test_total_assets_are_net_of_what_was_lost(subject: Subject) -> None:
    if all(venue.name != "save" for venue in subject.ours.model.venues):
        return
    before = subject.call("totalAssets")
    lost(subject)
    assert subject.call("totalAssets") < before


@tried(amount=WORDS)
def test_conversions_round_down_and_are_those_of_virtual_shares(subject: Subject, amount: int) -> None:
    amount %= REASONABLE
    price = _price(subject)
    assert subject.call("convertToShares", amount) == int(amount / price)
    assert subject.call("convertToAssets", amount) == int(amount * price)


@tried(amount=WORDS)
def test_previews_round_for_the_vault(subject: Subject, amount: int) -> None:
    """Down what is given to a user, up what is taken of him; without a fee there is nothing else between them."""
    amount %= REASONABLE
    price = _price(subject)
    assert subject.call("previewDeposit", amount) == subject.call("convertToShares", amount)
    assert subject.call("previewRedeem", amount) == subject.call("convertToAssets", amount)
    assert subject.call("previewMint", amount) == -int(-amount * price // 1)
    assert subject.call("previewWithdraw", amount) == -int(-amount / price // 1)


@pytest.mark.parametrize("situation", ["fund, gain", "fund, loss"])
def test_fees_are_counted_before_they_are_minted(revm_world: World, situation: str) -> None:
    """A charge mints to the recipient what conversions and previews have counted already, and changes none of them."""
    subject = SITUATIONS[situation](revm_world)
    amounts = (1, 10**6 + 1, 123_456_789_012, 10**24 + 7)
    seen = {(view, one): subject.call(view, one) for view in (*CONVERSIONS, *PREVIEWS) for one in amounts}
    supply, minted = subject.supply(), subject.call("totalSupply")
    assert supply > minted
    subject.send("settle", sender=subject.stranger)
    assert subject.call("totalSupply") == subject.supply() == supply
    assert subject.shares(subject.ours.fee_recipient) == supply - minted
    assert {(view, one): subject.call(view, one) for view, one in seen} == seen


@tried(amount=WORDS)
def test_views_are_the_same_for_all_callers(subject: Subject, amount: int) -> None:
    amount %= REASONABLE
    callers = (*subject.holders, subject.stranger, subject.ours.keeper)
    for view in (*CONVERSIONS, *PREVIEWS):
        assert len({subject.call(view, amount, sender=caller) for caller in callers}) == 1


@tried(amount=WORDS)
def test_conversions_and_previews_revert_for_nothing_but_overflow(subject: Subject, amount: int) -> None:
    for view in (*CONVERSIONS, *PREVIEWS):
        with suppress(Reverted):
            subject.call(view, amount)
            continue
        assert amount > 2**160, view


def test_nothing_is_worth_nothing(anyones: Subject) -> None:
    for view in (*CONVERSIONS, *PREVIEWS):
        assert anyones.call(view, 0) == 0


def test_conversions_and_previews_ignore_limits(subject: Subject) -> None:
    """Beyond any limit, by one who has neither assets nor shares nor allowances, frozen too."""
    amount = 10**9 * 10**subject.asset.decimals
    shares = subject.call("convertToShares", amount)
    seen = [subject.call(view, amount, sender=subject.stranger) for view in (*CONVERSIONS, *PREVIEWS)]
    assert shares > subject.call("totalSupply")
    subject.ours.contract.send("freeze", sender=subject.ours.guardian)
    assert subject.call("maxDeposit", subject.stranger) == 0
    assert [subject.call(view, amount, sender=subject.stranger) for view in (*CONVERSIONS, *PREVIEWS)] == seen


def test_conversions_do_not_know_what_a_sale_would_cost(subject: Subject) -> None:
    """They ask feeds: a pool that was pushed off the price changes nothing."""
    amount = 10**subject.asset.decimals
    before = [subject.call(view, amount) for view in CONVERSIONS]
    with restored(subject.chain):
        price = subject.world.price("WETH") / subject.world.price("USDC")
        subject.world.pool.move_to(price * Fraction(9, 10), subject.world.arbitrageur)
        assert [subject.call(view, amount) for view in CONVERSIONS] == before


@tried(part=PARTS)
def test_previews_of_ways_in_are_kept_exactly(anyones: Subject, part: int | float) -> None:
    most = anyones.most_in()
    for fn, preview, bound in (
        ("deposit", "previewDeposit", most),
        ("mint", "previewMint", anyones.call("convertToShares", most)),
    ):
        with restored(anyones.chain):
            amount = up_to(bound, part)
            promised = anyones.call(preview, amount)
            held, shares = anyones.asset.balance(anyones.vault.address), anyones.shares(anyones.stranger)
            if fn == "deposit" and promised == 0:
                continue
            assert anyones.enter(fn, amount, anyones.stranger) == promised
            came, minted = (amount, promised) if fn == "deposit" else (promised, amount)
            assert anyones.asset.balance(anyones.vault.address) == held + came
            assert anyones.shares(anyones.stranger) == shares + minted


@tried(part=PARTS)
def test_previews_of_ways_out_are_kept_exactly(anyones: Subject, part: int | float) -> None:
    owner = anyones.holders[0]
    for fn, preview, limit in (
        ("withdraw", "previewWithdraw", "maxWithdraw"),
        ("redeem", "previewRedeem", "maxRedeem"),
    ):
        with restored(anyones.chain):
            most = anyones.call(limit, owner)
            amount = min(most, up_to(most, part))
            promised = anyones.call(preview, amount)
            held, shares = anyones.asset.balance(owner), anyones.shares(owner)
            assert anyones.leave(fn, amount, owner) == promised
            paid, burnt = (amount, promised) if fn == "withdraw" else (promised, amount)
            assert anyones.asset.balance(owner) == held + paid
            assert anyones.shares(owner) == shares - burnt


@pytest.mark.parametrize("view", [*CONVERSIONS, *PREVIEWS])
def test_conversions_and_previews_grow_with_the_amount(anyones: Subject, view: str) -> None:
    amounts = [0, 1, 2, 10**3, 10**6 - 1, 10**6, 10**18, RICH * 10**18]
    answers = [anyones.call(view, amount) for amount in amounts]
    assert answers == sorted(answers)


# ── where we differ ────────────────────────────────────────────────────────────────────────


def test_without_a_price_nothing_is_made_up(subject: Subject) -> None:
    """The standard says that `totalAssets` and conversions do not revert; a value without a price would be wrong."""
    subject.world.feeds["USDC"].set_raw(updated_at=1)
    for view, arguments in (("totalAssets", ()), *((one, (1,)) for one in (*CONVERSIONS, *PREVIEWS))):
        with pytest.raises(Reverted, match="oracle: stale price"):
            subject.call(view, *arguments)


def test_after_the_exit_no_price_is_needed(subject: Subject) -> None:
    subject.send("emergency_exit", sender=subject.ours.guardian)
    for feed in subject.world.feeds.values():
        feed.set_raw(answer=0, updated_at=0)
    aside = subject.call("reserved") if subject.ours.model.queues else 0
    assert subject.call("totalAssets") == subject.asset.balance(subject.vault.address) - aside
    for view in (*CONVERSIONS, *PREVIEWS):
        assert subject.call(view, 10**18) > 0
