"""`stratc deploy`: deploying, and checking what was deployed."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from stratc.colour import paint_for
from stratc.output import MARK
from stratc.status import Status
from stratc_targets.keeper.command import NEEDED


def deploy(arguments: Namespace) -> int:
    """Deploy one strategy, or check one that was. Returns the exit status."""
    try:
        return _deploy(arguments)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        return _complain(f"{error.name} is not installed: pip install 'stratc[keeper]'")


def _deploy(arguments: Namespace) -> int:
    from stratc.deployable import of_build, of_file, of_record
    from stratc_targets.deploy.command import Stopped, main, main_check

    paint = paint_for(sys.stdout)
    if arguments.check is not None:
        certificate = Path(arguments.check).with_name(MARK)
        return main_check(arguments, lambda: of_record(certificate, arguments.what), paint)
    if arguments.what is None:
        return _complain("name a .strat file or the folder of a build, or give --check RECORD")
    try:
        deployable = of_build(Path(arguments.what)) if Path(arguments.what).is_dir() else of_file(arguments.what)
    except Stopped as stop:
        return stop.status
    return main(arguments, deployable, paint)


def _complain(what: str) -> Status:
    print(f"stratc deploy: error: {what}", file=sys.stderr)
    return Status.BAD_INPUT
