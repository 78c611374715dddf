"""The text that people read: one line a claim, and what breaks a refuted one."""

from __future__ import annotations

import re

from msgspec.structs import replace

from cli.made import PROVED, REFUTED, TEXT, UNKNOWN, span_of, verification
from stratc.render import excerpt, verification_text
from stratc_compiler.verdict import ClaimResult, GuardedAssumption, Guardian, Refuted, Scenario, Used
from stratc_dsl.paint import ansi
from stratc_dsl.span import NOWHERE, Source, Span

SHOWN = """\
Carry  carry.strat                                                                  3 claims, 0.21 s
  proved   survives  no venue can liquidate
  refuted  recovers  deleverage aave to health 1.80

     3 |  when health(aave) < 1.50 do deleverage aave to health 1.80
       |                              ^^^^^^^^^^^^^^^ needs 31,210 USDC, has 12,004

       settled   collateral 60 WETH
                 debt 60,000 USDC
       the move  price(WETH) -20%
       the rule  repay 31,210 USDC: only 12,004 can be reached
       assuming
       =  keeper, not written  to the full
       = help: a target of at most 1.58 holds

  unknown  solvent   nav >= 0
       = the solver gave up"""


def test_a_verification_as_text() -> None:
    assert verification_text(verification(PROVED, REFUTED, UNKNOWN), 0.214) == SHOWN


def test_colours_change_no_word_and_no_column() -> None:
    painted = verification_text(verification(PROVED, REFUTED, UNKNOWN), 0.214, ansi)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == SHOWN
    assert "  \x1b[1;32mproved  \x1b[0m survives" in painted
    assert "\x1b[1;31m^^^^^^^^^^^^^^^\x1b[0m \x1b[1;31mneeds" in painted


def test_assumptions_are_quoted_from_their_lines() -> None:
    def placed(words: str, fully: bool) -> Used:
        return Used(GuardedAssumption(words, "", Guardian.WATCHED, "", True, span=span_of(words)), fully)

    scenario = Scenario((), {}, {}, "breaks", (placed("health(aave) < 1.50", True), placed("rules", False)))
    claim = ClaimResult("solvent", "", Refuted("breaks", scenario), ())
    assert verification_text(verification(claim), 0.0).splitlines()[-3:] == [
        "       assuming",
        "     3 |  health(aave) < 1.50  to the full",
        "     2 |  rules                in part",
    ]


def test_long_lines_of_a_scenario_end_after_a_comma() -> None:
    state = ", ".join(f"position{number} {number},000.25 USDC" for number in range(1, 7))
    scenario = Scenario((("settled", state), ("the move", "nothing moves")), {}, {}, "breaks")
    claim = ClaimResult("solvent", "", Refuted("breaks", scenario), ())
    shown = verification_text(verification(claim), 0.0).splitlines()
    first = next(number for number, line in enumerate(shown) if "settled" in line)
    assert shown[first].startswith("       settled   position1 1,000.25 USDC, ")
    assert shown[first].endswith("USDC,")
    assert shown[first + 1].startswith("                 position")
    assert all(len(line) <= 100 for line in shown)


def test_a_refutation_without_scenario_or_place_still_says_why() -> None:
    claim = ClaimResult("consistent", "every rule can fire", Refuted("`rebalance` can never fire", None), ())
    shown = verification_text(verification(claim), 0.0)
    assert "= `rebalance` can never fire" in shown
    assert "1 claim, " in shown


def test_an_excerpt_drops_the_indentation_and_stops_at_the_end_of_the_line() -> None:
    source = Source("x", "\t  do\tthis\nand that\n")
    assert excerpt(source, Span(6, 16), "here") == ["     1 |  do this", "       |     ^^^^ here"]


def test_an_excerpt_moves_a_long_note_below() -> None:
    rows = excerpt(Source("x", "do this"), Span(3, 7), f"breaks: {'so ' * 25}much")
    assert rows == ["     1 |  do this", "       |     ^^^^", f"       |  breaks: {'so ' * 25}much"]


def test_an_excerpt_cannot_command_the_terminal() -> None:
    assert "\x1b" not in excerpt(Source("x", "do # \x1b[2J"), Span(0, 2), "here")[0]


def test_an_excerpt_of_no_place_is_its_note() -> None:
    assert excerpt(Source("x", TEXT), NOWHERE, "why") == ["       = why"]


def test_an_excerpt_at_the_end_of_the_text_has_one_caret() -> None:
    assert excerpt(Source("x", "ab"), Span(2, 2), "end")[1] == "       |    ^ end"


def test_a_long_path_makes_a_long_header() -> None:
    name = f"{'deep/' * 30}carry.strat"
    shown = verification_text(replace(verification(PROVED), source=Source(name, TEXT)), 0.2)
    assert shown.splitlines()[0] == f"Carry  {name}  1 claim, 0.20 s"
