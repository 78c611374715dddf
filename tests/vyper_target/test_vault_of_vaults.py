"""A vault of vaults: what it takes for its inner vault when it is deployed, and what it holds there afterwards."""

from __future__ import annotations

import pytest
from vyper.utils import keccak256

from lab.chain import Reverted
from lab.world import World
from stratc_targets.vyper.build import ACTIONS, Compiled, blueprint_creation, compile_vault
from stratc_targets.vyper.emit import vault_sources
from vyper_target.vaults import USDC, Deployed, deploy, example, files, install

pytestmark = pytest.mark.long  # two vaults are compiled


def _code(given: str, path: str = "runtime.hex") -> bytes:
    return bytes.fromhex(files(example(given))[path].strip().removeprefix("0x"))


@pytest.fixture
def inner(revm_world: World) -> Deployed:
    return deploy(revm_world, example("treasury"))


def test_it_knows_the_code_of_a_treasury_that_was_built_alone() -> None:
    known = files(example("vault_of_vaults"))["contracts/inner_code.vy"]
    for name, path in (("CODE", "runtime.hex"), ("ACTIONS_CODE", "actions.runtime.hex")):
        code = _code("treasury", path)
        assert f"INNER_{name}_SIZE: constant(uint256) = {len(code)}" in known
        assert f"INNER_{name}_HASH: constant(bytes32) = 0x{keccak256(code).hex()}" in known


def _other(world: World, what: str) -> object:
    if what == "another vault":
        return world.save.contract
    if what == "a treasury of other rules":
        return install(world, _of_other_rules(), example("treasury").vault).contract
    code = bytearray(_code("treasury") + bytes(2_048))
    code[-2_049] ^= 1
    return world.chain.deploy([], blueprint_creation(bytes(code)), name="nearly")


def _of_other_rules() -> Compiled:
    """A treasury whose rules may cost anything: what they may do is said in its actions alone."""
    treasury = example("treasury")
    sources = vault_sources(treasury.vault, treasury.verification.source)
    bound = '    assert s.nav + budget >= nav_before, "rule: costs more than stated"\n'
    assert sources[ACTIONS].count(bound) == 1
    compiled = compile_vault({**sources, ACTIONS: sources[ACTIONS].replace(bound, "")})
    assert compiled.runtime == files(treasury)["runtime.hex"].strip()
    return compiled


@pytest.mark.parametrize("what", ["another vault", "a treasury but for one bit", "a treasury of other rules"])
def test_it_is_not_deployed_over_other_code(revm_world: World, what: str) -> None:
    other = _other(revm_world, what)
    with pytest.raises(Reverted, match="erc4626: other code"):
        deploy(revm_world, example("vault_of_vaults"), venue_inner=other)


def test_what_it_earns_in_the_treasury_is_its_depositors(revm_world: World, inner: Deployed) -> None:
    world, (user, other) = revm_world, revm_world.users[:2]
    vault = deploy(world, example("vault_of_vaults"), venue_inner=inner.contract)
    inner.deposit(other, 100_000 * USDC)
    inner.run("rebalance")
    vault.deposit(user, 50_000 * USDC)
    vault.run("rebalance")
    inner.run("rebalance")
    assert vault.weight("inner") == pytest.approx(0.88, abs=1e-6)
    before = vault.call("totalAssets")
    world.save.gain(world.save.total_assets() // 100)
    assert vault.call("totalAssets") == pytest.approx(before * 1.0022, rel=1e-5)  # a quarter of 88% of it gained 1%
    assert vault.call("maxWithdraw", user) == pytest.approx(vault.call("round_allowance"), abs=1)
    vault.contract.send("emergency_exit", sender=vault.guardian)  # all that the treasury lets go in its round
    assert inner.call("maxWithdraw", vault.address) == 0
    assert inner.call("balanceOf", vault.address) > 0
