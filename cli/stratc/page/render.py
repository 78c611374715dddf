"""The page as HTML. Texts come in as they are, and the templates escape every one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from stratc import __version__
from stratc.page.charts import bands, map_chart, margin_plots, round_charts, told_of
from stratc.page.contract import EntryPoint
from stratc_compiler.guardian import Guardian
from stratc_compiler.heatmap import Map
from stratc_compiler.margins import Margin
from stratc_compiler.resting import BENEATH, claims_resting, kind_of
from stratc_compiler.verdict import ClaimResult, Proved, Refuted, Unknown, Verification
from stratc_dsl.record import Record

GUARDIANS = {
    Guardian.ENFORCED: "the contract reverts where it does not hold",
    Guardian.WATCHED: "the keeper measures it and raises an alarm",
    Guardian.TRUSTED: "nobody checks it",
}


class Shown(Record):
    """One strategy: what was decided, how far it can be pushed, by two numbers at once too, and what can be called;
    `missing` says why not.
    """

    verification: Verification
    seconds: float
    margins: tuple[Margin, ...] = ()
    pushed: bool = False
    map: Map | None = None
    points: tuple[EntryPoint, ...] = ()
    missing: str | None = None


def page(shown: Sequence[Shown]) -> str:
    """One HTML document that loads nothing and runs nothing."""
    templates = Environment(
        loader=PackageLoader("stratc"), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    names = ", ".join(one.verification.vault.strategy.name for one in shown)
    text: str = templates.get_template("page.html.j2").render(
        title=names, version=__version__, strategies=[_strategy(one) for one in shown]
    )
    return text + "\n"


def _strategy(shown: Shown) -> dict[str, Any]:
    verification = shown.verification
    vault, source = verification.vault, verification.source
    claims = [_claim(claim, verification) for claim in verification.claims]
    words = [claim["word"] for claim in claims]
    for claim in claims:  # the first scenario is open, the others wait to be asked for
        claim["first"] = claim["scenario"] is not None and not any(one.get("first") for one in claims)
    scenarios = (claim["scenario"] for claim in claims if claim["scenario"] is not None)
    broken = next((one for one in scenarios if told_of(vault, one) is vault), None)
    states = {} if broken is None else {"settled": broken.settled, "at the break": broken.after}
    rows, zero = bands(vault, states)
    return {
        "name": vault.strategy.name,
        "file": source.name,
        "digest": source.digest(),
        "summary": [(word, words.count(word)) for word in ("proved", "refuted", "unknown") if word in words],
        "claims": claims,
        "bands": rows,
        "zero": zero,
        "account": bool(vault.perps),
        "states": list(states),
        "plots": margin_plots(shown.margins, source),
        "pushed": shown.pushed,
        "map": None if shown.map is None else map_chart(shown.map, source),
        "trust": _trust(verification),
        "points": shown.points,
        "missing": shown.missing,
        "sources": [(name, file.text) for (name, _), file in zip(source.digests(), source.files(), strict=True)],
    }


def _claim(claim: ClaimResult, verification: Verification) -> dict[str, Any]:
    shown: dict[str, Any] = {"name": claim.name, "text": claim.text, "why": None, "help": None, "scenario": None}
    shown |= {"charts": (), "alone": claim.on_solver_alone, "inner": None}
    match claim.verdict:
        case Proved():
            shown["word"] = "proved"
        case Unknown(why):
            shown |= {"word": "unknown", "why": why}
        case Refuted(why, scenario, help):
            shown |= {"word": "refuted", "why": why, "help": help, "scenario": scenario}
            about = None if scenario is None else told_of(verification.vault, scenario)
            if scenario is not None and about is not None:
                shown["charts"] = round_charts(about, scenario)
                if about is not verification.vault:
                    shown["inner"] = about.strategy.name
    return shown


def _trust(verification: Verification) -> list[dict[str, Any]]:
    """Assumptions by their guardian, each with the claims that rest on it."""
    resting = claims_resting(verification)
    return [
        {
            "guardian": guardian.value,
            "means": means,
            "assumptions": [
                {
                    "text": one.text,
                    "id": one.id,
                    "how": one.how,
                    "written": one.written,
                    "claims": ["every claim"] if kind_of(one.id) in BENEATH else resting.get(one.id, ()),
                }
                for one in verification.assumptions
                if one.guardian is guardian
            ],
        }
        for guardian, means in GUARDIANS.items()
    ]
