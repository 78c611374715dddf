"""What has to be possible for the other claims to say anything: witnesses that somebody has to find.

A proof from a contradiction is worthless. A state counts as a witness only where the exact interpreter sees it settled,
inside the box, and what it is a witness of, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import takewhile

from msgspec.structs import replace

from stratc_compiler.environment import Box, box_of, unbounded
from stratc_compiler.expr import Cmp, Formula, Mul, Not, Or, Rel, number
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.inside_box import holds_something, inside_box
from stratc_compiler.interpret import Evaluator
from stratc_compiler.relax import Frame, real
from stratc_compiler.replay import comes_due
from stratc_compiler.rounds import Opening, after_environment, first_deposit, keeper_pass, trading_rules
from stratc_compiler.vault import Condition, Exits, Freezes, OnCondition, RuleModel, Trades, Vault, net_worth
from stratc_compiler.verdict import Obligation, ObligationResult, Round
from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE, Span

CLAIM = "consistent"
TEXT = "assumptions, floors and targets hold together; every rule can fire"
NEVER: Formula = Or(())

NEAR = Fraction(1, 1_000_000)
"""How near to its target, as a share of nav, a position counts as being there: amounts are whole units."""


class Place(Record):
    """Where a witness may be found: a round of at least one of the `frames`, in this box, that `accepts` says yes to.

    Frames are made where they are asked for: whoever looks for one witness needs no others.
    """

    box: Box
    frames: Callable[[], Iterable[Frame]]
    accepts: Callable[[Round], bool]


class Possibility(Record):
    """A witness obligation: a round of any of its `places`, which are looked through in their order."""

    id: str
    text: str
    places: tuple[Place, ...]
    span: Span = NOWHERE
    told: Callable[[Obligation], Obligation] | None = None

    def accepts(self, played: Round) -> bool:
        return any(place.accepts(played) for place in self.places)

    def obligations_at(self, place: Place) -> Iterator[Obligation]:
        """One for each frame: any of them will do; as it is `told` where it is a part of another claim."""
        for frame in place.frames():
            own = Obligation(self.id, CLAIM, self.text, frame.trace.facts, NEVER, witness=True, span=self.span)
            yield own if self.told is None else self.told(own)

    def obligations(self) -> Iterator[Obligation]:
        return (one for place in self.places for one in self.obligations_at(place))


def possibilities(vault: Vault, box: Box) -> tuple[Possibility, ...]:
    """A settled vault, one at its targets, and one of each rule with a condition in which it fires."""

    def settled(played: Round) -> bool:
        return holds_something(vault, played.settled) and inside_box(vault, box, played) is None

    def at_targets(played: Round) -> bool:
        return settled(played) and _at_targets(vault, played)

    def opening() -> tuple[Frame]:
        return (after_environment(vault, box).frame,)

    def targets() -> tuple[Frame]:
        return (_target_frame(vault, box),)

    return (
        Possibility("consistent/settled", "a settled vault exists", (Place(box, opening, settled),)),
        Possibility("consistent/targets", "the target allocation is settled", (Place(box, targets, at_targets),)),
        *(_can_fire(rule, vault, box) for rule in vault.rules if isinstance(rule.trigger, OnCondition)),
    )


def waiting(vault: Vault, results: Iterable[ObligationResult]) -> Iterator[RuleModel]:
    """The rules that were seen to come due only where markets, venues or users do more than is assumed of them."""
    rules = {_fires(rule): rule for rule in vault.rules}
    fired = [(rules[one.obligation.id], one.evidence) for one in results if one.obligation.id in rules]
    seen = [(rule, played) for rule, played in fired if isinstance(played, Round)]
    if seen:
        box = box_of(vault)
        yield from (rule for rule, played in seen if inside_box(vault, box, played) is not None)


def _target_frame(vault: Vault, box: Box) -> Frame:
    """A rebalance that hits its targets has nowhere else to go."""
    opening = after_environment(vault, box)
    for band in vault.bands:
        before = real(f"{band.held.name}@0")
        opening.frame.trace.learn("at target", Cmp(before, Rel.EQ, Mul(number(band.target), opening.nav)))
    return opening.frame


def _at_targets(vault: Vault, played: Round) -> bool:
    view = Evaluator(vault, IdealWorld(vault, dict(played.settled)))
    nav = view.named("nav")
    for band in vault.bands:
        worth = sum(weight * view.value(value) for value, weight in net_worth(band.held, vault.venues).items())
        if abs(worth - band.target * nav) > NEAR * nav:
            return False
    return True


def _can_fire(rule: RuleModel, vault: Vault, box: Box) -> Possibility:
    """Within the assumptions, or else beyond them: a rule may be a fuse. One that nothing makes due is a mistake."""
    places = (_place(rule, vault, box), _place(rule, vault, unbounded(box)))
    return Possibility(_fires(rule), f"`{rule.action}` comes due", places, rule.span)


def _fires(rule: RuleModel) -> str:
    return f"consistent/fires/{rule.name}"


def _place(rule: RuleModel, vault: Vault, box: Box) -> Place:
    def accepts(played: Round) -> bool:
        return inside_box(vault, box, played) is None and comes_due(rule, vault, played.moment)

    def frames() -> Iterator[Frame]:
        return _firing(rule, vault, box)

    return Place(box, frames, accepts)


def _firing(rule: RuleModel, vault: Vault, box: Box) -> Iterator[Frame]:
    for opening in (after_environment(vault, box), first_deposit(vault, box)):
        if _forestalls(rule, vault):
            yield from _fired(rule, vault, _let_through(rule, vault, opening))
        yield from _fired(rule, vault, opening)


def _forestalls(rule: RuleModel, vault: Vault) -> tuple[Condition, ...]:
    """Conditions of earlier rules after which this one has no turn: of exits, and of what freezes it."""
    trades = isinstance(rule.effect, Trades) and not rule.effect.reduces_risk
    ends = (Exits, Freezes) if trades else (Exits,)
    earlier = (one for one in takewhile(lambda one: one != rule, vault.rules) if isinstance(one.effect, ends))
    return tuple(one.trigger.condition for one in earlier if isinstance(one.trigger, OnCondition))


def _let_through(rule: RuleModel, vault: Vault, opening: Opening) -> Opening:
    """Where the solver is most likely to find a turn of the rule: nothing forestalls it when the pass begins."""
    frame = opening.frame.fork()
    for condition in _forestalls(rule, vault):
        frame.trace.learn(f"not yet: {condition.text}", Not(frame.formula(condition.formula)))
    return replace(opening, frame=frame)


def _fired(rule: RuleModel, vault: Vault, opening: Opening) -> Iterator[Frame]:
    if rule in trading_rules(vault):
        ends = keeper_pass(trading_rules(vault), opening.frame, lambda *_: None)
        yield from (end.frame for end in ends if rule in end.fired)
    elif isinstance(rule.trigger, OnCondition):
        opening.frame.trace.learn("fires", opening.frame.formula(rule.trigger.condition.formula))
        yield opening.frame
