"""What watches the watcher: `/health` falls ill when the keeper is silent, `/metrics` is what Prometheus reads."""

from __future__ import annotations

import socket

import pytest

from keeper.test_faults import get
from stratc_targets.keeper.errors import SetupError
from stratc_targets.keeper.listen import listening
from stratc_targets.keeper.metrics import Board

HERE = ("127.0.0.1", 0)


def test_a_keeper_that_has_been_silent_for_too_long_is_ill() -> None:
    board = Board(0.0)
    board.expect("Stub", "0xAb")
    with listening(HERE, board) as url:
        status, said = get(f"{url}/health")
        assert (status, '"healthy": false' in said) == (503, True)
        board.patience = 60.0
        assert get(f"{url}/health")[0] == 200


def test_a_keeper_of_nothing_is_ill() -> None:
    with listening(HERE, Board(60.0)) as url:
        assert get(f"{url}/health")[0] == 503


def test_labels_are_escaped() -> None:
    board = Board(60.0)
    board.expect('a"b', "0x\\\n")
    line = board.text().splitlines()[-1]
    assert line.startswith('stratc_keeper_silent_seconds{strategy="a\\"b",vault="0x\\\\\\n"} ')


def test_an_address_that_is_taken_is_told() -> None:
    with socket.create_server(HERE) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(SetupError, match=f"cannot listen at 127.0.0.1:{port}"),
            listening((HERE[0], port), Board(1)),
        ):
            pass
