"""The command `stratc` but for its first moment: what is said and returned however it ends, never a traceback."""

from __future__ import annotations

import atexit
import gc
import io
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, EIO, ENOSPC
from typing import TYPE_CHECKING

from stratc.arguments import parser
from stratc.status import Status

if TYPE_CHECKING:
    from stratc.resting import Denied


FULL = frozenset({ENOSPC, EDQUOT, EFBIG, EIO})
"""What writing ends with where a disk is full or broken, which is no mistake of ours."""


def run(argv: Sequence[str] | None) -> int:
    """Run the command line and return the exit status. KeyboardInterrupt after ^C, everything tidied up."""
    _open_what_is_closed()
    _print_anything()
    _collect_rarely()
    try:
        with _interrupted_once(argv is None):
            status = _run(parser().parse_args(argv))
            sys.stdout.flush()
            return status
    except SystemExit as stop:  # argparse has printed the help, the version, or what is wrong
        return stop.code if isinstance(stop.code, int) else Status.BAD_INPUT
    except BrokenPipeError:  # the reader left, as `head` does
        _print_no_more()
        return Status.INTERRUPTED
    except ChildProcessError as error:
        _say(f"error: {error}")
        return Status.BAD_INPUT
    except OSError as error:
        if error.errno not in FULL:
            return _internal(error)
        _say(f"error: cannot write: {error.strerror}")
        _print_no_more()
        return Status.BAD_INPUT
    except Exception as error:
        return _internal(error)


@contextmanager
def _interrupted_once(last: bool) -> Iterator[None]:
    """The first ^C ends the run; those after it do not disturb the tidying up, nor the end of the process if it is the
    `last` that is done in it.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler:  # somebody else decides what ^C means, `nohup` for one
        yield
        return

    def interrupt(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN if last else before)


def _run(arguments: Namespace) -> int:
    """Each command imports what it needs: `--help` must not wait for a solver and a compiler to load."""
    match arguments.command:
        case "check":
            from stratc.check import check

            return check(arguments.files, arguments.format, deny_warnings=bool(arguments.deny))
        case "verify":
            return _verify(arguments)
        case "build":
            from pathlib import Path

            from stratc.build import build

            return build(arguments.files, Path(arguments.out), _denied(arguments))
        case "audit":
            from stratc.audit import run

            return run(arguments.certificate, arguments.source)
        case "margin":
            return _margin(arguments)
        case "diff":
            from stratc.diff import diff

            return diff(arguments.old, arguments.new, arguments.format, arguments.margins)
        case "gate":
            return _gate(arguments)
        case "report":
            from stratc.page.run import report

            return report(arguments.file, arguments.out, arguments.quick)
        case "fmt":
            from stratc.fmt import fmt

            return fmt(arguments)
        case "new":
            from stratc.new import new

            return new(arguments.name)
        case "keeper":
            return _keeper(arguments)
        case "deploy":
            from stratc.deploy import deploy

            return deploy(arguments)
        case "status":
            from stratc.colour import paint_for
            from stratc_targets.keeper.status import main as status

            return status(arguments, paint_for(sys.stdout))
        case "lsp":
            from stratc.lsp.start import start

            return start()
        case "explain":
            from stratc.explain import explain

            return explain(arguments.code)
        case other:
            raise AssertionError(f"a command without an action: {other}")


def _verify(arguments: Namespace) -> int:
    if arguments.margins and arguments.format != "text":
        print("stratc verify: error: --margins prints text; use `stratc margin --format json`", file=sys.stderr)
        return Status.BAD_INPUT
    from stratc.verify import verify

    return verify(arguments.files, arguments.format, _denied(arguments), arguments.margins)


def _gate(arguments: Namespace) -> int:
    if arguments.margins is not None and arguments.base is None:
        print("stratc gate: error: --margins compares with a base: name one with --base", file=sys.stderr)
        return Status.BAD_INPUT
    if arguments.files and arguments.exclude:
        said = "--exclude leaves out of what is found, and files that are named are judged: give one of both"
        print(f"stratc gate: error: {said}", file=sys.stderr)
        return Status.BAD_INPUT
    from stratc.gate.excluded import Excluded
    from stratc.gate.run import Wanted, gate

    wanted = Wanted(arguments.format, tuple(arguments.write), Excluded(tuple(arguments.exclude)))
    return gate(arguments.files, arguments.base, arguments.margins, wanted)


def _keeper(arguments: Namespace) -> int:
    if arguments.action == "audit":
        from stratc.colour import paint_for
        from stratc_targets.keeper.audit import main as look_back

        return look_back(arguments, paint_for(sys.stdout))
    if arguments.action == "print":
        from stratc_targets.backends.command import main as print_backend

        return print_backend(arguments)
    from stratc_targets.keeper.command import main as keep

    return keep(arguments)


def _margin(arguments: Namespace) -> int:
    deny_warnings = bool(arguments.deny)
    if arguments.map is None:
        from stratc.margin import margin

        return margin(arguments.files, arguments.format, deny_warnings)
    if len(arguments.files) != 1 or arguments.format != "text":
        print("stratc margin: error: --map takes one file, and prints text", file=sys.stderr)
        return Status.BAD_INPUT
    from stratc.map import map_margins

    across, up, out = arguments.map
    return map_margins(arguments.files[0], (across, up), out, deny_warnings)


def _denied(arguments: Namespace) -> Denied:
    from stratc.resting import Denied

    return Denied(bool(arguments.deny), tuple(arguments.deny_assumption))


def _open_what_is_closed() -> None:
    """A shell can start us without standard streams (`>&-`): what goes there then goes nowhere, and no file that is
    opened later takes their numbers.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")


def _print_no_more() -> None:
    """What is left to print goes nowhere: Python would try, and complain, once more while it exits."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            os.dup2(nowhere, stream.fileno())


def _print_anything() -> None:
    """File names and source lines may hold what the terminal's encoding cannot say: show it escaped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _collect_rarely() -> None:
    """Modules and tables stay: looking for garbage among them, in between and at the end, is a fifth of a short run."""
    gc.set_threshold(300_000)
    atexit.register(gc.freeze)  # what is left then goes with the process


def _internal(error: Exception) -> Status:
    if os.environ.get("STRATC_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    said = " ".join(str(error).split())[:200]
    _say(
        f"internal error: {type(error).__name__}: {said}\n"
        "This is a mistake in stratc, not in your strategy. Please report it, with the strategy and\n"
        "what the same command prints under STRATC_DEBUG=1."
    )
    return Status.INTERNAL


def _say(text: str) -> None:
    """The last words on standard error, if it takes any."""
    with suppress(OSError):
        print(text, file=sys.stderr)
