"""Where our vaults differ from OpenZeppelin's and snekmate's: each difference on both sides."""

from __future__ import annotations

import pytest

from erc4626.others import MAKERS, bare
from erc4626.situations import Subject, donated, held, plain
from lab.artifacts import vyper_artifact
from lab.chain import Reverted
from lab.tokens import Token
from lab.world import World
from vyper_target.probes import HERE
from vyper_target.vaults import deploy, example

MAKER = pytest.mark.parametrize("maker", MAKERS)


@MAKER
def test_they_take_assets_for_no_shares_and_we_do_not(revm_world: World, maker: str) -> None:
    theirs = donated(held(bare(revm_world, maker)))
    user = theirs.stranger
    assert theirs.enter("deposit", 1, user) == 0
    assert theirs.shares(user) == 0
    ours = donated(held(plain(revm_world, 18)))
    with pytest.raises(Reverted, match="deposit: no shares"):
        ours.enter("deposit", 1, user)


def _robbed(subject: Subject) -> int:
    """What of its 1,000 the second depositor has left after the first put in one unit and gave 10,000."""
    unit = 10**subject.asset.decimals
    subject.enter("deposit", 1, subject.holders[0])
    subject.asset.mint(subject.vault.address, 10_000 * unit)
    subject.enter("deposit", 1_000 * unit, subject.stranger)
    return subject.call("convertToAssets", subject.shares(subject.stranger))


@MAKER
def test_a_gift_takes_the_second_deposit_there_and_not_here(revm_world: World, maker: str) -> None:
    """With their default of one virtual share; a greater offset is theirs to choose, ours comes with the decimals."""
    assert _robbed(bare(revm_world, maker)) == 0
    assert _robbed(plain(revm_world, 6)) >= 999 * 10**6


@MAKER
def test_their_shares_have_the_decimals_of_the_asset(revm_world: World, maker: str) -> None:
    assert bare(revm_world, maker).call("decimals") == 6
    assert plain(revm_world, 6).call("decimals") == 18


@MAKER
def test_they_count_what_a_fee_has_kept_and_we_refuse_it(revm_world: World, maker: str) -> None:
    contract = revm_world.chain.deploy_artifact(vyper_artifact(HERE / "hostile_token.vy"))
    contract.send("set_habits", 1, 1)
    token, user = Token(contract, "FEE", 6), revm_world.users[2]
    theirs = bare(revm_world, maker, token)
    made = deploy(revm_world, example("idle"), token_usdc=contract)
    contract.send("mint", user, 10**9)
    for vault in (theirs.vault, made.contract):
        contract.send("allow", user, vault, 10**9)
    assert theirs.send("deposit", 10**8, user, sender=user).value == 10**8
    assert theirs.call("totalAssets") == 10**8 - 1
    with pytest.raises(Reverted, match="tokens: fee on transfer"):
        made.contract.send("deposit", 10**8, user, sender=user)


@MAKER
def test_they_need_no_price_and_we_answer_none_without(revm_world: World, maker: str) -> None:
    theirs, ours = held(bare(revm_world, maker)), held(plain(revm_world, 6))
    revm_world.feeds["USDC"].set_raw(updated_at=1)
    assert theirs.call("totalAssets") == 150_000 * 10**6
    with pytest.raises(Reverted, match="oracle: stale price"):
        ours.call("totalAssets")
