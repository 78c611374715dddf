"""Accounts at venues of perpetuals: what is proved withstands attack in exact integers; what is wrong is found."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import ceil, floor
from random import Random

import pytest
from msgspec.structs import replace

from proofs.strategies import claim, proved, refuted, vault_of, verified
from proofs.test_attack import edge, prices
from stratc_compiler import replay
from stratc_compiler.assumptions import guarded_assumptions, rests_on
from stratc_compiler.claims import claims_of, lost_venue
from stratc_compiler.environment import Box, box_of
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import Num, Rounding
from stratc_compiler.guard import gives_way
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.inside_box import funded, inside_box
from stratc_compiler.interpret import Evaluator
from stratc_compiler.perps import cost, in_a_round
from stratc_compiler.replay import what_breaks
from stratc_compiler.text import WAD
from stratc_compiler.vault import Enter, Leave, Trade, Trades, Vault
from stratc_compiler.verdict import Round


def drawn(vault: Vault, box: Box, chance: Random, lost: str | None = None) -> Round | None:
    """A round of a vault that holds ether, an account and base: anywhere in its bands, or at their edges."""
    shares = {}
    for allocation in vault.strategy.allocations:
        assert allocation.low is not None
        assert allocation.high is not None
        shares[str(allocation.position)] = edge(chance, allocation.low, allocation.high)
    base = f"idle({vault.base})"
    shares[base] = 1 - sum(share for name, share in shares.items() if name != base)
    if shares[base] < 0:
        return None
    (venue,), (hedge,) = vault.perps, vault.hedges
    of, cash, short = venue.account
    nav = 10 ** chance.randint(8, 15) * chance.randint(1, 9)
    before: dict[str, int] = {f"unit({t.name})": 10**t.decimals for t in vault.strategy.tokens}
    after = dict(before)
    for token in vault.strategy.tokens:
        before[f"price({token.name})"], after[f"price({token.name})"] = prices(token.name, box, chance)
    worth = {name: int(share * nav) for name, share in shares.items()}
    long = sum(worth[held.name] for held in vault.held if held.token == of.token and held != short)
    size = max(int((Fraction(long, nav) - edge(chance, hedge.low, hedge.high)) * nav), 0)
    whole = before[f"price({of.token})"] * 10 ** vault.strategy.token(vault.base).decimals
    before[short.name] = size * before[f"unit({of.token})"] * WAD // whole
    before[cash.name] = worth[cash.name] + size
    for held in vault.held:
        if held.venue is None:
            usd = worth[held.name] * before[f"price({vault.base})"] * before[f"unit({held.token})"]
            before[held.name] = usd // before[f"price({held.token})"] // 10 ** vault.strategy.token(vault.base).decimals
            grown = box.growth[held.name].high if held.name != base else Fraction(1)
            assert grown is not None
            after[held.name] = int(before[held.name] * edge(chance, Fraction(1), grown))
    least, most = funded(vault, cash, before)
    after[short.name] = before[short.name]
    after[cash.name] = int(before[cash.name] * edge(chance, Fraction(1), Fraction(101, 100)))
    after[cash.name] += chance.choice([ceil(least), floor(most), chance.randint(least, most)])
    if lost is not None:
        seen = chance.choice([before, after])  # at the price of either end, or of the dearest moment of the round
        closed = int(before[short.name] * edge(chance, Fraction(0), Fraction(1)))
        worst = Evaluator(vault, IdealWorld(vault, {**after, short.name: closed})).value(
            cost(short.var, of.margin, Rounding.UP)
        )
        dearest = max(before[f"price({of.token})"], seen[f"price({of.token})"])
        worst = worst * dearest // max(after[f"price({of.token})"], 1)
        after[cash.name] = max(after[cash.name] - int(worst * (1 + of.off) * (1 + of.penalty)), 0)
        after[short.name] -= closed
    return with_flows(vault, box, chance, nav, before, after, Fraction(999_999, 1_000_000))


def with_flows(
    vault: Vault, box: Box, chance: Random, nav: int, before: dict[str, int], after: dict[str, int], near: Fraction
) -> Round:
    """Any part of the cash is realized as long as something is short; withdrawals come near what is assumed."""
    base = f"idle({vault.base})"
    (venue,) = vault.perps
    _, cash, short = venue.account
    before[cash.liquidity.name] = before[cash.name]
    realized = edge(chance, Fraction(0), Fraction(1)) if after[short.name] else Fraction(1)
    after[cash.liquidity.name] = int(after[cash.name] * realized)
    deposited = chance.choice([0, 0, nav // 100, nav, 50 * nav])
    most_out = int((box.withdrawals or Fraction(0)) * nav * near)
    withdrawn = min(chance.choice([0, most_out, chance.randint(0, most_out)]), before[base] + deposited)
    after[base] = before[base] + deposited - withdrawn
    return Round(before, after, deposited, withdrawn)


FILLS = {"share": Fraction(1)}
"""How near to the worst price that is assumed trades are filled: 1 at it, -1 as far on the better side."""


class Market(IdealWorld):
    """A venue whose fills are anywhere in what is assumed, on the better side of the price as on the worse."""

    def trade(self, item: Trade, amount: int, bound: int) -> None:
        of = item.short.perp
        assert of is not None
        state = Evaluator(self.vault, self)
        fair = state.value(cost(Num(Fraction(amount), item.short.var.dim), of.margin, Rounding.DOWN))
        better = int(abs(fair - bound) * (1 - FILLS["share"]))
        bound = bound - better if item.covers else bound + better
        IdealWorld.trade(self, item, amount, bound)


def attack(vault: Vault, rounds: int, seed: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Counter[str]]:
    """Random rounds against every claim, at the worst fills and at others: how many fitted, what broke."""
    box, chance = box_of(vault), Random(seed)
    played, broken = 0, Counter[str]()
    specs = claims_of(vault, box)
    for number in range(rounds):
        for spec in specs:
            lost = lost_venue(spec.about)
            one = drawn(vault, box, chance, lost)
            if one is None or inside_box(vault, box, one, lost) is not None:
                continue
            FILLS["share"] = edge(chance, Fraction(-1), Fraction(1))
            monkeypatch.setattr(replay, "IdealWorld", Market if number % 2 else IdealWorld)
            try:
                why = what_breaks(spec.about, vault, one)
            finally:
                monkeypatch.setattr(replay, "IdealWorld", IdealWorld)
            played += 1
            if why is not None:
                broken[spec.name] += 1
                print(spec.name, why, one)
    return played, broken


@pytest.mark.parametrize("seed", [1])
def test_what_is_proved_withstands_attack(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    played, broken = attack(vault_of("short_ether")[0], 60, seed, monkeypatch)
    assert not broken
    assert played >= 100


@pytest.mark.long
def test_what_is_proved_withstands_a_long_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    played, broken = attack(vault_of("short_ether")[0], 2_000, 2, monkeypatch)
    assert not broken
    assert played >= 4_000


@pytest.mark.parametrize(
    ("changes", "claim_"),
    [
        ((("-20% .. +20%", "-20% .. +60%"),), "safe(perp)"),
        ((("loss <= 4%", "loss <= 0.2%"),), "loss <= 0.2% per round"),
        ((("exit >= 97%", "exit >= 99.99%"),), "exit >= 99.99% of nav"),
    ],
)
def test_an_attack_finds_what_does_not_hold(
    changes: tuple[tuple[str, str], ...], claim_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, broken = attack(vault_of("short_ether", *changes)[0], 60, 3, monkeypatch)
    assert broken[claim_] >= 1


@pytest.mark.long
def test_an_account_is_proved() -> None:
    verification = verified("short_ether")
    assert proved(verification) == {one.name for one in verification.claims}


@pytest.mark.long
@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ((("-20% .. +20%", "-20% .. +60%"),), "safe(perp)"),
        ((("slippage(perp) <= 0.30%", "slippage(perp) <= 4%"),), "loss <= 4% per round"),
    ],
)
def test_what_does_not_hold_is_refuted(changes: tuple[tuple[str, str], ...], broken: str) -> None:
    verification = verified("short_ether", *changes)
    assert broken in refuted(verification)
    assert "perp" in str(claim(verification, broken).verdict)


@pytest.mark.parametrize(("low", "high"), [(-1, 3), (-3, 0), (0, 2), (0, 0)])
def test_funding_of_a_round_is_what_is_pending_and_what_comes(low: int, high: int) -> None:
    """Of every age of what is pending, and of every pair of rates, each told of a price of its own: nothing is outside,
    and both ends are reached."""
    least, most = in_a_round(Fraction(low, 100), Fraction(high, 100), Fraction(1, 8))
    dearest = Fraction(5, 4)
    told = [Fraction(rate, 100) * price for rate in (low, 0, high) for price in (1 / dearest, Fraction(1), dearest)]
    ages = (Fraction(0), Fraction(1, 16), Fraction(1, 8))
    seen = {now * (age + later) - then * age for then in told for now in told for age in ages for later in ages}
    assert (min(seen), max(seen)) == (least * dearest, most * dearest)


def test_what_an_account_rests_on_is_named() -> None:
    vault, _ = vault_of("short_ether")
    told = {one.id: one.text for one in guarded_assumptions(vault)}
    assert {"funding(perp)", "settles(perp)", "slippage(perp)", "parameters(perp)", "oracle(perp)"} <= set(told)
    behind = rests_on(("funding(perp)", "realized(perp)"), vault)
    assert {"funding(perp)", "settles(perp)", "keeper", "liquidity(perp)", "parameters(perp)"} <= set(behind)


def test_an_account_that_is_worth_more_than_its_cash_is_no_round() -> None:
    """Funding beyond what is assumed, a size that changes by itself, and profit where nothing is short."""
    vault, _ = vault_of("short_ether")
    box, chance = box_of(vault), Random(5)
    rounds = (drawn(vault, box, chance) for _ in range(100))
    one = next(one for one in rounds if one is not None and inside_box(vault, box, one) is None)
    cash, short = one.moment["perp.margin"], one.moment["perp.short(WETH)"]
    for changes in (
        {"perp.margin": cash * 11 // 10},
        {"perp.margin": cash * 9 // 10},
        {"perp.short(WETH)": short * 9 // 10},
        {"perp.short(WETH)": 0, "liquidity(perp.margin)": 0},
    ):
        assert inside_box(vault, box, replace(one, moment={**one.moment, **changes})) is not None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            ("    hedge {\n        delta(WETH): -3% .. +3% of nav using perp.short(WETH)\n    }\n", ""),
            "without a hedge",
        ),
        (("margin=USDC", "margin=WETH"), "margin in WETH"),
        (("token WETH { decimals: 18", "token WETH { decimals: 8"), "a short in WETH"),
        (("slippage(dex)", "liquidity(perp) >= 50%\n        slippage(dex)"), "liquidity"),
        (
            (
                "when stale(price(WETH)) do freeze",
                "when weight(idle(USDC)) < 6% do top_up idle(USDC) to weight(idle(USDC)) 8% from [perp.margin]",
            ),
            "out of the margin",
        ),
    ],
)
def test_what_is_not_carried_out_with_an_account_is_refused(change: tuple[str, str], why: str) -> None:
    changes = (change,)
    if "hedge {" in change[0]:
        changes += ((" or delta(WETH) outside band", ""),)
    with pytest.raises(Unsupported, match=why):
        vault_of("short_ether", *changes)


def test_margin_alone_reduces_risk() -> None:
    """What is moved as it is, in however many steps; not what is sold for it, nor a trade in the account."""
    saved = (
        ("venue perp", "venue save = erc4626(asset=USDC)\n    venue perp"),
        ("slippage(dex)", "loss(save) <= 1%\n        liquidity(save) >= 50%\n        slippage(dex)"),
        ("idle(USDC):  10% +- 6%", "save: 5% +- 3%\n        idle(USDC):  5% +- 3%"),
        ("[perp, dex]", "[perp, save, dex]"),
    )
    rule = "when margin_ratio(perp) < 45% do top_up perp.margin to margin_ratio(perp) 80% from [{}]\n        "
    weights = "when weights outside band"
    vault, _ = vault_of("short_ether", *saved, (weights, rule.format("idle(USDC), save") + weights))
    effects = {one.name: one.effect for one in vault.rules if isinstance(one.effect, Trades)}
    assert {name: effect.reduces_risk for name, effect in effects.items()} == {
        "top_up_perp_margin": True,
        "rebalance": False,
    }
    assert all(gives_way(one) for one in vault.rules if isinstance(one.effect, Trades))
    deleverage = next(one for one in vault_of("eth_carry")[0].rules if one.name == "deleverage_aave")
    assert isinstance(deleverage.effect, Trades)
    assert deleverage.effect.reduces_risk
    assert not gives_way(deleverage)
    moved = [item.held.name for item in effects["top_up_perp_margin"].plan if isinstance(item, Enter | Leave)]
    assert moved == ["save", "perp.margin"]
    vault, _ = vault_of("short_ether", (weights, rule.format("idle(USDC), idle(WETH)") + weights))
    assert not any(one.effect.reduces_risk for one in vault.rules if isinstance(one.effect, Trades))
