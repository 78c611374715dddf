"""Shapes of strategies that nobody would write: small, typed, sound and broken ones alike."""

from __future__ import annotations

from collections.abc import Callable

from fuzzing.draft import BASE, Draft, deposit, idle, rebalances, risky, token

Shape = Callable[[Draft], None]


def saver(draft: Draft) -> None:
    """Base only, in one or two places."""
    weight = draft.chance.choice([1, 2, 20, 50, 70, 80, 90, 100])
    deposit(draft, "save", weight)
    if draft.likely(35):
        other = draft.chance.randint(0, 100 - weight)
        deposit(draft, "bank", other)
        weight += other
    idle(draft, 100 - weight)
    rebalances(draft)
    if draft.likely(40):
        draft.prove.append("survives loss of save")
    if draft.likely(20):
        draft.rules.append("every 1d do harvest save")


def holder(draft: Draft) -> None:
    """A token whose price moves, held idle or lent, and base."""
    risky(draft, "WETH")
    weight = draft.chance.choice([1, 5, 30, 50, 80, 95])
    if draft.likely(50):
        draft.weights["idle(WETH)"] = weight
    else:
        draft.venues.append("venue lend = erc4626(asset=WETH)")
        draft.weights["lend"] = weight
        draft.order.append("lend")
        draft.assume.append(f"loss(lend) <= {draft.pick('0', '1', '10')}%")
    idle(draft, 100 - weight)
    rebalances(draft)


def carry(draft: Draft) -> None:
    """A loan of base against one collateral; what is borrowed is lent on or lies idle."""
    risky(draft, "WETH")
    loan(draft, {"WETH": draft.chance.choice([30, 60, 80, 100, 150])})


def pair(draft: Draft) -> None:
    """A loan against two collaterals."""
    risky(draft, "WETH")
    risky(draft, "LINK")
    loan(draft, {"WETH": draft.chance.choice([40, 50]), "LINK": draft.chance.choice([10, 30])})


def loan(draft: Draft, collateral: dict[str, int]) -> None:
    ltv, threshold = draft.chance.choice([(80, 82.5), (60, 68), (75, 76), (90, 95)])
    terms = ", ".join(
        f"{pledge}(ltv={ltv - 5 * n}%, threshold={threshold - 5 * n}%)" for n, pledge in enumerate(collateral)
    )
    draft.venues.append(f"venue aave = aave_v3(collateral=[{terms}], borrow=[{BASE}])")
    draft.assume.append(f"rate(aave.debt({BASE})) <= {draft.pick('5', '60', '400', '4_000')}% per 1y")
    for pledge, weight in collateral.items():
        draft.weights[f"aave.collateral({pledge})"] = weight
    pledged = sum(collateral.values())
    debt = max(pledged - 100, 0) + draft.chance.choice([1, 5, 15, 30])
    draft.weights[f"aave.debt({BASE})"] = -debt
    rest = 100 - pledged + debt
    if rest > 10 and draft.likely(40):
        deposit(draft, "save", rest - 8)
        rest = 8
    idle(draft, rest)
    draft.order.append("aave")
    loan_rules(draft, threshold * pledged / (100 * debt))


def loan_rules(draft: Draft, health: float) -> None:
    """What keeps the health factor, which is this at the targets."""
    floor = max(1.02, round(health * draft.chance.choice([0.6, 0.75, 0.9, 1]), 2))
    if draft.likely(70):
        draft.floors.append(f"health(aave) >= {floor}")
    if draft.likely(25):
        trigger = round(floor * draft.chance.choice([0.95, 1.05, 1.1]), 2)
        goal = round(trigger * draft.chance.choice([1.0, 1.1, 1.2]), 2)
        draft.rules.append(f"when health(aave) < {trigger} do deleverage aave to health {goal}")
    rebalances(draft)
    if draft.likely(60):
        draft.prove.append("safe(aave)")
    if draft.likely(10):
        draft.floors.append(draft.pick("ltv(aave) <= 70%", "leverage <= 2", "collateral_ratio(aave) >= 1.4"))


def short(draft: Draft) -> None:
    """A loan of the token that moves, held idle, against base."""
    risky(draft, "WETH")
    draft.venues.append(f"venue aave = aave_v3(collateral=[{BASE}(ltv=80%, threshold=85%)], borrow=[WETH])")
    draft.assume.append(f"rate(aave.debt(WETH)) <= {draft.pick('5', '60')}% per 1y")
    debt = draft.chance.choice([5, 20, 40])
    draft.weights |= {f"aave.collateral({BASE})": 90, "aave.debt(WETH)": -debt, "idle(WETH)": debt}
    draft.order.append("aave")
    idle(draft, 10)
    rebalances(draft)
    if draft.likely(60):
        draft.prove.append("safe(aave)")


def staked(draft: Draft) -> None:
    """A token that is priced in base, or in one that is held as well."""
    other = draft.pick(BASE, "WETH")
    if other == "WETH":
        risky(draft, other)
        draft.weights["idle(WETH)"] = 30
    in_other(draft, "STETH", other)
    draft.weights["idle(STETH)"] = draft.chance.choice([5, 30, 60])
    idle(draft, 100 - sum(draft.weights.values()))
    rebalances(draft)


def looped(draft: Draft) -> None:
    """A loan of what the collateral is priced in, which is held idle."""
    risky(draft, "WETH")
    in_other(draft, "STETH", "WETH")
    draft.venues.append("venue aave = aave_v3(collateral=[STETH(ltv=75%, threshold=79%)], borrow=[WETH])")
    draft.assume.append(f"rate(aave.debt(WETH)) <= {draft.pick('5', '60')}% per 1y")
    debt = draft.chance.choice([10, 30, 50])
    draft.weights |= {"aave.collateral(STETH)": 80, "aave.debt(WETH)": -debt, "idle(WETH)": debt}
    draft.order.append("aave")
    idle(draft, 20)
    loan_rules(draft, 0.79 * 80 / debt)


def in_other(draft: Draft, name: str, other: str) -> None:
    """A token that is priced in another one and keeps to it, and where it is swapped for base."""
    token(draft, name, draft.pick("18", "8", "2", "0"), other)
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


SHAPES: dict[str, tuple[int, Shape]] = {
    "saver": (48, saver),
    "holder": (30, holder),
    "carry": (18, carry),
    "pair": (2, pair),
    "short": (2, short),
}
"""With how often each is drawn, in percent: larger ones take seconds to verify."""

SHAPES_IN_OTHERS: dict[str, tuple[int, Shape]] = {"staked": (70, staked), "looped": (30, looped)}
"""The same of numbers from `IN_OTHERS` on: prices that are told in another token, and keep to it."""
