"""Which tests are begun first, and which of them go together to one of the processes of a run."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

LONGEST = (
    *("differential/test_differential", "attacks/test_prices", "proofs/test_verdicts", "cli/test_examples"),
    *("refuted/test_scenarios", "vyper_target/test_emit", "fuzzing/test_proofs", "vyper_target/test_everything"),
    *(
        "proofs/test_vacuity",
        "keeper/test_process",
        "attacks/test_flash_loans",
        "proofs/test_pairs",
        "proofs/test_margins",
    ),
    *("attacks/test_lending", "erc4626/test_actions", "library_proofs/test_faults", "fuzzing/test_fuzz"),
    *("proofs/test_recall", "integration/test_carry_on_anvil", "keeper/test_watch", "proofs/test_invariants"),
    *("vyper_target/test_carry", "cli/test_cache", "cli/test_build", "ground/test_checkers_see_every_file"),
    *("venues/test_morpho_books", "vyper_target/test_blue", "deploying/test_deploy"),
)
"""Files of fifteen seconds and more: begun first, so that in the end no process works alone."""

ALONE = (
    "test_contract_and_machine_agree_at_length",
    "test_contract_and_machine_agree_on_a_loan_at_morpho_at_length",
    "test_contract_and_machine_agree_on_bitcoin_at_length",
    "test_proved_claims_withstand_many_random_rounds",
    "test_the_examples_withstand_it_too",
    "test_what_is_proved_of_many_random_strategies_withstands_attack",
    "test_the_sizes_are_those_of_the_page",
    "test_every_verdict_of_a_map_is_the_one_of_the_strategy_with_both_numbers",
    "test_contract_and_machine_agree",
)
"""Tests of minutes, begun before all others: each goes to whichever process is free, not with its file to one."""


def name_of(nodeid: str) -> tuple[str, str]:
    """The file, as above, and the function of a test."""
    file, _, rest = nodeid.partition("::")
    return str(PurePosixPath(file).relative_to("tests").with_suffix("")), rest.partition("[")[0]


def place(nodeid: str) -> tuple[int, int]:
    """Tests are sorted by this; those of equal place stay as they were."""
    file, function = name_of(nodeid)
    alone = ALONE.index(function) if function in ALONE else len(ALONE)
    return alone, LONGEST.index(file) if file in LONGEST else len(LONGEST)


class ByTime(LoadScopeScheduling):
    """A file is built once what its tests share, so they stay together; tests of minutes share little."""

    def _split_scope(self, nodeid: str) -> str:
        file, function = name_of(nodeid)
        return nodeid if function in ALONE else file
