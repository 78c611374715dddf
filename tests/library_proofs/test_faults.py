"""A theorem that cannot fail says nothing: faults of one line are put into the sources, and each breaks its theorem."""

from __future__ import annotations

import random
from functools import cache

import pytest

from library_proofs import accounts, bounds, depositors, fees, ledger, library, rings, shares, trades
from library_proofs.faults import (
    ACCOUNT_FAULTS,
    ARITH_FILE,
    DEPOSITOR_FAULTS,
    LIBRARY_FAULTS,
    RING_FAULTS,
    SHARE_FAULTS,
    Fault,
)
from library_proofs.fee_faults import FEE_FAULTS
from library_proofs.solver import Unproved
from library_proofs.vaults import Subject, subject
from vyper_target.probes import probe_sources

ABOUT_VAULTS = {**accounts.THEOREMS, **bounds.THEOREMS, **shares.THEOREMS, **trades.THEOREMS, **fees.THEOREMS}
ABOUT_LIBRARY = {**library.THEOREMS, **ledger.THEOREMS, **depositors.THEOREMS, **rings.THEOREMS}
AT_LEAST = 12


@cache
def sound(name: str) -> Subject:
    return subject(name)


@cache
def faulty(name: str, file: str, old: str, new: str) -> Subject:
    return sound(name).with_fault(file, old, new)


def broken(fault: Fault) -> Subject:
    """A vault with a loan has all that an account can have, a fund has fees; for the rest the smallest will do."""
    names = ((ACCOUNT_FAULTS, "eth_carry"), (FEE_FAULTS, "fund"), (DEPOSITOR_FAULTS, "members"))
    name = next((name for faults, name in names if fault in faults), "idle")
    return faulty(name, fault.file, fault.old, fault.new)


def test_there_are_enough_faults_and_each_has_its_own_name() -> None:
    faults = (*LIBRARY_FAULTS, *DEPOSITOR_FAULTS, *RING_FAULTS, *SHARE_FAULTS, *ACCOUNT_FAULTS, *FEE_FAULTS)
    assert len({fault.name for fault in faults}) == len(faults) >= AT_LEAST
    assert {fault.breaks for fault in faults} == {*ABOUT_LIBRARY, *ABOUT_VAULTS} - {"model"}


@pytest.mark.parametrize("fault", RING_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_in_a_ring_breaks_its_theorem(fault: Fault) -> None:
    sources = probe_sources("ring_probe")
    assert sources[fault.file].count(fault.old) == 1
    with pytest.raises(Unproved):
        ABOUT_LIBRARY[fault.breaks]({**sources, fault.file: sources[fault.file].replace(fault.old, fault.new)})


@pytest.mark.parametrize("fault", [*LIBRARY_FAULTS, *DEPOSITOR_FAULTS], ids=lambda fault: fault.name)
def test_a_fault_in_the_library_breaks_its_theorem(fault: Fault) -> None:
    with pytest.raises(Unproved) as found:
        ABOUT_LIBRARY[fault.breaks](broken(fault).sources)
    print(found.value)


FIRST = {fault.breaks: fault for fault in reversed((*SHARE_FAULTS, *ACCOUNT_FAULTS))}
"""One fault for every theorem but those of fees. The others are long: Vyper analyses the whole vault again for each."""


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=() if FIRST.get(fault.breaks) == fault else pytest.mark.long)
        for fault in (*SHARE_FAULTS, *ACCOUNT_FAULTS, *FEE_FAULTS)
    ],
    ids=lambda fault: fault.name,
)
def test_a_fault_in_a_vault_breaks_its_theorem(fault: Fault) -> None:
    with pytest.raises(Unproved) as found:
        ABOUT_VAULTS[fault.breaks](broken(fault))
    assert found.value.why == "refuted"
    assert found.value.values
    print(found.value)


# ── the faults are faults ──────────────────────────────────────────────────────────────────

MERSENNE = 2**257 - 1, 535_006_138_814_359
"""2 * (2^256 - 1) + 1 and a factor of it: half of it is a quotient whose rounding up is no word."""

EDGES = (
    MERSENNE[1],
    MERSENNE[0] // MERSENNE[1],
    0,
    1,
    2,
    3,
    4,
    6,
    7,
    2**127,
    2**128,
    2**128 + 1,
    2**255,
    2**256 - 2,
    2**256 - 1,
)


@pytest.mark.parametrize(
    "fault", [fault for fault in LIBRARY_FAULTS if fault.file == ARITH_FILE], ids=lambda fault: fault.name
)
def test_a_fault_in_arith_computes_something_else(fault: Fault) -> None:
    """So that no theorem fails only for how it was put."""
    name = "_quotient" if fault.breaks == "quotient" else fault.breaks
    right, wrong = (library.arith(given.sources, name) for given in (sound("idle"), broken(fault)))
    choose = random.Random(fault.name)
    for _ in range(20_000):
        values = {word: choose.choice((*EDGES, choose.getrandbits(256))) for word in right.arguments}
        if right.run(values) != wrong.run(values):
            return
    raise AssertionError(f"{fault.name}: the same everywhere")
