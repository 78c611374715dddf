"""Answers of earlier runs: the same as fresh ones to the byte, and never believed, whatever lies in the memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from proofs.strategies import claim, proved, refuted, vault_of
from stratc_compiler import prove, smt
from stratc_compiler.certificate import certificate_json
from stratc_compiler.claims import claims_of
from stratc_compiler.driver import Options, verify
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.questions import Answered, Group, Questions, Task
from stratc_compiler.recall import Past
from stratc_compiler.shocks import eliminate
from stratc_compiler.verdict import Derivation, Query, SolverSays, Verification

GREEDY = ("exit >= 60% of nav", "exit >= 99% of nav")
"""More than the treasury pays: its claim is refuted."""


class Kept(Struct):
    """A memory in a dictionary."""

    texts: dict[str, bytes] = field(default_factory=dict)

    def recall(self, key: str) -> bytes | None:
        return self.texts.get(key)

    def remember(self, key: str, text: bytes) -> None:
        self.texts[key] = text


class Flooded(Struct):
    """A memory that answers everything with one text."""

    text: bytes

    def recall(self, key: str) -> bytes | None:
        return self.text

    def remember(self, key: str, text: bytes) -> None:
        pass


@cache
def first_run(*changes: tuple[str, str]) -> tuple[Verification, dict[str, bytes]]:
    """What a run without any memory finds, and what it leaves."""
    memory = Kept()
    return verify(*vault_of("treasury", *changes), Options(memory=memory)), memory.texts


def again(memory: Any, *changes: tuple[str, str]) -> Verification:
    return verify(*vault_of("treasury", *changes), Options(workers=1, memory=memory))


def fail(*_: object) -> Any:
    raise AssertionError("nothing was to be searched for")


@pytest.fixture
def unaided(monkeypatch: pytest.MonkeyPatch) -> None:
    """No search, and no solver, once there was a first run."""
    first_run()
    first_run(GREEDY)
    monkeypatch.setattr(prove, "answer", fail)
    monkeypatch.setattr(smt.Query, "solve", fail)


@pytest.mark.usefixtures("unaided")
def test_what_is_remembered_is_the_same_to_the_byte_and_needs_no_solver() -> None:
    fresh, texts = first_run()
    assert fresh.proved
    recalled = again(Kept(dict(texts)))
    assert recalled == fresh
    assert certificate_json(recalled) == certificate_json(fresh)


@pytest.mark.usefixtures("unaided")
def test_a_refutation_is_remembered_with_its_scenario() -> None:
    fresh, texts = first_run(GREEDY)
    assert refuted(fresh) == {"exit >= 99% of nav"}
    recalled = again(Kept(dict(texts)), GREEDY)
    assert recalled == fresh
    assert claim(recalled, "exit >= 99% of nav").verdict == claim(fresh, "exit >= 99% of nav").verdict


@pytest.mark.usefixtures("unaided")
def test_comments_and_spaces_change_no_question() -> None:
    _, texts = first_run()
    assert again(Kept(dict(texts)), ("    rules {", "    # what the keeper does\n\n    rules {")).proved


def test_another_effort_is_another_question(monkeypatch: pytest.MonkeyPatch) -> None:
    _, texts = first_run()
    monkeypatch.setattr(prove, "answer", fail)
    with pytest.raises(AssertionError, match="nothing was to be searched for"):
        verify(*vault_of("treasury"), Options(Effort(nodes=19_999), workers=1, memory=Kept(dict(texts))))


def test_what_is_unknown_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Kept()
    vault, source = vault_of("treasury")
    options = Options(Effort(rlimit=1, nodes=0), workers=1, memory=memory)
    poor = verify(vault, source, options)
    assert not proved(poor) - {"consistent"}
    assert not any(b"proof" in text for text in memory.texts.values())
    assert verify(vault, source, options) == poor
    monkeypatch.setattr(prove, "answer", fail)
    with pytest.raises(AssertionError, match="nothing was to be searched for"):
        verify(vault, source, options)


def test_a_solvers_word_that_something_holds_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def says(task: Task) -> list[Answered]:
        return [Answered(None, SolverSays(Query(task.context, goal))) for goal, _ in task.asked]

    monkeypatch.setattr(prove, "answer", says)
    memory = Kept()
    verify(*vault_of("treasury"), Options(workers=1, memory=memory))
    assert not any(text.startswith(b"[") for text in memory.texts.values())


# ── what somebody else put there ───────────────────────────────────────────────────────────


@cache
def groups_of(*changes: tuple[str, str], example: str = "treasury", claims: str = "") -> tuple[Group, ...]:
    """What the claims ask whose names begin so."""
    vault, _ = vault_of(example, *changes)
    questions = Questions()
    for spec in claims_of(vault, box_of(vault)):
        for obligation in spec.obligations if spec.name.startswith(claims) else ():
            questions.add(obligation)
    return tuple(questions.groups.values())


def with_nothing(texts: dict[str, bytes]) -> Kept:
    """The memory of somebody who says of every question that nothing was found out."""
    said = {key: json.loads(text) for key, text in texts.items()}
    return Kept(
        {
            key: json.dumps([{"nothing": {"gave_up": None}}] * len(one) if isinstance(one, list) else one).encode()
            for key, one in said.items()
        }
    )


def test_that_nothing_was_found_takes_no_proof_away() -> None:
    fresh, texts = first_run()
    assert again(with_nothing(texts)) == fresh


def test_nor_a_refutation_and_only_what_it_refutes_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh, texts = first_run(GREEDY)
    asked: list[str] = []
    answer = prove.answer
    monkeypatch.setattr(prove, "answer", lambda task: asked.extend(one.claim for _, one in task.asked) or answer(task))
    recalled = again(with_nothing(texts), GREEDY)
    assert {one.name: type(one.verdict) for one in recalled.claims} == {
        one.name: type(one.verdict) for one in fresh.claims
    }
    assert claim(recalled, "exit >= 99% of nav").verdict == claim(fresh, "exit >= 99% of nav").verdict
    assert asked
    assert "exit >= 99% of nav" not in asked


def past(memory: Any, *changes: tuple[str, str]) -> Past:
    return Past(memory, Effort(), vault_of("treasury", *changes)[0])


def key_of(group: Group) -> str:
    """The key under which the answers to a group lie."""
    asked: list[str] = []

    class Asked(Kept):
        def recall(self, key: str) -> bytes | None:
            asked.append(key)
            return None

    past(Asked()).answers(group)
    return asked[0]


ENTRY = json.dumps([{"proof": [[None, 0, [["1", [0]]]]]}]).encode()
GARBAGE = {
    "nothing": b"",
    "no text": bytes(range(256)),
    "no JSON": b"{",
    "another JSON": b'{"schema": 1}',
    "null": b"null",
    "no answers": b"[]",
    "no answer": b"[{}]",
    "a proof without steps": b'[{"proof": []}]',
    "a split without its cases": b'[{"proof": [[0, 2, []]]}]',
    "a number that is none": ENTRY.replace(b'"1"', b'"one"'),
    "a long number": ENTRY.replace(b'"1"', b'"' + b"9" * 100_000 + b'"'),
    "a fact that is none": ENTRY.replace(b"[0]", b"[true]"),
    "a fact that is not there": ENTRY.replace(b"[0]", b"[1000000]"),
    "a point that is none": b'[{"point": {"x": "1/0"}}]',
    "a point elsewhere": b'[{"point": {"x": "1"}}]',
    "deep arrays": b"[" * 1_000_000,
    "deep objects": b'[{"a":' * 1_000_000,
    "deep in a proof": b'[{"proof": [[0, 1, ' + b"[" * 1_000_000,
    "a deep proof": b'[{"proof": [' + b"[0, 1, []]," * 20_000 + b"[null, 0, []]]}]",
    "deep in what is not asked for": b'[{"more": ' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}]",
    "no round": b'{"settled": {}, "moment": {}, "deposited": "0", "withdrawn": "0"}',
    "a round of other amounts": b'{"settled": {"a": "-1"}, "moment": {}, "deposited": "0x1", "withdrawn": "0"}',
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_what_is_no_answer_is_as_if_it_were_not_there(kind: str) -> None:
    for group in groups_of():
        assert past(Flooded(GARBAGE[kind])).answers(group) is None
    obligation = next(iter(groups_of()[0].asked.values()))
    assert past(Flooded(GARBAGE[kind])).round(obligation, lambda played: played.settled["idle(USDC)"]) is None


@pytest.mark.parametrize("kind", ["deep in what is not asked for", "a deep proof", "no round"])
def test_and_changes_no_verdict(kind: str) -> None:
    for changes in ((), (GREEDY,)):
        fresh, _ = first_run(*changes)
        assert again(Flooded(GARBAGE[kind]), *changes) == fresh


def test_a_truncated_entry_is_none() -> None:
    _, texts = first_run()
    for group in groups_of():
        text = texts[key_of(group)]
        for length in range(0, len(text), len(text) // 7):
            assert past(Flooded(text[:length])).answers(group) is None


def test_the_answers_to_another_question_are_checked_against_this_one() -> None:
    """Where proofs of other goals happen to be proofs of these they count, and nowhere else."""
    _, texts = first_run()
    groups = groups_of()
    taken = 0
    for group, other in zip(groups, (*groups[1:], groups[0]), strict=True):
        recalled = past(Flooded(texts[key_of(other)])).answers(group)
        taken += recalled is not None
        for answered in recalled or ():
            assert isinstance(answered.evidence, Derivation)
    assert taken < len(groups) // 2


def _drop_a_term(found: Any) -> None:
    del next(step for step in found["proof"] if step[0] is None)[2][0]


def _double_a_multiplier(found: Any) -> None:
    next(step for step in found["proof"] if step[0] is None)[2][0][0] += "1"


def _name_another_fact(found: Any) -> None:
    next(step for step in found["proof"] if step[0] is None)[2][0][1][0] += 1


def _say_that_there_is_a_point(found: Any) -> None:
    found.update(proof=None, point={})


@pytest.mark.parametrize("alter", [_drop_a_term, _double_a_multiplier, _name_another_fact, _say_that_there_is_a_point])
def test_an_altered_answer_is_none(alter: Callable[[Any], None]) -> None:
    _, texts = first_run()
    for group in groups_of():
        honest = json.loads(texts[key_of(group)])
        for number in range(len(honest)):
            altered = deepcopy(honest)
            alter(altered[number])
            assert past(Flooded(json.dumps(altered).encode())).answers(group) is None


def test_a_point_of_what_shares_its_shocks_is_kept_and_has_to_satisfy_the_question_itself() -> None:
    """Of a short and the ether that it hedges, both moved by one price: eliminating that would say less."""
    group, _ = groups_of(example="refuted/eaten_margin", claims="safe")
    (obligation,) = group.asked.values()
    assert not eliminate(obligation).exact
    (found,) = prove.answer(group.task(Effort()))
    assert found.point is not None
    before = past(memory := Kept())
    before.keep(group, [found])
    recalled = before.answers(group)
    assert recalled is not None
    assert (recalled[0].point, recalled[0].believed) == (found.point, False)
    moved = next(name for name in found.point if name.startswith("price factor"))
    before.keep(group, [replace(found, point={**found.point, moved: found.point[moved] / 2})])
    assert len(memory.texts) == 1
    assert before.answers(group) is None


def test_nothing_that_lies_there_proves_what_is_refuted() -> None:
    """Under every key of the refuted treasury lies an answer to a question of the proved one."""
    fresh, honest = first_run(GREEDY)
    _, proofs = first_run()
    foreign = list(proofs.values())
    poisoned = {key: foreign[number % len(foreign)] for number, key in enumerate(honest)}
    recalled = again(Kept(poisoned), GREEDY)
    # Any round that replays is a witness of `consistent`, and one that breaks the claim a scenario of that.
    kinds = [[type(part.verdict) for part in one.obligations] for one in fresh.claims]
    assert [[type(part.verdict) for part in one.obligations] for one in recalled.claims] == kinds
    assert refuted(recalled) == {"exit >= 99% of nav"}
    assert proved(recalled) == proved(fresh)


def test_nothing_that_lies_there_refutes_what_is_proved() -> None:
    """The scenario of the refuted treasury breaks no claim of the proved one; its points satisfy no negated goal."""
    fresh, honest = first_run()
    _, refutations = first_run(GREEDY)
    points = [text for text in refutations.values() if b'"point":{' in text or b"settled" in text]
    assert points
    poisoned = {key: points[number % len(points)] for number, key in enumerate(honest)}
    recalled = again(Kept(poisoned))
    assert recalled.proved
    # The first is `consistent`, and any round that replays is a witness of that.
    assert recalled.claims[1:] == fresh.claims[1:]


def test_a_scenario_counts_only_where_it_breaks_the_claim() -> None:
    """The exact round, with one amount off, is no scenario: another is found, the same as at first."""
    fresh, honest = first_run(GREEDY)
    poisoned = dict(honest)
    for key, text in honest.items():
        if b"settled" in text:
            poisoned[key] = text.replace(b'"idle(USDC)":"', b'"idle(USDC)":"9')
    assert poisoned != honest
    assert again(Kept(poisoned), GREEDY) == fresh


def test_a_vault_of_nothing_is_no_witness() -> None:
    """Of nothing every share is as it should be: under `consistent` it would show that anything is possible."""
    fresh, honest = first_run()
    rounds = {key: json.loads(text) for key, text in honest.items() if b"settled" in text}
    assert rounds
    for played in rounds.values():
        for state in (played["settled"], played["moment"]):
            state.update({name: "0" for name in state if not name.startswith(("price", "unit"))})
        played.update(deposited="0", withdrawn="0")
    poisoned = honest | {key: json.dumps(played).encode() for key, played in rounds.items()}
    assert certificate_json(again(Kept(poisoned))) == certificate_json(fresh)
