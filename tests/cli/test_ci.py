"""What CI services are given, without their servers: the steps of action, hook and job, run in scratch repositories.

The expressions of GitHub's action are filled in as GitHub would; the shell steps are then run as they stand. The long
tests install stratc the way that each of them does.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from lxml import etree
from pre_commit.clientlib import load_manifest

from cli.test_gate import SAVED, change, commit, git
from stratc.__main__ import main

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
HOOKS = ROOT / ".pre-commit-hooks.yaml"
JOB = yaml.safe_load((ROOT / "ci" / "gitlab.yml").read_text("utf-8"))["stratc-gate"]
STRATC = Path(sys.executable).parent / "stratc"
WEAKER = ("loss <= 2%", "loss <= 3%")


def published(name: str) -> Any:
    """A schema as check-jsonschema carries it along; the package itself is never imported."""
    spec = find_spec("check_jsonschema")
    assert spec is not None, "check-jsonschema is not installed: run `make setup`, then run the tests again"
    assert spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "builtin_schemas" / "vendor"
    return json.loads((folder / f"{name}.json").read_text("utf-8"))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """One strategy on `main`, and a branch on which it says less."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "saving.strat").write_text(SAVED, "utf-8")
    commit(folder)
    git(folder, "switch", "--quiet", "--create", "weaker")
    change(folder, *WEAKER)
    commit(folder)
    return folder


def bash(script: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """As GitHub and GitLab run a step, with nothing of git's that belongs to whoever runs the tests."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    # What one test has proved the others check again: the strategies are the same few.
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "STRATC_CACHE_DIR": str(folder.parent.parent / "stratc-cache")}
    return subprocess.run(command, cwd=folder, env=os.environ | alone | env, capture_output=True, text=True)


# ── GitHub ─────────────────────────────────────────────────────────────────────────────────


def test_the_action_is_as_the_published_schema_says() -> None:
    Draft7Validator(published("github-actions")).validate(ACTION)
    assert {step.get("shell") for step in ACTION["runs"]["steps"]} == {"bash"}


def test_no_script_of_the_action_holds_what_somebody_else_wrote() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]


class Runner:
    """GitHub's part: contexts, files for outputs, and the steps one after the other."""

    def __init__(self, repo: Path, event: dict[str, Any], **inputs: str) -> None:
        self.repo = repo
        self.temp = repo.parent / "runner"
        self.temp.mkdir(exist_ok=True)
        known = {name: one.get("default", "") for name, one in ACTION["inputs"].items()}
        assert set(inputs) <= set(known)
        self.contexts = {"inputs": known | inputs, "github": {"action_path": str(ROOT), "event": event}}
        self.files = {name: self.temp / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        self.said = ""

    def run(self) -> int:
        """The status of the first step that fails, 0 where none does."""
        for file in self.files.values():
            file.write_text("", "utf-8")
        environment = {name: str(file) for name, file in self.files.items()} | {"RUNNER_TEMP": str(self.temp)}
        for step in ACTION["runs"]["steps"]:
            if "if" in step and not self.value(step["if"]):
                continue
            own = {name: str(self.filled(value)) for name, value in step.get("env", {}).items()}
            done = bash(step["run"], self.repo, environment | own)
            self.said += done.stdout + done.stderr
            if done.returncode:
                return done.returncode
        return 0

    def filled(self, text: str) -> str:
        return re.sub(r"\$\{\{.*?\}\}", lambda found: str(self.value(found[0])), text)

    def value(self, expression: str) -> Any:
        """Paths, `||` and `== ''`: all that the action uses."""
        inside = expression.strip().removeprefix("${{").removesuffix("}}").strip()
        if inside.endswith("== ''"):
            return self.path(inside.removesuffix("== ''").strip()) == ""
        return next((found for one in inside.split("||") if (found := self.path(one.strip()))), "")

    def path(self, dotted: str) -> Any:
        assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", dotted), f"the test does not know {dotted!r}"
        found: Any = self.contexts
        for name in dotted.split("."):
            found = found.get(name, "") if isinstance(found, dict) else ""
        return found

    @property
    def outputs(self) -> dict[str, str]:
        """What the action hands on, by the names that it declares."""
        told = dict(line.split("=", 1) for line in self.files["GITHUB_OUTPUT"].read_text("utf-8").splitlines())
        return {
            name: told[one["value"].removeprefix("${{ steps.gate.outputs.").removesuffix(" }}")]
            for name, one in ACTION["outputs"].items()
        }


def pull_request(repo: Path) -> dict[str, Any]:
    return {"pull_request": {"base": {"sha": git(repo, "rev-parse", "weaker~1")}}}


def test_a_pull_request_that_says_less_fails_with_all_reports(repo: Path) -> None:
    runner = Runner(repo, pull_request(repo), stratc=str(STRATC))
    assert runner.run() == 1, runner.said
    assert "more may be lost" in runner.said
    outputs = runner.outputs
    assert outputs["status"] == "1"
    assert "E0904" in (repo / outputs["sarif"]).read_text("utf-8")
    assert etree.parse(repo / outputs["junit"]).getroot().get("failures") == "1"
    summary = runner.files["GITHUB_STEP_SUMMARY"].read_text("utf-8")
    assert summary == (repo / outputs["markdown"]).read_text("utf-8")
    assert "❌ weaker" in summary


def test_a_push_is_compared_with_what_was_there(repo: Path) -> None:
    base = git(repo, "rev-parse", "weaker~1")
    git(repo, "switch", "--quiet", "--detach", base)
    assert Runner(repo, {"before": base}, stratc=str(STRATC)).run() == 0
    new = Runner(repo, {"before": "0" * 40}, stratc=str(STRATC), files="saving.strat\n\n")
    assert new.run() == 0, new.said
    assert "gate: 1 file: passes" in new.said  # nothing to compare a new branch with: everything is decided


def test_the_base_of_every_event_is_taken_and_none_is_told(repo: Path) -> None:
    base = next(step["env"]["BASE"] for step in ACTION["runs"]["steps"] if "BASE" in step["env"])
    events = [{"pull_request": {"base": {"sha": "a1"}}}, {"merge_group": {"base_sha": "a1"}}, {"before": "a1"}]
    for event in events:
        runner = Runner(repo, event, stratc="echo")
        assert runner.filled(base) == "a1"
        assert (runner.run(), "gate --base=a1" in runner.said, "::warning::" in runner.said) == (0, True, False)
    for event in ({}, {"before": "0" * 40}):
        runner = Runner(repo, event, stratc="echo")
        assert (runner.run(), "--base" in runner.said, "::warning::" in runner.said) == (0, False, True)


def test_folders_are_left_out_as_they_are_named(repo: Path) -> None:
    runner = Runner(repo, {}, stratc="echo", exclude="a b\n$(touch never)\n")
    assert runner.run() == 0
    assert "gate --exclude=a b --exclude=$(touch never) --write" in runner.said
    assert not (repo / "never").exists()


def test_a_base_that_is_not_there_is_told(repo: Path) -> None:
    runner = Runner(repo, {}, stratc=str(STRATC), base="$(touch never); `touch never`")
    assert runner.run() == 2
    assert "there is no revision" in runner.said
    assert runner.outputs["status"] == "2"
    assert not (repo / "never").exists()


# ── pre-commit ─────────────────────────────────────────────────────────────────────────────


def precommit(repo: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {"PRE_COMMIT_HOME": str(repo.parent / "pre-commit"), "GIT_AUTHOR_NAME": "n"}
    return bash(f'"{sys.executable}" -m pre_commit {" ".join(words)}', repo, environment)


def test_the_hooks_are_as_pre_commit_wants_them() -> None:
    assert [hook["id"] for hook in load_manifest(str(HOOKS))] == ["stratc-gate", "stratc-check", "stratc-fmt"]


@pytest.fixture
def hooked(repo: Path) -> Path:
    """The repository with all hooks, as they are defined, but with the stratc of the tests."""
    git(repo, "switch", "--quiet", "main")
    hooks = yaml.safe_load(HOOKS.read_text("utf-8"))
    for hook in hooks:
        hook["language"] = "system"
        hook["entry"] = hook["entry"].replace("stratc", str(STRATC), 1)
    config = {"repos": [{"repo": "local", "hooks": hooks}]}
    (repo / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    commit(repo)
    return repo


def test_a_commit_that_says_less_is_stopped(hooked: Path) -> None:
    change(hooked, *WEAKER)
    git(hooked, "add", "--all")
    done = precommit(hooked, "run")
    assert done.returncode == 1, done.stderr
    assert re.search(r"stratc gate\.+Failed", done.stdout)
    assert re.search(r"stratc check\.+Passed", done.stdout)
    assert "more may be lost" in done.stdout
    change(hooked, *reversed(WEAKER))
    change(hooked, "loss <= 2%", "loss <= 1.9%")
    git(hooked, "add", "--all")
    assert precommit(hooked, "run").returncode == 0


def test_a_strategy_that_is_gone_is_stopped_and_a_layout_is_mended(hooked: Path) -> None:
    git(hooked, "rm", "--quiet", "saving.strat")
    done = precommit(hooked, "run", "stratc-gate")
    assert done.returncode == 1
    assert "dropped: strategy Saving" in done.stdout
    git(hooked, "reset", "--quiet", "--hard")
    change(hooked, "    base USDC", "  base    USDC")
    git(hooked, "add", "--all")
    done = precommit(hooked, "run", "stratc-fmt")
    assert (done.returncode, "files were modified by this hook" in done.stdout) == (1, True)
    assert main(["fmt", "--check", str(hooked / "saving.strat")]) == 0


# ── GitLab ─────────────────────────────────────────────────────────────────────────────────


def test_the_job_is_as_the_published_schema_says() -> None:
    Draft7Validator(published("gitlab-ci")).validate({"stratc-gate": JOB})


def job(repo: Path, part: str, **more: str) -> subprocess.CompletedProcess[str]:
    """The lines of one part, one after the other in one shell, as GitLab's runner does; it fills in its variables."""
    given = {"CI_PROJECT_DIR": str(repo), "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(repo, "rev-parse", "weaker~1")}
    own = {name: value.replace("$CI_PROJECT_DIR", str(repo)) for name, value in JOB["variables"].items()}
    return bash("\n".join(JOB[part]), repo, given | own | more)


@pytest.fixture
def installed(repo: Path) -> Path:
    """As if the job had installed stratc: a folder of the tests' own."""
    (repo / ".stratc" / "bin").mkdir(parents=True)
    (repo / ".stratc" / "bin" / "stratc").symlink_to(STRATC)
    return repo


def test_a_merge_request_that_says_less_fails_with_all_reports(installed: Path) -> None:
    done = job(installed, "script")
    assert done.returncode == 1, done.stderr
    assert "more may be lost" in done.stdout
    report = installed / JOB["artifacts"]["reports"]["junit"]
    assert etree.parse(report).getroot().get("failures") == "1"
    assert len(list(installed.glob(JOB["artifacts"]["paths"][0]))) == 3


def test_a_merge_request_that_says_as_much_passes(installed: Path) -> None:
    change(installed, *reversed(WEAKER))
    (installed / "left out").mkdir()
    (installed / "left out" / "broken.strat").write_text("strategy {", "utf-8")
    assert job(installed, "script").returncode == 2
    done = job(installed, "script", STRATC_EXCLUDE="left out")
    assert done.returncode == 0, done.stdout
    assert "left out/broken.strat" in done.stdout


# ── as each of them installs it ────────────────────────────────────────────────────────────


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_action_installs_what_it_runs(repo: Path) -> None:
    runner = Runner(repo, pull_request(repo), python=sys.executable)
    assert runner.run() == 1, runner.said
    assert "more may be lost" in runner.said


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_pre_commit_installs_what_it_runs(repo: Path) -> None:
    """From a clone of this repository as it stands, new files too."""
    clone = repo.parent / "stratc"
    git(repo.parent, "clone", "--quiet", str(ROOT), str(clone))
    for name in git(ROOT, "ls-files", "-z", "--modified", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    commit(clone)
    git(repo, "switch", "--quiet", "main")
    change(repo, *WEAKER)
    git(repo, "add", "--all")
    done = precommit(repo, "try-repo", str(clone), "stratc-gate")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "more may be lost" in done.stdout


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_job_installs_what_it_runs(repo: Path) -> None:
    done = job(repo, "before_script", STRATC_PACKAGE=str(ROOT))
    assert done.returncode == 0, done.stderr
    assert job(repo, "script").returncode == 1
