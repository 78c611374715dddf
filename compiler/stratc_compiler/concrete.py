"""A model of the solver as a round in integers: prices, amounts and decimals that a reader can follow.

Prices and decimals are symbolic in the proof, so any will do for showing: the strategy's own decimals, tokens that
stay in a range at its middle, others at 2,000 USD, and a vault of a million base tokens.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor, isqrt

from stratc_compiler.claims import About, lost_venue
from stratc_compiler.environment import MOST_GAIN, Box, Interval
from stratc_compiler.execute import FEES
from stratc_compiler.ideal_world import IdealWorld, liquidity_worth
from stratc_compiler.inside_box import funded
from stratc_compiler.interpret import Evaluator
from stratc_compiler.perp_execution import LEFT, costs_of, funding_of
from stratc_compiler.perps import in_dollars
from stratc_compiler.ranges import Range, root_of
from stratc_compiler.rounds import DEPOSITED, WITHDRAWN, price_factor, slid
from stratc_compiler.text import WAD
from stratc_compiler.vault import SCALE, Held, Vault, VenueModel
from stratc_compiler.verdict import Round
from stratc_dsl.record import Record

PERCENT = 10**9
"""Models are scaled to an opening nav of 100 percents of this many units of account each: rounding hardly counts."""

WHOLE = 10_000
"""Base tokens per percent of nav: scenarios are told for a vault of a million base tokens, if that is large enough."""

FINE = 10_000
"""So many times what the scale assumption asks for is a scenario's nav: whole units of a coarse token fill a band."""


class Prices(Record):
    """USD prices before and after, 10^-18 USD per whole token."""

    before: dict[str, int]
    after: dict[str, int]


def concrete(values: dict[str, Fraction], vault: Vault, box: Box, about: About) -> Round:
    """The model's round in smallest units. Amounts of base are rounded to units, prices to 8 decimals."""
    lost = lost_venue(about)
    relative = {token.name: _relative(token.name, values, vault, box, lost) for token in vault.strategy.tokens}
    _follow_shorts(relative, values, vault, box)
    prices = _prices(relative, values, vault, box)
    units = {f"unit({token.name})": 10**token.decimals for token in vault.strategy.tokens}
    settled = dict(units) | {f"price({name})": price for name, price in prices.before.items()}
    moment = dict(units) | {f"price({name})": price for name, price in prices.after.items()}
    whole = _whole(vault, settled, moment)
    for one in vault.ranges.values():
        _lay(one, values, settled, moment)
    for held in dict.fromkeys((*vault.held, *vault.idle)):
        _place(held, values, vault, box, relative, settled, moment, whole)
    for venue in vault.perps:
        if venue.name != lost:
            _keep_to_funding(venue, vault, box, settled, moment)
    base = f"idle({vault.base})"
    for one in vault.ranges.values():
        _earn(one, values, vault, whole, settled, moment)
    deposited = _units(values.get(DEPOSITED.name, Fraction(0)), vault, vault.base, whole)
    withdrawn = _units(values.get(WITHDRAWN.name, Fraction(0)), vault, vault.base, whole)
    moment[base] = settled[base] + deposited - withdrawn
    for ring in vault.rings:
        moment[ring.name] = int(values.get(ring.name, Fraction(0)))
    _make_room(vault, settled, moment)
    return Round(settled, moment, deposited, withdrawn)


def _whole(vault: Vault, settled: dict[str, int], moment: dict[str, int]) -> int:
    """Base tokens per percent of nav: `WHOLE`, times ten until no token's smallest unit counts."""
    worth = settled[f"price({vault.base})"]
    names = [token.name for token in vault.strategy.tokens]
    prices = {name: max(settled[f"price({name})"], moment[f"price({name})"]) for name in names}
    whole = WHOLE
    while worth and any(100 * whole * worth * settled[f"unit({n})"] < FINE * SCALE * p for n, p in prices.items()):
        whole *= 10
    return whole


def _units(worth: Fraction, vault: Vault, token: str, whole: int) -> int:
    return int(worth / PERCENT * whole * 10 ** vault.strategy.token(token).decimals)


def _relative(token: str, values: dict[str, Fraction], vault: Vault, box: Box, lost: str | None) -> Fraction:
    """By what the token's price in base moved: as the model says, or read off a position in it that is not lost.

    Kept inside the box, where growth of the position passes for a move.
    """
    if token == vault.base:
        return Fraction(1)
    said = values.get(price_factor(token).name)
    interval = box.relative[token]
    if said is not None:
        return _clamp(said, interval)
    for held in vault.held:
        before, after = values.get(f"{held.name}@0"), values.get(f"{held.name}@1")
        told = held.token if held.range is None else held.range.token
        if told == token and (lost is None or held.venue != lost) and before and after is not None:
            return _clamp(after / before, interval)
    return _clamp(Fraction(1), interval)


def _clamp(value: Fraction, interval: Interval) -> Fraction:
    value = max(value, interval.low)
    return value if interval.high is None else min(value, interval.high)


def _prices(relative: dict[str, Fraction], values: dict[str, Fraction], vault: Vault, box: Box) -> Prices:
    """Split relative moves into moves in USD: base stays where it is if it can, else moves as little as it must.

    Where the model says how far the price of what is short moved in dollars, that says what base did.
    """
    usd_base = Fraction(1)
    for name, factor in relative.items():
        if name != vault.base and factor:
            own = box.usd[name]
            least, most = own.low / factor, None if own.high is None else own.high / factor
            usd_base = max(usd_base, least) if usd_base < least else usd_base
            usd_base = most if most is not None and usd_base > most else usd_base
    for token in (venue.account[0].token for venue in vault.perps):
        told = _in_dollars(token, values, vault, box)
        if told and relative[token]:
            usd_base = _clamp(told / relative[token], box.usd[vault.base])
    moves = {name: usd_base * (factor if name != vault.base else 1) for name, factor in relative.items()}
    before = {name: _within_its_range(name, moves[name], vault, box) for name in relative}
    _bring_together(before, relative, vault.base, box)
    after = {name: before[name] * moved for name, moved in moves.items()}
    return Prices({n: _eight(p) for n, p in before.items()}, {n: _eight(p) for n, p in after.items()})


def _bring_together(before: dict[str, Fraction], relative: dict[str, Fraction], base: str, box: Box) -> None:
    """Change shown prices so that those of each pair stay in their range, when settled and after the move."""
    for pair in box.pairs:
        moved = relative[pair.token] / relative[pair.other] if relative[pair.other] else Fraction(0)
        if pair.stays is None or pair.stays.high is None or not moved:
            continue
        least, most = pair.stays.low / min(moved, Fraction(1)), pair.stays.high / max(moved, Fraction(1))
        ratio = _clamp(before[pair.token] / before[pair.other], Interval(least, most))
        if pair.token == base or pair.token in box.absolute:
            before[pair.other] = before[pair.token] / ratio
        else:
            before[pair.token] = before[pair.other] * ratio


def _shown_price(token: str, vault: Vault, box: Box) -> Fraction:
    stays = box.absolute.get(token)
    if stays is None or stays.high is None:
        return Fraction(2_000)
    return Fraction(1) if stays.low <= 1 <= stays.high else (stays.low + stays.high) / 2


def _within_its_range(token: str, moved: Fraction, vault: Vault, box: Box) -> Fraction:
    """The price that is shown, or the nearest to it that stays in its range before the move and after it."""
    shown, stays = _shown_price(token, vault, box), box.absolute.get(token)
    if stays is None or stays.high is None or not moved:
        return shown
    return _clamp(shown, Interval(stays.low / min(moved, Fraction(1)), stays.high / max(moved, Fraction(1))))


def _in_dollars(token: str, values: dict[str, Fraction], vault: Vault, box: Box) -> Fraction | None:
    """By what the price of what is short moved in dollars: as the model says, or read off what is short."""
    told = values.get(price_factor(in_dollars(token)).name)
    if told is not None:
        return told
    name = next(held.name for held in vault.shorts.values() if held.token == token)
    before, after = values.get(f"{name}@0"), values.get(f"{name}@1")
    closed = any(other.startswith(f"{LEFT}#") for other in values)
    return None if closed or not before or after is None else _clamp(after / before, box.usd[token])


def _follow_shorts(relative: dict[str, Fraction], values: dict[str, Fraction], vault: Vault, box: Box) -> None:
    """Where only bounds are left of how two prices keep to each other: that in base follows the one in dollars."""
    base = box.usd[vault.base]
    for token in {held.token for held in vault.shorts.values()}:
        told = _in_dollars(token, values, vault, box)
        if told and base.high is not None and base.low:
            relative[token] = _clamp(relative[token], Interval(told / base.high, told / base.low))


def _eight(price: Fraction) -> int:
    """USD to 10^-18 USD through the 8 decimals of a feed."""
    return round(price * 10**8) * 10**10


def _place(
    held: Held,
    values: dict[str, Fraction],
    vault: Vault,
    box: Box,
    relative: dict[str, Fraction],
    settled: dict[str, int],
    moment: dict[str, int],
    whole: int,
) -> None:
    before = values.get(f"{held.name}@0", Fraction(0))
    if held.venue is None and held not in vault.held:
        before = Fraction(0)  # what others left lying with the vault is no part of the story
    counted = WAD if held.margin is not None else settled[f"price({vault.base})"]
    in_base = Fraction(counted, settled[f"price({held.token})"])
    settled[held.name] = _units(before * in_base, vault, held.token, whole)
    grown = Fraction(1)
    after = values.get(f"{held.name}@1")
    if held.position.kind == "margin" and after is not None and held.venue is not None:
        after += _told(funding_of(held.venue), values) - _told(costs_of(held.venue), values)
        after = max(after, Fraction(0))
    moved = relative[held.token]
    if held.range is not None:
        base = settled[f"price({vault.base})"] * settled[held.name] // settled[f"unit({vault.base})"]
        settled[held.name] = liquidity_worth(IdealWorld(vault, settled), vault, held.range, base)
        moved = slide_of(held.range, settled, moment)
        if held in vault.divided:
            # What the price alone does the model says apart; guesses say nothing of it, and have nothing grow.
            moved = values.get(f"{held.name} moved", Fraction(0)) / before if before else Fraction(0)
    if held.margin is not None:
        moment[held.name] = int(settled[held.name] * _left_open(held, values))
        return
    if held.venue is not None and after is not None and before and moved:
        grown = after / before / moved
    moment[held.name] = int(settled[held.name] * grown)
    if not held.debt and held.venue is not None:
        share = values.get(held.liquidity.name)
        full = after if after is not None else before
        liquid = Fraction(1) if share is None or not full else min(Fraction(1), share / full)
        settled[held.liquidity.name] = settled[held.name]
        # The proof allows a unit less than the assumed share; the scenario keeps to the assumption.
        liquid = max(liquid, box.liquidity[held.name])
        if held.position.kind == "margin" and not _is_short(held, values, vault):
            liquid = Fraction(1)
        moment[held.liquidity.name] = ceil(moment[held.name] * liquid)


def _keep_to_funding(
    venue: VenueModel, vault: Vault, box: Box, settled: dict[str, int], moment: dict[str, int]
) -> None:
    """Cash changes by no unit more than funding and gifts allow of whole units."""
    _, cash, short = venue.account
    least, most = funded(vault, cash, settled)
    grown = box.growth[cash.name]
    there = max(moment[cash.name], ceil(grown.low * settled[cash.name] + least))
    if grown.high is not None:
        there = min(there, floor(grown.high * settled[cash.name] + most))
    moment[cash.name] = max(there, 0)
    realized = moment[cash.liquidity.name] if moment[short.name] else there
    moment[cash.liquidity.name] = min(realized, moment[cash.name])


def _told(stem: str, values: dict[str, Fraction]) -> Fraction:
    """What a model says of the one variable of that name; nothing where it says nothing."""
    return next((value for name, value in values.items() if name.startswith(f"{stem}#")), Fraction(0))


def _is_short(cash: Held, values: dict[str, Fraction], vault: Vault) -> bool:
    """Whether anything is short at the moment on this account: else all of it is realized."""
    short = next(venue.account[2] for venue in vault.perps if venue.account[1] == cash)
    return values.get(f"{short.name}@0", Fraction(0)) > 0 and _left_open(short, values) > 0


def _left_open(held: Held, values: dict[str, Fraction]) -> Fraction:
    """What part of a short is left where somebody closed some of it; all of it where nobody has."""
    before = values.get(f"{held.name}@0")
    if not before or not any(name.startswith(f"{LEFT}#") for name in values):
        return Fraction(1)
    return _clamp(_told(LEFT, values) / before, Interval(Fraction(0), Fraction(1)))


def _lay(held: Held, values: dict[str, Fraction], settled: dict[str, int], moment: dict[str, int]) -> None:
    """Lay a range of the strategy's width where the move of the price makes of its worth what the model says.

    Between where it is all token, which moves as the price does, and where it is all base, which does not; where the
    model says what of it is worth of its token, so that it is.
    """
    of = held.range
    assert of is not None
    width = root_of(of.above / of.below, up=True)
    roots = [_root(of, state) for state in (settled, moment)]
    before, after = values.get(f"{held.name}@0"), values.get(f"{held.name}@1")
    wanted = values.get(slid(of).name, after / before if before and after is not None else Fraction(1))
    least, most = int(min(roots) / width * Fraction(9, 10)), max(roots) * 11 // 10  # all base, all token
    part = values.get(f"{of.part.name}@0")

    def put(low: int) -> Fraction:
        for state in (settled, moment):
            state |= {of.low.name: max(low, 1), of.high.name: ceil(max(low, 1) * width) + 1}
        return slide_of(of, settled, moment)

    if 0 in roots:
        put(0)
        return
    if part is not None and before:
        wanted = values.get(f"{held.name} moved", before) / before
        if part <= 0:
            most = int(roots[0] / width) - 1
        elif part >= before:
            least = roots[0]
        else:
            _divide(of, part / before, put, (least, most), settled)
            return
    elif put(int(roots[0] / root_of(width, up=False))) == wanted:
        return
    for _ in range(100):
        middle = (least + most) // 2
        further = put(middle) - 1  # from standing still
        enough = abs(further) >= abs(wanted - 1)
        least, most = (least, middle) if enough else (middle, most)
    put(most)


def _divide(
    of: Range, part: Fraction, put: Callable[[int], Fraction], within: tuple[int, int], settled: dict[str, int]
) -> None:
    """Lay a range where this part of it is worth of its token: the higher it lies, the more."""
    least, most = within
    for _ in range(120):
        middle = (least + most) // 2
        put(middle)
        least, most = (least, middle) if divided(of, settled) >= part else (middle, most)
    put(most)


def divided(of: Range, state: dict[str, int]) -> Fraction:
    """What part of a range is worth of its token."""
    token, base = _in_both(of, state)
    return token / (token + base) if token else Fraction(0)


def bent(of: Range, state: dict[str, int]) -> Fraction:
    """Its curvature, for each 1 of its worth."""
    token, base = _in_both(of, state)
    return Fraction(_root(of, state), 2) / (token + base) if token and base else Fraction(0)


def _in_both(of: Range, state: dict[str, int]) -> tuple[Fraction, Fraction]:
    """What so much liquidity has in token and in base, which is worth the root of the price in the mean of the two."""
    root, low, high = _root(of, state), state[of.low.name], state[of.high.name]
    at = min(max(root, low), high)
    return Fraction(root * root * (high - at), at * high), Fraction(at - low)


def _earn(
    held: Held,
    values: dict[str, Fraction],
    vault: Vault,
    whole: int,
    settled: dict[str, int],
    moment: dict[str, int],
) -> None:
    """The fees that the model has a range bring, as far as it may."""
    of, base = held.range, vault.base
    assert of is not None
    brought = max((value for name, value in values.items() if name.startswith(f"{FEES}#")), default=Fraction(0))
    units = _units(brought, vault, base, whole)
    worth_now = Evaluator(vault, IdealWorld(vault, dict(moment))).named(held.value.name)
    earned = units * moment[f"price({base})"] // moment[f"unit({base})"]
    settled[of.fees.name], moment[of.fees.name] = 0, min(earned, int(MOST_GAIN * worth_now))


def _root(of: Range, state: dict[str, int]) -> int:
    """The root of the price of a range's token in base, in smallest units and 2^-96."""
    names = (f"price({of.token})", f"unit({of.base})", f"price({of.base})", f"unit({of.token})")
    price, base_unit, base_price, unit = (state[name] for name in names)
    return isqrt((price * base_unit << 192) // max(base_price * unit, 1))


def ratio_of(of: Range, state: dict[str, int]) -> Fraction:
    """The price of a range's token in base, up to decimals."""
    base = state[f"price({of.base})"]
    return Fraction(state[f"price({of.token})"], base) if base else Fraction(0)


def slide_of(of: Range, settled: dict[str, int], moment: dict[str, int]) -> Fraction:
    """What becomes of the worth of a range in base."""
    root, later = _root(of, settled), _root(of, moment)
    before, after = (_in_base(of, at, settled) for at in (root, later))
    return after / before if before else Fraction(1)


def _in_base(of: Range, root: int, state: dict[str, int]) -> Fraction:
    """What a unit of liquidity is worth in base, up to a factor, where the root of the price is this one."""
    low, high = state[of.low.name], state[of.high.name]
    at = min(max(root, low), high)
    return Fraction(at - low) + Fraction(root * root * (high - at), at * high)


def _make_room(vault: Vault, settled: dict[str, int], moment: dict[str, int]) -> None:
    """How much more venues take: what is assumed at least, since less is the worst."""
    nav = Evaluator(vault, IdealWorld(vault, dict(moment))).named("nav")
    for venue in vault.venues:
        for held in venue.positions if venue.room is not None else ():
            price, unit = moment[f"price({held.token})"], moment[f"unit({held.token})"]
            least = ceil((venue.room or 0) * nav * unit / price) if price else 0
            settled[held.room.name] = moment[held.room.name] = least
