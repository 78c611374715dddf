"""Liquidity in a range: its worth is Uniswap's, what moves do to it is as was argued, and what is proved withstands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isqrt
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from proofs.strategies import claim, proved, refuted, vault_of, verified
from proofs.test_attack import edge, play
from stratc_compiler import replay
from stratc_compiler.assumptions import guarded_assumptions, labels_of, rests_on
from stratc_compiler.claims import ClaimSpec, claims_of
from stratc_compiler.environment import box_of
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import Rounding, number
from stratc_compiler.guardian import Guardian
from stratc_compiler.ideal_world import IdealWorld, liquidity_worth
from stratc_compiler.inside_box import inside_box
from stratc_compiler.interpret import Evaluator, Reverted, mul_div
from stratc_compiler.ranges import FEWEST_DECIMALS, Range, most_prices, proportion, token_part, worth
from stratc_compiler.replay import what_breaks
from stratc_compiler.resting import PREMISES, kind_of
from stratc_compiler.staying import stays
from stratc_compiler.vault import Held, Vault
from stratc_compiler.verdict import Round
from stratc_targets.venues.uniswap_v3_lp.amounts import amount0_between, amount1_between, amounts_of, liquidity_for
from stratc_targets.venues.uniswap_v3_lp.model import near_enough
from stratc_targets.venues.uniswap_v3_lp.ticks import root_at_tick
from stratc_targets.vyper.symbols import symbols_of
from venues.quietly import quietly

TICKS = st.integers(-400_000, 400_000)


def of_the_pool(vault: Vault) -> Range:
    (held,) = vault.ranges.values()
    assert held.range is not None
    return held.range


def at(of: Range, price: int, low: int, high: int, liquidity: int = 0) -> dict[str, int]:
    """A state in which the token costs so much (10^-18 USD), base a dollar."""
    state = {f"price({of.token})": price, f"price({of.base})": 10**18, "unit(WETH)": 10**18, "unit(USDC)": 10**6}
    return state | {of.low.name: low, of.high.name: high, of.name: liquidity}


def root_of(of: Range, state: dict[str, int]) -> int:
    """Of the price of the token in base, in smallest units."""
    price, base = state[f"price({of.token})"], state[f"price({of.base})"]
    return isqrt((price * state[f"unit({of.base})"] << 192) // (base * state[f"unit({of.token})"]))


# ── worth ──────────────────────────────────────────────────────────────────────────────────


@quietly(60)
@given(st.integers(-60_000, 60_000), st.integers(1, 120_000), st.integers(10**4, 10**13), st.integers(10**6, 10**22))
def test_a_range_is_worth_what_uniswap_says_it_consists_of(shift: int, width: int, cents: int, liquidity: int) -> None:
    """By the model's formula to 10^-8 USD and a part in 10^15, by Uniswap's own amounts at the oracle's root."""
    vault, _ = vault_of("fee_range")
    of, price = of_the_pool(vault), cents * 10**16
    tick = -200_000 + shift  # WETH costs about 2,000 USD at -200,000
    low, high = root_at_tick(tick), root_at_tick(tick + width)
    state = at(of, price, low, high)
    view = Evaluator(vault, IdealWorld(vault, state))
    told, part = view.value(worth(of, number(liquidity))), view.value(token_part(of, number(liquidity)))
    token, base = amounts_of(root_of(of, state), low, high, liquidity)
    weth, usdc = Fraction(token * price, 10**18), Fraction(base * 10**12)
    near = 10**10 + Fraction(price, 10**18) + 10**12 + (weth + usdc) / 10**15
    assert abs(told - (weth + usdc)) <= near
    assert abs(part - weth) <= near
    assert part <= told


FACTORS = st.fractions(Fraction(1, 5), 5, max_denominator=1_000)


def exact(root: Fraction, low: Fraction, high: Fraction) -> Fraction:
    """What a unit of liquidity is worth in base."""
    there = min(max(root, low), high)
    return there - low + root * root * (1 / there - 1 / high)


@quietly(50)
@given(FACTORS, FACTORS, FACTORS, FACTORS)
def test_a_range_moves_less_than_its_token(root: Fraction, sigma: Fraction, low: Fraction, width: Fraction) -> None:
    """The two lines of `ranges`; roots here, whose squares are the prices."""
    high = low * (1 + width)
    before, after, factor = exact(root, low, high), exact(root * sigma, low, high), sigma * sigma
    least, most = sorted((Fraction(1), factor))
    assert least * before <= after <= most * before
    if max(root, root * sigma) <= low:
        assert after == factor * before
    if min(root, root * sigma) >= high:
        assert after == before


@quietly(25)
@given(
    root=FACTORS,
    off=st.fractions(Fraction(-1, 10), Fraction(1, 10), max_denominator=10_000),
    place=st.fractions(Fraction(1, 3), 3, max_denominator=100),
    below=st.fractions(Fraction(1, 10), Fraction(99, 100), max_denominator=100),
    above=st.fractions(Fraction(101, 100), 10, max_denominator=100),
)
def test_a_pool_that_is_off_takes_little_more_than_liquidity_is_worth(
    root: Fraction, off: Fraction, place: Fraction, below: Fraction, above: Fraction
) -> None:
    """What is put in at the price t of a pool is worth, at P, at least V(P), and at most 1 / (1 - lost) of that."""
    of = Range("pool", "WETH", "USDC", below, above, abs(off), abs(off))
    assume(off != 0)
    width = Fraction(isqrt(int(above / below * 10**24)) + 2, 10**12)  # no narrower than it says
    low = root * place
    high = low * width
    spot = root * Fraction(isqrt(int((1 + off) * 10**30)), 10**15)
    assume(abs(spot * spot / root / root - 1) <= abs(off))
    there = min(max(spot, low), high)
    given_in = there - low + root * root * (1 / there - 1 / high)
    worth_of_it = exact(root, low, high)
    assert given_in >= worth_of_it
    assert worth_of_it >= (1 - of.lost) * given_in


@pytest.mark.parametrize(("decimals", "price"), [((8, 6), 60_000), ((6, 6), 1), ((6, 6), 4_000), ((18, 18), 100_000)])
def test_in_which_proportion_a_range_consists_of_its_tokens_can_be_read(decimals: tuple[int, int], price: int) -> None:
    """For every pair that has a feed, in the middle of a range; the proportion is then a half."""
    vault, _ = vault_of("fee_range")
    of = of_the_pool(vault)
    state = at(of, price * 10**18, 0, 0) | {"unit(WETH)": 10 ** decimals[0], "unit(USDC)": 10 ** decimals[1]}
    state |= {of.low.name: root_of(of, state) * 4 // 5, of.high.name: root_of(of, state) * 5 // 4}
    view = Evaluator(vault, IdealWorld(vault, state))
    part, whole = (view.value(one) for one in proportion(of))
    assert abs(Fraction(part, whole) - Fraction(1, 2)) < Fraction(1, 10**6)
    assert price < most_prices(sum(decimals))


@pytest.mark.parametrize("decimals", [(FEWEST_DECIMALS, 0), (8, 6), (18, 18)])
def test_prices_up_to_the_most_can_be_read_and_few_times_more_cannot(decimals: tuple[int, int]) -> None:
    vault, _ = vault_of("fee_range")
    of, most = of_the_pool(vault), most_prices(sum(decimals))
    units = {"unit(WETH)": 10 ** decimals[0], "unit(USDC)": 10 ** decimals[1]}

    def sample(price: int) -> int:
        state = at(of, price * 10**18, 0, 0) | units
        state |= {of.low.name: root_of(of, state) * 4 // 5, of.high.name: root_of(of, state) * 5 // 4}
        return Evaluator(vault, IdealWorld(vault, state)).value(proportion(of)[1])

    assert sample(most) > 0
    with pytest.raises(Reverted):
        sample(2 * most)


def test_no_scenario_has_more_in_a_range_than_can_be_read() -> None:
    """A model of the solver may ask for any worth: that is answered by none, which no scenario is made of."""
    vault, _ = vault_of("fee_range")
    of = of_the_pool(vault)
    state = at(of, 2_000 * 10**18, 0, 0)
    state |= {of.low.name: root_of(of, state) * 4 // 5, of.high.name: root_of(of, state) * 5 // 4}
    world = IdealWorld(vault, state)
    assert liquidity_worth(world, vault, of, 10**12 * 10**18) > 0
    assert liquidity_worth(world, vault, of, 10**15 * 10**18) == 0


@quietly(25)
@given(width=st.integers(1, 400), off=st.integers(1, 100), side=st.sampled_from([-1, 1]))
def test_a_pool_so_near_leaves_no_more_over_than_adding_may_cost(width: int, off: int, side: int) -> None:
    """In the middle of a range of `width` %, with a pool off by up to 1%: up to the second order (3% of it)."""
    below, above = 1 / (1 + Fraction(width, 100)), 1 + Fraction(width, 100)
    of = Range("pool", "WETH", "USDC", below, above, Fraction(off, 10_000), Fraction(off, 10_000))
    end = Fraction(isqrt(int(above * 10**30)), 10**15)  # roots: the oracle's is 1, the ends are 1 / end and end
    spot = 1 + side * near_enough(of) / 2
    token = (1 - 1 / end) / (1 / spot - 1 / end)
    base = (1 - 1 / end) / (spot - 1 / end)
    assert 1 - min(token, base) <= of.off * Fraction(103, 100)
    spot = 1 + side * near_enough(of) * 2
    token, base = (1 - 1 / end) / (1 / spot - 1 / end), (1 - 1 / end) / (spot - 1 / end)
    assert 1 - min(token, base) > of.off


# ── what is proved ─────────────────────────────────────────────────────────────────────────


class OffPool(IdealWorld):
    """A pool whose price is off the oracle by as much as is assumed, with fees: amounts as Uniswap computes them."""

    def spot(self, of: Range) -> int:
        return root_of(of, self.state) * isqrt(10**12 * (10**6 + SPOT[0])) // 10**9

    def provide(self, held: Held, token: int, base: int, minimum: int) -> tuple[int, int]:
        of = held.range
        assert of is not None
        root, low, high = self.spot(of), self.state[of.low.name], self.state[of.high.name]
        liquidity = liquidity_for(root, low, high, token, base)
        there = min(max(root, low), high)
        took = (
            amount0_between(there, high, liquidity, Rounding.UP),
            amount1_between(low, there, liquidity, Rounding.UP),
        )
        if Evaluator(self.vault, self).value(worth(of, number(liquidity))) < minimum:
            raise Unfit  # the contract reverts: this is not the assumed world
        self._idle(of.token, -took[0], "entering")
        self._idle(of.base, -took[1], "entering")
        self.state[held.name] += liquidity
        SPOT[1] += liquidity > 0
        return took

    def withdraw(self, held: Held, liquidity: int, checked: bool) -> tuple[int, int]:
        of = held.range
        assert of is not None
        if liquidity > self.state[held.name]:
            raise Reverted("more liquidity than there is")
        fees = Evaluator(self.vault, self).named(held.value.name) // 100  # in 10^-18 USD: the most that is assumed
        token, base = amounts_of(self.spot(of), self.state[of.low.name], self.state[of.high.name], liquidity)
        unit = self.state[f"unit({of.token})"]
        token += mul_div(fees, SPOT[2] * unit, 100 * self.state[f"price({of.token})"], Rounding.DOWN)
        base += fees * (100 - SPOT[2]) // 100 * 10**6 // self.state[f"price({of.base})"]
        self._idle(of.token, token, "leaving")
        self._idle(of.base, base, "leaving")
        self.state[held.name] -= liquidity
        return token, base


class Unfit(Exception):
    """The round is none that the assumptions admit."""


SPOT = [0, 0, 0]
"""By how many millionths the pool is off; how often liquidity was added; which percentage of fees is in the token."""


def laid(vault: Vault, drawn: Round, chance: Random) -> Round | None:
    """The round with the pool's worth told as liquidity, in a range that lies anywhere."""
    of = of_the_pool(vault)
    before, after = dict(drawn.settled), dict(drawn.moment)
    width = Fraction(isqrt(int(of.above / of.below * 10**24)) + 2, 10**12)
    low = int(root_of(of, before) * edge(chance, Fraction(9, 10) / width, Fraction(11, 10)))
    for state in (before, after):
        state |= {of.low.name: low, of.high.name: int(low * width) + 2}
    value = before["pool"] * before["price(USDC)"] // 10**6
    grown = Fraction(after["pool"], before["pool"]) if before["pool"] else Fraction(1)
    before["pool"] = before["liquidity(pool)"] = liquidity_worth(IdealWorld(vault, before), vault, of, value)
    after["pool"] = after["liquidity(pool)"] = int(before["pool"] * grown)
    return replace(drawn, settled=before, moment=after)


def attack(vault: Vault, rounds: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Counter[str]]:
    """Random rounds against every claim, in an ideal world and in one with a pool: how many fitted, what broke."""
    box, chance = box_of(vault), Random(seed)

    def draw() -> Round | None:
        drawn = play(vault, box, chance, None)
        one = None if drawn is None else laid(vault, drawn, chance)
        return None if one is None or inside_box(vault, box, one) is not None else one

    return play_against(vault, claims_of(vault, box), rounds, draw, chance, OffPool, monkeypatch)


def play_against(
    vault: Vault,
    specs: Sequence[ClaimSpec],
    rounds: int,
    draw: Callable[[], Round | None],
    chance: Random,
    rough: type[IdealWorld],
    monkeypatch: pytest.MonkeyPatch,
) -> tuple[int, Counter[str]]:
    """Rounds against claims, every other one in a rough world with a pool: how many fitted, what broke."""
    played, broken = 0, Counter[str]()
    for number_ in range(rounds):
        one = draw()
        if one is None:
            continue
        off = int(of_the_pool(vault).off * 10**6) - 1
        SPOT[0], SPOT[2] = chance.choice([-off, off, chance.randint(-off, off)]), chance.choice([0, 50, 100])
        monkeypatch.setattr(replay, "IdealWorld", rough if number_ % 2 else IdealWorld)
        try:
            found = {spec.name: what_breaks(spec.about, vault, one) for spec in specs}
        except Unfit:
            continue
        finally:
            monkeypatch.setattr(replay, "IdealWorld", IdealWorld)
        played += 1
        for name, why in found.items():
            if why is not None:
                broken[name] += 1
                print(name, why, one, SPOT)
    return played, broken


def test_what_is_proved_withstands_attack_wherever_the_range_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    SPOT[1] = 0
    played, broken = attack(vault_of("fee_range")[0], 60, 1, monkeypatch)
    assert not broken
    assert played >= 10
    assert SPOT[1] >= 2, "liquidity was hardly ever added to a pool"


@pytest.mark.parametrize("decimals", [8, 6])
def test_it_withstands_attack_with_few_decimals(decimals: int, monkeypatch: pytest.MonkeyPatch) -> None:
    SPOT[1] = 0
    vault, _ = vault_of("fee_range", ("token WETH { decimals: 18", f"token WETH {{ decimals: {decimals}"))
    played, broken = attack(vault, 60, 1, monkeypatch)
    assert not broken
    assert played >= 5
    assert SPOT[1] >= 1, "liquidity was never added to a pool"


@pytest.mark.long
def test_what_is_proved_withstands_a_long_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    played, broken = attack(vault_of("fee_range")[0], 1_000, 2, monkeypatch)
    assert not broken
    assert played >= 200


ONE_SIDED = ("loss <= 15% per round", "loss <= 10% per round")


def test_an_attack_finds_what_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    _, broken = attack(vault_of("fee_range", ONE_SIDED)[0], 40, 1, monkeypatch)
    assert broken["loss <= 10% per round"] >= 1


@pytest.mark.long
def test_a_range_is_proved() -> None:
    verification = verified("fee_range")
    assert proved(verification) == {one.name for one in verification.claims}


@pytest.mark.long
def test_a_range_left_on_one_side_falls_as_its_token_does() -> None:
    """All of it is ether where the price is below it: the scenario says so, and is replayed."""
    verification = verified("fee_range", ONE_SIDED)
    assert refuted(verification) == {"loss <= 10% per round"}
    found = claim(verification, "loss <= 10% per round").verdict
    told = str(found)
    assert "price(WETH) -20%" in told, told
    assert "pool" in told


DAI = (
    (
        "    token WETH",
        '    token DAI { decimals: 18, price: chainlink("DAI/USD", heartbeat=1h, deviation=0.5%) }\n    token WETH',
    ),
    ("uniswap_v3_lp(WETH/USDC", "uniswap_v3_lp(WETH/DAI"),
    ("    venue dex", "    venue dai = uniswap_v3(DAI/USDC, fee=0.05%)\n    venue dex"),
    ("[pool, dex]", "[pool, dex, dai]"),
    ("slippage(dex)", "price(DAI) stays 0.98 .. 1.02\n        slippage(dai) <= 0.30%\n        slippage(dex)"),
)


LATE = (
    ("        every 24h do harvest pool\n", ""),
    ("do rebalance\n", "do rebalance\n        every 24h do harvest pool\n"),
)


@pytest.mark.long
def test_a_harvest_after_the_rebalance_may_leave_a_band() -> None:
    """What it fetches is idle, and no rule comes after it."""
    verification = verified("fee_range", *LATE)
    assert refuted(verification) == {"recovers", "quiet"}
    assert "pool earns" in str(claim(verification, "recovers").verdict)


def test_assumptions_of_a_range_are_rested_on_and_can_be_denied() -> None:
    """Whatever a proof names: the model's plans and nav take them for granted."""
    vault, _ = vault_of("fee_range")
    told = {one.id: one for one in guarded_assumptions(vault)}
    of_range = {"spot(pool)", "adds(pool)", "fees(pool)", "scale(pool)"}
    assert of_range <= set(rests_on((), vault))
    assert {kind_of(id_) for id_ in of_range} <= PREMISES
    assert {id_ for id_ in of_range if told[id_].guardian is Guardian.ENFORCED} == {"spot(pool)"}
    assert "slippage(pool)" in rests_on((), vault_of("fee_range", ("slippage(dex)", SLIPPAGE))[0])
    specs = claims_of(vault, box_of(vault))
    labels = {label for spec in specs for one in spec.obligations for label in labels_of(one)}
    assert {"adds(pool)", "fees(pool)", "spot(pool)"} <= labels


SLIPPAGE = "slippage(pool) <= 3%\n        slippage(dex)"


def test_fees_may_have_waited_since_before_the_round() -> None:
    """Up to what is assumed of them, when the round begins as when it is over."""
    vault, _ = vault_of("fee_range")
    box, chance = box_of(vault), Random(1)
    of, (held,) = of_the_pool(vault), vault.ranges.values()
    rounds = (drawn and laid(vault, drawn, chance) for drawn in (play(vault, box, chance, None) for _ in range(60)))
    one = next(one for one in rounds if one is not None and one.settled["pool"] and inside_box(vault, box, one) is None)
    worth_now = Evaluator(vault, IdealWorld(vault, dict(one.settled))).named(held.value.name)
    waits = replace(one, settled={**one.settled, of.fees.name: worth_now // 100})
    assert inside_box(vault, box, waits) is None
    more = replace(one, settled={**one.settled, of.fees.name: worth_now // 50})
    assert inside_box(vault, box, more) == "more fees of pool wait than assumed"


def test_nobody_leaves_with_the_fees_of_all() -> None:
    """A part that is unwound would take every fee that waits: who leaves is paid out of idle money, or by a request."""
    assert vault_of("fee_range")[0].unwinding == ()
    assert not any("unwound" in one.id for one in stays(vault_of("fee_range")[0]))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("uniswap_v3_lp(WETH/USDC, fee=0.05%", "uniswap_v3_lp(WETH/USDC, fee=0.00005%"), "the fee of `pool`"),
        (("range=-50%", "range=-50.00000000000000000001%"), "an end of the range of `pool` with so many digits"),
    ],
)
def test_what_no_contract_can_express_is_refused_before_one_is_printed(change: tuple[str, str], why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        symbols_of(vault_of("fee_range", change)[0])


def test_a_range_without_base_is_refused() -> None:
    with pytest.raises(Unsupported, match="without USDC"):
        vault_of("fee_range", *DAI)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("slippage(dex)", "liquidity(pool) >= 50%\n        slippage(dex)"), "liquidity"),
        (("slippage(dex)", "slippage(pool) <= 20%\n        slippage(dex)"), "off by 20%"),
        (("range=-50% .. +100%", "range=-0.00000000001% .. +0.00000000001%"), "narrower than a tick"),
        (("        every 24h do harvest pool\n", ""), "no rule fetches by the calendar"),
        (("token WETH { decimals: 18", "token WETH { decimals: 3"), "9 decimals together"),
        (("token WETH { decimals: 18", "token WETH { decimals: 19"), "WETH, with 19 decimals"),
        (("token USDC { decimals: 6", "token USDC { decimals: 36"), "USDC, with 36 decimals"),
        (
            (
                "every 24h",
                "when weight(pool) < 43% do top_up pool to weight(pool) 45% from [idle(USDC)]\n        every 24h",
            ),
            "top-up",
        ),
    ],
)
def test_what_is_not_carried_out_with_a_range_is_refused(change: tuple[str, str], why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        vault_of("fee_range", change)


def test_a_deleverage_does_not_draw_on_a_range_as_on_a_deposit() -> None:
    """Its worth is told in base, and is not base."""
    (held,) = vault_of("fee_range")[0].ranges.values()
    assert held.token == "USDC"
    assert held.tokens == ("WETH", "USDC")
