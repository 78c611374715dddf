"""What a run says about assumptions once the proofs are known: those that are denied, and those that are in vain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from stratc.analysis import Loaded
from stratc.problem import DENIED, IN_VAIN, WAITS, Problem, of_diagnostic, without_place
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.possible import waiting
from stratc_compiler.resting import BENEATH, PREMISES, claims_resting, kind_of, unused
from stratc_compiler.verdict import GuardedAssumption, Guardian, Verification
from stratc_dsl import Diagnostic, Label, Severity
from stratc_dsl.record import Record
from stratc_dsl.scope import nearest
from stratc_dsl.span import NOWHERE

GUARDIANS = frozenset(guardian.value for guardian in Guardian)


class Denied(Record):
    """What must not be: warnings, and proofs that rest on assumptions of these guardians, kinds or ids."""

    warnings: bool = False
    assumptions: tuple[str, ...] = ()


NOTHING = Denied()


class CannotDeny(Exception):
    """The command line denies what cannot be denied. Says why."""


def check_denied(denied: Denied, loaded: Sequence[Loaded]) -> None:
    """Raise CannotDeny for a word that is no guardian, no kind, and no id of any strategy."""
    models = [model for one in loaded for model in one.models]
    ids = {one.id for model in models for one in guarded_assumptions(model.vault)}
    for word in denied.assumptions:
        if kind_of(word) in BENEATH:
            raise CannotDeny(f"`{word}` cannot be denied: no proof names it, and every claim rests on it")
        known = GUARDIANS | PREMISES | {id_ for id_ in ids if kind_of(id_) in PREMISES}
        # While a file is faulty nobody knows what it assumes.
        if word not in known and not any(one.faulty for one in loaded):
            near = nearest(word, sorted(known))
            cure = (
                f"did you mean `{near}`?"
                if near
                else "it is a guardian, a kind like `loss`, or an id like `loss(save)`"
            )
            raise CannotDeny(f"no assumption is called `{word}`: {cure}")


def findings(verification: Verification, denied: Denied) -> tuple[Problem, ...]:
    """What is to be said of one verification's assumptions, beside its verdicts."""
    return (*_denied(verification, denied), *_in_vain(verification, denied), *_waiting(verification, denied))


def _denied(verification: Verification, denied: Denied) -> Iterator[Problem]:
    if not denied.assumptions:
        return
    resting = claims_resting(verification)
    for assumption in verification.assumptions:
        word = next((word for word in denied.assumptions if _meant(word, assumption)), None)
        if word is not None and assumption.id in resting:
            yield _rests(assumption, resting[assumption.id], word, verification)


def _meant(word: str, assumption: GuardedAssumption) -> bool:
    return word in (assumption.guardian.value, kind_of(assumption.id), assumption.id)


def _rests(assumption: GuardedAssumption, claims: tuple[str, ...], word: str, verification: Verification) -> Problem:
    message = f"`{assumption.id}` is denied, and claims rest on it: {', '.join(claims)}"
    if assumption.span == NOWHERE:
        what = f"{assumption.guardian.value}: {assumption.text}"
        return without_place(DENIED, verification.source.name, f"{message} ({what})", _cure(assumption))
    label = Label(assumption.span, f"denied by `--deny-assumption {word}`")
    return of_diagnostic(Diagnostic(DENIED, message, label, (), _cure(assumption)), verification.source)


def _cure(assumption: GuardedAssumption) -> str | None:
    """An implied bound has another guardian once it is written."""
    kind = kind_of(assumption.id)
    if assumption.written or assumption.guardian is not Guardian.TRUSTED or kind not in ("loss", "liquidity"):
        return None
    return f"write `{assumption.id} {'<=' if kind == 'loss' else '>='} ...` in `assume`: then the keeper watches it"


def _in_vain(verification: Verification, denied: Denied) -> Iterator[Problem]:
    severity = Severity.ERROR if denied.warnings else Severity.WARNING
    for assumption in unused(verification):
        message = f"no proof uses the assumption `{assumption.id}`"
        label = Label(assumption.span, "every claim is proved without it")
        help = "delete it, and the claims say the same with less assumed"
        yield of_diagnostic(Diagnostic(IN_VAIN, message, label, (), help, severity), verification.source)


def _waiting(verification: Verification, denied: Denied) -> Iterator[Problem]:
    severity = Severity.ERROR if denied.warnings else Severity.WARNING
    vault = verification.vault
    results = [result for claim in verification.claims for result in claim.obligations]
    for rule in waiting(vault, results):
        message = f"`{rule.action}` was seen to come due only beyond the assumptions"
        label = Label(rule.span, "no round that is assumed is known to make it due")
        help = "let it act earlier, or leave it as the fuse that it is: the claims rest on the other rules"
        yield of_diagnostic(Diagnostic(WAITS, message, label, (), help, severity), verification.source)
