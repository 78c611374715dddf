"""What takes seconds to make and is the same wherever it is made, made once in a run: its processes share a folder."""

from __future__ import annotations

import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

FOLDER = "STRATC_TESTS_KEPT"
"""The variable that names the run's folder: set by the first process, which also removes it in the end."""


def kept(make: Callable[[], T], *question: str) -> T:
    """What `make` gives for this question, or gave to another process of the run. Nothing is kept between runs."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        return make()
    path = Path(folder) / hashlib.sha256("\0".join(question).encode()).hexdigest()
    if path.exists():
        found: T = pickle.loads(path.read_bytes())
        return found
    made = make()
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        file.write(pickle.dumps(made))
    os.replace(file.name, path)  # whole or not at all, whoever else writes it
    return made
