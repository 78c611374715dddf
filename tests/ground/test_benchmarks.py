"""The benchmarks can be run: what they print is nobody's test, but that they print is."""

from __future__ import annotations

import pytest

from benchmarks import commands, gas, language, paths, proofs


def test_the_benchmark_of_the_language_runs(capsys: pytest.CaptureFixture[str]) -> None:
    language.phases(2)
    language.one_file(2)
    language.formatting((1,))
    assert "2 strategies" in capsys.readouterr().out


def test_the_benchmark_of_the_commands_times_a_command() -> None:
    assert commands.seconds("--version") > 0
    assert "times `import lark`" in commands.start(1)


def test_the_benchmark_of_the_proofs_runs(capsys: pytest.CaptureFixture[str]) -> None:
    proofs.sizes("loan", "n", proofs.loan, (2,))
    proofs.sizes("hedged", "k", proofs.hedged, (1,))
    assert capsys.readouterr().out.count("unsat") == 2


def test_the_benchmark_of_paths_runs(capsys: pytest.CaptureFixture[str]) -> None:
    paths.nav("fee_range", 20)
    assert "fee_range" in capsys.readouterr().out


@pytest.mark.anvil
def test_the_benchmark_of_gas_measures() -> None:
    measured = gas.run(lambda world: gas.subjects(world, idle_only=True))
    lines = gas.table(measured)
    assert "OpenZeppelin 5" in lines[0]
    assert all(gas > 21_000 for taken in measured.values() for gas in taken.values())
    assert any(line.startswith("| second deposit") for line in lines)
