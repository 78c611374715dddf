"""How far each assumption can be pushed before a claim is no longer proved, and which one change repairs a refuted one.

Values are tried in steps of the third digit, outwards in growing strides and then by halving. What is said to hold was
proved, every obligation of the claim, with that very value in the strategy; what is said to fail was decided as well.
On the way only obligations are asked whose proofs rest on the assumption: the other proofs stand as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from math import ceil

from stratc_compiler import driver
from stratc_compiler.assumptions import Reliance, core_of, guarded_assumptions
from stratc_compiler.backing import backings, claim_name
from stratc_compiler.claims import ClaimSpec, claims_of
from stratc_compiler.consistency import consistent
from stratc_compiler.constants import Constant, assumed, stated, with_value
from stratc_compiler.driver import Options
from stratc_compiler.effort import Effort
from stratc_compiler.environment import Box, box_of
from stratc_compiler.errors import Unsupported
from stratc_compiler.findings import answer_all
from stratc_compiler.judge import judge
from stratc_compiler.possible import CLAIM as CONSISTENT
from stratc_compiler.prove import all_proved
from stratc_compiler.recall import Forgetful, Past
from stratc_compiler.vault import Vault, VenueFactory
from stratc_compiler.verdict import ClaimResult, Proved, Unknown, Verdict, Verification
from stratc_compiler.workers import in_order
from stratc_dsl.record import Record
from stratc_dsl.span import Source
from stratc_dsl.strategy import Strategy

OPTIONS = Options(Effort(rlimit=2_000_000, nodes=500))
"""Less effort than verdicts get: there is much to try, and a claim that is hard to prove is soon not proved at all."""

STRIDE = 16
"""Steps of the first stride outwards; each next is four times as long."""

FARTHEST = 100
"""How many times as much as it is an assumption without a natural end is pushed."""

MOST_REPAIRS = 3
"""Repairs told of one claim, the smallest changes first."""

AT_HAND = 16
"""Values of which models and claims are kept: a number's claims are all tried with the same ones at first."""

Pushed = Callable[[int, int], None]
"""Whom to tell, again and again meanwhile, with how many numbers everything was tried, and of how many."""


def tell_nobody(done: int, of: int) -> None:
    """Where nobody wants to be told of the progress."""


class Setting(Record):
    """What all questions share: the strategy, the text that it stands in, how its venues are modelled."""

    strategy: Strategy
    source: Source
    factories: Mapping[str, VenueFactory]
    options: Options


class Margin(Record):
    """One proved claim and one number assumed: the claim holds with `holds` in its place, no longer with `fails`.

    Without `fails` it holds as far as the number means anything, or was tried; `verdict` is the one at `fails`.
    """

    claim: str
    constant: Constant
    holds: Fraction
    fails: Fraction | None = None
    verdict: Verdict = Proved()

    @property
    def room(self) -> Fraction:
        """How far the number can be pushed, as a share of what stands there."""
        return abs(self.holds - self.constant.value) / (abs(self.constant.value) or 1)


class Repair(Record):
    """One claim that is not proved and one number: with `value` in its place it is; `others` then are not."""

    claim: str
    constant: Constant
    value: Fraction
    others: tuple[str, ...] = ()

    @property
    def change(self) -> Fraction:
        """The change, as a share of what stands there."""
        return abs(self.value - self.constant.value) / (abs(self.constant.value) or 1)


class Question(Record):
    """One constant and some claims, each with the obligations that are to be looked at first, or alone."""

    setting: Setting
    constant: Constant
    claims: dict[str, frozenset[str]]


def margins(
    verification: Verification,
    factories: Mapping[str, VenueFactory],
    options: Options = OPTIONS,
    only: Container[str] | None = None,
    told: Pushed = tell_nobody,
) -> Iterator[Margin]:
    """For every number assumed and every proved claim but `consistent` whose proofs rest on it, in their order.

    `only` names the numbers to look at (see `name_of`); `told` is called while the next margin is waited for.
    """
    vault = verification.vault
    setting, reliance = Setting(vault.strategy, verification.source, factories, options), Reliance.on(vault)
    proved = [claim for claim in verification.claims if isinstance(claim.verdict, Proved) and claim.name != CONSISTENT]
    questions = [
        Question(setting, constant, {claim.name: on for claim in proved if (on := _resting(claim, constant, reliance))})
        for constant in assumed(vault.strategy)
        if only is None or name_of(constant, vault) in only
    ]
    for found in in_order(_margins, questions, options.workers, lambda done: told(done, len(questions))):
        yield from found


def repairs(
    verification: Verification,
    factories: Mapping[str, VenueFactory],
    options: Options = OPTIONS,
    told: Pushed = tell_nobody,
) -> Iterator[Repair]:
    """For every claim that is not proved the smallest changes of one number with which it is, the smallest first."""
    vault = verification.vault
    setting = Setting(vault.strategy, verification.source, factories, options)
    constants = list(stated(vault.strategy, verification.source))
    for claim in verification.claims:
        if isinstance(claim.verdict, Proved):
            continue
        open_ = frozenset(r.obligation.id for r in claim.obligations if not isinstance(r.verdict, Proved))
        if any(_of_an_inner_vault(one, vault) for one in open_):
            continue  # its own strategy has to be mended
        questions = [Question(setting, constant, {claim.name: open_}) for constant in constants]
        answers = in_order(_repairs, questions, options.workers, lambda done: told(done, len(constants)))
        found = [repair for one in answers for repair in one]
        for repair in sorted(found, key=lambda one: one.change)[:MOST_REPAIRS]:
            yield _and_the_others(repair, setting)


def _of_an_inner_vault(obligation: str, vault: Vault) -> bool:
    """Whether it belongs to what an inner vault claims itself, which no number of this strategy changes."""
    own = {one.id for backing in backings(vault, box_of(vault)) for one in backing.obligations}
    return any(obligation.startswith(f"{claim_name(venue)}/") for venue in vault.inner) and obligation not in own


def _resting(claim: ClaimResult, constant: Constant, reliance: Reliance) -> frozenset[str]:
    """The claim's obligations whose proofs rest on the assumption that states the constant."""
    id_ = _assumption(constant, reliance.vault)
    return frozenset(result.obligation.id for result in claim.obligations if id_ in reliance.of(core_of(result)))


def name_of(constant: Constant, vault: Vault) -> str:
    """What the number is called: the assumption's id, and which of its numbers where it has several."""
    return _assumption(constant, vault) + (f":{constant.field.words}" if constant.field.words else "")


def _assumption(constant: Constant, vault: Vault) -> str:
    where, number = constant.place[:2]
    assert isinstance(number, int)
    if where == "assumptions":
        return guarded_assumptions(vault)[number].id  # written ones come first, in their order
    return f"parameters({vault.strategy.venues[number].name})"


# ── one question ───────────────────────────────────────────────────────────────────────────


class _Variants:
    """The strategy with other values in a constant's place, and what is then proved of its claims."""

    def __init__(self, setting: Setting, constant: Constant) -> None:
        self._setting = setting
        self._constant = constant
        self._sound: dict[Fraction, bool] = {}
        self._variant = lru_cache(AT_HAND)(self._stated)

    def proved(self, value: Fraction, claim: str, first: frozenset[str], alone: bool = False) -> bool:
        """Whether the claim is proved, of a strategy that can be; obligations are asked `first`, or those `alone`."""
        try:
            vault, box, specs = self._variant(value)
        except Unsupported:
            return False
        if claim != CONSISTENT:
            asked = [one for one in self._spec(claim, specs).obligations if not alone or one.id in first]
            asked.sort(key=lambda one: one.id not in first)
            if not all_proved(asked, self._setting.options.effort):
                return False
        return self._consistent(value, vault, box)

    def _consistent(self, value: Fraction, vault: Vault, box: Box) -> bool:
        """A proof about a strategy that contradicts itself is worth nothing."""
        if value not in self._sound:
            self._sound[value] = isinstance(consistent(box, self._past(vault)).verdict, Proved)
        return self._sound[value]

    def verdict(self, value: Fraction, claim: str) -> Verdict:
        """The verdict on the whole claim, if it is worth something."""
        try:
            vault, box, specs = self._variant(value)
        except Unsupported as error:
            return Unknown(error.what)
        past = self._past(vault)
        if claim == CONSISTENT or not self._consistent(value, vault, box):
            return consistent(box, past).verdict
        spec = self._spec(claim, specs)
        (answers,), _ = answer_all((spec,), past, 1)
        return judge(spec, answers, box, past).verdict

    def _past(self, vault: Vault) -> Past:
        """Nothing is remembered: few of so many questions will ever be asked again."""
        return Past(Forgetful(), self._setting.options.effort, vault)

    def _stated(self, value: Fraction) -> tuple[Vault, Box, tuple[ClaimSpec, ...]]:
        strategy = with_value(self._setting.strategy, self._constant, value)
        vault = driver.model(strategy, self._setting.source, self._setting.factories)
        box = box_of(vault)
        return vault, box, claims_of(vault, box)

    def _spec(self, claim: str, specs: tuple[ClaimSpec, ...]) -> ClaimSpec:
        """The claim of that name; where its own number was changed, the one in its place."""
        named = [spec for spec in specs if spec.name == claim]
        if named:
            return named[0]
        _, _, original = self._variant(self._constant.value)
        return specs[[spec.name for spec in original].index(claim)]


class _Line:
    """Values of a constant in one direction, by their number of steps from the one that stands there."""

    def __init__(self, constant: Constant, sign: int, end: Fraction) -> None:
        self._constant, self._sign, self._end = constant, sign, end
        self._step = constant.step(constant.value)
        self.last = max(0, ceil((end - constant.value) * sign / self._step))

    def value(self, steps: int) -> Fraction:
        return self._end if steps >= self.last else self._constant.value + self._sign * steps * self._step

    def between(self, good: int, bad: int, proved: Callable[[int], bool]) -> tuple[int, int]:
        """Two as near as their third digit, of which one is proved and the other is not; either may be the larger."""
        while abs(good - bad) > self._near(max(good, bad)):
            grain = self._near(max(good, bad))
            middle = (good + bad) // 2 // grain * grain
            middle = middle if middle not in (good, bad) and min(good, bad) < middle else (good + bad) // 2
            good, bad = (middle, bad) if proved(middle) else (good, middle)
        return good, bad

    def _near(self, steps: int) -> int:
        return max(1, int(self._constant.step(self.value(steps)) / self._step))


def _margins(question: Question) -> list[Margin]:
    variants = _Variants(question.setting, question.constant)
    return [_margin(question.constant, claim, resting, variants) for claim, resting in question.claims.items()]


def _margin(constant: Constant, claim: str, resting: frozenset[str], variants: _Variants) -> Margin:
    line = _Line(constant, constant.field.harsher, end_of(constant))

    def proved(steps: int) -> bool:
        return variants.proved(line.value(steps), claim, resting, alone=True)

    def really(steps: int) -> bool:
        return steps == 0 or isinstance(variants.verdict(line.value(steps), claim), Proved)

    if proved(line.last) and really(line.last):
        return Margin(claim, constant, line.value(line.last))
    good, bad, stride = 0, line.last, STRIDE
    while stride < bad:
        if not proved(stride):
            bad = stride
        else:
            good, stride = stride, 4 * stride
    good, bad = line.between(good, bad, proved)
    if not really(good):
        good, bad = 0, good  # the whole claim says no: then nothing is said but what was proved before
    return Margin(claim, constant, line.value(good), line.value(bad), variants.verdict(line.value(bad), claim))


def end_of(constant: Constant) -> Fraction:
    """As far as the number means anything, or is tried, in the harsher direction."""
    field = constant.field
    if field.harsher > 0:
        return field.most if field.most is not None else FARTHEST * abs(constant.value) or Fraction(FARTHEST)
    return field.least if field.least is not None else -FARTHEST * abs(constant.value)


def _repairs(question: Question) -> list[Repair]:
    """The smallest changes in either direction, up to as much again, with which the claim is proved."""
    ((claim, open_),) = question.claims.items()
    variants = _Variants(question.setting, question.constant)
    tried = (_repair(question.constant, sign, claim, open_, variants) for sign in (-1, +1))
    return [repair for repair in tried if repair is not None]


def _repair(constant: Constant, sign: int, claim: str, open_: frozenset[str], variants: _Variants) -> Repair | None:
    end = constant.value + sign * (abs(constant.value) or Fraction(1))
    least, most = constant.field.least, constant.field.most
    end = end if least is None else max(end, least)
    line = _Line(constant, sign, end if most is None else min(end, most))

    def proved(steps: int) -> bool:
        return variants.proved(line.value(steps), claim, open_)

    bad, steps = 0, 1
    while bad < line.last:
        if proved(min(steps, line.last)):
            good, _ = line.between(min(steps, line.last), bad, proved)
            return Repair(claim, constant, line.value(good))
        bad, steps = steps, 2 * steps
    return None


def _and_the_others(repair: Repair, setting: Setting) -> Repair:
    """The same, with the claims that are not proved of the strategy that is repaired."""
    strategy = with_value(setting.strategy, repair.constant, repair.value)
    vault = driver.model(strategy, setting.source, setting.factories)
    found = driver.verify(vault, setting.source, setting.options).claims
    others = tuple(claim.name for claim in found if not isinstance(claim.verdict, Proved))
    return Repair(repair.claim, repair.constant, repair.value, others)
