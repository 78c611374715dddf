"""The command `keeper run`: the files and variables it reads, its exit status."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from stratc_targets.keeper.config import KeeperConfig, bind, gwei, parse_config
from stratc_targets.keeper.errors import ConfigError, SetupError
from stratc_targets.keeper.log import Log

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

_RECURSION_LIMIT = 1000
"""Python's own. eth_account's py_ecc raises it so far that deeply nested JSON, from an RPC that lies, would overflow
the stack of Python's parser and end the process."""

NEEDED = ("web3", "jsonschema", "requests", "eth_account", "eth_typing", "eth_utils")


def main(arguments: Namespace) -> int:
    """Run a keeper.

    Returns its exit status: 0 stopped as told or done, 1 a `--once` that could not finish, 2 the keeper cannot start
    as told, with the reason in the log.
    """
    log = Log(sys.stderr, arguments.log == "json")
    try:
        return _run(arguments, log)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        log.error("setup", f"{error.name} is not installed: pip install 'stratc[keeper]'")
    except SetupError as error:
        log.error("setup", str(error))
    return 2


def _run(arguments: Namespace, log: Log) -> int:
    from stratc_targets.keeper.nodes import Nodes
    from stratc_targets.keeper.process import Options, run_keeper

    sys.setrecursionlimit(_RECURSION_LIMIT)
    vaults = _vaults(arguments)
    options = Options(
        log=log,
        poll=arguments.poll,
        once=arguments.once,
        dry_run=arguments.dry_run,
        settle=not arguments.no_settle,
        listen=arguments.listen,
    )
    for option, urls in (("--rpc", arguments.rpc), ("--relay", [arguments.relay] if arguments.relay else [])):
        for url in urls:
            check_url(url, option)
    return run_keeper(vaults, Nodes(arguments.rpc, arguments.relay, log), _account(arguments.keystore), options)


def _vaults(arguments: Namespace) -> dict[Path, KeeperConfig]:
    """What to keep, by the file of its state. Raises SetupError."""
    several = len(arguments.config) > 1
    for option in ("vault", "chain_id", "state"):
        if several and getattr(arguments, option) is not None:
            raise SetupError(
                f"--{option.replace('_', '-')} goes with one --config: bind each of several in its own file"
            )
    found = {}
    for name in arguments.config:
        config = read_config(name, arguments.vault, arguments.chain_id)
        state = Path(arguments.state) if arguments.state else Path(name).with_suffix(".state.json")
        if state in found:
            raise SetupError(f"two configurations would share the state file {state}")
        found[state] = replace(config, gas=replace(config.gas, **_gas_overrides(arguments)))
    return found


def read_config(name: str, vault: str | None, chain_id: int | None) -> KeeperConfig:
    """The configuration in a file, bound to the vault where one is given. Raises SetupError."""
    text = read_text(name)
    config = parse_config(text, name)
    if (vault is None) != (chain_id is None):
        raise SetupError("--vault and --chain-id go together")
    if vault is None or chain_id is None:
        return config
    document = bind(json.loads(text), chain_id, vault)
    return parse_config(json.dumps(document), f"{name} with --vault")


def _gas_overrides(arguments: Namespace) -> dict[str, Any]:
    given = {
        "normal": arguments.max_fee and gwei(arguments.max_fee),
        "emergency": arguments.emergency_max_fee and gwei(arguments.emergency_max_fee),
        "replace_after": arguments.replace_after,
    }
    return {name: value for name, value in given.items() if value is not None}


def _account(keystore: str | None) -> LocalAccount:
    from stratc_targets.keeper.key import KEY_VARIABLE, PASSWORD_VARIABLE, account_of_key, account_of_keystore

    if keystore is None:
        return account_of_key(os.environ.get(KEY_VARIABLE))
    return account_of_keystore(read_text(keystore), os.environ.get(PASSWORD_VARIABLE), keystore)


def check_url(url: str, option: str) -> None:
    """Raises SetupError where it is no URL of an endpoint."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SetupError(f"{option} is no URL of the form http://host:port or https://host/...")


def read_text(name: str) -> str:
    """The text of a file. Raises ConfigError."""
    try:
        return Path(name).read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"cannot read {name}: it is not UTF-8 text") from None
