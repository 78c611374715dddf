"""What has to be possible for the other claims to say anything: witnesses that somebody has to find.

A proof from a contradiction is worthless. A state counts as a witness only where the exact interpreter sees it settled,
inside the box, and what it is a witness of, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction

from stratc_compiler.environment import Box
from stratc_compiler.expr import Cmp, Formula, Mul, Or, Rel, number
from stratc_compiler.interpret import Evaluator
from stratc_compiler.relax import Frame, real
from stratc_compiler.replay import IdealWorld, comes_due, holds_something, inside_box
from stratc_compiler.rounds import after_environment, first_deposit, keeper_pass, trading_rules
from stratc_compiler.vault import OnCondition, RuleModel, Vault
from stratc_compiler.verdict import Obligation, Round
from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE, Span

CLAIM = "consistent"
TEXT = "assumptions, floors and targets hold together; every rule can fire"
NEVER: Formula = Or(())

NEAR = Fraction(1, 1_000_000)
"""How near to its target, as a share of nav, a position counts as being there: amounts are whole units."""


class Possibility(Record):
    """A witness obligation: a round of at least one of the `frames` that `accepts` says yes to.

    Frames are made where they are asked for: whoever looks for one witness needs no others.
    """

    id: str
    text: str
    frames: Callable[[], Iterable[Frame]]
    accepts: Callable[[Round], bool]
    span: Span = NOWHERE
    told: Callable[[Obligation], Obligation] | None = None

    def obligations(self) -> tuple[Obligation, ...]:
        """One for each frame: any of them will do; as it is `told` where it is a part of another claim."""
        own = tuple(
            Obligation(self.id, CLAIM, self.text, frame.trace.facts, NEVER, witness=True, span=self.span)
            for frame in self.frames()
        )
        return own if self.told is None else tuple(self.told(one) for one in own)


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
        Possibility("consistent/settled", "a settled vault exists", opening, settled),
        Possibility("consistent/targets", "the target allocation is settled", targets, at_targets),
        *(_can_fire(rule, vault, box) for rule in vault.rules if isinstance(rule.trigger, OnCondition)),
    )


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
    return all(abs(view.named(band.held.value.name) - band.target * nav) <= NEAR * nav for band in vault.bands)


def _can_fire(rule: RuleModel, vault: Vault, box: Box) -> Possibility:
    def accepts(played: Round) -> bool:
        return inside_box(vault, box, played) is None and comes_due(rule, vault, played.moment)

    def frames() -> Iterator[Frame]:
        return _firing(rule, vault, box)

    return Possibility(f"consistent/fires/{rule.name}", f"`{rule.action}` comes due", frames, accepts, rule.span)


def _firing(rule: RuleModel, vault: Vault, box: Box) -> Iterator[Frame]:
    for opening in (after_environment(vault, box), first_deposit(vault, box)):
        if rule in trading_rules(vault):
            ends = keeper_pass(trading_rules(vault), opening.frame, lambda *_: None)
            yield from (end.frame for end in ends if rule in end.fired)
        elif isinstance(rule.trigger, OnCondition):
            opening.frame.trace.learn("fires", opening.frame.formula(rule.trigger.condition.formula))
            yield opening.frame
