"""The command `keeper run`: its arguments, the files and variables it reads, its exit status."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from stratc_targets.keeper.config import KeeperConfig, bind, gwei, parse_config
from stratc_targets.keeper.errors import ConfigError, SetupError
from stratc_targets.keeper.log import Log

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

NEEDED = ("web3", "jsonschema", "eth_account", "requests")


def add_arguments(parser: ArgumentParser) -> None:
    """The options of `keeper run`; `main` takes what they parse to."""
    add = parser.add_argument
    add("--config", required=True, metavar="FILE", help="keeper.json, as `stratc build` wrote it")
    add("--rpc", required=True, metavar="URL", help="JSON-RPC endpoint of the chain (http or https)")
    add("--vault", metavar="ADDRESS", help="the vault, where the configuration is not bound to a deployment")
    add("--chain-id", type=_positive(int), metavar="N", help="its chain, together with --vault")
    add("--keystore", metavar="FILE", help="encrypted key, opened with STRATC_KEEPER_PASSWORD; else STRATC_KEEPER_KEY")
    add("--state", metavar="FILE", help="what a restart must not forget (default: beside the configuration)")
    add("--poll", type=_positive(float), metavar="SECONDS", help="pause between looks (default: period/10, at most 15)")
    add("--max-fee", type=_positive(Decimal), metavar="GWEI", help="fee cap of routine work, instead of the file's")
    add("--emergency-max-fee", type=_positive(Decimal), metavar="GWEI", help="fee cap of what reduces risk")
    add("--replace-after", type=_positive(float), metavar="SECONDS", help="when to outbid a transaction that is stuck")
    add("--no-settle", action="store_true", help="never call settle(): somebody else begins the rounds")
    add("--once", action="store_true", help="do what is due now, then exit (for cron)")
    add("--dry-run", action="store_true", help="simulate and tell, send nothing")
    add("--log", choices=("json", "text"), default="json", help="form of the log on standard error (default: json)")


def main(arguments: Namespace) -> int:
    """Run a keeper.

    Returns its exit status: 0 stopped as told or done, 1 a `--once` that could not finish, 2 the keeper cannot start
    as told (or cannot write its state), with the reason in the log.
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
    from stratc_targets.keeper.process import Options, run_keeper

    config = _config(arguments)
    options = Options(
        state=Path(arguments.state) if arguments.state else Path(arguments.config).with_suffix(".state.json"),
        log=log,
        poll=arguments.poll,
        once=arguments.once,
        dry_run=arguments.dry_run,
        settle=not arguments.no_settle,
    )
    _check_url(arguments.rpc)
    return run_keeper(config, arguments.rpc, _account(arguments.keystore), options)


def _config(arguments: Namespace) -> KeeperConfig:
    text = _read(arguments.config)
    config = parse_config(text, arguments.config)
    if (arguments.vault is None) != (arguments.chain_id is None):
        raise SetupError("--vault and --chain-id go together")
    if arguments.vault is not None:
        document = bind(json.loads(text), arguments.chain_id, arguments.vault)
        config = parse_config(json.dumps(document), f"{arguments.config} with --vault")
    return replace(config, gas=replace(config.gas, **_gas_overrides(arguments)))


def _gas_overrides(arguments: Namespace) -> dict[str, int]:
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
    return account_of_keystore(_read(keystore), os.environ.get(PASSWORD_VARIABLE), keystore)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise SetupError("--rpc is no URL of the form http://host:port or https://host/...")


def _read(name: str) -> str:
    try:
        return Path(name).read_text("utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"cannot read {name}: it is not UTF-8 text") from None


Number = TypeVar("Number", int, float, Decimal)


def _positive(kind: type[Number]) -> Callable[[str], Number]:
    def parse(text: str) -> Number:
        try:
            value = kind(text)
            in_range = 0 < value < 10**12
        except (ValueError, InvalidOperation):  # comparing a Decimal NaN raises, too
            raise ArgumentTypeError(f"{text} is no number") from None
        if not in_range:
            raise ArgumentTypeError(f"{text} is not a positive number below 10^12")
        return value

    return parse
