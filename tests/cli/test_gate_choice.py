"""Which files `stratc gate` judges, and against what: moving, linking or hiding takes none out. Nothing is proved."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.test_gate import SAVED, change, commit, git
from stratc.analysis import load
from stratc.command import run
from stratc.decide import Report
from stratc.gate.certificates import audits
from stratc.gate.chosen import Chosen, changed_certificates, chosen
from stratc.gate.excluded import NOTHING, Excluded
from stratc.gate.judged import Judged, _compared
from stratc.gate.revision import GitError, State, repository
from stratc.gate.run import Wanted, gate
from stratc.status import Status
from stratc_compiler.certificate import SCHEMA

TOKEN = next(line for line in SAVED.splitlines() if "token USDC" in line)
USES = 'use "shared/tokens.strat"\n' + SAVED.replace(TOKEN, "")
MORE = TOKEN.replace("heartbeat=24h", "heartbeat=48h")


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One strategy, committed; the tests run inside."""
    folder = tmp_path / "repo"
    (folder / "deep").mkdir(parents=True)
    git(folder, "init", "--quiet")
    (folder / "saving.strat").write_text(SAVED, "utf-8")
    commit(folder)
    monkeypatch.chdir(folder)
    return folder


def compared(base: str = "HEAD", *files: str) -> dict[str, tuple[State, Status]]:
    """The status that each file has before anything is proved."""
    return {one.file: (one.state, _status(one, base)) for one in chosen(files, base)}


def _status(one: Chosen, base: str) -> Status:
    report = Report(one.file, problems=one.loaded.problems)
    return Judged(one, base, report, _compared(one, base)[0]).status


GONE = (State.DELETED, Status.WEAKER)
UNKNOWN = Status.BAD_INPUT


# ── strategies that went away ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("to", ["saving.strat.bak", ".hidden/saving.strat", "deep/saving.txt"])
def test_a_strategy_that_moves_to_where_nobody_judges_it_is_gone(repo: Path, to: str) -> None:
    (repo / to).parent.mkdir(exist_ok=True)
    git(repo, "mv", "saving.strat", to)
    assert compared() == {"saving.strat": GONE}
    commit(repo)
    assert compared("HEAD~1") == {"saving.strat": GONE}


def test_a_strategy_that_leaves_the_folder_is_gone_from_it(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repo, "mv", "saving.strat", "deep/saving.strat")
    commit(repo)
    git(repo, "mv", "deep/saving.strat", "saving.strat")
    assert compared() == {"saving.strat": (State.RENAMED, Status.PROVED)}
    monkeypatch.chdir(repo / "deep")
    assert compared() == {"saving.strat": GONE}


def test_a_link_to_nothing_is_no_strategy(repo: Path) -> None:
    (repo / "saving.strat").unlink()
    (repo / "saving.strat").symlink_to("none.strat")
    assert compared() == {"saving.strat": (State.CHANGED, UNKNOWN)}


def test_what_is_deleted_from_the_index_is_gone(repo: Path) -> None:
    git(repo, "rm", "--quiet", "--cached", "saving.strat")
    assert compared() == {"saving.strat": GONE}


def test_a_new_file_in_the_place_of_a_renamed_one_is_compared_with_that(repo: Path) -> None:
    git(repo, "mv", "saving.strat", "savings.strat")
    (repo / "saving.strat").write_text(SAVED.replace("loss <= 2%", "loss <= 3%"), "utf-8")
    assert compared()["saving.strat"] == (State.CHANGED, Status.WEAKER)


def test_what_a_sparse_checkout_leaves_out_cannot_be_judged(repo: Path) -> None:
    change(repo, "loss <= 2%", "loss <= 3%")
    commit(repo)
    git(repo, "update-index", "--skip-worktree", "saving.strat")
    (repo / "saving.strat").unlink()
    assert compared() == {}
    assert compared("HEAD~1") == {"saving.strat": (State.CHANGED, UNKNOWN)}


@pytest.mark.parametrize("how", ["--assume-unchanged", "--skip-worktree"])
def test_what_git_was_told_not_to_look_at_is_judged(repo: Path, how: str) -> None:
    git(repo, "update-index", how, "saving.strat")
    change(repo, "loss <= 2%", "loss <= 3%")
    assert compared() == {"saving.strat": (State.CHANGED, Status.WEAKER)}


@pytest.mark.long
def test_a_file_whose_size_and_time_were_restored_is_judged(repo: Path) -> None:
    """When it was changed no user can restore; git counts it in whole seconds."""
    git(repo, "config", "core.trustctime", "false")
    old = (repo / "saving.strat").stat()
    os.utime(repo / "saving.strat", (old.st_atime - 100, old.st_mtime - 100))
    git(repo, "update-index", "--refresh")
    old = (repo / "saving.strat").stat()
    time.sleep(1.1)
    change(repo, "loss <= 2%", "loss <= 3%")
    os.utime(repo / "saving.strat", ns=(old.st_atime_ns, old.st_mtime_ns))
    assert compared() == {"saving.strat": (State.CHANGED, Status.WEAKER)}


def test_a_base_that_somebody_replaced_is_the_base_all_the_same(repo: Path) -> None:
    """`git replace` shows another object in place of one, to whoever asks."""
    change(repo, "loss <= 2%", "loss <= 3%")
    commit(repo)
    git(repo, "replace", "HEAD~1:saving.strat", "HEAD:saving.strat")
    assert compared("HEAD~1") == {"saving.strat": (State.CHANGED, Status.WEAKER)}


@pytest.mark.parametrize("name", ["origin/main", "origin/main^{commit}", "origin/main~0"])
def test_a_tag_that_is_called_as_the_base_is_not_taken_for_it(repo: Path, name: str) -> None:
    git(repo, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(repo, "tag", "origin/main")
    assert compared(name) == {}
    change(repo, "loss <= 2%", "loss <= 3%")
    commit(repo)
    git(repo, "tag", "--force", "origin/main")
    with pytest.raises(GitError, match="`origin/main` may be refs/remotes/origin/main or refs/tags/origin/main"):
        compared(name)
    assert compared("refs/remotes/origin/main") == {"saving.strat": (State.CHANGED, Status.WEAKER)}


def test_a_file_that_git_ignores_is_judged_where_it_is_named(repo: Path) -> None:
    (repo / ".gitignore").write_text("ignored.strat\n", "utf-8")
    commit(repo)
    (repo / "ignored.strat").write_text(SAVED, "utf-8")
    assert compared() == {}
    assert compared("HEAD", "ignored.strat") == {"ignored.strat": (State.ADDED, Status.PROVED)}


# ── what a strategy uses ───────────────────────────────────────────────────────────────────


def _plain(repo: Path) -> Path:
    (repo / "shared").mkdir()
    return repo / "shared" / "tokens.strat"


def _linked(repo: Path) -> Path:
    _plain(repo).symlink_to("../real.txt")
    return repo / "real.txt"


def _in_a_linked_folder(repo: Path) -> Path:
    (repo / "real").mkdir()
    (repo / "shared").symlink_to("real")
    return repo / "real" / "tokens.strat"


def _twice_linked(repo: Path) -> Path:
    place = _in_a_linked_folder(repo)
    place.symlink_to("../deep/tokens.txt")
    return repo / "deep" / "tokens.txt"


@pytest.mark.parametrize("lay", [_plain, _linked, _in_a_linked_folder, _twice_linked])
def test_what_is_used_is_seen_and_compared_behind_links(repo: Path, lay: Callable[[Path], Path]) -> None:
    lay(repo).write_text(TOKEN, "utf-8")
    (repo / "saving.strat").write_text(USES, "utf-8")
    commit(repo)
    assert compared() == {}
    (repo / "shared" / "tokens.strat").write_text(MORE, "utf-8")
    assert compared()["saving.strat"] == (State.SAME, Status.WEAKER)
    commit(repo)
    assert compared("HEAD~1")["saving.strat"] == (State.SAME, Status.WEAKER)


def test_a_link_that_leads_elsewhere_is_seen(repo: Path) -> None:
    _linked(repo).write_text(TOKEN, "utf-8")
    (repo / "other.txt").write_text(MORE, "utf-8")
    (repo / "saving.strat").write_text(USES, "utf-8")
    commit(repo)
    (repo / "shared" / "tokens.strat").unlink()
    (repo / "shared" / "tokens.strat").symlink_to("../other.txt")
    assert compared()["saving.strat"] == (State.SAME, Status.WEAKER)


@pytest.mark.parametrize("how", ["outside", "circle", "bytes", "lfs", "lost", "untracked"])
def test_a_used_file_that_the_base_cannot_give_is_not_nothing_to_lose(repo: Path, how: str) -> None:
    place = _plain(repo)
    (repo / "saving.strat").write_text(USES, "utf-8")
    (repo / "..tokens").write_text(TOKEN, "utf-8")
    if how == "outside":
        place.symlink_to(repo / "..tokens")
    elif how == "circle":
        place.symlink_to("tokens.strat")
    elif how == "bytes":
        place.write_bytes(b"token \xff")
    elif how == "lfs":
        place.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "utf-8")
    else:
        place.write_text(TOKEN, "utf-8")
    if how == "untracked":
        (repo / ".gitignore").write_text("shared\n", "utf-8")
    commit(repo)
    if how == "lost":
        blob = git(repo, "rev-parse", "HEAD:shared/tokens.strat")
        (repo / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    else:
        place.unlink()
        place.write_text(MORE, "utf-8")
    change(repo, "loss <= 2%", "loss <= 3%")
    assert compared("HEAD", "saving.strat") == {"saving.strat": (State.CHANGED, UNKNOWN)}


def test_a_submodule_is_seen_and_not_compared(repo: Path) -> None:
    other = repo.parent / "other"
    shutil.copytree(repo, other)
    (other / "tokens.strat").write_text(TOKEN, "utf-8")
    commit(other)
    git(repo, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "shared")
    (repo / "saving.strat").write_text(USES, "utf-8")
    commit(repo)
    assert compared() == {}
    (repo / "shared" / "tokens.strat").write_text(MORE, "utf-8")
    assert compared() == {"saving.strat": (State.SAME, UNKNOWN)}
    commit(repo / "shared")
    commit(repo)
    assert compared("HEAD~1") == {"saving.strat": (State.SAME, UNKNOWN)}
    assert compared("HEAD~1", "shared/tokens.strat") == {"shared/tokens.strat": (State.SAME, UNKNOWN)}


def test_a_base_that_missed_what_is_added_now_had_nothing_to_lose(repo: Path) -> None:
    (repo / "saving.strat").write_text(USES, "utf-8")
    commit(repo)
    _plain(repo).write_text(TOKEN, "utf-8")
    git(repo, "add", "--all")
    assert compared()["saving.strat"] == (State.SAME, Status.PROVED)


# ── git itself ─────────────────────────────────────────────────────────────────────────────


def test_no_folder_and_no_setting_is_taken_for_a_pattern(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / ":").mkdir()
    (repo / ":" / "one.strat").write_text(SAVED, "utf-8")
    for kind in ("LITERAL", "GLOB", "NOGLOB", "ICASE"):
        monkeypatch.setenv(f"GIT_{kind}_PATHSPECS", "1")
    assert repository().listed("*.strat", ":") == [":/one.strat"]
    monkeypatch.chdir(repo / ":")
    assert compared() == {"one.strat": (State.ADDED, Status.PROVED)}


@pytest.mark.parametrize("base", ["^HEAD", "HEAD^!", "HEAD..HEAD"])
def test_a_base_is_one_commit(repo: Path, base: str) -> None:
    with pytest.raises(GitError, match="there is no revision"):
        repository().revision(base)


# ── certificates ───────────────────────────────────────────────────────────────────────────


def certificate(strategy: str = "Saving", file: str = "saving.strat", text: str = SAVED) -> str:
    """As much of one as says what it is about."""
    return json.dumps(
        {"schema": SCHEMA, "strategy": strategy, "source": {"files": [{"name": file, "text": text}]}, "claims": []}
    )


@pytest.mark.parametrize(
    ("text", "status", "why"),
    [
        (certificate("Other"), Status.REFUTED, "no such strategy is in its folder or above"),
        (certificate(file="other.strat"), Status.REFUTED, "no such strategy is in its folder or above"),
        (certificate().replace(f'"schema": {SCHEMA}', '"schema": 0'), Status.BAD_INPUT, "schema 0 is not the one"),
        ("{}", Status.BAD_INPUT, "is missing"),
    ],
)
def test_a_changed_certificate_of_nothing_is_a_finding(
    repo: Path, capsys: pytest.CaptureFixture[str], text: str, status: Status, why: str
) -> None:
    (repo / "deep" / "certificate.json").write_text(text, "utf-8")
    git(repo, "add", "--all")
    git(repo, "mv", "saving.strat", "saving.txt")  # nothing is left to be proved
    commit(repo)
    (repo / "deep" / "certificate.json").write_text(f"{text}\n", "utf-8")
    assert gate((), "HEAD", None, Wanted("text")) is status
    assert why in capsys.readouterr().out


def test_a_certificate_belongs_to_the_nearest_file_that_it_is_about(repo: Path) -> None:
    (repo / "deep" / "build").mkdir()
    name = "deep/build/certificate.json"
    Path(name).write_text(certificate(), "utf-8")
    change(repo, "loss <= 2%", "loss <= 1.9%")
    (model,) = load("saving.strat").models
    (audit,) = audits([name], [model])
    assert "it is about another text" in str(audit.why)
    (repo / "deep" / "saving.strat").write_text(SAVED, "utf-8")
    assert audits([name], [model]) == []
    (audit,) = audits([name], load("deep/saving.strat").models)
    assert "another text" not in str(audit.why)
    (repo / "deep" / "saving.strat").write_text(f"{SAVED}\n", "utf-8")
    assert len(audits([name], [model])) == 1


def gone(files: tuple[str, ...] = (), excluded: Excluded = NOTHING) -> list[str]:
    return [one.file for one in changed_certificates("HEAD", files, excluded) if one.state is State.DELETED]


def test_a_certificate_that_is_gone_is_a_finding(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "deep/certificate.json"
    Path(name).write_text(certificate(), "utf-8")
    commit(repo)
    assert gone() == []
    git(repo, "mv", name, "certificate.json")
    assert gone() == []  # and what it is called now is audited
    assert gone(excluded=Excluded(("deep",))) == []
    git(repo, "mv", "certificate.json", name)
    Path(name).unlink()
    assert gone() == gone(("deep/x.strat",)) == gone(("saving.strat",)) == [name]
    assert gone(excluded=Excluded(("deep",))) == []
    assert gate((), "HEAD", None, Wanted("text")) is Status.REFUTED
    assert f"rejected {name}: ?, gone: it is there at HEAD" in capsys.readouterr().out
    assert gate(("saving.strat",), "HEAD", None, Wanted("text")) is Status.REFUTED


@pytest.mark.parametrize("to", ["deep/certificate.txt", "fixtures/certificate.json"])
def test_a_certificate_that_moves_to_where_nobody_audits_it_is_gone(repo: Path, to: str) -> None:
    (repo / "certificate.json").write_text(certificate(), "utf-8")
    commit(repo)
    (repo / "fixtures").mkdir()
    git(repo, "mv", "certificate.json", to)
    assert gone(excluded=Excluded(("fixtures",))) == ["certificate.json"]


@pytest.mark.parametrize("other", [("Other", "saving.strat"), ("Saving", "other.strat")])
@pytest.mark.parametrize("to", ["certificate.json", "deep/certificate.json"])
def test_a_certificate_of_another_strategy_is_not_the_one_that_was_there(
    repo: Path, capsys: pytest.CaptureFixture[str], to: str, other: tuple[str, str]
) -> None:
    text, instead = (json.dumps(json.loads(one), indent=1) for one in (certificate(), certificate(*other)))
    (repo / "certificate.json").write_text(text, "utf-8")
    commit(repo)
    (repo / "certificate.json").rename(to)
    Path(to).write_text(f"{text}\n", "utf-8")
    git(repo, "add", "--all")
    assert gone() == []
    Path(to).write_text(instead, "utf-8")
    assert repository().revision("HEAD").moved()[to].was == "certificate.json"
    assert gone() == gone(("saving.strat",)) == ["certificate.json"]
    assert gate((), "HEAD", None, Wanted("text")) is Status.REFUTED
    assert "rejected certificate.json: ?, gone: it is there at HEAD" in capsys.readouterr().out


def test_a_changed_certificate_that_a_sparse_checkout_leaves_out_cannot_be_judged(
    repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "deep/certificate.json"
    Path(name).write_text(certificate(), "utf-8")
    commit(repo)
    Path(name).write_text(f"{certificate()}\n", "utf-8")
    commit(repo)
    git(repo, "update-index", "--skip-worktree", name)
    Path(name).unlink()
    assert gate((), "HEAD", None, Wanted("text")) is Status.PROVED
    assert gate((), "HEAD~1", None, Wanted("text")) is Status.BAD_INPUT
    assert f"{name}: ?, cannot be read: No such file" in capsys.readouterr().out


# ── folders that are left out ──────────────────────────────────────────────────────────────


@pytest.fixture
def fixtures(repo: Path) -> Excluded:
    """A folder with a faulty strategy and a faulty certificate in it."""
    (repo / "fixtures" / "more").mkdir(parents=True)
    (repo / "fixtures" / "more" / "broken.strat").write_text("strategy {", "utf-8")
    (repo / "fixtures" / "certificate.json").write_text("{", "utf-8")
    commit(repo)
    return Excluded(("fixtures",))


def test_nothing_of_such_a_folder_is_judged_and_every_file_of_it_is_told(
    fixtures: Excluded, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "fixtures/more/broken.strat"
    assert [one.file for one in chosen((), "HEAD")] == [name]
    assert chosen((), "HEAD", fixtures) == []
    (one,) = chosen((), None, fixtures)
    assert (one.file, one.certificates) == ("saving.strat", ())
    formats = ("text", "json", "sarif", "junit", "markdown")
    wanted = Wanted("text", tuple((one, f"gate.{one}") for one in formats), fixtures)
    assert gate((), "HEAD", None, wanted) is Status.PROVED
    out = capsys.readouterr().out
    assert out == Path("gate.text").read_text("utf-8")
    assert out.startswith(f"not judged, by --exclude:\n  {name}\n")
    assert json.loads(Path("gate.json").read_text("utf-8"))["excluded"] == [name]
    (run,) = json.loads(Path("gate.sarif").read_text("utf-8"))["runs"]
    assert name in json.dumps(run["invocations"][0]["toolExecutionNotifications"])
    assert f'name="{name}"' in Path("gate.junit").read_text("utf-8")
    assert f"- `{name}`\n" in Path("gate.markdown").read_text("utf-8")


def test_what_is_there_at_the_base_alone_is_told_too(fixtures: Excluded, repo: Path) -> None:
    shutil.rmtree(repo / "fixtures")
    assert chosen((), "HEAD", fixtures) == []
    assert gone(excluded=fixtures) == []
    assert fixtures.found("HEAD") == ("fixtures/more/broken.strat",)
    assert fixtures.found(None) == ()


def test_a_strategy_that_moves_into_such_a_folder_is_gone(fixtures: Excluded, repo: Path) -> None:
    git(repo, "mv", "saving.strat", "fixtures/saving.strat")
    ((file, one),) = ((one.file, (one.state, _status(one, "HEAD"))) for one in chosen((), "HEAD", fixtures))
    assert (file, one) == ("saving.strat", GONE)


@pytest.mark.parametrize("to", ["fixtures/strategies", ".hidden"])
def test_a_folder_that_moves_there_is_gone_though_a_link_is_left(fixtures: Excluded, repo: Path, to: str) -> None:
    (repo / "strategies").mkdir()
    git(repo, "mv", "saving.strat", "strategies/a.strat")
    commit(repo)
    git(repo, "mv", "strategies", to)
    (repo / "strategies").symlink_to(to)
    git(repo, "add", "--all")
    ((file, one),) = ((one.file, (one.state, _status(one, "HEAD"))) for one in chosen((), "HEAD", fixtures))
    assert (file, one) == ("strategies/a.strat", GONE)


def test_a_folder_whose_name_only_begins_alike_is_judged(fixtures: Excluded, repo: Path) -> None:
    (repo / "fixtures2").mkdir()
    (repo / "fixtures2" / "broken.strat").write_text("strategy {", "utf-8")
    (repo / "linked.strat").symlink_to("fixtures/more/broken.strat")
    assert [one.file for one in chosen((), "HEAD", fixtures)] == ["fixtures2/broken.strat", "linked.strat"]


def test_outside_of_a_repository_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fixtures").mkdir()
    (tmp_path / "fixtures" / "broken.strat").write_text("strategy {", "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert gate((), None, None, Wanted("text", excluded=Excluded(("fixtures",)))) is Status.BAD_INPUT
    assert Excluded(("fixtures",)).found(None) == ("fixtures/broken.strat",)


def test_who_names_files_leaves_none_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["gate", "saving.strat", "--exclude", "fixtures"]) == Status.BAD_INPUT
    assert "give one of both" in capsys.readouterr().err


# ── names ──────────────────────────────────────────────────────────────────────────────────


def test_no_name_of_a_file_breaks_or_commands_what_is_printed(repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"::error::\xff\n::error::x\x1b[31m.strat")
    Path(name).write_text("strategy {", "utf-8")
    formats = ("text", "json", "sarif", "junit", "markdown")
    wanted = Wanted("text", tuple((one, f"gate.{one}") for one in formats))
    assert gate((name, f"none{name}"), None, None, wanted) is Status.BAD_INPUT
    printed = capsys.readouterr()
    lines = [*printed.out.splitlines(), *printed.err.splitlines()]
    assert lines[0].startswith("./::error::\\udcff\\n::error::x\\x1b[31m.strat")
    assert not [line for line in lines if line.lstrip().startswith("::") or "\x1b" in line]
    texts = {one: Path(f"gate.{one}").read_text("utf-8") for one in formats}
    assert json.loads(texts["json"])["files"][0]["file"] == name
    assert "%3A%3Aerror%3A%3A%FF%0A%3A%3Aerror" in texts["sarif"]
    assert "\n::" not in texts["text"] + texts["markdown"]
    capsys.readouterr()
    assert gate((name,), None, None, Wanted("json")) is Status.BAD_INPUT
    assert json.loads(capsys.readouterr().out) == json.loads(texts["json"]) | {
        "files": json.loads(texts["json"])["files"][:1]
    }
