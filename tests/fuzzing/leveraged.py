"""Shapes that borrow by more than a loan, at lenders that say no, or that hedge, watch the weather, lie in a range."""

from __future__ import annotations

from collections.abc import Callable

from fuzzing.draft import BASE, Draft, deposit, idle, rebalances, risky
from fuzzing.shapes import Shape, carry, looped, pair, short, staked

WINDOWS = {"15m": "2h", "1h": "6h", "6h": "1d", "1d": "7d", "7d": "30d"}
"""Over which time a volatility is asked for, by the keeper's period."""


def _over(shapes: tuple[Shape, ...], further: Callable[[Draft], None]) -> Shape:
    """One of other shapes, with more said of it."""

    def shape(draft: Draft) -> None:
        draft.chance.choice(shapes)(draft)
        further(draft)

    return shape


def _tokens(draft: Draft) -> list[str]:
    return [line.split()[1] for line in draft.tokens]


def _misread(draft: Draft) -> None:
    """Lenders read other prices than the vault does."""
    for token in draft.chance.sample(_tokens(draft), draft.chance.randint(1, 2)):
        draft.assume.append(f"oracle({token}) off by <= {draft.pick('0.1', '1', '3', '10')}%")


def _capped(draft: Draft) -> None:
    """Lenders take and lend so much and no more."""
    draft.assume.append(f"room(aave) >= {draft.pick('0', '1', '3', '10', '40', '200')}% of nav")


def _at_morpho(draft: Draft) -> None:
    """The loan is one at Morpho Blue, for one collateral."""
    lltv = draft.pick("77", "86", "94.5")
    place = next(n for n, line in enumerate(draft.venues) if line.startswith("venue aave"))
    draft.venues[place] = f"venue aave = morpho_blue(collateral=WETH(lltv={lltv}%), loan={BASE})"
    draft.chance.choice([_misread, _capped, _by_flash, _moved])(draft)


def _by_flash(draft: Draft) -> None:
    """Rules and exit borrow in one transaction."""
    lender = draft.pick("flash(aave)", "flash(aave)", "flash(pool)")
    if lender == "flash(pool)":
        draft.venues.append(f"venue pool = uniswap_v3(WETH/{BASE}, fee=0.3%)")
        draft.assume.append(f"slippage(pool) <= {draft.pick('0.3', '1')}%")
    for place, rule in enumerate(draft.rules):
        if draft.likely(70) and any(f" do {action}" in rule for action in ("deleverage", "rebalance")):
            draft.rules[place] = f"{rule} using {lender}"
    if draft.likely(60):
        draft.using = f", using: {lender}"


def _moved(draft: Draft) -> None:
    """Rules that move one position: into it until the loan is healthy, or out of it."""
    level = round(draft.chance.choice([1.1, 1.3, 1.6, 2, 3]), 2)
    pledged = next(one for one in draft.weights if ".collateral(" in one)
    sources = ", ".join(one for one in ("idle(USDC)", "save", "save.collateral(USDC)") if one in draft.weights)
    goal = f"health(aave) {level + 0.2:.2f}"
    top_up = f"when health(aave) < {level} do top_up {pledged} to {goal} from [{sources or 'idle(USDC)'}]"
    position = draft.pick(*(one for one in draft.weights if not one.startswith("idle(")))
    limit = abs(draft.weights[position]) + draft.chance.choice([3, 9, 20])
    unwind = f"when weight({position}) > {limit}% do unwind {position}"
    if position.startswith("aave.") and draft.likely(50):
        unwind += " using flash(aave)"
    draft.rules.insert(draft.chance.randint(0, len(draft.rules)), draft.pick(top_up, unwind))


def _stormy(draft: Draft) -> None:
    """Rules that ask what a price has done."""
    period = next(line.split()[-1] for line in draft.assume if line.startswith("keeper every"))
    token = draft.pick(*_tokens(draft)[1:])
    storm = f"volatility({token}, {WINDOWS[period]}) > {draft.pick('0', '1', '5', '20', '80', '300')}%"
    calm = f"volatility({token}, {WINDOWS[period]}) < 5%"
    position = draft.pick(*draft.weights)
    actions = ["freeze", "freeze", "exit", "rebalance"]
    if not position.startswith("idle("):
        actions.append(f"unwind {position}")
    if any(one.startswith("aave.debt") for one in draft.weights):
        actions.append("deleverage aave to health 2.5")
        storm = draft.pick(storm, f"{storm} and health(aave) < 2.2")
    weight = f"weight({position}) > {abs(draft.weights[position]) + 4}%"
    condition = draft.pick(storm, f"{storm} and {weight}", f"{weight} or {storm}", f"{calm} and weights outside band")
    rule = f"when {condition} do {draft.pick(*actions)}"
    draft.rules.insert(draft.chance.randint(0, len(draft.rules)), rule)


def _hedged(draft: Draft) -> None:
    """Delta of what is held and owed is kept inside a band."""
    follow = ("WETH", "STETH")
    delta = sum(weight for one, weight in draft.weights.items() if any(f"({token})" in one for token in follow))
    half, off = draft.chance.choice([0.2, 1, 2, 5, 20]), draft.chance.choice([0, 0, 0, 1, -3])
    instrument = draft.pick(*(one for one in draft.weights if "(WETH)" in one))
    draft.hedge.append(f"delta(WETH): {delta + off - half:g}% .. {delta + off + half:g}% of nav using {instrument}")
    trigger = draft.pick("when delta(WETH) outside band", "when delta(WETH) outside band", "every 1d")
    draft.rules.insert(draft.chance.randint(0, len(draft.rules)), f"{trigger} do rehedge")
    if draft.likely(30):
        draft.prove.append(f"invariant even: delta(WETH) <= {max(delta, 0) + draft.chance.choice([1, 5, 20])}% of nav")


def _held_hedge(draft: Draft) -> None:
    """A token that is held idle, and hedged by itself."""
    risky(draft, "WETH")
    draft.weights["idle(WETH)"] = draft.chance.choice([5, 30, 50])
    if draft.likely(40):
        deposit(draft, "save", 40)
    idle(draft, 100 - sum(draft.weights.values()))
    rebalances(draft)
    _hedged(draft)


def _ranged(draft: Draft) -> None:
    """Liquidity in a range of a pool."""
    risky(draft, "WETH")
    low, high = draft.pick("5", "50", "90"), draft.pick("5", "100", "900")
    pair = draft.pick(f"WETH/{BASE}", f"{BASE}/WETH")
    draft.venues.append(f"venue lp = uniswap_v3_lp({pair}, fee=0.05%, range=-{low}% .. +{high}%)")
    draft.weights["lp"] = weight = draft.chance.choice([1, 20, 50, 80])
    draft.order.append("lp")
    if draft.likely(30):
        draft.assume.append(f"slippage(lp) <= {draft.pick('0', '0.5', '2')}%")
    if draft.likely(25):
        draft.weights["idle(WETH)"] = draft.chance.choice([5, 15])
    idle(draft, 100 - sum(draft.weights.values()))
    rebalances(draft)
    draft.rules.insert(draft.chance.randint(0, len(draft.rules)), "every 1d do harvest lp")
    if draft.likely(40):
        draft.rules.insert(0, f"when weight(lp) > {weight + draft.chance.choice([4, 12])}% do unwind lp")


def _short_at_perpetuals(draft: Draft) -> None:
    """Ether that is held, and short at a venue of perpetuals, whose cash is base."""
    _ether_and_account(draft)
    draft.weights["idle(WETH)"] = draft.chance.choice([5, 30, 50, 60])
    draft.weights["perp.margin"] = draft.chance.choice([10, 25, 40])
    idle(draft, 100 - sum(draft.weights.values()))
    _hedged_by_perpetuals(draft)


def _range_at_perpetuals(draft: Draft) -> None:
    """Liquidity in a range, whose ether is short."""
    _ether_and_account(draft)
    low, high = draft.pick("5", "50", "90"), draft.pick("5", "100", "900")
    draft.venues.append(f"venue lp = uniswap_v3_lp(WETH/{BASE}, fee=0.05%, range=-{low}% .. +{high}%)")
    draft.weights |= {"lp": draft.chance.choice([20, 50, 60]), "perp.margin": draft.chance.choice([10, 30, 35])}
    draft.order.append("lp")
    idle(draft, 100 - sum(draft.weights.values()))
    draft.rules.append("every 1d do harvest lp")
    _hedged_by_perpetuals(draft)


def _ether_and_account(draft: Draft) -> None:
    risky(draft, "WETH", "18")
    draft.venues.append(f"venue perp = perp_v2(WETH, margin={BASE}, initial=10%, maintenance=6.25%)")
    draft.order.insert(0, "perp")
    low, high = draft.pick("0", "0.1", "1", "5"), draft.pick("0", "0.1", "2")
    draft.assume += [
        f"funding(perp) in -{low}% .. +{high}% per 8h",
        f"slippage(perp) <= {draft.pick('0', '0.1', '0.3', '1', '4')}%",
    ]
    if draft.likely(20):
        _misread(draft)


def _hedged_by_perpetuals(draft: Draft) -> None:
    half, off = draft.chance.choice([0.2, 1, 3, 3, 5, 20]), draft.chance.choice([0, 0, 0, 2, -2])
    draft.hedge.append(f"delta(WETH): {off - half:g}% .. {off + half:g}% of nav using perp.short(WETH)")
    trigger = draft.pick("weights outside band or delta(WETH) outside band", "weights outside band")
    draft.rules.append(f"when {trigger} do rebalance")
    if trigger == "weights outside band" or draft.likely(10):
        draft.rules.insert(0, "when delta(WETH) outside band do rehedge")
    if draft.likely(20):
        sources = "idle(USDC), lp" if draft.weights.get("lp", 0) >= 50 else "idle(USDC)"
        draft.rules.insert(
            0, f"when margin_ratio(perp) < 40% do top_up perp.margin to margin_ratio(perp) 60% from [{sources}]"
        )
    if draft.likely(70):
        draft.prove.append("safe(perp)")
    if draft.likely(50):
        draft.prove.append("survives loss of perp")


SHAPES_BEYOND: dict[str, tuple[int, Shape]] = {
    "misread": (12, _over((carry, short, looped), _misread)),
    "capped": (12, _over((carry, short), _capped)),
    "morpho": (12, _over((carry,), _at_morpho)),
    "flash": (14, _over((carry, carry, pair, looped), _by_flash)),
    "moved": (12, _over((carry, carry, pair), _moved)),
    "stormy": (12, _over((carry, short, staked), _stormy)),
    "hedged": (8, _over((short,), _hedged)),
    "held_hedge": (6, _held_hedge),
    "ranged": (12, _ranged),
}
"""With how often each is drawn, in percent."""

SHAPES_AT_PERPETUALS: dict[str, tuple[int, Shape]] = {
    "perpetual": (70, _short_at_perpetuals),
    "ranged_perpetual": (30, _range_at_perpetuals),
}
