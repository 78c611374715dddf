"""Strategies that nobody would write: small, typed, of every shape that is supported, sound and broken ones alike.

The constants are drawn from either side of what holds: bands that a move leaves and bands that it does not, triggers
before and behind floors, bounds that are met and bounds that are not. `Random` draws, so that a number is a strategy on
every machine, whatever else is loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from stratc_dsl import Source

BASE = "USDC"
MARGINS = ("0.001", "0.1", "0.5", "1", "2", "3", "5", "5", "8", "8")
"""Half the width of a band, in percent."""

IN_OTHERS = 1_000_000
"""Numbers from here on are strategies of other shapes; those before it stay what they were in the long run."""


@dataclass
class Draft:
    """The blocks of a strategy, statement by statement. `weights` are in percent; a debt's is negative."""

    chance: Random
    tokens: list[str] = field(default_factory=list)
    venues: list[str] = field(default_factory=list)
    assume: list[str] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)
    floors: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    prove: list[str] = field(default_factory=list)
    order: list[str] = field(default_factory=list)

    def pick(self, *choices: str) -> str:
        return self.chance.choice(choices)

    def likely(self, percent: int) -> bool:
        return self.chance.randrange(100) < percent

    def text(self, name: str) -> str:
        """The whole strategy."""
        blocks = {
            "assume": self.assume,
            "allocate": [f"{position}: {weight}%{self._band(position)}" for position, weight in self.weights.items()],
            "floors": self.floors,
            "rules": self.rules,
            "exit": [f"order: [{', '.join(self.order)}]"] if self.order else [],
            "prove": self.prove,
        }
        lines = [f"strategy {name} {{", f"base {BASE}", *self.tokens, *self.venues]
        for block, statements in blocks.items():
            if statements:
                lines += [f"{block} {{", *statements, "}"]
        return "\n".join([*lines, "}", ""])

    def _band(self, position: str) -> str:
        weight = self.weights[position]
        band = f" +- {self.pick(*MARGINS)}%" if self.likely(85) else ""
        if self.likely(20):
            band += f", min {weight - self.chance.choice([0, 1, 4])}%"
        if self.likely(10):
            band += f", max {weight + self.chance.choice([0, 1, 4])}%"
        return band


def invented(number: int) -> Source:
    """The strategy of this number."""
    draft = Draft(Random(number))
    shapes = SHAPES if number < IN_OTHERS else SHAPES_IN_OTHERS
    shape = draft.chance.choices(list(shapes), [weight for weight, _ in shapes.values()])[0]
    _base(draft)
    shapes[shape][1](draft)
    _proves(draft)
    draft.chance.shuffle(draft.order)
    return Source(f"{shape}-{number}.strat", draft.text("Invented"))


# ── what all of them have ──────────────────────────────────────────────────────────────────


def _base(draft: Draft) -> None:
    _token(draft, BASE, draft.pick("6", "6", "6", "18", "2", "0"))
    draft.assume.append(f"keeper every {draft.pick('15m', '1h', '6h', '1d', '7d')}")
    draft.assume.append(
        draft.pick(
            f"price({BASE}) stays 0.98 .. 1.02",
            f"price({BASE}) stays 1 .. 1",
            f"price({BASE}) stays 0.5 .. 1.01",
            f"price({BASE}) moves -1% .. +1%",
            f"price({BASE}) moves -10% .. +5%",
        )
    )
    if draft.likely(85):
        draft.assume.append(f"withdrawals <= {draft.pick('0', '0.5', '1', '2', '5', '10', '30')}% of nav")
    if draft.likely(25):
        draft.assume.append(f"deposits <= {draft.pick('0', '1', '5', '50', '400')}% of nav")


def _token(draft: Draft, name: str, decimals: str, other: str = "") -> None:
    """A token that is priced in dollars, or in the `other` one."""
    feed = f'chainlink("{name}/{other or "USD"}", heartbeat=1h, deviation=0.5%)'
    price = f"ratio({other}, {feed})" if other else feed
    draft.tokens.append(f"token {name} {{ decimals: {decimals}, price: {price} }}")


def _risky(draft: Draft, name: str) -> None:
    """A token whose price moves, and where it is swapped for base."""
    _token(draft, name, draft.pick("18", "8", "6", "2"))
    fall, rise = draft.pick("0", "1", "5", "10", "20", "45"), draft.pick("0", "1", "5", "20", "100")
    draft.assume.append(f"price({name}) moves -{fall}% .. +{rise}%")
    if draft.likely(10):
        draft.assume.append(f"price({name}) stays 900 .. 1_100")
    pool = f"dex{name}"
    draft.venues.append(f"venue {pool} = uniswap_v3({name}/{BASE}, fee=0.05%)")
    draft.assume.append(f"slippage({pool}) <= {draft.pick('0', '0.01', '0.3', '1', '3')}%")
    draft.order.append(pool)


def _deposit(draft: Draft, name: str, weight: int) -> None:
    """A place to earn with base, that may lose some and need not pay out all."""
    lends = draft.likely(30)
    draft.venues.append(f"venue {name} = " + (f"aave_v3(collateral=[{BASE}])" if lends else f"erc4626(asset={BASE})"))
    draft.weights[f"{name}.collateral({BASE})" if lends else name] = weight
    draft.order.append(name)
    if draft.likely(60):
        draft.assume.append(f"loss({name}) <= {draft.pick('0.05', '0.5', '1', '5', '30', '100')}%")
    if draft.likely(35):
        draft.assume.append(f"liquidity({name}) >= {draft.pick('0', '10', '50', '90', '99')}%")


def _idle(draft: Draft, weight: int) -> None:
    if weight or draft.likely(50):
        draft.weights[f"idle({BASE})"] = weight
    for _ in range(draft.chance.randrange(2)):
        share = max(weight - draft.chance.choice([0, 1, 2, 5, 9]), 0)
        draft.floors.append(f"idle({BASE}) >= {share}% of nav")


def _rebalances(draft: Draft) -> None:
    position = draft.pick(*draft.weights)
    weight = abs(draft.weights[position])
    condition = draft.pick(
        f"weight({position}) > {weight + draft.chance.choice([0, 1, 3, 9])}%",
        f"weight({position}) < {max(weight - draft.chance.choice([0, 1, 3, 9]), 0)}%",
        f"not weight({position}) >= {max(weight - 3, 0)}% or weights outside band",
        f"idle({BASE}) < {draft.chance.choice([1, 3, 9])}% of nav and weights outside band",
        "leverage > 1.5",
    )
    triggers = ["when weights outside band"] * 6 + ["every 6h"] + [f"when {condition}"] * 2
    if draft.likely(94):
        draft.rules.append(f"{draft.pick(*triggers)} do rebalance")


def _notes(draft: Draft) -> None:
    """Rules that trade nothing."""
    if draft.likely(10):
        draft.rules.append(f"when stale(price({BASE})) do freeze")
    if draft.likely(6):
        draft.rules.append(draft.pick(f"when idle({BASE}) < 1% of nav do exit", "when leverage > 4 do freeze"))


def _proves(draft: Draft) -> None:
    _notes(draft)
    if draft.likely(70):
        draft.prove.append(f"loss <= {draft.pick('0.1', '1', '2', '5', '10', '20', '50')}% per round")
    if draft.likely(60):
        draft.prove.append(f"exit >= {draft.pick('5', '20', '50', '80', '90', '97', '99', '100')}% of nav")
    if draft.likely(15):
        draft.prove.append("solvent")
    if draft.likely(15):
        position = draft.pick(*draft.weights)
        share = abs(draft.weights[position]) + draft.chance.choice([-10, -3, 3, 10])
        relation = draft.pick(">=", "<=")
        draft.prove.append(f"invariant kept: weight({position}) {relation} {max(share, 0)}%")


# ── shapes ─────────────────────────────────────────────────────────────────────────────────


def _saver(draft: Draft) -> None:
    """Base only, in one or two places."""
    weight = draft.chance.choice([1, 2, 20, 50, 70, 80, 90, 100])
    _deposit(draft, "save", weight)
    if draft.likely(35):
        other = draft.chance.randint(0, 100 - weight)
        _deposit(draft, "bank", other)
        weight += other
    _idle(draft, 100 - weight)
    _rebalances(draft)
    if draft.likely(40):
        draft.prove.append("survives loss of save")
    if draft.likely(20):
        draft.rules.append("every 1d do harvest save")


def _holder(draft: Draft) -> None:
    """A token whose price moves, held idle or lent, and base."""
    _risky(draft, "WETH")
    weight = draft.chance.choice([1, 5, 30, 50, 80, 95])
    if draft.likely(50):
        draft.weights["idle(WETH)"] = weight
    else:
        draft.venues.append("venue lend = erc4626(asset=WETH)")
        draft.weights["lend"] = weight
        draft.order.append("lend")
        draft.assume.append(f"loss(lend) <= {draft.pick('0', '1', '10')}%")
    _idle(draft, 100 - weight)
    _rebalances(draft)


def _carry(draft: Draft) -> None:
    """A loan of base against one collateral; what is borrowed is lent on or lies idle."""
    _risky(draft, "WETH")
    _loan(draft, {"WETH": draft.chance.choice([30, 60, 80, 100, 150])})


def _pair(draft: Draft) -> None:
    """A loan against two collaterals."""
    _risky(draft, "WETH")
    _risky(draft, "LINK")
    _loan(draft, {"WETH": draft.chance.choice([40, 50]), "LINK": draft.chance.choice([10, 30])})


def _loan(draft: Draft, collateral: dict[str, int]) -> None:
    ltv, threshold = draft.chance.choice([(80, 82.5), (60, 68), (75, 76), (90, 95)])
    terms = ", ".join(
        f"{token}(ltv={ltv - 5 * n}%, threshold={threshold - 5 * n}%)" for n, token in enumerate(collateral)
    )
    draft.venues.append(f"venue aave = aave_v3(collateral=[{terms}], borrow=[{BASE}])")
    draft.assume.append(f"rate(aave.debt({BASE})) <= {draft.pick('5', '60', '400', '4_000')}% per 1y")
    for token, weight in collateral.items():
        draft.weights[f"aave.collateral({token})"] = weight
    pledged = sum(collateral.values())
    debt = max(pledged - 100, 0) + draft.chance.choice([1, 5, 15, 30])
    draft.weights[f"aave.debt({BASE})"] = -debt
    rest = 100 - pledged + debt
    if rest > 10 and draft.likely(40):
        _deposit(draft, "save", rest - 8)
        rest = 8
    _idle(draft, rest)
    draft.order.append("aave")
    _loan_rules(draft, threshold * pledged / (100 * debt))


def _loan_rules(draft: Draft, health: float) -> None:
    """What keeps the health factor, which is this at the targets."""
    floor = max(1.02, round(health * draft.chance.choice([0.6, 0.75, 0.9, 1]), 2))
    if draft.likely(70):
        draft.floors.append(f"health(aave) >= {floor}")
    if draft.likely(25):
        trigger = round(floor * draft.chance.choice([0.95, 1.05, 1.1]), 2)
        goal = round(trigger * draft.chance.choice([1.0, 1.1, 1.2]), 2)
        draft.rules.append(f"when health(aave) < {trigger} do deleverage aave to health {goal}")
    _rebalances(draft)
    if draft.likely(60):
        draft.prove.append("safe(aave)")
    if draft.likely(10):
        draft.floors.append(draft.pick("ltv(aave) <= 70%", "leverage <= 2", "collateral_ratio(aave) >= 1.4"))


def _short(draft: Draft) -> None:
    """A loan of the token that moves, held idle, against base."""
    _risky(draft, "WETH")
    draft.venues.append(f"venue aave = aave_v3(collateral=[{BASE}(ltv=80%, threshold=85%)], borrow=[WETH])")
    draft.assume.append(f"rate(aave.debt(WETH)) <= {draft.pick('5', '60')}% per 1y")
    debt = draft.chance.choice([5, 20, 40])
    draft.weights |= {f"aave.collateral({BASE})": 90, "aave.debt(WETH)": -debt, "idle(WETH)": debt}
    draft.order.append("aave")
    _idle(draft, 10)
    _rebalances(draft)
    if draft.likely(60):
        draft.prove.append("safe(aave)")


def _staked(draft: Draft) -> None:
    """A token that is priced in base, or in one that is held as well."""
    other = draft.pick(BASE, "WETH")
    if other == "WETH":
        _risky(draft, other)
        draft.weights["idle(WETH)"] = 30
    _in_other(draft, "STETH", other)
    draft.weights["idle(STETH)"] = draft.chance.choice([5, 30, 60])
    _idle(draft, 100 - sum(draft.weights.values()))
    _rebalances(draft)


def _looped(draft: Draft) -> None:
    """A loan of what the collateral is priced in, which is held idle."""
    _risky(draft, "WETH")
    _in_other(draft, "STETH", "WETH")
    draft.venues.append("venue aave = aave_v3(collateral=[STETH(ltv=75%, threshold=79%)], borrow=[WETH])")
    draft.assume.append(f"rate(aave.debt(WETH)) <= {draft.pick('5', '60')}% per 1y")
    debt = draft.chance.choice([10, 30, 50])
    draft.weights |= {"aave.collateral(STETH)": 80, "aave.debt(WETH)": -debt, "idle(WETH)": debt}
    draft.order.append("aave")
    _idle(draft, 20)
    _loan_rules(draft, 0.79 * 80 / debt)


def _in_other(draft: Draft, name: str, other: str) -> None:
    """A token that is priced in another one and keeps to it, and where it is swapped for base."""
    _token(draft, name, draft.pick("18", "8", "2", "0"), other)
    fall, rise = draft.pick("0", "0.5", "4", "20"), draft.pick("0", "0.5", "4")
    draft.assume.append(
        draft.pick(
            f"price({name}/{other}) moves -{fall}% .. +{rise}%",
            f"price({name}/{other}) stays 0.9 .. 1.3",
            f"price({other}/{name}) moves -{rise}% .. +{fall}%",
        )
    )
    if draft.likely(20):
        draft.assume.append(f"price({name}) moves -15% .. +15%")
    draft.venues.append(f"venue dex{name} = uniswap_v3({name}/{BASE}, fee=0.05%)")
    draft.assume.append(f"slippage(dex{name}) <= {draft.pick('0', '0.3', '1')}%")
    draft.order.append(f"dex{name}")


SHAPES: dict[str, tuple[int, Callable[[Draft], None]]] = {
    "saver": (48, _saver),
    "holder": (30, _holder),
    "carry": (18, _carry),
    "pair": (2, _pair),
    "short": (2, _short),
}
"""With how often each is drawn, in percent: larger ones take seconds to verify."""

SHAPES_IN_OTHERS: dict[str, tuple[int, Callable[[Draft], None]]] = {"staked": (70, _staked), "looped": (30, _looped)}
"""The same of numbers from `IN_OTHERS` on: prices that are told in another token, and keep to it."""
