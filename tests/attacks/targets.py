"""What is attacked: vaults as they are emitted, and the same with one defence taken out of their text."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from lab.world import World
from mutations.change import ACTIONS, BOOK, VAULT, Change
from mutations.weakened import compile_weakened
from stratc_compiler.certify import ProvedVault
from stratc_targets.vyper.build import Compiled
from stratc_targets.vyper.emit import vault_sources
from vyper_target.probes import HERE as VYPER_TARGET
from vyper_target.vaults import EXAMPLES, USDC, Deployed, deploy, example, install, proved

NO_VIRTUAL_SHARES = tuple(
    Change(VAULT, f"arith.mul_div_{way}({old}", f"arith.mul_div_{way}({new}")
    for way in ("down", "up")
    for old, new in (
        (
            "assets, share_token.totalSupply + 10 ** 12, s.total_assets + 1",
            "assets, max(share_token.totalSupply, 1), max(s.total_assets, 1)",
        ),
        (
            "shares, s.total_assets + 1, share_token.totalSupply + 10 ** 12",
            "shares, max(s.total_assets, 1), max(share_token.totalSupply, 1)",
        ),
    )
)
NO_ROUND_LIMIT = (
    Change(VAULT, '    assert assets <= arith.monus(self._round_allowance(), ahead), "withdraw: round limit"\n', ""),
)
NO_LEAST_PRICE = (
    Change("contracts/uniswap_v3.vy", "amount_out_minimum=minimum", "amount_out_minimum=0"),
    Change("contracts/uniswap_v3.vy", '    assert received >= minimum, "uniswap_v3: too little received"\n', ""),
)
NO_GUARD = (
    Change(BOOK, "    round_price_weth: uint256 = self.round_price_weth\n", "    round_price_weth: uint256 = 0\n"),
)
NO_PAIR = (
    Change(BOOK, ">= 24 * price_weth", ">= 0"),
    Change(BOOK, "<= 201 * price_weth", "<= max_value(uint256)"),
)
NO_CONSERVATION = (Change(ACTIONS, '    assert s.nav + budget >= nav_before, "rule: costs more than stated"\n', ""),)
NO_SAME_SUPPLY = (
    Change(ACTIONS, '    assert share_token.totalSupply == supply_before, "rule: moves the supply of shares"\n', ""),
)

NO_TRY = (Change(VAULT, "        if not done:\n            log LeftOut(venue=venue)\n", "        assert done\n"),)
"""An exit in which a venue that reverts is not left out."""
SPOT = """

interface SpotPool:
    def slot0() -> (uint160, int24, uint16, uint16, uint16, uint8, bool): view


@internal
@view
def spot(router: address, fee: uint24, weth: address, usdc: address) -> uint256:
    pool: address = staticcall Factory(staticcall Router(router).factory()).getPool(weth, usdc, fee)
    root: uint256 = convert((staticcall SpotPool(pool).slot0())[0], uint256)
    if convert(weth, uint160) < convert(usdc, uint160):
        return (root * root // 2**96) * 10**30 // 2**96
    return 10**30 * 2**96 // root * 2**96 // root
"""
_LAST = '    assert received >= minimum, "uniswap_v3: too little received"\n    return received\n'
SPOT_PRICE = (
    Change("contracts/uniswap_v3.vy", _LAST, _LAST + SPOT),
    Change(
        BOOK,
        "    s.price_weth = oracle.price_of(WETH_FEED)\n",
        "    s.price_weth = uniswap_v3.spot(DEX_ROUTER, DEX_FEE, WETH, USDC)\n",
    ),
)
"""What ether is worth is asked of the pool."""


def strategy(name: str) -> ProvedVault:
    """A strategy by name, taken as proved: an example, one that only holds (`idle`), or a range in a pool that the
    vault does not trade in (`range_apart`)."""
    if name == "idle":
        return proved((VYPER_TARGET / "idle.strat").read_text(encoding="utf-8"), "idle.strat")
    if name == "range_apart":
        text, fee = (EXAMPLES / "fee_range.strat").read_text(encoding="utf-8"), "uniswap_v3_lp(WETH/USDC, fee=0.05%"
        return proved(text.replace(fee, fee.replace("0.05%", "0.30%")), "range_apart.strat")
    return example(name)


def vault(world: World, name: str, **addresses: object) -> Deployed:
    """What `build` emits for it."""
    return deploy(world, strategy(name), **addresses)


def without(world: World, name: str, changes: tuple[Change, ...], **addresses: object) -> Deployed:
    """The same with these changes in its text, each of which must find its place, once."""
    return install(world, _compiled(name, changes), strategy(name).vault, "weakened vault", **addresses)


@cache
def _compiled(name: str, changes: tuple[Change, ...]) -> Compiled:
    given = strategy(name)
    sources = vault_sources(given.vault, given.verification.source)
    for change in changes:
        change.seed(sources)
    return compile_weakened(sources)


# ── what things are worth ──────────────────────────────────────────────────────────────────


def shares(deployed: Deployed, who: str) -> int:
    return int(deployed.call("balanceOf", who))


def claim(deployed: Deployed, who: str) -> int:
    """What the vault says that an account's shares are worth now."""
    return int(deployed.call("convertToAssets", shares(deployed, who)))


def true_assets(deployed: Deployed, usd: dict[str, Fraction]) -> Fraction:
    """Net assets in smallest units of USDC, from the venues' own books, at these prices: what the vault says of itself
    is not asked."""
    world, me = deployed.world, deployed.address
    total = Fraction(world.save.value(me))
    for symbol in ("USDC", "WETH"):
        token = world.token(symbol)
        held = token.balance(me) + world.aave.supplied(me, token) - world.aave.owed(me, token)
        total += Fraction(held, token.units(1)) * usd[symbol] / usd["USDC"] * USDC
    return total


def true_claim(deployed: Deployed, who: str, usd: dict[str, Fraction]) -> Fraction:
    """An account's part of the true assets."""
    return true_assets(deployed, usd) * shares(deployed, who) / deployed.call("totalSupply")


def at_work(deployed: Deployed, assets: int, times: int = 1) -> Deployed:
    """The first user deposits and the keeper allocates, `times` over: a pool takes only so much at a time."""
    for _ in range(times):
        deployed.deposit(deployed.world.users[0], assets)
        deployed.run("rebalance")
        deployed.world.arbitrage()
    return deployed
