"""Whether a certificate shows what it says, found out without any solver.

Everything is derived again from the source that the certificate contains: claims, obligations, queries, assumptions.
The certificate contributes the proofs, which `stratc_checker` checks, and the witnesses, which are replayed in exact
integers. So it can be wrong in no way that would matter and be accepted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from msgspec.structs import replace

from stratc_checker.proof import Context, Rejected
from stratc_checker.query import Reader
from stratc_compiler.assumptions import Reliance, Stakes, guarded_assumptions, labels_of, stakes_of
from stratc_compiler.backing import claim_name, within
from stratc_compiler.certificate import SCHEMA, assumption_json, files_json
from stratc_compiler.claims import claims_of
from stratc_compiler.environment import box_of
from stratc_compiler.expr import Not
from stratc_compiler.inside_box import names_of_a_round
from stratc_compiler.interpret import Reverted
from stratc_compiler.possible import CLAIM, TEXT, Possibility, possibilities
from stratc_compiler.prooftree import hypotheses_of
from stratc_compiler.questions import known
from stratc_compiler.smtlib import Printer
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Obligation, Round
from stratc_dsl.record import Record
from stratc_dsl.span import NOWHERE, Source

Expected = Sequence[Obligation | Possibility]


FIELDS = ("schema", "strategy", "source", "tools", "options", "assumptions", "claims", "contexts", "proofs")
CLAIM_FIELDS = ("name", "text", "verdict", "obligations")
COMMON_FIELDS = ("id", "text", "verdict", "core", "rests_on", "kind")
EVIDENCE_FIELDS = {
    "derivation": ("context", "goal", "proof"),
    "solver": ("context", "goal"),
    "witness": ("settled", "moment", "deposited", "withdrawn"),
}
"""Besides, by kind: what nothing here reads is no part of a certificate."""


class Refused(Exception):
    """The certificate is not accepted. Says where, and why."""


class Audited(Record):
    """What was found of an accepted certificate: how many proofs and witnesses, and what only a solver says."""

    claims: int
    derivations: int
    witnesses: int
    unproved: tuple[str, ...]  # ids of obligations that rest on a solver's word
    labels: dict[str, frozenset[tuple[str, ...]]]  # of each claim: of all that each of its proofs may use

    def stakes(self, vault: Vault) -> Stakes:
        """What each claim may rest on, as `assumptions.stakes` says of a verification."""
        return stakes_of(self.labels, vault)


def source_of(document: Any) -> Source:
    """The main file's text out of a certificate, not yet compared with anything. Raises Refused."""
    files = _files(document)
    return Source(*files[0])


def used_files(document: Any) -> dict[str, str]:
    """The texts of the files that it uses, by their paths. Raises Refused."""
    return dict(_files(document)[1:])


def strategy_name(document: Any) -> str:
    name = _field(document, "strategy", str)
    assert isinstance(name, str)
    return name


def audit(document: Any, vault: Vault, source: Source) -> Audited:
    """Accept a certificate of this vault, or raise Refused. `source` is what the vault was derived from."""
    try:
        return _audited(document, vault, source)
    except Refused as error:
        raise Refused(f"{error}{_made_by_another(document)}") from error


def _made_by_another(document: Any) -> str:
    """What to try where another version made it, which may have claimed something else of the same source."""
    from importlib.metadata import version  # only here: it takes longer to load than this module

    tools = document.get("tools") if isinstance(document, dict) else None
    by = tools.get("stratc") if isinstance(tools, dict) else None
    if not isinstance(by, str) or not re.fullmatch(r"[0-9A-Za-z.+-]{1,40}", by) or by == version("stratc"):
        return ""
    return f" (stratc {by} made it, this is {version('stratc')}: audit it with that one)"


def _audited(document: Any, vault: Vault, source: Source) -> Audited:
    _only("no certificate", document, FIELDS)
    _says_how(document, "tools", str)
    _says_how(document, "options", int)
    _only("source", _field(document, "source", dict), ("sha256", "files"))
    _same("source", document["source"].get("sha256"), source.digest())
    _same("source: files", document["source"].get("files"), files_json(source))
    auditor = _Auditor(document, vault)
    expected = _expected(vault)
    told = _field(document, "claims", list)
    _same("claims", [_field(claim, "name", str) for claim in told], [name for name, _, _ in expected])
    for claim, (name, text, obligations) in zip(told, expected, strict=True):
        auditor.claim(claim, name, text, obligations)
    auditor.nothing_else()
    assumptions = [assumption_json(assumption) for assumption in guarded_assumptions(vault)]
    _same("assumptions", _field(document, "assumptions", list), assumptions)
    labels = {name: frozenset(used) for name, used in auditor.labels.items()}
    return Audited(len(told), auditor.derivations, auditor.witnesses, tuple(auditor.unproved), labels)


def _expected(vault: Vault) -> list[tuple[str, str, Expected]]:
    """Every claim with its text and what is to be shown for it; of inner vaults all that is claimed of them."""
    box = box_of(vault)
    of_inner = {claim_name(venue): tuple(_within(venue, inner)) for venue, inner in vault.inner.items()}
    return [
        (CLAIM, TEXT, possibilities(vault, box)),
        *((spec.name, spec.text, (*of_inner.get(spec.name, ()), *spec.obligations)) for spec in claims_of(vault, box)),
    ]


def _within(venue: str, inner: Vault) -> Iterator[Obligation | Possibility]:
    claim = claim_name(venue)

    def told(obligation: Obligation) -> Obligation:
        return within(venue, claim, obligation, NOWHERE)

    for _, _, obligations in _expected(inner):
        for one in obligations:
            match one:
                case Possibility(told=None):
                    yield replace(one, id=f"{claim}/{one.id}", told=told)
                case Possibility(told=deeper):
                    yield replace(one, id=f"{claim}/{one.id}", told=lambda o, deeper=deeper: told(deeper(o)))
                case Obligation():
                    yield told(one)


class _Auditor:
    """One certificate, with what was read of it so far."""

    def __init__(self, document: Any, vault: Vault) -> None:
        self._names = frozenset(names_of_a_round(vault))
        self._texts = _field(document, "contexts", dict)
        self._proofs = _field(document, "proofs", dict)
        self._contexts: dict[str, Context] = {}
        self._reader = Reader()
        self._printer = Printer()
        self._printed: dict[int, str] = {}
        self._accepted: dict[tuple[object, str, object], frozenset[int]] = {}
        self._named: set[str] = set()
        self._reliance = Reliance.on(vault)
        self._behind: dict[tuple[str, ...], list[str]] = {}
        self.derivations = 0
        self.witnesses = 0
        self.unproved: list[str] = []
        self.labels: dict[str, set[tuple[str, ...]]] = {}
        self._labels_of: dict[int, tuple[str, ...]] = {}

    def claim(self, told: Any, name: str, text: str, expected: Expected) -> None:
        _only(name, told, CLAIM_FIELDS)
        _same(f"{name}: text", _field(told, "text", str), text)
        _same(f"{name}: verdict", _field(told, "verdict", str), "proved")
        obligations = _field(told, "obligations", list)
        _same(f"{name}: obligations", [_field(one, "id", str) for one in obligations], [one.id for one in expected])
        used = self.labels.setdefault(name, set())
        for one, obligation in zip(obligations, expected, strict=True):
            _same(f"{obligation.id}: text", _field(one, "text", str), obligation.text)
            _same(f"{obligation.id}: verdict", _field(one, "verdict", str), "proved")
            if (kind := _field(one, "kind", str)) in EVIDENCE_FIELDS:
                _only(obligation.id, one, (*COMMON_FIELDS, *EVIDENCE_FIELDS[kind]))
            if isinstance(obligation, Possibility):
                used.add(self._witness(one, obligation))
            else:
                used.add(self._obligation(one, obligation))

    def nothing_else(self) -> None:
        """Refuse contexts and proofs that no obligation has named."""
        _only("contexts", self._texts, self._contexts)
        _only("proofs", self._proofs, self._named)

    def _witness(self, told: Any, possibility: Possibility) -> tuple[str, ...]:
        _same(f"{possibility.id}: kind", _field(told, "kind", str), "witness")
        flows = [_whole(_field(told, name, str)) for name in ("deposited", "withdrawn")]
        played = Round(_state(told, "settled"), _state(told, "moment"), *flows)
        for state in (played.settled, played.moment):
            _only(f"{possibility.id}: the witness", state, self._names)
        try:
            accepted = possibility.accepts(played)
        except (KeyError, ZeroDivisionError, Reverted) as error:
            raise Refused(f"{possibility.id}: the witness is no round of this vault: {error!r}") from error
        if not accepted:
            raise Refused(f"{possibility.id}: the witness does not replay")
        may_use = (labels_of(obligation) for obligation in possibility.obligations())
        labels = next((one for one in may_use if self._rests(told, one)), None)
        if labels is None:
            raise Refused(f"{possibility.id}: it does not say what it rests on")
        self.witnesses += 1
        return labels

    def _obligation(self, told: Any, obligation: Obligation) -> tuple[str, ...]:
        """The labels of all that its proof may use."""
        context = self._context(told, obligation)
        goal = self._printer.script((Not(obligation.goal),), context.names).text
        _same(f"{obligation.id}: goal", _field(told, "goal", str), goal)
        kind = _field(told, "kind", str)
        may_use = self._may_use(obligation)
        if kind == "solver":
            self.unproved.append(obligation.id)
            used = may_use
        elif kind == "derivation":
            used = self._derivation(told, obligation, context, goal)
        else:
            raise Refused(f"{obligation.id}: kind {kind!r} is no evidence")
        if not self._rests(told, used):
            raise Refused(f"{obligation.id}: the proof rests on other things than it says: {', '.join(used)}")
        return may_use

    def _may_use(self, obligation: Obligation) -> tuple[str, ...]:
        key = id(obligation.hypotheses)  # as in `_known`
        if key not in self._labels_of:
            self._labels_of[key] = labels_of(obligation)
        return self._labels_of[key]

    def _context(self, told: Any, obligation: Obligation) -> Context:
        """The context that the obligation names, which must be the one that it has. Read once."""
        digest = _field(told, "context", str)
        text = self._known(obligation)
        _same(f"{obligation.id}: context", self._texts.get(digest), text)
        if digest not in self._contexts:
            self._contexts[digest] = Context(text, self._reader)
        return self._contexts[digest]

    def _known(self, obligation: Obligation) -> str:
        """The text of all that a proof may use. `audit` holds every obligation: identities tell them apart."""
        key = id(obligation.hypotheses)
        if key not in self._printed:
            self._printed[key] = self._printer.script(known(obligation)).text
        return self._printed[key]

    def _derivation(self, told: Any, obligation: Obligation, context: Context, goal: str) -> tuple[str, ...]:
        """The labels of the hypotheses that the proof uses."""
        key = (told["context"], goal, _field(told, "proof", str))
        if key not in self._accepted:
            proof = self._proofs.get(told["proof"])
            try:
                context.check(goal, proof)
            except Rejected as error:
                raise Refused(f"{obligation.id}: {error}") from error
            self._accepted[key] = hypotheses_of(proof, context)
            self._named.add(told["proof"])
        self.derivations += 1
        used = sorted(self._accepted[key])
        return tuple(dict.fromkeys(obligation.hypotheses[number].label for number in used))

    def _rests(self, told: Any, labels: tuple[str, ...]) -> bool:
        if labels not in self._behind:  # most obligations rest on the same
            self._behind[labels] = list(self._reliance.of(labels))
        says = (_field(told, "core", list), _field(told, "rests_on", list))
        return says == (list(labels), self._behind[labels])


# ── reading what somebody else wrote ───────────────────────────────────────────────────────


def _files(document: Any) -> list[tuple[str, str]]:
    if _field(document, "schema", int) != SCHEMA:
        raise Refused(f"schema {document['schema']} is not the one that this version audits, {SCHEMA}")
    files = _field(_field(document, "source", dict), "files", list)
    if not files:
        raise Refused("source: there are no files")
    return [(_field(file, "name", str), _field(file, "text", str)) for file in files]


def _field(document: Any, name: str, kind: type) -> Any:
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Refused(f"no certificate: `{name}` is missing or is no {kind.__name__}")
    return value


def _says_how(document: Any, name: str, kind: type) -> None:
    """What it was made with. No claim rests on it, so that it is there and can be read is all that is asked."""
    told = _field(document, name, dict)
    if not told or not all(type(one) is kind for one in told.values()):
        raise Refused(f"no certificate: `{name}` does not say what it was made with")


def _only(where: str, told: Any, known: Collection[str]) -> None:
    """Raises Refused where it says more than somebody reads."""
    for name in told if isinstance(told, dict) else ():
        if name not in known:
            raise Refused(f"{where}: nothing reads `{str(name)[:40]}`")


def _state(told: Any, name: str) -> dict[str, int]:
    return {key: _whole(value) for key, value in _field(told, name, dict).items()}


def _whole(text: Any) -> int:
    if not isinstance(text, str) or not text.isdecimal() or len(text) > 1000:
        raise Refused(f"an amount is no whole number: {str(text)[:40]!r}")
    return int(text)


def _same(what: str, told: object, derived: object) -> None:
    if told != derived:
        raise Refused(f"{what}: the certificate differs from what the source says")
