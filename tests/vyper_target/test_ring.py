"""The runtime's rings of observations against the model, which keeps all of them and computes everything anew."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest

from lab.artifacts import Artifact
from lab.chain import AnvilChain, Contract, Reverted, RevmChain
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.vault import Ring, Vault
from stratc_compiler.volatility import LARGEST_MOVE, Observation, is_due, realised
from stratc_targets.keeper.emit import MOVE_GAS, RING_GAS
from stratc_targets.vyper.build import compile_vault
from vyper_target.probes import probe, probe_sources
from vyper_target.vaults import USD, example

DAY = 86_400
RING = Ring("WETH", DAY, 2_700, 32)
SHORT = Ring("WETH", 600, 200, 3)
ODD = Ring("WETH", 1_000, 300, 4)


class Beside:
    """A ring on the chain, and what the model says of the same observations."""

    def __init__(self, chain: RevmChain, contract: Contract, ring: Ring, number: int = 0) -> None:
        self.chain, self.contract, self.ring, self.number = chain, contract, ring, number
        self.seen: tuple[Observation, ...] = ()
        self.vault: Vault = example("treasury").vault

    def now(self, price: int) -> Observation:
        return Observation(self.chain.timestamp(), price)

    def said(self, price: int) -> int:
        """What both say of the volatility at a price."""
        exact = realised(self.ring, self.seen, self.now(price), self.vault, IdealWorld(self.vault, {}))
        onchain = self.contract.call("volatility", self.number, price, self.ring.window, self.ring.length)
        assert onchain == exact
        return exact

    def observe(self, price: int) -> bool:
        """An observation where it is due: it changes nothing of what is said at that moment."""
        before, due = self.said(price), is_due(self.ring, self.seen, self.chain.timestamp())
        assert self.contract.call("due", self.number, self.ring.gap) == due
        ring = self.ring
        done = self.contract.send("observe", self.number, price, ring.gap, ring.window, ring.length).value
        assert done == due
        if due:
            self.seen = (*self.seen, self.now(price))
        assert self.said(price) == before
        return due


@pytest.fixture
def chain() -> RevmChain:
    return RevmChain()


@pytest.mark.parametrize("ring", [RING, SHORT, ODD], ids=["a day", "three moves", "a gap that is no part"])
def test_a_ring_says_what_all_observations_say(chain: RevmChain, ring: Ring) -> None:
    beside, draw, price = Beside(chain, probe(chain, "ring_probe"), ring), Random(7), 2_000 * USD
    noted = 0
    for turn in range(3 * ring.length):
        price = max(1, int(price * draw.uniform(0.8, 1.25)))
        noted += beside.observe(price)
        # Now and then at the very second, a second early, or after a silence longer than the window.
        wait = draw.choice((ring.gap, ring.gap - 1, ring.gap + draw.randrange(ring.gap), ring.window // 2))
        chain.warp(ring.window + 1 if turn % 17 == 16 else wait)
        beside.said(price)
    assert noted > 2 * ring.length


def test_the_busiest_caller_fills_a_ring_and_overwrites_nothing_that_counts(chain: RevmChain) -> None:
    beside = Beside(chain, probe(chain, "ring_probe"), SHORT)
    for turn in range(12):
        assert beside.observe((2_000 + 100 * (turn % 2)) * USD)
        chain.warp(SHORT.gap)
    inside = [one for one in beside.seen[1:] if one.time + SHORT.window > chain.timestamp()]
    assert len(inside) == SHORT.length - 1
    assert beside.said(2_000 * USD) > 0


def test_two_rings_know_nothing_of_each_other(chain: RevmChain) -> None:
    contract = probe(chain, "ring_probe")
    one, other = Beside(chain, contract, SHORT, 0), Beside(chain, contract, ODD, 1)
    for price in (2_000, 2_200, 1_900, 2_500):
        one.observe(price * USD)
        other.observe(price // 2 * USD)
        chain.warp(301)
        one.said(2_000 * USD)
        other.said(1_000 * USD)


def test_what_is_measured_is_the_root_of_the_squared_moves(chain: RevmChain) -> None:
    beside = Beside(chain, probe(chain, "ring_probe"), RING)
    assert beside.said(2_000 * USD) == 0, "nothing was observed"
    for price in (2_000, 2_200, 1_980):
        beside.observe(price * USD)
        chain.warp(3_600)
    # 10%, -10%, and 5% since: the root of 0.0225.
    assert beside.said(2_079 * USD) == 15 * 10**16
    chain.warp(DAY - 2 * 3_600)
    assert beside.said(1_980 * USD) == 10**17, "the rise has left the window, its end a day and an hour ago"


def test_a_move_counts_to_the_second(chain: RevmChain) -> None:
    beside = Beside(chain, probe(chain, "ring_probe"), ODD)
    for price in (2_000, 2_200):
        assert beside.observe(price * USD)
        chain.warp(ODD.gap)
    chain.warp(ODD.window - ODD.gap - 1)
    assert beside.said(2_200 * USD) == 10**17
    chain.warp(1)
    assert beside.said(2_200 * USD) == 0


def test_what_is_measured_is_never_below_what_was_seen(chain: RevmChain) -> None:
    beside = Beside(chain, probe(chain, "ring_probe"), RING)
    beside.observe(3)
    chain.warp(RING.gap)
    exact = Fraction(1, 3)
    assert exact < Fraction(beside.said(4), 10**18) <= exact + Fraction(1, 10**18)
    assert beside.said(3) == 0


def test_moves_beyond_all_measure_count_as_the_largest(chain: RevmChain) -> None:
    beside = Beside(chain, probe(chain, "ring_probe"), SHORT)
    for price in (1, 2**195, 1, 2**195):
        assert beside.observe(price)
        chain.warp(SHORT.gap)
    # One rise, and two falls by all there was.
    assert LARGEST_MOVE**2 < beside.said(1) ** 2 <= LARGEST_MOVE**2 + 2 * 10**36 + 4 * LARGEST_MOVE


@pytest.mark.long
@pytest.mark.anvil
def test_the_keeper_lets_a_call_take_what_a_ring_takes() -> None:
    """A ring of 32 moves that have all left it: a call that reads it twice, notes a price, and reads it once more."""
    most = RING_GAS + MOVE_GAS * RING.length
    with AnvilChain() as chain:
        contract = probe(chain, "ring_probe")

        def observe(price: int) -> int:
            done = contract.send("observe", 0, price, RING.gap, RING.window, RING.length)
            assert done.gas_used is not None
            return done.gas_used - 21_000

        assert observe(2_000 * USD) < most, "the first observation fills the ring's words"
        for turn in range(RING.length):
            chain.warp(RING.gap)
            observe((2_000 + 100 * (turn % 2)) * USD)
        chain.warp(2 * RING.window)
        reading = contract.abi.function("volatility", 4).encode((0, 2_000 * USD, RING.window, RING.length))
        call = {"from": chain.accounts[0], "to": contract.address, "data": f"0x{reading.hex()}"}
        cold, noting = int(chain.rpc("eth_estimateGas", call), 16) - 21_000, observe(2_000 * USD)
    warm = 600 * RING.length  # the words are warm then, and the arithmetic is the same
    assert 2_000 * RING.length < cold < cold + 2 * warm + (noting - cold) < most


def _all(checks: list[Callable[[RevmChain], None]]) -> None:
    for check in checks:
        check(RevmChain())


_LEFT = "(oldest >> TIME) + window > block"
_LATER = "block.timestamp >= self.rings[number].time"
_NEXT = "        ring.oldest += 1\n"
_PLACE = "self.moves[number][ring.oldest % length]"

MUTANTS = {
    "a move counts a second too long": (_LEFT, "(oldest >> TIME) + window >= block"),
    "a move counts from its beginning": (_LEFT, "(oldest >> TIME) + window - 300 > block"),
    "what has left still counts": ("        ring.variance -= oldest & (2**TIME - 1)\n", ""),
    "what has left goes one by one": (_NEXT, f"{_NEXT}        break\n"),
    "the move since counts only once it is noted": (" + self._squared(ring.price, price)\n", "\n"),
    "an observation forgets its move": ("        ring.variance += squared\n", ""),
    "moves round down": ("arith.mul_div_up(10**18, apart, then)", "arith.mul_div_down(10**18, apart, then)"),
    "a fall counts as nothing": ("else then - now", "else 0"),
    "observations as often as anyone likes": (f"{_LATER} + gap", "gap > 0"),
    "an observation is due a second late": (_LATER, "block.timestamp > self.rings[number].time"),
    "a ring that is too short": (_PLACE, "self.moves[number][ring.oldest % (length - 1)]"),
    "one ring for all": ("    self.rings[number] = ring\n", "    self.rings[0] = ring\n"),
}


@pytest.mark.parametrize("fault", [pytest.param(name, marks=[pytest.mark.long]) for name in MUTANTS])
def test_a_fault_in_a_ring_is_noticed(fault: str) -> None:
    old, new = MUTANTS[fault]
    sources = probe_sources("ring_probe")
    assert sources["contracts/ring.vy"].count(old) == 1, "the fault has lost its place"
    sources["contracts/ring.vy"] = sources["contracts/ring.vy"].replace(old, new)
    compiled = compile_vault(sources)
    artifact = Artifact(fault, compiled.abi, bytes.fromhex(compiled.creation.removeprefix("0x")))
    checks: list[Callable[[RevmChain], None]] = [
        *(lambda chain, ring=ring: test_a_ring_says_what_all_observations_say(chain, ring) for ring in (RING, ODD)),
        test_two_rings_know_nothing_of_each_other,
        test_a_move_counts_to_the_second,
        test_what_is_measured_is_never_below_what_was_seen,
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(globals(), "probe", lambda chain, _: chain.deploy_artifact(artifact))
        with pytest.raises((AssertionError, Reverted)):
            _all(checks)
