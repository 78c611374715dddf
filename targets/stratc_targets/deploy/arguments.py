"""The options of `deploy`. Loads nothing of the deployment: each command line is parsed with them."""

from __future__ import annotations

from argparse import ArgumentParser


def add_arguments(parser: ArgumentParser) -> None:
    """The options of `deploy`."""
    add = parser.add_argument
    folder = "a .strat file, or the folder of one strategy that `stratc build` wrote"
    add("what", nargs="?", metavar="FILE|BUILD", help=folder)
    add("--rpc", required=True, metavar="URL", help="JSON-RPC endpoint of the chain (http or https)")
    add("--manifest", metavar="FILE", help="which addresses to bind (default: deployments/CHAIN_ID.toml)")
    add("--record", metavar="FILE", help="what is remembered (default: deployments/CHAIN_ID/STRATEGY/record.json)")
    add(
        "--keystore",
        metavar="FILE",
        help="encrypted key, opened with STRATC_DEPLOYER_PASSWORD; else STRATC_DEPLOYER_KEY",
    )
    add(
        "--check",
        metavar="RECORD",
        help="compare what was deployed with its certificate (and with FILE)",
    )
    add("--dry-run", action="store_true", help="check, and say what would be done and what it costs; send nothing")
    add("--yes", action="store_true", help="deploy without asking on the terminal")
