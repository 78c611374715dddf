"""Chains and markets for the tests. Each is built once per session and put back after every test."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

import schedule
from lab import settled
from lab.chain import ANY_SIZE, AnvilChain, Chain, RevmChain
from lab.kept import FOLDER
from lab.world import World, build_world, with_bitcoin, with_lending_pool, with_morpho, with_perp

gc.disable()  # until all modules are there: what they make stays
os.environ["STRATC_CACHE_DIR"] = ""  # what the tests prove they prove, whatever an earlier run found
# How fast a machine is, is no property of what it runs; and a red run says how to repeat it.
hypothesis.settings.register_profile("untimed", deadline=None, print_blob=True)
hypothesis.settings.load_profile("untimed")
settled.install()  # the same code in less time
os.environ.pop("FORCE_COLOR", None)  # many CI services set it; what the tests compare is without colours


def pytest_configure(config: pytest.Config) -> None:
    """The folder of what processes of this run leave to each other; it goes with the process that made it."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = folder = tempfile.mkdtemp(prefix="stratc-tests-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        config.add_cleanup(lambda: os.environ.pop(FOLDER, None))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that take longest first, so that in the end no process works alone."""
    items.sort(key=lambda item: schedule.place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """By files, but for the tests of minutes."""
    return schedule.ByTime(config, log)


def pytest_collection_finish() -> None:
    """Do not look for garbage in all modules and tests again and again: that was a sixth of the time of a run."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@contextmanager
def _restored(chain: Chain) -> Iterator[None]:
    snapshot = chain.snapshot()
    try:
        yield
    finally:
        chain.revert(snapshot)


@pytest.fixture(scope="session")
def _revm_market() -> World:
    return build_world(RevmChain())


@pytest.fixture(scope="session")
def _roomy_market() -> World:
    return build_world(RevmChain(ANY_SIZE))


@pytest.fixture(scope="session")
def _blue_market() -> World:
    return with_morpho(build_world(RevmChain()))


@pytest.fixture(scope="session")
def _perp_market() -> World:
    return with_perp(build_world(RevmChain()))


@pytest.fixture(scope="session")
def _anvil_market() -> Iterator[World]:
    with AnvilChain() as chain:
        yield build_world(chain)


@pytest.fixture(scope="session")
def _anvil_process() -> Iterator[AnvilChain]:
    # Not the market's process: a market built inside a snapshot of another fixture would vanish with it.
    with AnvilChain() as chain:
        yield chain


@pytest.fixture
def revm_chain() -> RevmChain:
    """An empty chain in this process."""
    return RevmChain()


@pytest.fixture
def anvil_chain(_anvil_process: AnvilChain) -> Iterator[AnvilChain]:
    """An empty anvil chain."""
    with _restored(_anvil_process):
        yield _anvil_process


@pytest.fixture
def revm_world(_revm_market: World) -> Iterator[World]:
    """The market in this process, put back after the test."""
    with _restored(_revm_market.chain):
        yield _revm_market


@pytest.fixture
def roomy_world(_roomy_market: World) -> Iterator[World]:
    """The market in this process, on a chain that takes code of any size, put back after the test."""
    with _restored(_roomy_market.chain):
        yield _roomy_market


@pytest.fixture
def blue_world(_blue_market: World) -> Iterator[World]:
    """The market in this process with Morpho in it, put back after the test."""
    with _restored(_blue_market.chain):
        yield _blue_market


@pytest.fixture
def perp_world(_perp_market: World) -> Iterator[World]:
    """The market in this process with Perp v2 in it, put back after the test."""
    with _restored(_perp_market.chain):
        yield _perp_market


@pytest.fixture
def bitcoin_world(revm_world: World) -> World:
    """The market in this process with bitcoin in it, put back after the test."""
    return with_bitcoin(revm_world)


@pytest.fixture
def lending_world(revm_world: World) -> World:
    """The market in this process with a second pool in it, put back after the test."""
    return with_lending_pool(revm_world)


@pytest.fixture
def anvil_world(_anvil_market: World) -> Iterator[World]:
    """The market on anvil, put back after the test."""
    with _restored(_anvil_market.chain):
        yield _anvil_market


@pytest.fixture(params=["revm", pytest.param("anvil", marks=pytest.mark.anvil)])
def chain(request: pytest.FixtureRequest) -> Chain:
    """An empty chain of each backend in turn."""
    backend: Chain = request.getfixturevalue(f"{request.param}_chain")
    return backend


@pytest.fixture(params=["revm", pytest.param("anvil", marks=pytest.mark.anvil)])
def world(request: pytest.FixtureRequest) -> World:
    """The market on each backend in turn."""
    market: World = request.getfixturevalue(f"{request.param}_world")
    return market
