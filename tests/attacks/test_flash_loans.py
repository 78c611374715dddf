"""Flash loans that nobody asked for: the vault is called back as if it had borrowed, by others or in the middle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from attacks.targets import NO_CONSERVATION, NO_LEAST_PRICE, vault, without
from lab.artifacts import vyper_artifact
from lab.chain import Contract, Reverted
from lab.world import World, with_lending_pool, with_morpho
from mutations.change import Change
from vyper_target.vaults import USDC, Deployed

HERE = Path(__file__).resolve().parent
MILLION = 10**6 * USDC

ANYONE = tuple(
    Change("contracts/flash.vy", line, "")
    for line in (
        '    assert msg.sender == self.lender, "flash: not expected"\n',
        '    assert initiator == self and token == self.token and amount == self.amount, "flash: another loan"\n',
        '    assert owed <= self.due, "flash: costs more than was proved"\n',
    )
)
"""Whoever calls back is believed."""

ONCE = Change(
    "contracts/flash.vy",
    "    return self.plan\n",
    "    plan: uint256 = self.plan\n    self.plan = 0\n    return plan\n",
)
"""And is given what he asks for, without the vault's going through its plan a second time, which it cannot."""


def at_work(target: Deployed) -> Deployed:
    """A loop at its targets, some of it idle."""
    target.deposit(target.world.users[0], MILLION)
    target.run("rebalance")
    target.world.arbitrage()
    assert target.call("settled")
    return target


def callback(target: Deployed, amount: int, initiator: object) -> bytes:
    function = target.contract.abi.function("executeOperation", 5)
    return function.encode([target.world.usdc, amount, 0, initiator, b""])


def stranger_calls_back(target: Deployed) -> int:
    """A stranger says to be the lender of all that is idle, and takes what the lender is then allowed to."""
    world, stranger = target.world, target.world.users[3]
    idle = world.usdc.balance(target.address)
    target.contract.send("executeOperation", world.usdc, idle, 0, target.contract, b"", sender=stranger)
    world.usdc.contract.send("transferFrom", target.contract, stranger, idle, sender=stranger)
    return world.usdc.balance(stranger)


def test_a_stranger_calls_back(revm_world: World) -> None:
    with pytest.raises(Reverted, match="flash: not expected"):
        stranger_calls_back(at_work(vault(revm_world, "eth_loop")))


def test_a_stranger_calls_back_and_takes_all_that_is_idle(revm_world: World) -> None:
    assert stranger_calls_back(at_work(without(revm_world, "eth_loop", ANYONE))) > MILLION * 19 // 100


def stranger_borrows(target: Deployed) -> int:
    """A stranger borrows for the vault, which pays the premium; what that has lost."""
    world, before = target.world, target.world.usdc.balance(target.address)
    for _ in range(3):
        world.aave.pool.send(
            "flashLoanSimple", target.contract, world.usdc, 100 * MILLION, b"", 0, sender=world.users[3]
        )
    return before - world.usdc.balance(target.address)


def test_a_stranger_borrows_for_the_vault(revm_world: World) -> None:
    """The pool itself calls, but for somebody else."""
    with pytest.raises(Reverted, match="flash: not expected"):
        stranger_borrows(at_work(vault(revm_world, "eth_loop")))


def test_a_stranger_borrows_at_the_cost_of_a_vault_that_believes_the_pool(revm_world: World) -> None:
    assert stranger_borrows(at_work(without(revm_world, "eth_loop", ANYONE))) == 3 * 100 * MILLION * 5 // 10_000


# ── in the middle of a loan ────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Within:
    """A loop that swaps at a router which calls the intruder, in the middle of a flash loan of the vault."""

    target: Deployed
    intruder: Contract

    def arm(self, to: object, payload: bytes) -> None:
        self.intruder.send("arm", to, payload, False)

    def deleverage(self) -> bool:
        """Whether the intruder came in."""
        self.target.world.set_price("WETH", 1_740)
        self.target.run("deleverage_aave")
        assert self.intruder.call("tries") == 1
        return bool(self.intruder.call("entered"))


def within(world: World, *changes: Change, of: str = "eth_loop") -> Within:
    intruder = world.chain.deploy_artifact(vyper_artifact(HERE / "intruder.vy"))
    router = world.chain.deploy_artifact(vyper_artifact(HERE / "hooked_router.vy"), intruder, world.uniswap.router)
    people = dict.fromkeys(("owner_", "guardian_"), intruder)
    target = without(world, of, changes, venue_dex=router, **people)
    return Within(at_work(target), intruder)


def borrows_again(attack: Within) -> None:
    """The intruder has the pool lend to the vault once more."""
    pool, world = attack.target.world.aave.pool, attack.target.world
    again = pool.abi.function("flashLoanSimple", 5)
    attack.arm(pool, again.encode([attack.target.contract, world.usdc, MILLION, b"", 0]))


def calls_back(attack: Within) -> None:
    """The intruder says to be the lender, of a loan that the vault has asked for."""
    attack.arm(attack.target.contract, callback(attack.target, 10**9, attack.target.contract))


@pytest.mark.parametrize("intrusion", [borrows_again, calls_back])
def test_in_the_middle_of_a_loan_no_other_comes_in(revm_world: World, intrusion: object) -> None:
    assert callable(intrusion)
    attack = within(revm_world)
    intrusion(attack)
    assert not attack.deleverage()
    assert attack.target.call("health_aave") >= 149 * 10**16


@pytest.mark.parametrize("intrusion", [borrows_again, calls_back])
def test_in_the_middle_of_a_loan_others_come_in_where_anyone_is_believed(revm_world: World, intrusion: object) -> None:
    assert callable(intrusion)
    attack = within(revm_world, *ANYONE, ONCE)
    intrusion(attack)
    assert attack.deleverage()


def test_in_the_middle_of_a_loan_the_vault_is_locked(revm_world: World) -> None:
    """By everybody, its owner too; the plan within is carried out beneath the lock that its rule has taken."""
    for fn, args in (
        ("settle", ()),
        ("emergency_exit", ()),
        ("deposit", (USDC, revm_world.users[0])),
        ("totalAssets", ()),
    ):
        start = revm_world.chain.snapshot()
        attack = within(revm_world)
        attack.arm(attack.target.contract, attack.target.contract.abi.function(fn, len(args)).encode(args))
        assert not attack.deleverage(), fn
        assert attack.intruder.call("answer") == b"", "the lock is silent"
        revm_world.chain.revert(start)


# ── Morpho's, which names neither token nor borrower ───────────────────────────────────────


def morpho_calls_back(target: Deployed, amount: int) -> bytes:
    function = target.contract.abi.function("onMorphoFlashLoan", 2)
    return function.encode([amount, b""])


@pytest.mark.parametrize("amount", [0, 1, MILLION])
def test_a_stranger_calls_back_as_morpho(blue_world: World, amount: int) -> None:
    target, stranger = at_work(vault(blue_world, "blue_loop")), blue_world.users[3]
    with pytest.raises(Reverted, match="flash: not expected"):
        target.contract.send("onMorphoFlashLoan", amount, b"", sender=stranger)


def test_a_stranger_calls_back_as_another_lender(blue_world: World) -> None:
    """A vault that borrows at Morpho has no callback for Aave at all."""
    target = at_work(vault(blue_world, "blue_loop"))
    with pytest.raises(LookupError):
        target.contract.abi.function("executeOperation", 5)
    with pytest.raises(Reverted):  # the pool calls what is not there
        blue_world.aave.pool.send(
            "flashLoanSimple", target.contract, blue_world.usdc, MILLION, b"", 0, sender=blue_world.users[3]
        )


def enters_as_morpho(attack: Within, amount: int) -> bool:
    attack.arm(attack.target.contract, morpho_calls_back(attack.target, amount))
    return attack.deleverage()


@pytest.mark.long
def test_in_the_middle_of_a_loan_from_morpho_no_other_comes_in(roomy_world: World) -> None:
    """Nor does Morpho for somebody else: it calls whoever asks it, which the vault has done once."""
    world = with_morpho(roomy_world)
    attack = within(world, of="blue_loop")
    assert not enters_as_morpho(attack, 10**9)
    assert attack.target.call("health_aave") >= 149 * 10**16
    assert world.usdc.contract.call("allowance", attack.target.contract, world.morpho.contract) == 0


@pytest.mark.long
def test_in_the_middle_of_a_loan_from_morpho_others_come_in_where_anyone_is_believed(roomy_world: World) -> None:
    assert enters_as_morpho(within(with_morpho(roomy_world), *ANYONE, ONCE, of="blue_loop"), 10**9)


# ── Uniswap's, which names neither, and is paid in the callback ────────────────────────────


def pool_calls_back(target: Deployed, fees: tuple[int, int]) -> bytes:
    function = target.contract.abi.function("uniswapV3FlashCallback", 3)
    return function.encode([*fees, b""])


@pytest.mark.long
@pytest.mark.parametrize("fees", [(0, 0), (1, 0), (MILLION, MILLION)])
def test_a_stranger_calls_back_as_a_pool(lending_world: World, fees: tuple[int, int]) -> None:
    """Who does not wait to be allowed anything: what he says to be the fee would be sent to him at once."""
    target, stranger = at_work(vault(lending_world, "pool_loop")), lending_world.users[3]
    with pytest.raises(Reverted, match="flash: not expected"):
        target.contract.send("uniswapV3FlashCallback", *fees, b"", sender=stranger)


@pytest.mark.long
def test_a_stranger_borrows_from_the_pool_for_the_vault(lending_world: World) -> None:
    """The pool sends the loan to whom it is told, and calls whoever has asked: nobody can make it call the vault."""
    target, world = at_work(vault(lending_world, "pool_loop")), lending_world
    assert world.lending is not None
    before = world.usdc.balance(target.address)
    with pytest.raises(Reverted):  # an account without code is called
        world.lending.contract.send("flash", target.contract, MILLION, MILLION, b"", sender=world.users[3])
    assert world.usdc.balance(target.address) == before


def enters_as_a_pool(world: World, *changes: Change) -> tuple[Within, bool]:
    """With more idle than the loan is, which is all that there is to be had."""
    attack = within(world, *changes, of="pool_loop")
    world.usdc.mint(attack.target.address, MILLION)
    attack.arm(attack.target.contract, pool_calls_back(attack.target, (0, 0)))
    return attack, attack.deleverage()


@pytest.mark.long
def test_in_the_middle_of_a_loan_from_a_pool_no_other_comes_in(roomy_world: World) -> None:
    attack, entered = enters_as_a_pool(with_lending_pool(roomy_world))
    assert not entered
    assert attack.target.call("health_aave") >= 149 * 10**16


@pytest.mark.long
def test_in_the_middle_of_a_loan_from_a_pool_others_come_in_where_anyone_is_believed(roomy_world: World) -> None:
    """And are sent a second time what the pool is due, if neither the least price of the sale, which is told by what is
    there before and after, nor the budget of the rule were in the way."""
    world = with_lending_pool(roomy_world)
    attack, entered = enters_as_a_pool(world, *ANYONE, ONCE, *NO_LEAST_PRICE, *NO_CONSERVATION)
    assert entered
    assert world.usdc.balance(attack.intruder.address) > 100_000 * USDC
