"""The options of `keeper` and `status`. Loads nothing of the keeper: each command line is parsed with them."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TypeVar

Number = TypeVar("Number", int, float, Decimal)


def add_vault_arguments(parser: ArgumentParser) -> None:
    """Which vault, and where it is asked."""
    add = parser.add_argument
    add("--config", required=True, metavar="FILE", help="keeper.json, as `stratc build` wrote it")
    add("--rpc", required=True, metavar="URL", help="JSON-RPC endpoint of the chain (http or https)")
    add("--vault", metavar="ADDRESS", help="the vault, where the configuration is not bound to a deployment")
    add("--chain-id", type=_positive(int), metavar="N", help="its chain, together with --vault")


def add_audit_arguments(parser: ArgumentParser) -> None:
    """The options of `keeper audit`."""
    add_vault_arguments(parser)
    parser.add_argument(
        "--from-block",
        type=_block,
        required=True,
        metavar="N",
        help="the first block to look at",
    )


def add_print_arguments(parser: ArgumentParser) -> None:
    """The options of `keeper print`."""
    add = parser.add_argument
    backends = ("cre", "openzeppelin", "silverback")
    add("backend", choices=backends, help="Chainlink CRE, OpenZeppelin's Monitor and Relayer, or a Silverback bot")
    add("--config", required=True, metavar="FILE", help="keeper.json, as `stratc build` wrote it")
    add("--vault", metavar="ADDRESS", help="the vault, where the configuration is not bound to a deployment")
    add("--chain-id", type=_positive(int), metavar="N", help="its chain, together with --vault")
    add("--out", required=True, metavar="DIR", help="the folder to write into: a new one, or an empty one")


def add_arguments(parser: ArgumentParser) -> None:
    """The options of `keeper run`; `command.main` takes what they parse to."""
    add = parser.add_argument
    add(
        "--config",
        required=True,
        action="append",
        metavar="FILE",
        help="keeper.json, as `stratc build` wrote it; may be repeated, for several vaults on one chain",
    )
    add(
        "--rpc",
        required=True,
        action="append",
        metavar="URL",
        help="JSON-RPC endpoint of the chain (http or https); may be repeated, the most trusted first",
    )
    add("--relay", metavar="URL", help="private relay that transactions are sent to instead of the endpoints")
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
    add("--listen", type=_address, metavar="HOST:PORT", help="answer at /health, and at /metrics for Prometheus")
    add("--log", choices=("json", "text"), default="json", help="form of the log on standard error (default: json)")


def _block(text: str) -> int:
    if not text.isdecimal():
        raise ArgumentTypeError(f"{text} is no number of a block")
    return int(text)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdecimal() and int(port) < 2**16):
        raise ArgumentTypeError(f"{text} is no address of the form HOST:PORT")
    return host, int(port)


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
