"""The strategies of a folder."""

from __future__ import annotations

from pathlib import Path


def strategies_below(folder: Path) -> list[str]:
    """The .strat files of a folder and its folders, but not of hidden ones: .venv and .git hold nobody's strategies."""
    return files_below(folder, "*.strat")


def files_below(folder: Path, pattern: str) -> list[str]:
    """The same of any pattern of names."""
    found = (path for path in folder.rglob(pattern) if path.is_file())
    return sorted(str(path) for path in found if not any(part.startswith(".") for part in _below(path, folder)))


def _below(path: Path, folder: Path) -> tuple[str, ...]:
    return path.relative_to(folder).parts
