"""What a build writes: everything or nothing, and only over earlier builds."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from cli.examples import tree
from stratc.output import MARK, Unwritable, check_out, write_build
from stratc_targets.artifact import Artifact

FIRST = [Artifact(MARK, "{}\n"), Artifact("vyper/Vault.vy", "# 1\n")]
SECOND = [Artifact(MARK, "{}\n"), Artifact("Vault.abi.json", "[]\n")]


def test_artifacts_are_written_below_the_strategy_name(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "build"
    write_build({"A": FIRST, "B": SECOND}, out)
    assert tree(out) == {
        "A/certificate.json": b"{}\n",
        "A/vyper/Vault.vy": b"# 1\n",
        "B/certificate.json": b"{}\n",
        "B/Vault.abi.json": b"[]\n",
    }
    assert sorted(path.name for path in out.iterdir()) == ["A", "B"]


def test_an_earlier_build_is_replaced_whole(tmp_path: Path) -> None:
    write_build({"A": FIRST}, tmp_path)
    write_build({"A": SECOND}, tmp_path)
    assert sorted(tree(tmp_path)) == ["A/Vault.abi.json", "A/certificate.json"]


def test_folders_get_the_usual_permissions(tmp_path: Path) -> None:
    write_build({"A": FIRST}, tmp_path)
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "A").stat().st_mode & 0o777 == 0o777 & ~umask


def test_a_file_is_not_a_place_to_build_into(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("mine")
    with pytest.raises(Unwritable, match="is a file"):
        write_build({"A": FIRST}, tmp_path / "build")
    assert (tmp_path / "build").read_text() == "mine"


@pytest.mark.parametrize("below", ["build", "build/deeper"])
def test_nor_is_a_place_below_a_file(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(Unwritable):
        write_build({"A": FIRST}, tmp_path / "file" / below)
    assert tree(tmp_path) == {"file": b"mine"}


def test_somebody_elses_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "thesis.tex").write_text("mine")
    with pytest.raises(Unwritable, match="no earlier build"):
        check_out(tmp_path, ["A"])
    with pytest.raises(Unwritable, match="no earlier build"):
        write_build({"A": FIRST}, tmp_path)
    assert tree(tmp_path) == {"A/thesis.tex": b"mine"}


def test_a_failure_on_the_way_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second strategy cannot be renamed into place: the first one's earlier build is back afterwards."""
    write_build({"A": FIRST}, tmp_path)
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.parent.name == "new" and path.name == "B":
            raise OSError(28, "No space left on device", str(target))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(Unwritable, match="No space left"):
        write_build({"A": SECOND, "B": SECOND}, tmp_path)
    assert sorted(tree(tmp_path)) == ["A/certificate.json", "A/vyper/Vault.vy"]


def test_a_failure_leaves_no_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(path: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", failing)
    with pytest.raises(Unwritable, match="No space left"):
        write_build({"A": FIRST}, tmp_path / "deep" / "build")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["../elsewhere", "/elsewhere", "a/../../elsewhere"])
def test_no_artifact_leaves_the_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="leaves the output folder"):
        write_build({"A": [Artifact(path, "")]}, tmp_path / "build")
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_waits_until_the_build_is_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_build({"A": FIRST}, tmp_path)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # workers of pytest hear no ^C
    rename = Path.rename

    def interrupted(self: Path, target: Path) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_build({"A": SECOND}, tmp_path)
    signal.signal(signal.SIGINT, before)
    assert sorted(tree(tmp_path)) == ["A/Vault.abi.json", "A/certificate.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["A"]
