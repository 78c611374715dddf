"""Is this the right chain, the right contract and the right key? Asked once, before anything is sent."""

from __future__ import annotations

from eth_account.signers.local import LocalAccount
from eth_utils.address import is_checksum_address
from vyper.utils import keccak256

from stratc_targets.keeper.chain import Chain
from stratc_targets.keeper.config import Code, Deployment, KeeperConfig
from stratc_targets.keeper.errors import Reverted, SetupError
from stratc_targets.keeper.log import Log


def bound(config: KeeperConfig) -> Deployment:
    """Where the vault is. Raises SetupError where the configuration does not say, or says it with a typing error."""
    deployment = config.deployment
    if deployment is None:
        raise SetupError(
            "the configuration is not bound to a deployed vault: give --vault and --chain-id, "
            "or run from the configuration that was written at deployment"
        )
    digits = deployment.vault[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(deployment.vault):
        raise SetupError(f"the vault's address {deployment.vault} has a wrong checksum: is it mistyped?")
    return deployment


def check(config: KeeperConfig, deployment: Deployment, chain: Chain, account: LocalAccount, log: Log) -> None:
    """Raises SetupError for what makes keeping impossible, and warns of what makes it doubtful.

    Raises RpcDown or Refused where the endpoint does not say: that may pass.
    """
    check_vault(config, deployment, chain)
    if chain.head().base_fee is None:
        raise SetupError(
            f"chain {deployment.chain_id} has no base fee (EIP-1559), which the keeper's transactions need"
        )
    _check_keeper(chain, account, log)


def check_vault(config: KeeperConfig, deployment: Deployment, chain: Chain) -> None:
    """Raises SetupError where this is not the chain, or not the vault, that the configuration is of."""
    try:
        for host, found in chain.chain_ids().items():
            if found != deployment.chain_id:
                raise SetupError(
                    f"wrong chain: {host} is chain {found}, and the vault is on chain {deployment.chain_id}"
                )
        _check_code(config.code, deployment.vault, "this vault", deployment, chain)
        actions = str(chain.view("ACTIONS", chain.head().number))
        _check_code(config.actions, actions, "this vault's actions", deployment, chain)
    except Reverted as reason:
        raise SetupError(f"the vault at {deployment.vault} does not answer as one: {reason}") from None


def _check_code(expected: Code, address: str, what: str, deployment: Deployment, chain: Chain) -> None:
    code = chain.code(address)
    if not code:
        raise SetupError(f"there is no contract at {address} on chain {deployment.chain_id}")
    found = f"0x{keccak256(code[: expected.length]).hex()}"
    if len(code) < expected.length or found != expected.keccak:
        raise SetupError(
            f"wrong contract: the code at {address} is not {what} "
            f"(keccak256 of its runtime is {found}, of this strategy's {expected.keccak})"
        )


def _check_keeper(chain: Chain, account: LocalAccount, log: Log) -> None:
    if chain.balance(account.address) == 0:
        raise SetupError(f"the keeper {account.address} has nothing to pay gas with on {chain.host}")
    appointed = str(chain.view("keeper", chain.head().number))
    if appointed.lower() != account.address.lower():
        log.warning(
            "not_the_keeper",
            f"the vault's keeper is {appointed}, and this key is {account.address}: the vault will refuse its calls",
            appointed=appointed,
            account=account.address,
        )
