"""What is proved of the runtime library and of the vaults that come out, over unbounded integers.

Proofs are worth nothing where the facts that they start from cannot be: each is tried in states computed by Python.
"""

from __future__ import annotations

import random
from functools import cache
from types import SimpleNamespace

import pytest

from library_proofs import accounts, bounds, depositors, fees, ledger, library, rings, shares, trades
from library_proofs.bits import COMPLEMENT, LOWEST_BIT, OR_IS_A_SUM, OR_IS_NO_LESS, OR_WITH_NOTHING
from library_proofs.lemmas import PRODUCTS_KEEP_EQUALITY, PRODUCTS_KEEP_ORDER, QUOTIENT_IS_UNIQUE, Lemma
from library_proofs.meaning import Meaning
from library_proofs.reading import Sources
from library_proofs.solver import PROVED, Question
from library_proofs.terms import WORD, Term, evaluated, unknowns
from library_proofs.vaults import STRATEGIES, Subject, subject
from stratc_compiler.standing import Attestation, Standing
from vyper_target.probes import probe_sources

ABOUT_VAULTS = {**accounts.THEOREMS, **bounds.THEOREMS, **shares.THEOREMS, **trades.THEOREMS}
ABOUT_FEES = fees.THEOREMS
ABOUT_LIBRARY = {**library.THEOREMS, **ledger.THEOREMS, **depositors.THEOREMS, **rings.THEOREMS}
TRIES = 4_000


@cache
def known(name: str) -> Subject:
    return subject(name)


def sources(theorem: str) -> Sources:
    """Of a vault with the module that the theorem is about; rings are shown by themselves."""
    if theorem in rings.THEOREMS:
        return probe_sources("ring_probe")
    return known("members" if theorem in depositors.THEOREMS else "idle").sources


@pytest.mark.parametrize("theorem", ABOUT_LIBRARY)
def test_the_library_computes_what_the_model_means(theorem: str) -> None:
    ABOUT_LIBRARY[theorem](sources(theorem))


@pytest.mark.parametrize("theorem", ABOUT_VAULTS)
@pytest.mark.parametrize("name", STRATEGIES)
def test_the_vault_computes_what_was_proved(name: str, theorem: str) -> None:
    ABOUT_VAULTS[theorem](known(name))


@pytest.mark.parametrize("theorem", ABOUT_FEES)
def test_fees_are_what_was_proved(theorem: str) -> None:
    ABOUT_FEES[theorem](known("fund"))


def test_the_machine_takes_for_attested_whom_the_contract_does() -> None:
    """What `depositors.recipient` proves the contract to tell, and the exact machine, at drawn answers."""
    choose, seen = random.Random(1), set()
    for _ in range(2_000):
        schema, attester = choose.choice((7, 8)), choose.choice((21, 22))
        expires, now = choose.choice((0, 99, 100, 101)), 100
        revoked, answered = choose.random() < 0.2, choose.random() < 0.9
        record = dict(enumerate((1, schema, 5, expires, 50 * revoked, 0, 33, attester)))
        values: dict[str, int | bool] = {f"answer.word {32 * (1 + place)}": word for place, word in record.items()}
        values |= {"answered?": answered, "answer.length": 320, "block.timestamp": now}
        values |= {"depositors.SCHEMA": 7, "depositors.ATTESTER": 21}
        found = Attestation(str(schema), str(attester), "33", expires, revoked) if answered else None
        machine = SimpleNamespace(
            vault=SimpleNamespace(schema="7"),
            roles=SimpleNamespace(attester="21"),
            market=SimpleNamespace(attestation=lambda uid, found=found: found, now=lambda now=now: now),
        )
        told = Standing._attested(machine, "uid")  # type: ignore[arg-type]
        assert evaluated(depositors.attested(), values) == int(told or 0)
        seen.add(told)
    assert seen == {None, "33"}


# ── no proof starts from what cannot be ────────────────────────────────────────────────────


def values_of(question: Question, choose: random.Random) -> dict[str, int | bool]:
    """Values for every unknown: as the facts define it, else any."""
    defined = {str(one.args[0].leaf): one.args[1] for one in reversed(question.facts) if is_definition(one)}
    values: dict[str, int | bool] = {}
    for name in unknowns((*question.facts, question.claim)):
        settle(name, defined, values, choose)
    return values


def is_definition(fact: Term) -> bool:
    return fact.op == "=" and fact.args[0].op == "unknown"


def settle(name: str, defined: dict[str, Term], values: dict[str, int | bool], choose: random.Random) -> None:
    if name in values:
        return
    if name in defined and name not in unknowns([defined[name]]):
        for other in unknowns([defined[name]]):
            settle(other, defined, values, choose)
        values[name] = evaluated(defined[name], values)
    elif name.endswith("?"):
        values[name] = choose.random() < 0.5
    elif name in ("n", "size"):
        values[name] = 2 ** choose.randrange(0, 9)
    else:
        values[name] = choose.choice(
            (0, 1, 2, 3, 5, 8, choose.randrange(200), 10**6, 10**12, 10**18, 2**64 + 1, 2**100)
        )


def tried(question: Question, states: list[dict[str, int | bool]]) -> int:
    """In how many of the states the facts hold; the claim must hold in each."""
    possible = [state for state in states if all(evaluated(fact, state) for fact in question.facts)]
    assert all(evaluated(question.claim, state) for state in possible), question.theorem
    return len(possible)


def asked(theorem: object, *arguments: object) -> list[Question]:
    before = len(PROVED)
    theorem(*arguments)  # type: ignore[operator]
    assert len(PROVED) > before
    return PROVED[before:]


@pytest.mark.parametrize("theorem", [name for name in ABOUT_LIBRARY if name != "quotient"])
def test_theorems_of_the_library_start_from_what_can_be(theorem: str) -> None:
    for question in asked(ABOUT_LIBRARY[theorem], sources(theorem)):
        assert possible(question)


@pytest.mark.parametrize("theorem", ABOUT_VAULTS)
def test_theorems_of_vaults_start_from_what_can_be(theorem: str) -> None:
    for question in asked(ABOUT_VAULTS[theorem], known("everything")):
        assert possible(question)


@pytest.mark.parametrize("theorem", ABOUT_FEES)
def test_theorems_of_fees_start_from_what_can_be(theorem: str) -> None:
    for question in asked(ABOUT_FEES[theorem], known("fund")):
        assert possible(question), question.theorem


LEMMAS = (
    PRODUCTS_KEEP_ORDER,
    PRODUCTS_KEEP_EQUALITY,
    QUOTIENT_IS_UNIQUE,
    COMPLEMENT,
    LOWEST_BIT,
    OR_WITH_NOTHING,
    OR_IS_A_SUM,
    OR_IS_NO_LESS,
)


@pytest.mark.parametrize("lemma", LEMMAS, ids=lambda lemma: lemma.name)
def test_lemmas_start_from_what_can_be(lemma: Lemma) -> None:
    for question in asked(lemma.prove):
        assert possible(question)


def possible(question: Question) -> bool:
    choose = random.Random(question.theorem)
    return any(tried(question, [values_of(question, choose)]) for _ in range(TRIES))


def test_every_step_about_the_quotient_starts_from_what_can_be() -> None:
    """Every step's facts hold, and so does what it shows, in runs of the function with quotients of either kind."""
    sources = known("idle").sources
    read = library.arith(sources, "_quotient")
    choose = random.Random(0)
    states = [computed(read, choose) for _ in range(200)]
    steps = asked(library.quotient, sources)
    about = [one for one in steps if set(unknowns((*one.facts, one.claim))) <= states[0].keys()]
    assert len(about) > 50
    for step in about:
        assert tried(step, states), step.theorem


def computed(read: Meaning, choose: random.Random) -> dict[str, int | bool]:
    """A run: any factors, and a divisor for which the quotient is a word, with any power of two in it."""
    x, y = (choose.getrandbits(choose.choice((8, 128, 200, 256))) for _ in range(2))
    low = min(WORD - 1, x * y // WORD + 1)
    divisor = choose.randrange(low, WORD)
    divisor = max(low, (divisor >> choose.randrange(256)) << choose.randrange(8)) % WORD or 1
    values: dict[str, int | bool] = {"x": x, "y": y, "divisor": divisor}
    for name, definition in read.definitions.items():
        values[name] = evaluated(definition, values)
    return values
