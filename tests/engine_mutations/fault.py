"""One fault, and the names of tests that notice some."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """In one file, `old` becomes `new`: it must stand there exactly once. `why` says what would be proved wrongly."""

    name: str
    file: str
    old: str
    new: str
    why: str
    caught_by: tuple[str, ...]


def compiler(module: str, name: str, old: str, new: str, why: str, *caught_by: str) -> Fault:
    return Fault(name, f"compiler/stratc_compiler/{module}.py", old, new, why, caught_by)


def checker(module: str, name: str, old: str, new: str, why: str, *caught_by: str) -> Fault:
    return Fault(name, f"checker/stratc_checker/{module}.py", old, new, why, caught_by)


REBALANCES, DELEVERAGES, LEAVES = (
    f"proofs/test_relaxation.py::test_exact_runs_are_admitted[eth_carry-{plan}]"
    for plan in ("rebalance", "deleverage_aave", "exit")
)
LOOP_DELEVERAGES = "proofs/test_relaxation.py::test_exact_runs_are_admitted[eth_loop-deleverage_aave]"
COMPUTED_ONCE = "proofs/test_relaxation.py::test_the_same_of_the_same_numbers_is_computed_once_and_of_others_anew"
CARRY_MOVES, SAVER_MOVES = (
    f"proofs/test_rounds_are_admitted.py::test_a_moment_of_a_round[None-{name}]" for name in ("eth_carry", "treasury")
)
BOX = "proofs/test_verdicts.py::test_the_box_of_the_carry"
SCALE = "proofs/test_verdicts.py::test_the_scale_of_the_proof_is_the_scale_that_is_told"
EVERY_WAY = "proofs/test_verdicts.py::test_every_way_through_the_rules_is_looked_at"
FIRST = "proofs/test_first_round.py::test_a_gift_that_was_there_before_can_only_be_drawn_as_far_as_is_assumed"
MOVES_OF_A_RANGE = "proofs/test_range_deltas.py::test_what_is_known_of_a_move_is_so_wherever_a_range_lies"
TOPS_UP = "proofs/test_range_top_up.py::test_"
TRADES = "proofs/test_needs.py::test_trades_after_a_deposit_are_part_of_the_loss"


def needs(what: str) -> str:
    return f"proofs/test_needs.py::test_what_does_not_hold_is_not_proved[{what}]"


def loan(what: str) -> str:
    return f"proofs/test_flash.py::test_a_faulty_loan_is_not_proved[{what}]"


def plan(what: str) -> str:
    return f"proofs/test_needs.py::test_a_faulty_plan_is_not_proved[{what}]"


def evidence(what: str) -> str:
    return f"proofs/test_evidence.py::test_{what}"


def audit(what: str) -> str:
    return f"cli/test_audit.py::test_a_tampered_certificate_is_rejected_with_the_reason[{what}]"


def checks(what: str) -> str:
    return f"checker/test_proof.py::test_{what}"


def step(what: str) -> str:
    return checks(f"what_is_no_proof_is_rejected_with_the_reason[{what}]")
