"""The command line: what can be written, and the help that a newcomer reads first."""

from __future__ import annotations

import argparse
import re
from fractions import Fraction
from typing import Any

from stratc import __version__
from stratc_targets.deploy.arguments import add_arguments as add_deploy_arguments
from stratc_targets.keeper.arguments import (
    add_arguments,
    add_audit_arguments,
    add_print_arguments,
    add_vault_arguments,
)

ABOUT = """\
stratc proves a DeFi portfolio strategy and writes the Vyper vault and the keeper that carry it out.
"""

EXAMPLE = """\
a first round:
  stratc check  examples/treasury.strat                 is it well formed?
  stratc verify examples/treasury.strat                 does every claim hold, and if not, how does it break?
  stratc build  examples/treasury.strat --out build/    the vault, its keeper.json and its certificate

exit status: 0 every claim is proved; 1 one is refuted; 2 the input or the command line is wrong; 3 one is unknown.
With several files the worst counts, in the order 2, 1, 3, 0.
"""

CHECK = """\
Parses and type-checks strategies, and says everything that is wrong with them. Proves nothing. `--format json` prints
one object, described by docs/check.schema.json; `--format sarif` a SARIF 2.1.0 log for code scanning.
"""

VERIFY = """\
Decides every claim of every strategy. Each is `proved`, or `refuted` with a scenario that was replayed in exact
integers, or `unknown`, which counts as a failure. Text is for people; `--format json` prints one object, described by
docs/verify.schema.json.
"""

BUILD = """\
Verifies the strategies, and only if every claim of all of them is proved writes DIR/NAME/ for each: the Vyper sources,
their ABI and bytecode, the compiler's standard JSON input, keeper.json, alerts.yml and certificate.json. The same input
gives the same bytes. An earlier build of the same strategy is replaced; nothing is ever left half written.
"""

AUDIT = """\
Checks a certificate.json that `build` wrote, without any solver: derives every claim and all that it rests on again
from the source that the certificate contains, checks every proof in exact fractions, and replays every witness.

exit status: 0 accepted; 1 rejected, with the reason; 2 no certificate can be read; 3 accepted, but some claims rest on
Z3's word alone.
"""

MARGIN = """\
Verifies strategies, and says how far each number that they assume could be pushed, alone, before a claim is no longer
proved; of a claim that is not proved, which smallest change of one number would prove it. Each end is decided with that
very number in the strategy. Takes a minute or so. `--format json` prints one object, described by
docs/margin.schema.json. `--map` pushes two numbers together and draws the verdicts: numbers are named by their
assumption's id in the certificate, and by which of its numbers they are: 'moves(WETH):fall', 'loss(save)'.
"""

DIFF = """\
Says what changed in meaning from one strategy to another: assumptions, claims, floors, bands, rules, venues and all
else that a strategy says. Comments, layout and the order of what has no order say nothing. Each change is `weaker`
(more is assumed or less is promised), `stronger` (less is assumed or more is promised) or `neither` (what the vault
is or does changes, of which both say as much), with the reason. Nothing is proved, unless `--margins` asks for what
claims break by in both. `--format json` prints one object, described by docs/diff.schema.json.

exit status: 0 nothing is weaker; 1 something is; 2 bad input.
"""

GATE = """\
Says whether strategies may be merged: decides every claim, checks the certificates that are committed beside them, and
with `--base` compares each with what it was at that revision of git. Without files, all that are found from this folder
on; with `--base` only those that changed since, those whose used files or certificates did, and those that are gone.
What is weaker than at the base fails: more is assumed, a floor is lowered, a band widened, a claim, a strategy or a
file dropped, or a certificate gone. `--margins 10%` also finds what each claim breaks by, here and at the base, and
fails where a margin shrank by more than that; it takes minutes.

exit status: 0 passes; 1 a claim is refuted, something is weaker or a certificate rejected; 2 bad input, or git cannot
say what there was; 3 a claim is unknown. With several files the worst counts, in the order 2, 1, 3, 0.
"""

REPORT = """\
Writes what was found out about the strategies of a file as one HTML page for a person, which loads nothing and runs
nothing: claims, the counterexample over the round, allocation against bands, margins with a map of the two numbers that
break a claim first, what the proofs rest on, and what can be called of the contract. Takes minutes, for the margins;
`--quick` leaves them and the contract away.

exit status: as that of verify; the page is written unless the input is bad.
"""

FMT = """\
Gives strategies the one layout: four spaces of indentation, columns in tables, at most one blank line in a row. Only
the space between words changes, never a line's end: a long line stays long. A statement with a syntax error stays as
it is; the error is printed, and the status is 2. Directories are searched for *.strat; `-` formats standard input to
standard output. Line ends become LF.

exit status: 0 done, or nothing to do; 1 with --check, when a file would change; 2 bad input.
"""

NEW = """\
Writes a commented strategy that verifies as it stands into a file of this folder: EthCarry into eth_carry.strat.
"""

EXPLAIN = """\
Explains the code of a diagnostic.
"""

LSP = """\
Speaks the Language Server Protocol over standard input and output; an editor starts it. Needs the extra stratc[lsp].
"""

KEEPER = """\
Watches a deployed vault over JSON-RPC and carries out its rules when they are due, until it is stopped.
"""

HISTORY = """\
Reads the events of a deployed vault, and the states around them, and says of each rule that was carried out and each
round that began whether the strategy allows it: its trigger held, floors held after it, it cost no more than slippage
may, nobody was given or deprived of shares, rounds were no longer than is assumed. Old states need an archive node.

exit status: 0 all of it is allowed; 1 something is not; 2 the vault cannot be asked as told; 3 some of it is unclear.
"""

BACKENDS = """\
Writes what a keeper other than `keeper run` needs, from the same keeper.json. docs/keeper.md says how each is tested.
"""

STATUS = """\
Looks once at a deployed vault over JSON-RPC: its positions and their weights against the bands, floors and how far they
are, what is due next, how old prices are, and how much of each watched assumption is used up in this round.

exit status: 0 floors and assumptions hold; 1 one does not; 2 the vault cannot be asked as told; 3 it does not answer.
"""

DEPLOY = """\
Deploys the vault of a proved strategy. A manifest binds the strategy's tokens, feeds, venues and roles to addresses
of a chain; all of it is checked there, and the vault's own constructor tried out, before anything is sent. What will
be done and what it costs is printed, and nothing is sent before somebody says yes. The code that then stands on chain
is compared byte for byte; the record tells all of it, and an interrupted deployment goes on from it.

`--check RECORD` compares what was deployed, at any later time: code and arguments with what the audited certificate's
source compiles to, and what is read on chain with what the proofs used.

exit status: 0 deployed (or could be, with --dry-run; or is what was proved, with --check); 1 something on chain is not
as the strategy says; 2 it cannot be done as told; 3 the endpoint does not answer, or cannot say all of it, or a
transaction is not mined yet: the same command goes on.
"""


GATE_FORMATS = ("text", "json", "sarif", "junit", "markdown")


class Parser(argparse.ArgumentParser):
    """Texts keep their lines, and options are written in full: a prefix that works today could be ambiguous later."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, **settings)


def parser() -> Parser:
    """The parser of the whole command line."""
    top = Parser(prog="stratc", description=ABOUT, epilog=EXAMPLE)
    top.add_argument("--version", action="version", version=f"stratc {__version__}")
    commands = top.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)

    check = commands.add_parser("check", help="parse and type-check strategies", description=CHECK)
    _add_files(check)
    check.add_argument(
        "--format", choices=["text", "json", "sarif"], default="text", help="for people, or for machines"
    )

    verify = commands.add_parser("verify", help="prove or refute every claim", description=VERIFY)
    _add_files(verify)
    _add_deny_assumption(verify)
    verify.add_argument("--format", choices=["text", "json"], default="text", help="for people, or for machines")
    verify.add_argument("--margins", action="store_true", help="under each proved claim its smallest margin; minutes")

    build = commands.add_parser("build", help="verify, then write vault, keeper and certificate", description=BUILD)
    _add_files(build)
    _add_deny_assumption(build)
    build.add_argument("--out", required=True, metavar="DIR", help="the folder to write into")

    audit = commands.add_parser("audit", help="check a certificate without a solver", description=AUDIT)
    audit.add_argument("certificate", metavar="CERTIFICATE", help="a certificate.json")
    audit.add_argument("--source", metavar="FILE", help="the .strat file that it should be about")

    margin = commands.add_parser("margin", help="how far the assumptions can be pushed", description=MARGIN)
    _add_files(margin)
    margin.add_argument("--format", choices=["text", "json"], default="text", help="for people, or for machines")

    margin.add_argument(
        "--map", nargs=3, metavar=("ACROSS", "UP", "SVG"), help="draw two numbers against the verdict, into a file"
    )

    diff = commands.add_parser("diff", help="what changed in meaning between two strategies", description=DIFF)
    diff.add_argument("old", metavar="OLD", help="a .strat file")
    diff.add_argument("new", metavar="NEW", help="the .strat file that it became")
    diff.add_argument("--format", choices=["text", "json"], default="text", help="for people, or for machines")
    diff.add_argument("--margins", action="store_true", help="prove both, and compare what claims break by; minutes")

    gate = commands.add_parser("gate", help="may these strategies be merged?", description=GATE)
    gate.add_argument("files", nargs="*", metavar="FILE", help="a .strat file; without any, all that are found")
    gate.add_argument("--base", metavar="REV", help="the revision to compare with, for example origin/main")
    gate.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="FOLDER",
        help="a folder of which nothing is judged, for example of fixtures; may be repeated, and every file is named",
    )
    gate.add_argument("--margins", type=_share, metavar="SHARE", help="how much of a margin may be lost: `10%%`")
    gate.add_argument("--format", choices=GATE_FORMATS, default="text", help="for people, for machines, for a comment")
    gate.add_argument(
        "--write",
        type=_format_and_file,
        action="append",
        default=[],
        metavar="FORMAT=FILE",
        help="the same into a file as well, as in `junit=gate.xml`; may be repeated",
    )

    report = commands.add_parser("report", help="one page for a person about a file", description=REPORT)
    report.add_argument("file", metavar="FILE", help="a .strat file")
    report.add_argument("--out", required=True, metavar="PAGE", help="the file to write, for example carry.html")
    report.add_argument("--quick", action="store_true", help="without margins and contract")

    fmt = commands.add_parser("fmt", help="give strategies the one layout", description=FMT)
    fmt.add_argument("files", nargs="+", metavar="FILE", help="a .strat file, a directory, or - for standard input")
    fmt.add_argument("--check", action="store_true", help="name the files that would change, and change none")
    fmt.add_argument("--diff", action="store_true", help="show what would change as a unified diff, and change nothing")

    new = commands.add_parser("new", help="start a strategy", description=NEW)
    new.add_argument("name", metavar="NAME", help="the strategy's name, for example EthCarry")

    keeper = commands.add_parser("keeper", help="keep a deployed vault", description="Keeps a deployed vault.")
    actions = keeper.add_subparsers(title="commands", dest="action", metavar="COMMAND", required=True)
    run = actions.add_parser("run", help="carry out the vault's rules", description=KEEPER)
    add_arguments(run)
    history = actions.add_parser("audit", help="whether what happened is what the strategy allows", description=HISTORY)
    add_audit_arguments(history)
    backends = actions.add_parser("print", help="another keeper, as files for services of others", description=BACKENDS)
    add_print_arguments(backends)

    deploy = commands.add_parser("deploy", help="bind a proved vault to a chain, and deploy it", description=DEPLOY)
    add_deploy_arguments(deploy)

    status = commands.add_parser("status", help="how a deployed vault stands", description=STATUS)
    add_vault_arguments(status)

    commands.add_parser("lsp", help="serve an editor over the Language Server Protocol", description=LSP)

    explain = commands.add_parser("explain", help="what a diagnostic's code means", description=EXPLAIN)
    explain.add_argument("code", metavar="CODE", help="as printed, for example E0203")
    return top


def _share(text: str) -> Fraction:
    """`10%` as 1/10."""
    if not re.fullmatch(r"\d{1,3}(\.\d{1,9})?%", text, re.ASCII) or (share := Fraction(text[:-1]) / 100) > 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no share: write one up to 100%, for example `10%`")
    return share


def _format_and_file(text: str) -> tuple[str, str]:
    format, _, file = text.partition("=")
    if format not in GATE_FORMATS or not file:
        raise argparse.ArgumentTypeError(f"`{text}` is not FORMAT=FILE, with one of {', '.join(GATE_FORMATS)}")
    return format, file


def _add_files(command: argparse.ArgumentParser) -> None:
    command.add_argument("files", nargs="+", metavar="FILE", help="a .strat file")
    command.add_argument("--deny", choices=["warnings"], help="let a warning fail the run, as in CI")


def _add_deny_assumption(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--deny-assumption",
        action="append",
        default=[],
        metavar="KIND",
        help="let a proof fail the run that rests on an assumption of this guardian (trusted, watched, enforced), of "
        "this kind (loss, liquidity, ...) or of this id (`loss(save)`); may be repeated",
    )
