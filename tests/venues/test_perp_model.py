"""What the model says of an account at Perp v2, against what Perp itself does with it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from lab.world import World
from proofs.strategies import vault_of
from stratc_compiler.errors import Unsupported
from stratc_compiler.model import definitions
from stratc_compiler.vault import Vault, VenueModel
from stratc_dsl import parse_strategies
from stratc_dsl.span import Source
from stratc_dsl.strategy import Strategy
from stratc_targets.venues.perp_v2.model import model
from venues.account_model import ModelOfAccount
from venues.perp_beside import PerpBeside
from venues.quietly import quietly

HEDGED = """
strategy Hedged {
    base USDC
    token USDC { decimals: 6,  price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    token WETH { decimals: 18, price: chainlink("ETH/USD",  heartbeat=1h,  deviation=0.5%) }
    venue perp = perp_v2(WETH, margin=USDC, initial=10%, maintenance=6.25%)
    venue dex  = uniswap_v3(WETH/USDC, fee=0.05%)
    assume {
        keeper every 1h
        price(WETH) moves -20% .. +20%
        price(USDC) stays 0.98 .. 1.02
        funding(perp) in -0.10% .. +0.10% per 8h
        slippage(dex) <= 0.30%
        slippage(perp) <= 0.30%
        oracle(WETH) off by <= 1%
    }
    allocate {
        idle(WETH):  60% +- 6%
        perp.margin: 30% +- 6%
        idle(USDC):  10% +- 4%
    }
    hedge { delta(WETH): -3% .. +3% of nav using perp.short(WETH) }
    floors { margin_ratio(perp) >= 30% }
    rules { when weights outside band do rebalance }
    exit { order: [perp, dex] }
    prove { solvent, safe(perp) }
}
"""


def strategy(*changes: tuple[str, str]) -> Strategy:
    text = HEDGED
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    result = parse_strategies(Source("hedged.strat", text))
    assert result.strategies, result.diagnostics
    return result.strategies[0]


def venue_model(given: Strategy) -> VenueModel:
    built = model(given.venue("perp"), given)
    assert isinstance(built, VenueModel)
    return built


def holding(given: Strategy) -> Vault:
    """A vault that holds nothing but this account: no such strategy is built yet."""
    venue = venue_model(given)
    around, _ = vault_of("eth_carry")
    return replace(around, venues=(venue,), held=venue.positions, definitions=definitions(venue.positions, "USDC"))


VAULT = holding(strategy())
MODEL = VAULT.venue("perp")


class Account(PerpBeside):
    """The account, and the model over it at the vault's own prices."""

    def read_of_model(self, name: str) -> int:
        word, _, token = name.removesuffix(")").partition("(")
        match word:
            case "perp.margin":
                return max(self.books.cash(self.me), 0)
            case "perp.short":
                return max(-self.size, 0)
            case "liquidity":
                return max(self.books.realized(self.me), 0) // self.books.scale
            case "price":
                return int(self.world.feeds[token].contract.call("latestAnswer")) * 10**10
            case "unit":
                return 10 ** self.world.token(token).decimals
        raise KeyError(name)

    @property
    def model(self) -> ModelOfAccount:
        return ModelOfAccount(VAULT, "perp", self.read_of_model)

    @property
    def read_within(self) -> bool:
        """Whether the mark is as near to the vault's price as the model supposes, the dollar's included."""
        price = self.read_of_model("price(WETH)")
        return abs(self.books.prices.mark() - price) <= price * MODEL.off["WETH"]


def move(account: Account, steps: list[tuple[str, int]]) -> None:
    for step in steps:
        account.step(step)


@quietly(6)
@given(
    short=st.integers(600, 960),
    moves=st.lists(st.integers(985, 1_035), min_size=1, max_size=5),
    dollar=st.integers(98, 102),
)
def test_who_is_safe_by_the_model_is_not_liquidated(
    perp_world: World, short: int, moves: list[int], dollar: int
) -> None:
    """Index and pool move together, the dollar in its range; who is safe is not liquidated, and may withdraw."""
    start = perp_world.chain.snapshot()
    try:
        account = Account(perp_world)
        move(account, [("deposit", 10**10 + 7), ("short", short)])
        perp_world.feeds["USDC"].set_raw(answer=dollar * 10**6)
        for factor in moves:
            account.step(("price", factor))
            safe, done = account.model.holds(MODEL.never_liquidated), account.count["liquidate done"]
            if not account.read_within:
                continue
            account.step(("liquidate", 0))
            assert not (safe and account.count["liquidate done"] > done)
            if account.model.holds(MODEL.after_withdraw):
                refused = account.count["withdraw reverted"]
                account.step(("withdraw", 0))
                assert account.count["withdraw reverted"] == refused
                account.withdraw(0)
    finally:
        perp_world.chain.revert(start)


def test_the_line_of_liquidation_is_where_the_model_draws_it(perp_world: World) -> None:
    """A rally in small steps: the model gives up first, by no more than what readings may differ; then Perp lets go."""
    account = Account(perp_world)
    move(account, [("deposit", 10**10), ("short", 500)])
    unsafe = 0
    for _ in range(40):
        account.step(("price", 1_005))
        if account.books.liquidatable(account.me):
            break
        unsafe += not account.model.holds(MODEL.never_liquidated)
    assert not account.model.holds(MODEL.never_liquidated)
    account.step(("liquidate", 0))
    assert account.count["liquidate done"] == 1
    assert 1 <= unsafe <= 3  # 1% of the mark, in steps of half a percent


def test_profit_on_paper_is_no_margin(perp_world: World) -> None:
    """Ether falls by a third: the account is rich, and may withdraw no more than what was realized."""
    account = Account(perp_world)
    move(account, [("deposit", 2 * 10**10), ("short", 480)])
    for _ in range(6):
        account.step(("price", 935))
    assert account.books.value(account.me) > 4 * 10**10
    account.step(("withdraw", 1_000))
    assert account.model.holds(MODEL.never_liquidated)
    assert not account.model.holds(MODEL.after_withdraw)
    price = account.read_of_model("price(WETH)")
    more = 10**10 * 10**30 // price  # less than what the value alone would carry
    account.trade("short", more)
    assert account.count["short reverted"] == 1


def least_ratio(rise: Fraction, funding: Fraction, *, maintenance: Fraction, off: Fraction) -> Fraction:
    """The margin ratio that a rise and funding leave above the line, with cash = (1 + ratio) * short."""
    return (1 + maintenance) * (1 + off) * (1 + rise) + funding * (1 + rise) - 1


@pytest.mark.parametrize(("spare", "liquidated"), [(Fraction(1, 100), False), (Fraction(-3, 100), True)])
def test_a_rally_eats_the_margin_of_who_has_less_than_that(
    perp_world: World, spare: Fraction, liquidated: bool
) -> None:
    """A fifth up within an hour, against the least margin by the formula, on Perp's own contracts."""
    account = Account(perp_world)
    ratio = least_ratio(Fraction(1, 5), Fraction(1, 8_000), maintenance=Fraction(1, 16), off=Fraction(0)) + spare
    account.step(("deposit", 10**11))
    account.trade("short", int(10**23 / ratio / 2_000))
    for _ in range(4):
        account.step(("price", 1_047))
    assert perp_world.price("WETH") >= 2_400
    account.step(("liquidate", 0))
    assert (account.count["liquidate done"] == 1) == liquidated


def test_funding_that_turns_eats_a_margin_in_weeks(perp_world: World) -> None:
    """The pool stays 1% below the index, so a short pays 1% a day: half of a margin of 25% is gone in two weeks."""
    account = Account(perp_world)
    move(account, [("deposit", 10**11), ("short", 400), ("pool", 990)])
    perp_world.perp.average()
    account.step(("settle", 0))
    size, price = -account.size, account.read_of_model("price(WETH)")
    start, days = account.books.cash(account.me), 0
    while not account.books.liquidatable(account.me) and days < 40:
        move(account, [("wait", 86_400), ("settle", 0)])
        days += 1
        paid = (start - account.books.cash(account.me)) * account.books.scale
        assert paid == pytest.approx(days * size * price // 10**18 // 100, rel=0.02)
    assert 18 <= days <= 21  # (cash - 1.0625 * short) / 1% of it, at a mark that is 1% lower
    assert not account.model.holds(MODEL.never_liquidated)
    account.step(("liquidate", 0))
    assert account.count["liquidate done"] == 1


def test_a_liquidator_takes_no_more_than_the_model_says(perp_world: World) -> None:
    account = Account(perp_world)
    move(account, [("deposit", 10**10), ("short", 900)])
    account.step(("squeeze", 0))
    assert account.count["liquidate done"] == 1
    cash, size = account.books.cash(account.me), account.size
    assert size < 0
    account.step(("squeeze", 0))
    repaid = (account.size - size) * account.read_of_model("price(WETH)") // 10**18
    assert (cash - account.books.cash(account.me)) * account.books.scale <= repaid * MODEL.seized


def test_what_is_not_stated_is_refused_or_named() -> None:
    without = strategy(("        oracle(WETH) off by <= 1%\n", ""))
    assert venue_model(without).off["WETH"] == Fraction(3, 1_000)
    assert [one.kind for one in venue_model(without).assumes] == ["parameters", "oracle", "settles"]
    assert [one.kind for one in MODEL.assumes] == ["parameters", "settles"]
    with pytest.raises(Unsupported, match="price has no bound"):
        venue_model(strategy(("price(WETH) moves -20% .. +20%", "price(WETH/USDC) moves -20% .. +20%")))
    with pytest.raises(Unsupported, match="liquidity"):
        venue_model(strategy(("slippage(dex) <= 0.30%", "slippage(dex) <= 0.30%\n        liquidity(perp) >= 50%")))
    for one_way in ("+0.10% .. +0.20%", "-0.20% .. -0.10%"):
        with pytest.raises(Unsupported, match="always goes one way"):
            venue_model(strategy(("-0.10% .. +0.10% per 8h", f"{one_way} per 8h")))
    with pytest.raises(Unsupported, match="margin in WETH"):
        venue_model(strategy(("margin=USDC", "margin=WETH")))
