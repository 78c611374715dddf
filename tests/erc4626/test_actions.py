"""`deposit`, `mint`, `withdraw`, `redeem`: what they move, for whom, what they say, and when they refuse."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from erc4626.amounts import PARTS, WORDS, tried, up_to
from erc4626.situations import NOBODY, SITUATIONS, UNLIMITED, Subject, held, invested, plain, restored
from lab.chain import Receipt, Reverted
from lab.world import World

WAYS_IN, WAYS_OUT = ("deposit", "mint"), ("withdraw", "redeem")


@dataclass(frozen=True)
class Moved:
    """Assets and shares of one call."""

    assets: int
    shares: int


def come(subject: Subject, fn: str, amount: int, sender: str, receiver: str) -> tuple[Receipt, Moved]:
    """A way in, paid by the sender for the receiver."""
    receipt = subject.send(fn, amount, receiver, sender=sender)
    moved = (amount, receipt.value) if fn == "deposit" else (receipt.value, amount)
    return receipt, Moved(*map(int, moved))


def go(subject: Subject, fn: str, amount: int, sender: str, receiver: str, owner: str) -> tuple[Receipt, Moved]:
    """A way out, of the owner's shares for the receiver."""
    receipt = subject.send(fn, amount, receiver, owner, sender=sender)
    moved = (amount, receipt.value) if fn == "withdraw" else (receipt.value, amount)
    return receipt, Moved(*map(int, moved))


def amount_out(subject: Subject, fn: str, part: int | float = 10**29) -> int:
    """A part of what the first holder may take out."""
    most = subject.call("maxWithdraw" if fn == "withdraw" else "maxRedeem", subject.holders[0])
    return min(most, up_to(most, part))


def amount_in(subject: Subject, fn: str) -> int:
    assets = subject.most_in() // 7
    return assets if fn == "deposit" else subject.call("convertToShares", assets)


def due(subject: Subject) -> list[tuple[str, str, int]]:
    """The transfer that mints what fees are due, as the next call makes it; none where none are."""
    shares = subject.supply() - subject.call("totalSupply")
    return [(NOBODY, subject.ours.fee_recipient, shares)] if shares else []


def moves(receipt: Receipt, subject: Subject) -> list[tuple[object, ...]]:
    """Transfers of shares, in order."""
    return [tuple(event.args.values()) for event in receipt.events("Transfer", subject.vault)]


# ── ways in ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fn", WAYS_IN)
def test_a_way_in_moves_what_it_says_and_says_it(anyones: Subject, fn: str) -> None:
    """Assets from the caller, shares to the receiver, and the event of both, once; before it what fees were due."""
    payer, receiver = anyones.holders
    shares, supply, fees = anyones.shares(receiver), anyones.supply(), due(anyones)
    anyones.asset.provide(payer, anyones.vault, 10 ** (anyones.asset.decimals + 15))
    purse = anyones.asset.balance(payer)
    receipt, moved = come(anyones, fn, amount_in(anyones, fn), payer, receiver)
    event = receipt.event("Deposit", anyones.vault).args
    assert event == {"sender": payer, "owner": receiver, "assets": moved.assets, "shares": moved.shares}
    assert purse - anyones.asset.balance(payer) == event["assets"]
    assert anyones.shares(receiver) - shares == event["shares"] == anyones.call("totalSupply") - supply
    assert moves(receipt, anyones) == [*fees, (NOBODY, receiver, event["shares"])]


@pytest.mark.parametrize("fn", WAYS_IN)
def test_a_way_in_needs_the_callers_approval_and_assets(anyones: Subject, fn: str) -> None:
    user, amount = anyones.stranger, amount_in(anyones, fn)
    assets = amount if fn == "deposit" else anyones.call("previewMint", amount)
    anyones.asset.mint(user, assets)
    anyones.asset.approve(user, anyones.vault, assets - 1)
    assert anyones.refused(fn, amount, user, sender=user)
    anyones.asset.approve(user, anyones.vault, assets)
    assert not anyones.refused(fn, amount, user, sender=user)
    anyones.asset.contract.send("transfer", NOBODY[:-1] + "1", 1, sender=user)
    assert anyones.refused(fn, amount, user, sender=user)


@pytest.mark.parametrize("fn", WAYS_IN)
def test_nobody_pays_with_the_approval_of_another(anyones: Subject, fn: str) -> None:
    """Assets are the caller's own: what a holder has approved to the vault is not for others to spend."""
    owner, amount = anyones.holders[0], amount_in(anyones, fn)
    anyones.asset.provide(owner, anyones.vault, UNLIMITED // 2)
    assert anyones.refused(fn, amount, anyones.stranger, sender=anyones.stranger)


@pytest.mark.parametrize("fn", WAYS_IN)
def test_nothing_is_deposited_for_no_shares(subject: Subject, fn: str) -> None:
    """A choice of ours: zero in is refused, and so is a deposit that is worth less than one unit of shares."""
    with pytest.raises(Reverted, match="deposit: no shares"):
        subject.enter(fn, 0, subject.stranger)


def test_a_deposit_below_one_unit_of_shares_is_refused(revm_world: World) -> None:
    subject = SITUATIONS["plain 18, donation"](revm_world)
    assert subject.call("previewDeposit", 1) == 0
    with pytest.raises(Reverted, match="deposit: no shares"):
        subject.enter("deposit", 1, subject.stranger)


@tried(examples=6, amount=WORDS)
def test_extreme_amounts_in_are_refused_or_kept(subject: Subject, amount: int) -> None:
    """Beyond what the caller has, nothing moves, whatever the number."""
    user = subject.stranger
    subject.asset.approve(user, subject.vault, UNLIMITED)
    for fn in WAYS_IN:
        for one in (amount, UNLIMITED):
            if fn == "mint" and subject.call("maxDeposit", user) and one < 2**160:
                free = subject.call("previewMint", one) <= subject.asset.balance(user)
                assert subject.refused(fn, one, user, sender=user) != (free and one > 0)
            elif fn == "mint" or one > subject.asset.balance(user):
                assert subject.refused(fn, one, user, sender=user)


@pytest.mark.parametrize("fn", WAYS_IN)
def test_shares_for_nobody_are_refused(subject: Subject, fn: str) -> None:
    user = subject.holders[0]
    subject.asset.provide(user, subject.vault, 10 ** (subject.asset.decimals + 15))
    assert subject.refused(fn, amount_in(subject, fn), NOBODY, sender=user)


def test_assets_that_lie_in_the_vault_are_no_deposit(revm_world: World) -> None:
    """A choice of ours: what was sent before the call is a gift to all holders, and still the caller has to pay."""
    subject = held(plain(revm_world, 6))
    subject.asset.mint(subject.vault.address, 10**9)
    assert subject.refused("deposit", 10**9, subject.stranger, sender=subject.stranger)


# ── ways out ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fn", WAYS_OUT)
def test_a_way_out_moves_what_it_says_and_says_it(anyones: Subject, fn: str) -> None:
    """Shares of the owner, who calls, assets to the receiver, and the event of both, once; before it what fees were
    due."""
    owner, receiver, fees = anyones.holders[0], anyones.stranger, due(anyones)
    shares, supply, purse = anyones.shares(owner), anyones.supply(), anyones.asset.balance(receiver)
    receipt, moved = go(anyones, fn, amount_out(anyones, fn), owner, receiver, owner)
    assert receipt.event("Withdraw", anyones.vault).args == {
        "sender": owner, "receiver": receiver, "owner": owner, "assets": moved.assets, "shares": moved.shares,
    }  # fmt: skip
    assert anyones.asset.balance(receiver) - purse == moved.assets
    assert shares - anyones.shares(owner) == moved.shares == supply - anyones.call("totalSupply")
    assert moves(receipt, anyones) == [*fees, (owner, NOBODY, moved.shares)]


@pytest.mark.parametrize("fn", WAYS_OUT)
@tried(examples=4, part=PARTS)
def test_a_third_party_spends_exactly_its_allowance(anyones: Subject, fn: str, part: int | float) -> None:
    """Counted in shares, rounded as they are burnt: with one unit less it is refused."""
    owner, third = anyones.holders[0], anyones.stranger
    amount = amount_out(anyones, fn, part)
    burnt = amount if fn == "redeem" else anyones.call("previewWithdraw", amount)
    if burnt == 0:
        return
    with restored(anyones.chain):
        anyones.send("approve", third, burnt - 1, sender=owner)
        assert anyones.refused(fn, amount, third, owner, sender=third)
        anyones.send("approve", third, burnt + 5, sender=owner)
        receipt, moved = go(anyones, fn, amount, third, third, owner)
        assert moved.shares == burnt
        assert anyones.call("allowance", owner, third) == 5
        event = receipt.event("Withdraw", anyones.vault)
        assert (event["sender"], event["receiver"], event["owner"]) == (third, third, owner)


@pytest.mark.parametrize("fn", WAYS_OUT)
def test_an_unlimited_allowance_is_not_reduced(anyones: Subject, fn: str) -> None:
    owner, third = anyones.holders[0], anyones.stranger
    anyones.send("approve", third, UNLIMITED, sender=owner)
    go(anyones, fn, amount_out(anyones, fn), third, third, owner)
    assert anyones.call("allowance", owner, third) == UNLIMITED


@pytest.mark.parametrize("fn", WAYS_OUT)
def test_ones_own_shares_need_no_allowance_and_spend_none(anyones: Subject, fn: str) -> None:
    owner = anyones.holders[0]
    anyones.send("approve", owner, 1, sender=owner)
    go(anyones, fn, amount_out(anyones, fn), owner, owner, owner)
    assert anyones.call("allowance", owner, owner) == 1


@pytest.mark.parametrize("fn", WAYS_OUT)
def test_more_than_the_owner_has_is_refused(anyones: Subject, fn: str) -> None:
    """Even where another allows without limit, and whatever the number."""
    owner, other = anyones.holders
    anyones.send("approve", owner, UNLIMITED, sender=other)
    held_by = anyones.shares(owner)
    least = held_by + 1 if fn == "redeem" else anyones.call("convertToAssets", held_by) + 1
    for amount in (least, 2**128, 2**255, UNLIMITED):
        assert anyones.refused(fn, amount, owner, owner, sender=owner)


@pytest.mark.parametrize("fn", WAYS_OUT)
def test_nothing_out_is_nothing(anyones: Subject, fn: str) -> None:
    """Zero is paid as any amount is, with its event."""
    owner = anyones.holders[0]
    receipt, moved = go(anyones, fn, 0, owner, owner, owner)
    assert moved == Moved(0, 0)
    assert receipt.event("Withdraw", anyones.vault)["shares"] == 0


def test_shares_that_lie_in_the_vault_are_nobodys_to_redeem(revm_world: World) -> None:
    """A choice of ours: shares are burnt from their owner, never from what was sent to the vault before."""
    subject = held(plain(revm_world, 6))
    owner = subject.holders[0]
    subject.send("transfer", subject.vault, 10**18, sender=owner)
    for fn in WAYS_OUT:
        assert subject.refused(fn, 1, owner, subject.vault.address, sender=owner)


# ── what is not there ──────────────────────────────────────────────────────────────────────


def test_all_can_leave_and_the_dust_stays_with_the_vault(revm_world: World) -> None:
    """Virtual shares: after the last has left, what rounding and gifts left there is nobody's. It goes on."""
    subject = SITUATIONS["plain 6, one unit and a gift"](revm_world)
    owner = subject.holders[0]
    subject.leave("redeem", subject.shares(owner), owner)
    assert subject.call("totalSupply") == 0
    assert subject.call("totalAssets") > 0
    assert subject.enter("deposit", 10**9, subject.stranger) > 0


def test_a_broken_floor_closes_ways_in_and_out(revm_world: World) -> None:
    """All of the assets or none: what would leave the vault outside its floors is refused whole."""
    subject = invested(revm_world, "eth_carry")
    revm_world.set_price("WETH", 1_300)
    subject.ours.accept_prices()
    user = subject.holders[0]
    for fn in WAYS_IN:
        with pytest.raises(Reverted, match="floor: health"):
            subject.enter(fn, 10**9, user)
    for fn in WAYS_OUT:
        assert subject.refused(fn, 1, user, user, sender=user)
