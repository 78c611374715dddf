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


# ── ways in ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fn", WAYS_IN)
def test_a_way_in_moves_what_it_says_and_says_it(subject: Subject, fn: str) -> None:
    """Assets from the caller, shares to the receiver, and the event of both, once."""
    payer, receiver = subject.holders
    shares, supply = subject.shares(receiver), subject.call("totalSupply")
    subject.asset.provide(payer, subject.vault, 10 ** (subject.asset.decimals + 15))
    purse = subject.asset.balance(payer)
    receipt, moved = come(subject, fn, amount_in(subject, fn), payer, receiver)
    event = receipt.event("Deposit", subject.vault).args
    assert event == {"sender": payer, "owner": receiver, "assets": moved.assets, "shares": moved.shares}
    assert purse - subject.asset.balance(payer) == event["assets"]
    assert subject.shares(receiver) - shares == event["shares"] == subject.call("totalSupply") - supply
    minted = receipt.event("Transfer", subject.vault).args.values()
    assert list(minted) == [NOBODY, receiver, event["shares"]]


@pytest.mark.parametrize("fn", WAYS_IN)
def test_a_way_in_needs_the_callers_approval_and_assets(subject: Subject, fn: str) -> None:
    user, amount = subject.stranger, amount_in(subject, fn)
    assets = amount if fn == "deposit" else subject.call("previewMint", amount)
    subject.asset.mint(user, assets)
    subject.asset.approve(user, subject.vault, assets - 1)
    assert subject.refused(fn, amount, user, sender=user)
    subject.asset.approve(user, subject.vault, assets)
    assert not subject.refused(fn, amount, user, sender=user)
    subject.asset.contract.send("transfer", NOBODY[:-1] + "1", 1, sender=user)
    assert subject.refused(fn, amount, user, sender=user)


@pytest.mark.parametrize("fn", WAYS_IN)
def test_nobody_pays_with_the_approval_of_another(subject: Subject, fn: str) -> None:
    """Assets are the caller's own: what a holder has approved to the vault is not for others to spend."""
    owner, amount = subject.holders[0], amount_in(subject, fn)
    subject.asset.provide(owner, subject.vault, UNLIMITED // 2)
    assert subject.refused(fn, amount, subject.stranger, sender=subject.stranger)


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
def test_a_way_out_moves_what_it_says_and_says_it(subject: Subject, fn: str) -> None:
    """Shares of the owner, who calls, assets to the receiver, and the event of both, once."""
    owner, receiver = subject.holders[0], subject.stranger
    shares, supply, purse = subject.shares(owner), subject.call("totalSupply"), subject.asset.balance(receiver)
    receipt, moved = go(subject, fn, amount_out(subject, fn), owner, receiver, owner)
    assert receipt.event("Withdraw", subject.vault).args == {
        "sender": owner, "receiver": receiver, "owner": owner, "assets": moved.assets, "shares": moved.shares,
    }  # fmt: skip
    assert subject.asset.balance(receiver) - purse == moved.assets
    assert shares - subject.shares(owner) == moved.shares == supply - subject.call("totalSupply")
    assert list(receipt.event("Transfer", subject.vault).args.values()) == [owner, NOBODY, moved.shares]


@pytest.mark.parametrize("fn", WAYS_OUT)
@tried(examples=4, part=PARTS)
def test_a_third_party_spends_exactly_its_allowance(subject: Subject, fn: str, part: int | float) -> None:
    """Counted in shares, rounded as they are burnt: with one unit less it is refused."""
    owner, third = subject.holders[0], subject.stranger
    amount = amount_out(subject, fn, part)
    burnt = amount if fn == "redeem" else subject.call("previewWithdraw", amount)
    if burnt == 0:
        return
    with restored(subject.chain):
        subject.send("approve", third, burnt - 1, sender=owner)
        assert subject.refused(fn, amount, third, owner, sender=third)
        subject.send("approve", third, burnt + 5, sender=owner)
        receipt, moved = go(subject, fn, amount, third, third, owner)
        assert moved.shares == burnt
        assert subject.call("allowance", owner, third) == 5
        event = receipt.event("Withdraw", subject.vault)
        assert (event["sender"], event["receiver"], event["owner"]) == (third, third, owner)


@pytest.mark.parametrize("fn", WAYS_OUT)
def test_an_unlimited_allowance_is_not_reduced(subject: Subject, fn: str) -> None:
    owner, third = subject.holders[0], subject.stranger
    subject.send("approve", third, UNLIMITED, sender=owner)
    go(subject, fn, amount_out(subject, fn), third, third, owner)
    assert subject.call("allowance", owner, third) == UNLIMITED


@pytest.mark.parametrize("fn", WAYS_OUT)
def test_ones_own_shares_need_no_allowance_and_spend_none(subject: Subject, fn: str) -> None:
    owner = subject.holders[0]
    subject.send("approve", owner, 1, sender=owner)
    go(subject, fn, amount_out(subject, fn), owner, owner, owner)
    assert subject.call("allowance", owner, owner) == 1


@pytest.mark.parametrize("fn", WAYS_OUT)
def test_more_than_the_owner_has_is_refused(subject: Subject, fn: str) -> None:
    """Even where another allows without limit, and whatever the number."""
    owner, other = subject.holders
    subject.send("approve", owner, UNLIMITED, sender=other)
    held_by = subject.shares(owner)
    least = held_by + 1 if fn == "redeem" else subject.call("convertToAssets", held_by) + 1
    for amount in (least, 2**128, 2**255, UNLIMITED):
        assert subject.refused(fn, amount, owner, owner, sender=owner)


@pytest.mark.parametrize("fn", WAYS_OUT)
def test_nothing_out_is_nothing(subject: Subject, fn: str) -> None:
    """Zero is paid as any amount is, with its event."""
    owner = subject.holders[0]
    receipt, moved = go(subject, fn, 0, owner, owner, owner)
    assert moved == Moved(0, 0)
    assert receipt.event("Withdraw", subject.vault)["shares"] == 0


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
    user = subject.holders[0]
    for fn in WAYS_IN:
        with pytest.raises(Reverted, match="floor: health"):
            subject.enter(fn, 10**9, user)
    for fn in WAYS_OUT:
        assert subject.refused(fn, 1, user, user, sender=user)
