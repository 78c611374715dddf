"""What an invented strategy is drawn into, statement by statement, and what all of them have.

The constants are drawn from either side of what holds: bands that a move leaves and bands that it does not, triggers
before and behind floors, bounds that are met and bounds that are not. `Random` draws, so that a number is a strategy on
every machine, whatever else is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

BASE = "USDC"
MARGINS = ("0.001", "0.1", "0.5", "1", "2", "3", "5", "5", "8", "8")
"""Half the width of a band, in percent."""


@dataclass
class Draft:
    """The blocks of a strategy, statement by statement. `weights` are in percent; a debt's is negative.

    `using` is what the exit borrows by.
    """

    chance: Random
    tokens: list[str] = field(default_factory=list)
    venues: list[str] = field(default_factory=list)
    assume: list[str] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)
    floors: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    prove: list[str] = field(default_factory=list)
    hedge: list[str] = field(default_factory=list)
    using: str = ""
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
            "hedge": self.hedge,
            "floors": self.floors,
            "rules": self.rules,
            "exit": [f"order: [{', '.join(self.order)}]{self.using}"] if self.order else [],
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


# ── what all of them have ──────────────────────────────────────────────────────────────────


def base(draft: Draft) -> None:
    token(draft, BASE, draft.pick("6", "6", "6", "18", "2", "0"))
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


def token(draft: Draft, name: str, decimals: str, other: str = "") -> None:
    """A token that is priced in dollars, or in the `other` one."""
    feed = f'chainlink("{name}/{other or "USD"}", heartbeat=1h, deviation=0.5%)'
    price = f"ratio({other}, {feed})" if other else feed
    draft.tokens.append(f"token {name} {{ decimals: {decimals}, price: {price} }}")


def risky(draft: Draft, name: str, decimals: str = "") -> None:
    """A token whose price moves, and where it is swapped for base; of any decimals, where none are said."""
    token(draft, name, decimals or draft.pick("18", "8", "6", "2"))
    fall, rise = draft.pick("0", "1", "5", "10", "20", "45"), draft.pick("0", "1", "5", "20", "100")
    draft.assume.append(f"price({name}) moves -{fall}% .. +{rise}%")
    if draft.likely(10):
        draft.assume.append(f"price({name}) stays 900 .. 1_100")
    pool = f"dex{name}"
    draft.venues.append(f"venue {pool} = uniswap_v3({name}/{BASE}, fee=0.05%)")
    draft.assume.append(f"slippage({pool}) <= {draft.pick('0', '0.01', '0.3', '1', '3')}%")
    draft.order.append(pool)


def deposit(draft: Draft, name: str, weight: int) -> None:
    """A place to earn with base, that may lose some and need not pay out all."""
    lends = draft.likely(30)
    draft.venues.append(f"venue {name} = " + (f"aave_v3(collateral=[{BASE}])" if lends else f"erc4626(asset={BASE})"))
    draft.weights[f"{name}.collateral({BASE})" if lends else name] = weight
    draft.order.append(name)
    if draft.likely(60):
        draft.assume.append(f"loss({name}) <= {draft.pick('0.05', '0.5', '1', '5', '30', '100')}%")
    if draft.likely(35):
        draft.assume.append(f"liquidity({name}) >= {draft.pick('0', '10', '50', '90', '99')}%")


def idle(draft: Draft, weight: int) -> None:
    if weight or draft.likely(50):
        draft.weights[f"idle({BASE})"] = weight
    for _ in range(draft.chance.randrange(2)):
        share = max(weight - draft.chance.choice([0, 1, 2, 5, 9]), 0)
        draft.floors.append(f"idle({BASE}) >= {share}% of nav")


def rebalances(draft: Draft) -> None:
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


def notes(draft: Draft) -> None:
    """Rules that trade nothing."""
    if draft.likely(10):
        draft.rules.append(f"when stale(price({BASE})) do freeze")
    if draft.likely(6):
        draft.rules.append(draft.pick(f"when idle({BASE}) < 1% of nav do exit", "when leverage > 4 do freeze"))


def proves(draft: Draft) -> None:
    notes(draft)
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
