"""Rounds that a reader would try first as witnesses: a vault at its targets or at the edge of its bands, and what the
box may do to it, one kind of thing after the other.

A guess costs milliseconds where a model of the solver, made readable, costs seconds. It counts as a witness only where
it replays, as a model does; so this proves nothing, and misses whatever is between the corners.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from fractions import Fraction
from itertools import chain, islice, permutations, product

from stratc_compiler.claims import KeeperSettles
from stratc_compiler.concrete import PERCENT, concrete
from stratc_compiler.corners import MOST, both, corners
from stratc_compiler.environment import Box, Interval
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.inside_box import inside_box
from stratc_compiler.perp_plans import target_shorts
from stratc_compiler.range_deltas import part_of
from stratc_compiler.rounds import DEPOSITED, WITHDRAWN, price_factor
from stratc_compiler.swings import strongest
from stratc_compiler.text import WAD
from stratc_compiler.vault import Held, Vault
from stratc_compiler.verdict import Round
from stratc_dsl.strategy import Allocation

ZERO, HALF, ONE = Fraction(0), Fraction(1, 2), Fraction(1)
NEARLY = Fraction(999, 1_000)
"""As far as edges are gone to, since amounts are rounded."""

MOST_GUESSES = 400
"""Half a second's worth."""

NOTHING: dict[str, Fraction] = {}
Worths = dict[str, Fraction]


def guesses(vault: Vault, box: Box) -> Iterator[Round]:
    """The calm ones first: nothing moves, then prices, then what positions are worth, then users."""
    openings = [one for one in _openings(vault) if _is_settled(one, vault, box)]
    kinds = (_flows(box), _drawable(vault), _growths(vault, box), _moves(vault, box), openings)
    for flow, drawn, grown, moved, opening, said in islice(product(*kinds, _measured(vault, box)), MOST_GUESSES):
        if flow.get(WITHDRAWN.name, ZERO) > opening[f"{_idle(vault)}@0"]:
            continue  # more than there is
        values = {**opening, **flow, **drawn, **said, **{price_factor(token).name: f for token, f in moved.items()}}
        for held in vault.held:
            before = opening[f"{held.name}@0"]
            token = held.token if held.range is None else held.range.token
            values[f"{held.name}@1"] = before * moved.get(token, ONE) * grown.get(held.name, ONE)
        yield concrete(values, vault, box, KeeperSettles())


def _is_settled(opening: Worths, vault: Vault, box: Box) -> bool:
    """Whether a round can begin like that: bands, floors and triggers may leave no room for it."""
    if min(opening.values()) < 0:
        return False
    still = opening | {f"{held.name}@1": opening[f"{held.name}@0"] for held in vault.held}
    return inside_box(vault, box, concrete(still, vault, box, KeeperSettles())) is None


def _openings(vault: Vault) -> Iterator[Worths]:
    """Every position at its target; what is short near either edge of its hedge; loans as near to their liquidation as
    the bands allow; some positions near an edge of their bands.
    """
    targets = {band.held: band.target for band in vault.bands}
    yield _with_the_rest_idle(vault, _with_shorts(vault, targets))
    for side in (-NEARLY, NEARLY) if vault.perps else ():
        yield _with_the_rest_idle(vault, _with_shorts(vault, targets, side))
    loans = {held.venue for held in vault.held if held.debt}
    if loans:
        yield _with_the_rest_idle(vault, _with_shorts(vault, _stretched(vault, targets, loans)))
    for side in (ZERO, -NEARLY, NEARLY) if vault.perps else (ZERO,):
        for changed in _at_edges(vault, targets):
            yield _with_the_rest_idle(vault, _with_shorts(vault, {**targets, **changed}, side))


def _at_edges(vault: Vault, targets: Mapping[Held, Fraction]) -> Iterator[dict[Held, Fraction]]:
    """One position at an edge of its band, the others at their targets; or one high, another low."""
    edges = {str(one.position): _edges(one) for one in vault.strategy.allocations}
    others = [held for held in targets if held.name != _idle(vault)]
    yield from ({held: edge} for held in others for edge in edges[held.name])
    for one, other in permutations(others, 2):
        yield {one: edges[one.name][0], other: edges[other.name][1]}


def _with_shorts(vault: Vault, shares: Mapping[Held, Fraction], side: Fraction = ZERO) -> Mapping[Held, Fraction]:
    """Accounts at venues of perpetuals hold what their shorts were sold for, besides what they are worth.

    Ranges are half in their token, as in their middle. What is hedged is in the middle of its band, or by this part of
    the way to its upper edge, `side` 1, or to its lower one, -1.
    """
    wanted, result = target_shorts(vault.strategy, vault.hedges, vault.bands), dict(shares)
    rooms = {hedge.instrument.venue: (hedge.high - hedge.low) / 2 for hedge in vault.hedges}
    for venue in vault.perps:
        _, cash, short = venue.account
        of = wanted[venue.name]
        middle = of.share + sum(HALF * shares[band.held] for band in of.ranges)
        size = max(middle - side * rooms[venue.name], ZERO)
        result[short] = size
        result[cash] += size
    return result


def _stretched(vault: Vault, targets: Mapping[Held, Fraction], loans: Container[str | None]) -> Mapping[Held, Fraction]:
    """Loans with as much debt and as little collateral as bands allow; what that frees goes where there is room."""
    edges = {str(one.position): _edges(one) for one in vault.strategy.allocations}
    shares = {
        held: edges[held.name][1 if held.debt else 0] if held.venue in loans else share
        for held, share in targets.items()
    }
    free = 1 - sum((-share if held.debt else share) for held, share in shares.items())
    for held in shares:
        if held.venue not in loans:
            taken = min(free, edges[held.name][1] - shares[held])
            shares[held] += taken
            free -= taken
    return shares


def _edges(one: Allocation) -> tuple[Fraction, Fraction]:
    """The least and the most of a position, nearly: amounts are rounded."""
    ends = (one.target if end is None else one.target + (end - one.target) * NEARLY for end in (one.low, one.high))
    least, most = sorted(abs(end) for end in ends)
    return least, most


def _with_the_rest_idle(vault: Vault, shares: Mapping[Held, Fraction]) -> Worths:
    rest = ONE
    for held, share in shares.items():
        rest -= 0 if held.name == _idle(vault) else -share if held.debt else share
    worths = {f"{held.name}@0": shares.get(held, Fraction(0)) * 100 * PERCENT for held in vault.held}
    worths |= {f"{part_of(held)}@0": HALF * worths[f"{held.name}@0"] for held in vault.divided}
    return worths | {f"{_idle(vault)}@0": rest * 100 * PERCENT}


def _idle(vault: Vault) -> str:
    return f"idle({vault.base})"


def _moves(vault: Vault, box: Box) -> Iterator[Worths]:
    """Price factors: none moves, one does, all do, and the corners of prices that keep together.

    What needs no move of base reads best.
    """
    tokens = [token.name for token in vault.strategy.tokens if token.name != vault.base]
    alone: list[Worths] = []
    together: list[Worths] = []
    for room in ({name: both(box.usd[name], box.relative[name]) for name in tokens}, box.relative):
        ends = {name: _ends(room[name]) for name in tokens}
        alone += [{name: end} for name in tokens for end in ends[name]]
        together += [dict(zip(ends, side, strict=True)) for side in zip(*ends.values(), strict=False)]
    yield NOTHING
    told = {tuple(sorted(one.items())): one for one in chain(alone, together, islice(corners(box, vault.base), MOST))}
    yield from map(dict, told.values())


def _measured(vault: Vault, box: Box) -> Iterator[Worths]:
    """Nothing was observed, or the strongest swings that are assumed."""
    yield NOTHING
    most = {ring.name: strongest(ring, vault, box, IdealWorld(vault, {})) for ring in vault.rings}
    if most:
        yield {name: Fraction(WAD if said is None else said) for name, said in most.items()}


def _growths(vault: Vault, box: Box) -> Iterator[Worths]:
    """Nothing gains or loses, or all do what they can do at worst; cash at venues of perpetuals as far as it may."""
    yield NOTHING
    worst = {name: one.low for name, one in box.growth.items() if one.low < 1}
    worst |= {venue.account[1].name: ZERO for venue in vault.perps}
    if worst:
        yield worst


def _drawable(vault: Vault) -> Iterator[Worths]:
    """All can be drawn from venues, or as little as is assumed."""
    yield NOTHING
    lent = {held.liquidity.name: ZERO for held in vault.held if held.venue is not None and not held.debt}
    if lent:
        yield lent


def _flows(box: Box) -> Iterator[Worths]:
    """Nobody comes or goes, or as much as is assumed; where nothing is, as much again as there is comes."""
    yield NOTHING
    deposits = ONE if box.deposits is None else box.deposits
    for name, share in ((DEPOSITED.name, deposits), (WITHDRAWN.name, box.withdrawals)):
        if share:
            yield {name: share * 100 * PERCENT}


def _ends(interval: Interval) -> tuple[Fraction, ...]:
    return tuple(end for end in (interval.low, interval.high) if end is not None)
