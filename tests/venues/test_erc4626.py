"""ERC-4626: OpenZeppelin's own contract against its books in exact integers, and against what the proofs assume."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from differential.market import save_books
from differential.pair import outcome
from lab.artifacts import vyper_artifact
from lab.chain import Reverted as ChainReverted
from lab.world import World
from stratc_compiler.expr import Rounding
from stratc_compiler.interpret import Reverted
from stratc_targets.venues.erc4626.exact import Erc4626Books
from stratc_targets.venues.erc4626.model import ROUNDING_UNITS
from venues.probes import probe
from vyper_target.vaults import USDC

HERE = Path(__file__).resolve().parent

Step = tuple[str, int, int]  # what, user, amount (or permille)

STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just("deposit"), st.integers(0, 1), st.integers(0, 10**6 * USDC) | st.integers(0, 10)),
        st.tuples(st.sampled_from(["withdraw", "withdraw past", "redeem"]), st.integers(0, 1), st.integers(0, 1_000)),
        st.tuples(st.just("redeem"), st.integers(0, 1), st.integers(900, 1_100)),
        st.tuples(st.just("withdraw"), st.integers(0, 1), st.just(1_000)),
        st.tuples(st.just("gain"), st.just(0), st.integers(0, 10**5 * USDC)),
        st.tuples(st.just("lose"), st.just(0), st.integers(0, 30)),
        st.tuples(st.just("lend"), st.just(0), st.integers(0, 1_000) | st.just(1_000)),
    ),
    min_size=10,
    max_size=40,
)


def worth_of_a_share(books: Erc4626Books) -> Fraction:
    return Fraction(books.total_assets + 1, books.total_supply + 10**books.offset)


class Venue:
    """The contract and its books, moved together; `worst` is the largest departure from exact arithmetic."""

    def __init__(self, world: World) -> None:
        self.world, self.save, self.books = world, world.save, save_books(world)
        self.count: Counter[str] = Counter()
        self.worst = Fraction(0)
        for user in world.users[:2]:
            world.usdc.approve(user, self.save.contract)

    def step(self, step: Step) -> None:
        what, number, size = step
        user = self.world.users[number]
        match what:
            case "deposit":
                self.world.usdc.mint(user, size)
                self.move(what, user, size, size)
            case "withdraw":
                amount = self.books.max_withdraw(user) * size // 1_000
                self.move(what, user, amount, -amount)
            case "withdraw past":
                amount = self.books.value(user) + size
                self.move("withdraw", user, amount, -amount)
            case "redeem":
                shares = self.books.shares.get(user, 0) * size // 1_000
                self.both("redeem", user, shares)
            case _:
                self.outside(what, size)
        self.compare()

    def move(self, what: str, user: str, amount: int, change: int) -> None:
        """A deposit or a withdrawal, which must leave the position where exact arithmetic would, within a little."""
        before = self.books.value(user)
        if self.both(what, user, amount):
            self.worst = max(self.worst, abs(Fraction(self.books.value(user) - before - change)))
            # One share is what rounding can cost, and a unit in reading: no more than stated while it is worth a unit.
            assert abs(self.books.value(user) - before - change) < worth_of_a_share(self.books) + 1

    def both(self, what: str, user: str, amount: int) -> bool:
        """The call on both; equal results, or both revert."""
        args = (amount, user) if what == "deposit" else (amount, user, user)
        expected, _ = outcome(lambda: getattr(self.books, what)(user, amount), Reverted)
        actual, _ = outcome(lambda: self.save.contract.send(what, *args, sender=user).value, ChainReverted)
        assert expected == actual, (what, amount)
        self.count[f"{what} {'reverted' if actual is None else 'done'}"] += 1
        return actual is not None

    def outside(self, what: str, size: int) -> None:
        if what == "gain":
            self.save.gain(size)
            self.books.total_assets += size
        elif what == "lose":
            lost = self.books.total_assets * size // 100
            self.save.lose(lost)
            self.books.total_assets -= lost
        else:
            liquid = self.books.total_assets * size // 1_000
            self.save.limit_liquidity(liquid)
            self.books.lent_out = self.books.total_assets - liquid

    def compare(self) -> None:
        call, books = self.save.contract.call, self.books
        assert books.total_assets == call("totalAssets")
        assert books.total_supply == call("totalSupply")
        for user in self.world.users[:2]:
            assert books.shares.get(user, 0) == call("balanceOf", user)
            assert books.value(user) == self.save.value(user)
            assert books.max_withdraw(user) == call("maxWithdraw", user)
            assert books.max_redeem(user) == call("maxRedeem", user)
        amount = 1_234_567
        assert books.to_shares(amount, Rounding.DOWN) == call("previewDeposit", amount)
        assert books.to_shares(amount, Rounding.UP) == call("previewWithdraw", amount)
        assert books.to_assets(amount, Rounding.DOWN) == call("previewRedeem", amount)
        assert books.to_assets(amount, Rounding.UP) == call("previewMint", amount)


def test_the_books_are_the_contracts(revm_world: World) -> None:
    count: Counter[str] = Counter()

    @settings(
        max_examples=200,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(STEPS)
    def told(steps: list[Step]) -> None:
        start = revm_world.chain.snapshot()
        try:
            venue = Venue(revm_world)
            for step in steps:
                venue.step(step)
            count.update(venue.count)
        finally:
            revm_world.chain.revert(start)

    told()
    print(count)
    assert count.total() >= 2_000, count
    for what in ("deposit", "withdraw", "redeem"):
        assert count[f"{what} done"] >= 200, count
    assert count["withdraw reverted"] >= 100, count
    assert count["redeem reverted"] >= 50, count


def test_an_honest_venues_deposit_is_off_by_less_than_a_share_and_a_unit(revm_world: World) -> None:
    """The adapter takes every deposit of an honest venue, however dear its shares have grown."""
    world, save, books = revm_world, revm_world.save, save_books(revm_world)
    contract = probe(world.chain)
    worst = 0
    for number in range(120):
        gained = books.total_assets // 40
        save.gain(gained)
        books.total_assets += gained
        amount = 10**9 + number * 7_919
        world.usdc.mint(contract.address, amount)
        before = books.value(contract.address)
        books.deposit(contract.address, amount)
        contract.send("save_deposit", save, world.usdc, amount, ROUNDING_UNITS)
        lost = before + amount - books.value(contract.address)
        worst = max(worst, lost)
        assert lost < worth_of_a_share(books) + 1
        assert lost <= ROUNDING_UNITS or worth_of_a_share(books) > 1
        assert contract.call("save_held", save) == books.value(contract.address)
        assert contract.call("save_liquidity", save) == books.max_withdraw(contract.address)
    assert worst > ROUNDING_UNITS, "shares never grew dear: this test shows nothing"


def test_the_adapter_refuses_a_venue_that_keeps_a_part(revm_world: World) -> None:
    world, contract = revm_world, probe(revm_world.chain)
    venue = world.chain.deploy_artifact(vyper_artifact(HERE / "taking_venue.vy"), world.usdc.address)
    world.usdc.mint(contract.address, 10**9)
    # Two units, one more for reading and one for a share are what rounding can be.
    for millionths, amount in ((0, 10**6), (4, 10**6), (1, 3_999_999)):
        venue.send("take", millionths, 0)
        contract.send("save_deposit", venue, world.usdc, amount, ROUNDING_UNITS)
    venue.send("take", 5, 0)
    with pytest.raises(ChainReverted, match="deposit lost value"):
        contract.send("save_deposit", venue, world.usdc, 10**6, ROUNDING_UNITS)
    venue.send("take", 0, 1)
    with pytest.raises(ChainReverted, match="paid less"):
        contract.send("save_withdraw", venue, world.usdc, 10**6)
    venue.send("take", 0, 0)
    contract.send("save_withdraw", venue, world.usdc, 10**6)


def test_the_adapter_withdraws_exactly_and_refuses_another_asset(revm_world: World) -> None:
    world, save, contract = revm_world, revm_world.save, probe(revm_world.chain)
    world.usdc.mint(contract.address, 10**9)
    contract.send("save_deposit", save, world.usdc, 10**9, ROUNDING_UNITS)
    save.gain(12_345_678)
    contract.send("save_withdraw", save, world.usdc, 123_456_789)
    assert world.usdc.balance(contract.address) == 123_456_789
    with pytest.raises(ChainReverted, match="ExceededMaxWithdraw"):
        contract.send("save_withdraw", save, world.usdc, 10**9)
    with pytest.raises(ChainReverted, match="asset differs"):
        contract.call("save_check_asset", save, world.weth)


def test_the_model_lends_nothing_it_does_not_hold(revm_world: World) -> None:
    """All of a position can be withdrawn at once, whatever the price of a share."""
    venue = Venue(revm_world)
    for permille in (3, 10, 29):
        venue.step(("deposit", 1, 10**9 + permille))
        venue.step(("lose", 0, permille))
        venue.step(("gain", 0, 12_345))
        whole = venue.books.value(revm_world.users[1])
        assert venue.books.max_withdraw(revm_world.users[1]) >= whole - 1
        venue.step(("withdraw", 1, 1_000))
