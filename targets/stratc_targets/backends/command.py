"""The command `keeper print`: another keeper than our own process, as files."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from stratc_targets.artifact import Artifact
from stratc_targets.keeper.command import NEEDED, read_config
from stratc_targets.keeper.errors import SetupError


def main(arguments: Namespace) -> int:
    """Write the files. Returns the exit status: 0 written; 2 they cannot be."""
    try:
        out = Path(arguments.out)
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise SetupError(f"{out} exists, and is no empty folder")
        artifacts = _artifacts(arguments)
        for artifact in artifacts:
            path = out / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifact.text, "utf-8")
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        return _refuse(f"{error.name} is not installed: pip install 'stratc[keeper]'")
    except OSError as error:
        return _refuse(f"cannot write {error.filename}: {error.strerror}")
    except SetupError as error:
        return _refuse(str(error))
    print(f"written to {out}")
    for artifact in artifacts:
        print(f"  {artifact.path}")
    return 0


def _artifacts(arguments: Namespace) -> tuple[Artifact, ...]:
    from stratc_targets.backends.cre import cre_project
    from stratc_targets.backends.openzeppelin import openzeppelin_files
    from stratc_targets.backends.silverback import silverback_bot
    from stratc_targets.keeper.startup import bound

    config = read_config(arguments.config, arguments.vault, arguments.chain_id)
    deployment = bound(config)
    if not config.strategy.isidentifier():
        raise SetupError(f"{config.strategy!r} is no name of a strategy")
    printers = {"cre": cre_project, "openzeppelin": openzeppelin_files, "silverback": silverback_bot}
    return printers[arguments.backend](config, deployment.chain_id, deployment.vault)


def _refuse(why: str) -> int:
    print(f"stratc keeper print: error: {why}", file=sys.stderr)
    return 2
