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
def test_prop_RT_deposit_redeem(subject: Subject, part: int | float) -> None:
    with restored(subject.chain):
        user, assets = subject.holders[0], _in_assets(subject, part)
        shares = _entered(subject, "deposit", assets, user)
        assert shares is None or subject.leave("redeem", shares, user) <= assets


@tried(part=PARTS)
def test_prop_RT_deposit_withdraw(subject: Subject, part: int | float) -> None:
    with restored(subject.chain):
        user = subject.holders[0]
        assets = _in_assets(subject, part)
        shares = _entered(subject, "deposit", assets, user)
        if shares is None or subject.call("previewWithdraw", assets) > subject.shares(user):
            return  # one unit more than was minted, of one who had none: refused, which profits nobody
        assert subject.leave("withdraw", assets, user) >= shares


@tried(part=PARTS)
def test_prop_RT_mint_withdraw(subject: Subject, part: int | float) -> None:
    with restored(subject.chain):
        user = subject.holders[0]
        shares = _in_shares(subject, part)
        assets = subject.enter("mint", shares, user)
        if subject.call("previewWithdraw", assets) > subject.shares(user):
            return
        assert subject.leave("withdraw", assets, user) >= shares


@tried(part=PARTS)
def test_prop_RT_mint_redeem(subject: Subject, part: int | float) -> None:
    with restored(subject.chain):
        user = subject.holders[0]
        shares = _in_shares(subject, part)
        assets = subject.enter("mint", shares, user)
        assert subject.leave("redeem", shares, user) <= assets


@tried(part=PARTS)
def test_prop_RT_redeem_deposit(subject: Subject, part: int | float) -> None:
    with restored(subject.chain):
        user = subject.holders[0]
        shares = up_to(subject.call("maxRedeem", user), part)
        assets = subject.leave("redeem", shares, user)
        again = _entered(subject, "deposit", assets, user)
        assert again is None or again <= shares


@tried(part=PARTS)
def test_prop_RT_redeem_mint(subject: Subject, part: int | float) -> None:
    with restored(subject.chain):
        user = subject.holders[0]
        shares = up_to(subject.call("maxRedeem", user), part)
        assets = subject.leave("redeem", shares, user)
        assert subject.enter("mint", shares, user) >= assets


@tried(part=PARTS)
def test_prop_RT_withdraw_mint(subject: Subject, part: int | float) -> None:
    with restored(subject.chain):
        user = subject.holders[0]
        assets = min(subject.call("maxWithdraw", user), up_to(subject.call("maxWithdraw", user), part))
        shares = subject.leave("withdraw", assets, user)
        assert not shares or subject.enter("mint", shares, user) >= assets


@tried(part=PARTS)
def test_prop_RT_withdraw_deposit(subject: Subject, part: int | float) -> None:
    with restored(subject.chain):
        user = subject.holders[0]
        assets = min(subject.call("maxWithdraw", user), up_to(subject.call("maxWithdraw", user), part))
        shares = subject.leave("withdraw", assets, user)
        again = _entered(subject, "deposit", assets, user)
        assert again is None or again <= shares


@pytest.mark.long
@tried(examples=150, part=PARTS, other=PARTS)
def test_those_who_stay_lose_nothing_by_a_round_trip(subject: Subject, part: int | float, other: int | float) -> None:
    """What the others' shares are worth does not fall by it, whatever way in and out."""
    stays, moves = subject.holders
    for come, go in (("deposit", "redeem"), ("mint", "withdraw")):
        with restored(subject.chain):
            worth = subject.call("convertToAssets", subject.shares(stays))
            amount = _in_assets(subject, part) if come == "deposit" else _in_shares(subject, part)
            _entered(subject, come, amount, moves)
            bound = subject.call("maxRedeem" if go == "redeem" else "maxWithdraw", moves)
            subject.leave(go, min(bound, up_to(bound, other)), moves)
            assert subject.call("convertToAssets", subject.shares(stays)) >= worth
