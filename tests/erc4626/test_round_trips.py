"""No way in and out again, or out and in, profits who takes it: a16z's eight round trips, by their names."""

from __future__ import annotations

import pytest

from erc4626.amounts import PARTS, tried, up_to
from erc4626.situations import Subject, restored


def _entered(subject: Subject, fn: str, amount: int, user: str) -> int | None:
    """What came of `deposit` or `mint`; None where the amount is worth no share."""
    if fn == "deposit" and subject.call("previewDeposit", amount) == 0:
        return None
    return subject.enter(fn, amount, user)


def _in_assets(subject: Subject, part: int | float) -> int:
    return up_to(subject.most_in(), part)


def _in_shares(subject: Subject, part: int | float) -> int:
    return up_to(subject.call("convertToShares", subject.most_in()), part)


@tried(part=PARTS)
def test_prop_RT_deposit_redeem(anyones: Subject, part: int | float) -> None:
    with restored(anyones.chain):
        user, assets = anyones.holders[0], _in_assets(anyones, part)
        shares = _entered(anyones, "deposit", assets, user)
        assert shares is None or anyones.leave("redeem", shares, user) <= assets


@tried(part=PARTS)
def test_prop_RT_deposit_withdraw(anyones: Subject, part: int | float) -> None:
    with restored(anyones.chain):
        user = anyones.holders[0]
        assets = _in_assets(anyones, part)
        shares = _entered(anyones, "deposit", assets, user)
        if shares is None or anyones.call("previewWithdraw", assets) > anyones.shares(user):
            return  # one unit more than was minted, of one who had none: refused, which profits nobody
        assert anyones.leave("withdraw", assets, user) >= shares


@tried(part=PARTS)
def test_prop_RT_mint_withdraw(anyones: Subject, part: int | float) -> None:
    with restored(anyones.chain):
        user = anyones.holders[0]
        shares = _in_shares(anyones, part)
        assets = anyones.enter("mint", shares, user)
        if anyones.call("previewWithdraw", assets) > anyones.shares(user):
            return
        assert anyones.leave("withdraw", assets, user) >= shares


@tried(part=PARTS)
def test_prop_RT_mint_redeem(anyones: Subject, part: int | float) -> None:
    with restored(anyones.chain):
        user = anyones.holders[0]
        shares = _in_shares(anyones, part)
        assets = anyones.enter("mint", shares, user)
        assert anyones.leave("redeem", shares, user) <= assets


@tried(part=PARTS)
def test_prop_RT_redeem_deposit(anyones: Subject, part: int | float) -> None:
    with restored(anyones.chain):
        user = anyones.holders[0]
        shares = up_to(anyones.call("maxRedeem", user), part)
        assets = anyones.leave("redeem", shares, user)
        again = _entered(anyones, "deposit", assets, user)
        assert again is None or again <= shares


@tried(part=PARTS)
def test_prop_RT_redeem_mint(anyones: Subject, part: int | float) -> None:
    with restored(anyones.chain):
        user = anyones.holders[0]
        shares = up_to(anyones.call("maxRedeem", user), part)
        assets = anyones.leave("redeem", shares, user)
        assert anyones.enter("mint", shares, user) >= assets


@tried(part=PARTS)
def test_prop_RT_withdraw_mint(anyones: Subject, part: int | float) -> None:
    with restored(anyones.chain):
        user = anyones.holders[0]
        assets = min(anyones.call("maxWithdraw", user), up_to(anyones.call("maxWithdraw", user), part))
        shares = anyones.leave("withdraw", assets, user)
        assert not shares or anyones.enter("mint", shares, user) >= assets


@tried(part=PARTS)
def test_prop_RT_withdraw_deposit(anyones: Subject, part: int | float) -> None:
    with restored(anyones.chain):
        user = anyones.holders[0]
        assets = min(anyones.call("maxWithdraw", user), up_to(anyones.call("maxWithdraw", user), part))
        shares = anyones.leave("withdraw", assets, user)
        again = _entered(anyones, "deposit", assets, user)
        assert again is None or again <= shares


@pytest.mark.long
@tried(examples=150, part=PARTS, other=PARTS)
def test_those_who_stay_lose_nothing_by_a_round_trip(anyones: Subject, part: int | float, other: int | float) -> None:
    """What the others' shares are worth does not fall by it, whatever way in and out."""
    stays, moves = anyones.holders
    for come, go in (("deposit", "redeem"), ("mint", "withdraw")):
        with restored(anyones.chain):
            worth = anyones.call("convertToAssets", anyones.shares(stays))
            amount = _in_assets(anyones, part) if come == "deposit" else _in_shares(anyones, part)
            _entered(anyones, come, amount, moves)
            bound = anyones.call("maxRedeem" if go == "redeem" else "maxWithdraw", moves)
            anyones.leave(go, min(bound, up_to(bound, other)), moves)
            assert anyones.call("convertToAssets", anyones.shares(stays)) >= worth
