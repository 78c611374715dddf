"""What the keeper must not forget: the transaction in flight, since when the round lasts, what was seen of it.

The file is written before a transaction is sent. Whatever instant the process dies at, the next one finds every
transaction that may still land. Where the disk is full the keeper goes on all the same, and says so: a loan that is
not saved is worse than a transaction that the next process does not know, since its own would share the nonce
(`lane.py`), and only one of both can land.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

from stratc_targets.documents import read_json
from stratc_targets.keeper.errors import SetupError
from stratc_targets.keeper.fees import Bid
from stratc_targets.keeper.signing import Signed


@dataclass(frozen=True, slots=True)
class Attempt(Signed):
    """A signed transaction that calls a function of a vault."""

    vault: str
    call: str


@dataclass(frozen=True, slots=True)
class Flight:
    """Everything signed for one nonce, oldest first. At most one of them can ever land."""

    nonce: int
    attempts: tuple[Attempt, ...]

    @property
    def latest(self) -> Attempt:
        return self.attempts[-1]

    def with_attempt(self, attempt: Attempt) -> Flight:
        return replace(self, attempts=(*self.attempts, attempt))


@dataclass(frozen=True, slots=True)
class Round:
    """The running round as far as known: block time of its begin, and the most withdrawal allowance seen in it."""

    began: int
    allowance: int


@dataclass(frozen=True, slots=True)
class Look:
    """Positions as they were at the end of a block, by name, in smallest units. `time` and `hash` are the block's."""

    block: int
    time: int
    hash: str
    amounts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the watch has seen of the running round.

    It began at block time `began`, with `prices` of tokens in 10^-18 USD. The vault itself has moved nothing from
    `start` to `last`. `growth` is by which factor positions have grown, without the vault's doing, in such stretches of
    the round before that one; these lasted `seconds` together.
    """

    began: int
    prices: dict[str, int]
    growth: dict[str, Fraction]
    seconds: int
    start: Look
    last: Look


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose state it is."""

    chain_id: int
    vault: str
    keeper: str


@dataclass(frozen=True, slots=True)
class State:
    identity: Identity
    flight: Flight | None = None
    round: Round | None = None
    seen: Seen | None = None


class Memory(Protocol):
    """Where a watch keeps what it has seen."""

    @property
    def state(self) -> State: ...

    def set_seen(self, seen: Seen) -> None: ...


def locked(path: Path) -> AbstractContextManager[None]:
    """Hold the state file for one process. Raises SetupError where another keeper has it."""
    return exclusive(path, "cannot use the state file", "another keeper runs with the state file")


@contextmanager
def exclusive(path: Path, unusable: str, taken: str) -> Iterator[None]:
    """Hold a file for one process. Raises SetupError, with what to say before its name where that cannot be."""
    try:
        handle = path.with_name(path.name + ".lock").open("w")
    except OSError as error:
        raise SetupError(f"{unusable} {path}: {error.strerror}") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError(f"{taken} {path}") from None
        yield


class StateFile:
    """The state of one keeper, in memory and on disk."""

    def __init__(self, path: Path, identity: Identity) -> None:
        """Read the file, or begin it. Raises SetupError where it is damaged, another's, or cannot be written."""
        self._path = path
        self._state = _load(path, identity)
        self.unwritten: str | None = None
        self._save(self._state)
        if self.unwritten is not None:
            raise SetupError(self.unwritten)

    @property
    def state(self) -> State:
        return self._state

    def set_flight(self, flight: Flight | None) -> None:
        """Remember what is in flight."""
        self._save(replace(self.state, flight=flight))

    def set_round(self, round_: Round) -> None:
        """Remember the running round."""
        self._save(replace(self.state, round=round_))

    def set_seen(self, seen: Seen) -> None:
        """Remember what the watch has seen."""
        self._save(replace(self.state, seen=seen))

    def forget_round(self) -> None:
        """Forget what was seen of the round: its blocks are no more."""
        self._save(replace(self.state, round=None, seen=None))

    def _save(self, state: State) -> None:
        """In `unwritten` stands why the file does not hold what is in memory, None where it does."""
        self._state = state
        try:
            replace_file(self._path, json.dumps(asdict(state), indent=1, default=str))
        except OSError as error:
            self.unwritten = f"cannot write the state file {self._path}: {error.strerror}"
        else:
            self.unwritten = None


def _load(path: Path, identity: Identity) -> State:
    try:
        state = _state(read_json(path.read_text("utf-8")))
    except FileNotFoundError:
        return State(identity)
    except OSError as error:
        raise SetupError(f"cannot read the state file {path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError, ZeroDivisionError):
        # Going on without it could act twice.
        raise SetupError(
            f"the state file {path} is damaged; if no transaction of the keeper is pending, delete it"
        ) from None
    if state.identity != identity:
        raise SetupError(
            f"the state file {path} belongs to vault {state.identity.vault} on chain {state.identity.chain_id}, "
            f"kept by {state.identity.keeper}; choose another with --state"
        )
    return state


def replace_file(path: Path, text: str) -> None:
    """Replace a file at once and for good: after this returns, even a power cut leaves the new text."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _state(document: dict[str, Any]) -> State:
    flight, round_, seen = document["flight"], document["round"], document["seen"]
    return State(
        Identity(**document["identity"]),
        None if flight is None else Flight(flight["nonce"], tuple(map(_attempt, flight["attempts"]))),
        None if round_ is None else Round(**round_),
        None if seen is None else _seen(seen),
    )


def _attempt(document: dict[str, Any]) -> Attempt:
    return Attempt(**document | {"bid": Bid(**document["bid"])})


def _seen(document: dict[str, Any]) -> Seen:
    growth = {position: Fraction(factor) for position, factor in document["growth"].items()}
    looks = {name: Look(**document[name]) for name in ("start", "last")}
    return Seen(**document | looks | {"growth": growth})
