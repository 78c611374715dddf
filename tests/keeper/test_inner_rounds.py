"""How many rounds of a vault that is held begin within one of the one that holds it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import cast

import pytest

from keeper.watching import watched_from_a_round
from lab.chain import AnvilChain
from lab.world import build_world
from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.inner_rounds import RoundCount, used
from stratc_targets.keeper.watchlist import RoundsRead
from vyper_target.vaults import USDC, deploy, example

OWN, INNER = False, True


def of(text: str) -> list[bool]:
    return [letter == "i" for letter in text]


@pytest.mark.parametrize(
    ("began", "share"),
    [
        ("", None),
        ("o", None),
        ("iii", None),  # nobody knows within which round
        ("oii", Fraction(2, 4)),
        ("oiiiii", Fraction(5, 4)),
        ("oiiio", Fraction(1)),  # and one of its own within that of the inner vault
        ("iiiiiio", Fraction(1)),
        ("oioo", Fraction(2)),
        ("oiiiiiioi", Fraction(6, 4)),
    ],
)
def test_rounds_are_counted_between_two_of_the_other(began: str, share: Fraction | None) -> None:
    assert used(of(began), inside=4, own=1) == share


class Told:
    """A chain on which a letter happens in each block: a round of ours, of the inner vault, or nothing."""

    def __init__(self, letters: str) -> None:
        self.letters = letters
        self.asked: list[tuple[int, int]] = []

    def rounds_begun(self, getter: str, first: int, last: int) -> list[bool]:
        assert getter == "INNER_VAULT"
        self.asked.append((first, last))
        return of(self.letters[first : last + 1].replace(".", ""))


def count(chain: Told) -> RoundCount:
    return RoundCount(RoundsRead("inner", "INNER_VAULT", 4, 1), cast(Chain, chain))


@pytest.mark.parametrize("at", [[11], [0, 11], [3, 5, 6, 11], list(range(12))])
def test_it_counts_the_same_however_often_it_looks(at: list[int]) -> None:
    chain = Told("o.ii.i.ii.o.")
    counted = count(chain)
    found = [counted.measured(block) for block in at]
    assert max(one for one in found if one is not None) == Fraction(5, 4)
    assert [first for first, _ in chain.asked[1:]] == [block + 1 for block in at[:-1]]  # each block once


def test_what_is_over_is_forgotten_and_what_is_under_way_is_not() -> None:
    chain = Told("oiiiiioi")
    counted = count(chain)
    assert counted.measured(5) == Fraction(5, 4)
    assert counted.measured(6) == Fraction(5, 4)  # that round has just ended
    assert counted.measured(7) == 1  # one of ours in the inner vault's
    chain.letters += "ii"
    assert counted.measured(9) == Fraction(3, 4)
    chain.letters = "oi"
    counted.begin_again()
    assert counted.measured(1) == Fraction(1, 4)


def test_it_looks_back_until_it_has_seen_both_begin() -> None:
    chain = Told("." * 3_000 + "o" + "." * 4_000 + "ii" + "." * 500)
    assert count(chain).measured(len(chain.letters) - 1) == Fraction(2, 4)
    assert len(chain.asked) == 3
    empty = Told("." * 100_000)
    assert count(empty).measured(99_999) is None
    assert len(empty.asked) == 10


@pytest.mark.anvil
@pytest.mark.long
def test_a_vault_that_settles_the_other_too_often_is_told_of(tmp_path: Path) -> None:
    """Anyone may settle the treasury within its round, though its keeper need not; the outer vault's proofs count."""
    with AnvilChain() as chain:
        world = build_world(chain)
        inner = deploy(world, example("treasury"))
        inner.deposit(world.users[1], 100_000 * USDC)
        inner.run("rebalance")
        outer, watching = watched_from_a_round(
            world, tmp_path, example("vault_of_vaults"), "rebalance", venue_inner=inner.contract
        )
        (read,) = (one for one in watching.document["readings"]["rounds"])
        assert read["venue"] == "inner"
        inner.run("rebalance")  # invests what came, and begins a round
        for _ in range(read["inside"]):
            assert watching.says() == []
            inner.contract.send("settle")
        assert watching.says() == [("alarm", "rounds(inner)")]
        assert watching.measured("rounds(inner)").value == Fraction(read["inside"] + 1, read["inside"])
        outer.contract.send("settle")
        watching.look()  # in which that round has ended
        chain.rpc("evm_mine")
        assert watching.says() == [("alarm_over", "rounds(inner)")]
