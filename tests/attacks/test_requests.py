"""What waits in turn is not passed, not taken by others, and not held up cheaply."""

from __future__ import annotations

import pytest

from attacks.targets import shares, vault, without
from lab.chain import Reverted
from lab.world import World
from mutations.change import BOOK, VAULT, Change
from vyper_target.vaults import USDC, Deployed

NO_TURN = (
    Change(
        VAULT,
        "    return 0 if modes._is_exited() else self._to_assets_up(requests.shares_requested, s)\n",
        "    return 0\n",
    ),
)
NO_RESERVE = (Change(BOOK, "held(USDC) - requests.reserved\n", "held(USDC) - 0 * requests.reserved\n"),)


def holders(target: Deployed) -> tuple[str, str]:
    """Two halves of a treasury that is at work; a tenth may leave in a round."""
    first, second = target.world.users[:2]
    for user in (first, second):
        target.deposit(user, 100_000 * USDC)
    target.run("rebalance")
    return first, second


def ask(target: Deployed, user: str, amount: int) -> int:
    return int(target.contract.send("requestRedeem", amount, user, user, sender=user).value)


def got_past(target: Deployed) -> int:
    """The first asks for more than the round pays; what the second is paid at once all the same."""
    first, second = holders(target)
    ask(target, first, shares(target, first) // 2)
    paid = 0
    for part in (2, 4, 8, 16):
        try:
            paid += target.contract.send("withdraw", 160_000 * USDC // part // 8, second, second, sender=second).value
        except Reverted:
            continue
    return paid


def test_queue_is_not_jumped(revm_world: World) -> None:
    target = vault(revm_world, "treasury")
    assert got_past(target) == 0
    assert target.call("maxWithdraw", target.world.users[1]) == target.call("maxRedeem", target.world.users[1]) == 0
    assert target.contract.send("serve", 1, sender=target.world.users[3]).value > 19_999 * USDC


def test_queue_is_jumped_where_nobody_looks_at_it(revm_world: World) -> None:
    target = without(revm_world, "treasury", NO_TURN)
    assert got_past(target) > 0
    assert target.contract.send("serve", 1, sender=target.world.users[3]).value < 19_999 * USDC


def taken_of_what_is_set_aside(target: Deployed) -> int:
    """The first is served and does not claim; the second leaves in every way there is. What is then missing."""
    first, second = holders(target)
    number = ask(target, first, 20_000 * 10**18)
    aside = target.contract.send("serve", 1, sender=second).value
    quarter = shares(target, second) // 4
    target.contract.send("redeem_in_kind", quarter, second, second, 0, sender=second)
    target.contract.send("redeem_unwound", quarter, second, second, 0, sender=second)
    target.contract.send("emergency_exit", sender=target.guardian)
    for user in (second, first):
        target.contract.send("redeem", shares(target, user), user, user, sender=user)
    left = min(target.world.usdc.balance(target.address), aside)
    target.world.usdc.mint(target.address, aside - left)
    assert target.contract.send("claim", number, first, sender=first).value == aside
    return int(aside - left)


def test_reserve_is_the_claimants_alone(revm_world: World) -> None:
    assert taken_of_what_is_set_aside(vault(revm_world, "treasury")) == 0


def test_reserve_is_everybodys_where_it_counts_as_idle(revm_world: World) -> None:
    assert taken_of_what_is_set_aside(without(revm_world, "treasury", NO_RESERVE)) > 1_000 * USDC


def test_queue_cannot_be_stuffed(revm_world: World) -> None:
    """No more can wait than there are ten-thousandths of all shares, and what is taken back is passed over."""
    target = vault(revm_world, "treasury")
    first, second = holders(target)
    least = target.call("totalSupply") // 10_000
    with pytest.raises(Reverted, match="request: too small"):
        ask(target, second, least - 1)
    for _ in range(40):
        target.contract.send("take_back", ask(target, second, least), sender=second)
    ask(target, first, 1_000 * 10**18)
    assert target.contract.send("serve", 64, sender=first).value == 1_000 * USDC
    assert target.call("requests_done") == target.call("requests_made") == 41
