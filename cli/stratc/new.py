"""`stratc new NAME`: a commented strategy to start from, which verifies as it stands."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from stratc.replace import create_text
from stratc.status import Status

STARTER = """\
# {name}: what to say here? One line about what the vault earns and what could go wrong.
#
#   stratc check  {file}                    is it well formed?
#   stratc verify {file}                    does every claim hold?
#   stratc build  {file} --out build/       the vault, its keeper and its certificate
strategy {name} {{
    base USDC                                # what users deposit, and what shares are told in

    # A price is read from a feed. The vault refuses an answer that is older than `heartbeat`.
    token USDC {{ decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }}

    venue lend = aave_v3(collateral=[USDC])  # lent out at Aave v3
    venue save = erc4626(asset=USDC)         # deposited in another vault

    # What may happen between two visits of the keeper. Proofs hold for all of it, and for nothing beyond.
    assume {{
        keeper every 6h
        price(USDC) stays 0.97 .. 1.03
        loss(save) <= 1%                     # the other vault may lose that much in one round
        liquidity(lend) >= 50%               # so much of the deposit can be withdrawn at any time
        withdrawals <= 10% of nav            # enforced: the vault pays out no more in one round
    }}

    # Shares of nav. The keeper trades when one leaves its band.
    allocate {{
        lend.collateral(USDC): 50% +- 5%
        save:                  25% +- 5%
        idle(USDC):            25% +- 5%, min 14%
    }}

    # Hold after every transaction, or the transaction reverts.
    floors {{
        idle(USDC) >= 5% of nav
    }}

    # What the keeper does, in order of priority.
    rules {{
        when weights outside band do rebalance
        every 24h do harvest save
    }}

    exit {{ order: [save, lend] }}             # how everything is sold when it must be

    # Claims beyond those that are always checked.
    prove {{
        solvent
        loss <= 1% per round
        survives loss of save
        exit >= 60% of nav
    }}
}}
"""


def new(name: str) -> Status:
    """Write NAME.strat into this folder. Never replaces a file."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", name):
        return _refuse(f"`{name}` is no name of a strategy: letters, digits and _, as in EthCarry")
    path = Path(f"{_snake(name)}.strat")
    try:
        create_text(path, STARTER.format(name=name, file=path))
    except FileExistsError:
        return _refuse(f"{path} exists already: choose another name, or move it away")
    except OSError as error:
        return _refuse(f"{path} cannot be written: {error.strerror}")
    print(f"written to {path}; now: stratc verify {path}")
    return Status.PROVED


def _snake(name: str) -> str:
    """EthCarry is in eth_carry.strat."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _refuse(why: str) -> Status:
    print(f"error: {why}", file=sys.stderr)
    return Status.BAD_INPUT
