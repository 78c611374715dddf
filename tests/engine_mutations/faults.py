"""Faults that somebody might put into the prover or its checker, each with the tests that must notice it."""

from __future__ import annotations

from engine_mutations.fault import Fault
from engine_mutations.how_it_is_checked import CHECKED
from engine_mutations.what_is_shown import SHOWN

FAULTS: tuple[Fault, ...] = (*SHOWN, *CHECKED)
