"""The shares as an ERC-20 token: names, transfers, allowances, events. Permits are tried in tests/vyper_target."""

from __future__ import annotations

from erc4626.amounts import WORDS, tried
from erc4626.situations import NOBODY, UNLIMITED, Subject, restored


def test_shares_are_a_token_with_a_name(subject: Subject) -> None:
    """The name tells strategy and asset, the symbol the strategy; decimals are 18 whatever the asset has."""
    assert subject.asset.symbol in str(subject.vault.call("name"))
    assert str(subject.vault.call("name")).startswith(str(subject.vault.call("symbol")))
    assert subject.call("decimals") == 18


def test_the_supply_is_what_all_hold(anyones: Subject) -> None:
    everybody = (*anyones.chain.accounts, anyones.vault.address)
    assert sum(anyones.shares(one) for one in everybody) == anyones.call("totalSupply")


@tried(examples=6, amount=WORDS)
def test_a_transfer_moves_what_the_sender_has_and_no_more(anyones: Subject, amount: int) -> None:
    sender, receiver = anyones.holders[0], anyones.stranger
    before = anyones.shares(sender)
    if amount > before:
        assert anyones.refused("transfer", receiver, amount, sender=sender)
        amount %= before + 1
    with restored(anyones.chain):
        receipt = anyones.send("transfer", receiver, amount, sender=sender)
        assert receipt.value is True
        assert list(receipt.event("Transfer").args.values()) == [sender, receiver, amount]
        assert (anyones.shares(sender), anyones.shares(receiver)) == (before - amount, amount)


def test_a_transfer_of_nothing_and_one_to_oneself_are_transfers(anyones: Subject) -> None:
    sender = anyones.holders[0]
    before = anyones.shares(sender)
    for receiver, amount in ((anyones.stranger, 0), (sender, 0), (sender, before)):
        receipt = anyones.send("transfer", receiver, amount, sender=sender)
        assert list(receipt.event("Transfer").args.values()) == [sender, receiver, amount]
    assert anyones.shares(sender) == before


def test_a_transfer_moves_no_assets_and_no_price(subject: Subject) -> None:
    assets, price = subject.call("totalAssets"), subject.call("convertToAssets", 10**18)
    subject.send("transfer", subject.stranger, subject.shares(subject.holders[0]), sender=subject.holders[0])
    assert (subject.call("totalAssets"), subject.call("convertToAssets", 10**18)) == (assets, price)


def test_shares_are_not_sent_to_nobody(anyones: Subject) -> None:
    assert anyones.refused("transfer", NOBODY, 1, sender=anyones.holders[0])


@tried(examples=6, amount=WORDS)
def test_transfers_by_others_need_and_spend_an_allowance(anyones: Subject, amount: int) -> None:
    owner, spender = anyones.holders[0], anyones.stranger
    amount = amount % anyones.shares(owner) + 1
    with restored(anyones.chain):
        anyones.send("approve", spender, amount - 1, sender=owner)
        assert anyones.refused("transferFrom", owner, spender, amount, sender=spender)
        anyones.send("approve", spender, amount, sender=owner)
        receipt = anyones.send("transferFrom", owner, spender, amount, sender=spender)
        assert receipt.value is True
        assert list(receipt.event("Transfer").args.values()) == [owner, spender, amount]
        assert anyones.call("allowance", owner, spender) == 0


def test_nobody_moves_anothers_shares_unasked(subject: Subject) -> None:
    """Neither users nor any role of the vault."""
    owner, ours = subject.holders[0], subject.ours
    for one in (subject.stranger, ours.owner, ours.guardian, ours.keeper):
        assert subject.refused("transferFrom", owner, one, 1, sender=one)
        assert subject.refused("redeem", 1, one, owner, sender=one)
        assert subject.refused("redeem_in_kind", 1, one, owner, 0, sender=one)


def test_an_unlimited_allowance_stays_when_shares_move(anyones: Subject) -> None:
    owner, spender = anyones.holders[0], anyones.stranger
    anyones.send("approve", spender, UNLIMITED, sender=owner)
    anyones.send("transferFrom", owner, spender, 1, sender=spender)
    assert anyones.call("allowance", owner, spender) == UNLIMITED


@tried(examples=6, first=WORDS, second=WORDS)
def test_an_approval_is_overwritten_and_said(anyones: Subject, first: int, second: int) -> None:
    """From anything to anything: that a client sets it to zero in between is not enforced, as ERC-20 wants it."""
    owner, spender = anyones.holders[0], anyones.stranger
    with restored(anyones.chain):
        for value in (first, second):
            receipt = anyones.send("approve", spender, value, sender=owner)
            assert receipt.value is True
            assert list(receipt.event("Approval").args.values()) == [owner, spender, value]
            assert anyones.call("allowance", owner, spender) == value


def test_shares_move_in_any_mode(subject: Subject) -> None:
    owner = subject.holders[0]
    for fn in ("freeze", "emergency_exit"):
        subject.send(fn, sender=subject.ours.guardian)
        subject.send("transfer", subject.stranger, 1, sender=owner)
