"""From a model of a failed obligation to a scenario: pinned to calm and round values, made integer, replayed, told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import product

from msgspec.structs import replace

from stratc_compiler.cases import Allowance, Case
from stratc_compiler.claims import About, IsFair
from stratc_compiler.concrete import PERCENT, bent, concrete, divided, ratio_of, slide_of
from stratc_compiler.environment import Box, Interval
from stratc_compiler.expr import Add, And, Cmp, Expr, Formula, Mul, Not, Num, Or, Rel, Sub, Var, number, variables
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.range_deltas import product_name
from stratc_compiler.range_gammas import as_it_may_lie, curve_of
from stratc_compiler.relax import ZERO, factors_of, real
from stratc_compiler.rounds import DEPOSITED, WITHDRAWN, price_factor
from stratc_compiler.scenario import replayed
from stratc_compiler.swings import strongest
from stratc_compiler.text import WAD
from stratc_compiler.vault import Held, Ring, Vault
from stratc_compiler.verdict import Hypothesis, Obligation, Round, Scenario

MARGIN = Fraction(1, 1_000_000)
"""By what share of nav comparisons hold in a model that is to be rounded to integers."""

CLEARLY = Fraction(1, 100)
"""By what share of nav a claim breaks, if it can: a reader should not have to look for the last digit."""

MARGINS = (CLEARLY, Fraction(3, 1_000), Fraction(3, 10_000))
"""The more of it a claim breaks by, the less is lost where a model of the relaxation is replayed exactly."""

NUDGES = (1, 3, 7)
"""So many smallest units are added to a round that does not break the claim: few, and none divides a percentage."""


def attempts(
    obligation: Obligation, about: About, vault: Vault, box: Box, allowed: Allowance
) -> Iterator[tuple[Round, Scenario] | None]:
    """One model of the refuted obligation after the other: a replayed counterexample, or None where it does not replay.

    After the first, where a range beside a sensitivity lies as it says, those in which it lies there. At last what is
    near them, which is tried at once.
    """
    if isinstance(about, IsFair):
        return
    round_ones: list[Round] = []
    for values in models(obligation, vault, box, allowed):
        played = concrete(values, vault, box, about)
        yield _counterexample(played, about, vault, box)
        if vault.divided and not round_ones:
            laid = models(_as_laid(obligation, played, vault), vault, box, allowed)
            yield from (_counterexample(concrete(one, vault, box, about), about, vault, box) for one in laid)
        round_ones.append(played)
    near = (_counterexample(played, about, vault, box) for one in round_ones for played in _unround(one, vault))
    yield next((found for found in near if found is not None), None)


def _counterexample(played: Round, about: About, vault: Vault, box: Box) -> tuple[Round, Scenario] | None:
    scenario = replayed(played, about, vault, box)
    return None if scenario is None else (played, scenario)


LAID = "laid"
"""The label of where ranges lie."""


def _as_laid(obligation: Obligation, played: Round, vault: Vault) -> Obligation:
    """The obligation with ranges laid as in this round, where what a move makes of them is a number."""
    pins: list[Formula] = []
    for held in vault.divided:
        of = held.range
        assert of is not None
        before, after = _before(held), real(f"{held.name} moved")
        then, now = ratio_of(of, played.settled), ratio_of(of, played.moment)
        slid = slide_of(of, played.settled, played.moment)
        factor = now / then if then else Fraction(1)
        pins += [
            Cmp(real(f"{of.part.name}@0"), Rel.EQ, Mul(number(divided(of, played.settled)), before)),
            Cmp(after, Rel.EQ, Mul(number(slid), before)),
            Cmp(real(f"{of.part.name} moved"), Rel.EQ, Mul(number(divided(of, played.moment)), after)),
            Cmp(price_factor(of.token), Rel.EQ, number(factor)),
            Cmp(product_name(f"{held.name}@0", price_factor(of.token)), Rel.EQ, Mul(number(factor), before)),
        ]
        if held in vault.bent:
            at = (("0", bent(of, played.settled)), ("1", bent(of, played.moment)))
            curves = ((real(f"{curve_of(held)}@{when}"), real(f"{held.name}@{when}"), by) for when, by in at)
            pins += [Cmp(curve, Rel.EQ, Mul(number(by), worth)) for curve, worth, by in curves]
    more = tuple(Hypothesis(LAID, pin) for pin in pins)
    return replace(obligation, hypotheses=(*obligation.hypotheses, *more))


def _unround(played: Round, vault: Vault) -> Iterator[Round]:
    """The round with a few smallest units more: what only rounding breaks, round numbers do not."""
    for units in NUDGES:
        yield _with_deposit(played, vault, units)
        for held in vault.held:
            settled, moment = dict(played.settled), dict(played.moment)
            for state in (settled, moment):
                for name in (held.name, held.liquidity.name):
                    if name in state:
                        state[name] += units
            more = replace(played, settled=settled, moment=moment)
            yield more
            yield _with_deposit(more, vault, units)


def _with_deposit(played: Round, vault: Vault, units: int) -> Round:
    base = f"idle({vault.base})"
    moment = {**played.moment, base: played.moment[base] + units}
    return replace(played, moment=moment, deposited=played.deposited + units)


# ── models ─────────────────────────────────────────────────────────────────────────────────


def models(
    obligation: Obligation, vault: Vault, box: Box, allowed: Allowance, any_will_do: bool = False
) -> Iterator[dict[str, Fraction]]:
    """Models of the refuted query, the ones that survive rounding and read best first; unread ones `any_will_do`."""
    hypotheses = tuple(hypothesis.formula for hypothesis in obligation.hypotheses)
    inner = tuple(
        strengthen(h.formula, MARGIN) if h.label.startswith(("settled:", "fires:", "does not fire:")) else h.formula
        for h in obligation.hypotheses
    )
    broken = Not(obligation.goal)
    # Anything breaks clearly in a vault that a deposit has made large enough.
    clearly = dict.fromkeys(And((strengthen(broken, margin), *_no_deposit(obligation))) for margin in MARGINS)
    sure = strengthen(broken, MARGIN)
    told = (*_scaling(obligation, vault), *_bends(obligation, vault))
    if allowed.found((*hypotheses, broken, *told)) is None:
        return  # nor is there one where more is asked
    tries = (*((*inner, clear) for clear in clearly), (*inner, sure), (*hypotheses, sure), (*hypotheses, broken))
    for formulas, said in product(tries, _swings(obligation, vault, box)):
        values = _model((*formulas, *told, *said), vault, box, allowed, any_will_do)
        if values is not None:
            yield values


def _model(
    formulas: Sequence[Formula], vault: Vault, box: Box, allowed: Allowance, any_will_do: bool
) -> dict[str, Fraction] | None:
    one = allowed.found(formulas)
    if one is None or any_will_do:
        return None if one is None else one.point
    return _simplest(one.case(), vault, box)


def _scaling(obligation: Obligation, vault: Vault) -> tuple[Formula, ...]:
    """Opening nav 100%; in the base case a first deposit of that much, of a vault that holds nothing."""
    whole = number(100 * PERCENT)
    if _is_first(obligation):
        return (Cmp(DEPOSITED, Rel.EQ, whole), *(Cmp(_before(held), Rel.EQ, ZERO) for held in vault.held))
    nav: Expr = ZERO
    for held in vault.held:
        nav = Add(nav, Mul(number(-1 if held.debt else 1), _before(held)))
    return (Cmp(nav, Rel.EQ, whole),)


def _swings(obligation: Obligation, vault: Vault, box: Box) -> list[tuple[Formula, ...]]:
    """Volatilities that the assumptions come to; of those that are multiplied with something, a few to try."""
    most = {ring.name: strongest(ring, vault, box, IdealWorld(vault, {})) for ring in vault.rings}
    products = _products(obligation)
    if not products:
        return [tuple(Cmp(real(name), Rel.LE, number(end)) for name, end in most.items() if end is not None)]
    return [_pinned({name: (end or WAD) * share for name, end in most.items()}, products) for share in MULTIPLIED]


MULTIPLIED = (Fraction(1), Fraction(0))
"""Of the strongest volatility that is assumed: a solver of linear facts is told what a product is a multiple of."""


def _products(obligation: Obligation) -> dict[Var, tuple[Var, Var]]:
    formulas = (*(one.formula for one in obligation.hypotheses), obligation.goal)
    found = {var: factors_of(var) for formula in formulas for var in variables(formula)}
    return {var: factors for var, factors in found.items() if factors is not None}


def _pinned(said: Mapping[str, Fraction], products: Mapping[Var, tuple[Var, Var]]) -> tuple[Formula, ...]:
    volatilities = [Cmp(real(name), Rel.EQ, number(value)) for name, value in said.items()]
    multiples = (
        Cmp(times, Rel.EQ, Mul(number(said[volatility.name] / WAD), worth))
        for times, (worth, volatility) in products.items()
    )
    return (*volatilities, *multiples)


def _bends(obligation: Obligation, vault: Vault) -> Iterator[Formula]:
    """Curvatures that ranges may have, where they are not laid yet."""
    for held in () if any(one.label == LAID for one in obligation.hypotheses) else vault.bent:
        yield from (as_it_may_lie(held, moment) for moment in ("0", "1"))


def _is_first(obligation: Obligation) -> bool:
    return "/base/" in obligation.id


def _no_deposit(obligation: Obligation) -> tuple[Formula, ...]:
    return () if _is_first(obligation) else (Cmp(DEPOSITED, Rel.EQ, ZERO),)


def _before(held: Held) -> Expr:
    return real(f"{held.name}@0")


def strengthen(formula: Formula, margin: Fraction, positive: bool = True) -> Formula:
    """The formula with every comparison holding by `margin` of nav, so that it still holds after rounding."""
    match formula:
        case Not(operand):
            return strengthen(operand, margin, not positive)
        case And(operands):
            parts = tuple(strengthen(operand, margin, positive) for operand in operands)
            return And(parts) if positive else Or(parts)
        case Or(operands):
            parts = tuple(strengthen(operand, margin, positive) for operand in operands)
            return Or(parts) if positive else And(parts)
        case Cmp(left, rel, right):
            if _is_of_rings(formula):
                return _by_margin(left, rel, right, number(1), positive)
            weight = max(_weight(left), _weight(right))
            return _by_margin(left, rel, right, number(margin * weight * 100 * PERCENT), positive)


def _is_of_rings(formula: Cmp) -> bool:
    """Whether a comparison is of volatilities: whole numbers of 10^-18 in every model that is made a round."""
    return any(var.name.startswith("volatility(") for var in variables(formula))


def _weight(expr: Expr) -> Fraction:
    """By what a comparison of worths has been multiplied to be one of integers: its largest coefficient."""
    match expr:
        case Mul(Num(value), right):
            return value * _weight(right)
        case Add(left, right) | Sub(left, right):
            return max(_weight(left), _weight(right))
        case _:
            return Fraction(1)


def _by_margin(left: Expr, rel: Rel, right: Expr, margin: Expr, positive: bool) -> Formula:
    if rel is Rel.EQ:
        plain = Cmp(left, rel, right)
        return plain if positive else Not(plain)
    upward = (rel in (Rel.GE, Rel.GT)) == positive
    return Cmp(left, Rel.GE, Add(right, margin)) if upward else Cmp(Add(left, margin), Rel.LE, right)


def _simplest(case: Case, vault: Vault, box: Box) -> dict[str, Fraction] | None:
    """Greedily keep what makes the scenario calmer: no flows, no moves or whole ones, targets, round percentages."""
    for wishes in _calm(vault, box):
        any(map(case.grant, wishes))
    for flow in (WITHDRAWN, DEPOSITED):
        _pin(case, flow)
    for ring in vault.rings:
        _round_off_volatility(case, ring)
    for held in vault.held:
        _round_off(case, held)
    return case.point()


def _calm(vault: Vault, box: Box) -> Iterator[tuple[Formula, ...]]:
    """What to wish for, one after the other; of each the first that can be granted."""
    yield (Cmp(DEPOSITED, Rel.EQ, ZERO),)
    yield (Cmp(WITHDRAWN, Rel.EQ, ZERO),)
    if box.withdrawals is not None:
        yield (Cmp(WITHDRAWN, Rel.EQ, number(box.withdrawals * 100 * PERCENT)),)
    if box.deposits is not None:
        yield (Cmp(DEPOSITED, Rel.EQ, number(box.deposits * 100 * PERCENT)),)
    moved = [held for held in vault.held if held.venue is not None or held.token != vault.base]
    for held in moved:
        if held.token == vault.base:
            yield _stays_or_moves(held, box.growth[held.name])
    for held in moved:
        if held.venue is not None and not held.debt:
            after = real(f"{held.name}@1")
            least = Mul(number(box.liquidity[held.name]), after)
            yield tuple(Cmp(real(held.liquidity.name), rel, share) for rel, share in ((Rel.GE, after), (Rel.EQ, least)))
    for held in moved:
        if held.token != vault.base:
            # The token's own move, if it explains the scenario; else base moves against the dollar as well.
            yield (*_stays_or_moves(held, box.usd[held.token]), *_stays_or_moves(held, box.relative[held.token]))
    for band in vault.bands:
        yield (Cmp(_net_before(band.held, vault), Rel.EQ, number(band.target * 100 * PERCENT)),)


def _net_before(held: Held, vault: Vault) -> Expr:
    """What a position is worth when settled; of a margin what its account is."""
    owed = next((venue.account[2] for venue in vault.perps if venue.account[1] == held), None)
    return _before(held) if owed is None else Sub(_before(held), _before(owed))


def _stays_or_moves(held: Held, by: Interval) -> tuple[Formula, ...]:
    """The position's worth stays where it is, or moves as far as it may."""
    factors = [Fraction(1), by.low] + ([] if by.high is None else [by.high])
    after = real(f"{held.name}@1")
    return tuple(Cmp(after, Rel.EQ, Mul(number(factor), _before(held))) for factor in factors)


def _round_off(case: Case, held: Held) -> None:
    """Pin the opening worth, and the factor it moved by, to few digits where that still breaks the claim."""
    values = case.near()
    after = values.get(f"{held.name}@1")
    if f"{held.name}@0" not in values:
        return
    before = _pin(case, real(f"{held.name}@0"))
    if after is None or not before:
        return
    for factor in _near(after / before, (2, 3, 4)):
        if case.grant(Cmp(real(f"{held.name}@1"), Rel.EQ, number(factor * before))):
            return


def _round_off_volatility(case: Case, ring: Ring) -> None:
    """None at all, or a round percentage near the one it has."""
    said = case.near().get(ring.name, Fraction(0))
    shown = (Fraction(0), *_near(said * 100 / WAD, (0, 1, 2)))
    any(case.grant(Cmp(real(ring.name), Rel.EQ, number(share * WAD / 100))) for share in shown)


def _pin(case: Case, variable: Var) -> Fraction:
    """Pin a variable to a round value near the one it has, if one is possible; the value it ends with."""
    value = case.near().get(variable.name, Fraction(0))
    for percent in _near(value / PERCENT, (0, 1, 2)):
        if case.grant(Cmp(variable, Rel.EQ, number(percent * PERCENT))):
            return percent * PERCENT
    return value


def _near(value: Fraction, digits: tuple[int, ...]) -> Iterator[Fraction]:
    """Decimals near a value, the shortest first: rounded, then a step to either side."""
    for count in digits:
        step = Fraction(1, 10**count)
        nearest = Fraction(round(value, count))
        yield from (nearest, nearest - step, nearest + step)
