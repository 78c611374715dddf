"""A test that cannot fail tests nothing: faults are put into copies of prover and checker, and each must be noticed.

The sources are copied, one text in them is replaced, and the named tests run on the copy in a process of their own. On
a copy without a fault they pass.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine_mutations.faults import FAULTS, Fault

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
COPIED = ("compiler", "checker")
AT_LEAST = 50


def copied(folder: Path, fault: Fault | None = None) -> dict[str, str]:
    """The environment of a process that takes prover and checker from a copy in this folder, with a fault in it."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    if fault is not None:
        source = folder / fault.file
        source.write_text(source.read_text(encoding="utf-8").replace(fault.old, fault.new), encoding="utf-8")
    path = os.pathsep.join(str(folder / name) for name in COPIED)
    return {**os.environ, "PYTHONPATH": path, "HYPOTHESIS_STORAGE_DIRECTORY": str(folder / "hypothesis")}


def run(environment: dict[str, str], *tests: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "--tb=line", "-p", "no:xdist", "-p", "no:cacheprovider", *tests]
    return subprocess.run(command, cwd=TESTS, env=environment, capture_output=True, text=True, check=False)


def test_there_are_enough_faults_and_each_has_its_own_name() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= AT_LEAST
    assert all(fault.why and fault.caught_by for fault in FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_what_a_fault_replaces_stands_in_the_source_once(fault: Fault) -> None:
    assert (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old) == 1
    assert fault.new != fault.old


@pytest.mark.parametrize("test", sorted({test.split("[")[0] for fault in FAULTS for test in fault.caught_by}))
def test_the_tests_that_notice_faults_are_there(test: str) -> None:
    file, name = test.split("::")
    assert re.search(rf"^def {name}\(", (TESTS / file).read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_without_a_fault_all_of_them_pass(tmp_path: Path) -> None:
    environment = copied(tmp_path)
    where = "import stratc_checker, stratc_compiler; print(stratc_compiler.__file__, stratc_checker.__file__)"
    command = [sys.executable, "-c", where]
    loaded = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()
    assert all(Path(file).is_relative_to(tmp_path) for file in loaded)
    done = run(environment, *sorted({test for fault in FAULTS for test in fault.caught_by}))
    assert done.returncode == 0, done.stdout


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_fault_is_noticed(fault: Fault, tmp_path: Path) -> None:
    done = run(copied(tmp_path, fault), *fault.caught_by)
    assert done.returncode == 1, f"{fault.why}\n{done.stdout}{done.stderr}"
    assert f"{len(fault.caught_by)} failed" in done.stdout
    assert " passed" not in done.stdout.splitlines()[-1]
