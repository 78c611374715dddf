"""What the gate found as JUnit XML, which Jenkins, GitLab, GitHub and others show as tests.

A file is a suite, and in it a claim, a change and a certificate a test each. What is weaker, refuted, unknown or
rejected is a failure; what could not be judged at all an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as XML

from stratc.gate.judged import Judged, of_claim
from stratc.gate.text import WORDS
from stratc.render import verification_text
from stratc.status import Status
from stratc_compiler.verdict import Proved
from stratc_dsl.record import Record

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no sign for, not even escaped."""


class _Test(Record):
    """One test; `why` is None where it passes. An `error` is one that could not be carried out."""

    kind: str
    name: str
    why: str | None = None
    detail: str = ""
    error: bool = False


def junit(judged: Sequence[Judged], left_out: Sequence[str] = ()) -> str:
    """One document, with a line end. Who is `left_out` is a suite of tests that were skipped."""
    suites = XML.Element("testsuites", name="stratc gate")
    totals = {"tests": 0, "failures": 0, "errors": 0}
    seconds = 0.0
    for one in judged:
        tests = list(_tests(one))
        took = sum(result.seconds for result in one.report.results)
        numbers = {
            "tests": len(tests),
            "failures": sum(test.why is not None and not test.error for test in tests),
            "errors": sum(test.error for test in tests),
        }
        attributes = {"name": _clean(one.file), "time": f"{took:.3f}", **_texts(numbers)}
        suite = XML.SubElement(suites, "testsuite", attributes)
        for test in tests:
            _add(suite, test)
        totals = {name: totals[name] + number for name, number in numbers.items()}
        seconds += took
    if left_out:
        totals["tests"] += len(left_out)
        _add_skipped(suites, left_out)
    suites.attrib |= {"time": f"{seconds:.3f}", **_texts(totals)}
    XML.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + XML.tostring(suites, encoding="unicode") + "\n"


def _add_skipped(suites: XML.Element, files: Sequence[str]) -> None:
    numbers = _texts({"tests": len(files), "failures": 0, "errors": 0, "skipped": len(files)})
    suite = XML.SubElement(suites, "testsuite", {"name": "not judged, by --exclude", "time": "0.000", **numbers})
    for file in files:
        case = XML.SubElement(suite, "testcase", classname="file", name=_clean(file))
        XML.SubElement(case, "skipped")


def _texts(numbers: dict[str, int]) -> dict[str, str]:
    return {name: str(number) for name, number in numbers.items()}


def _add(suite: XML.Element, test: _Test) -> None:
    case = XML.SubElement(suite, "testcase", classname=_clean(test.kind), name=_clean(test.name))
    if test.why is not None:
        wrong = XML.SubElement(case, "error" if test.error else "failure", message=_clean(test.why), type=test.kind)
        wrong.text = _clean(test.detail or test.why)


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", text)


def _tests(judged: Judged) -> Iterator[_Test]:
    """At least one: a suite without tests says nothing."""
    wrong = [problem for problem in (*judged.report.problems, *judged.chosen.problems) if problem.fatal]
    yield from (_Test("file", judged.file, str(one.fields["message"]), one.text, True) for one in wrong)
    if not wrong and not judged.report.results and not judged.compared:
        yield _Test("file", judged.file)
    yield from _claims(judged)
    for compared in judged.compared:
        for change in compared.all_changes:
            fails = judged.fails(change, compared)
            why = f"weaker than at {judged.base}: {change.why}" if fails else None
            yield _Test("change", f"{compared.name}: {change.subject.value}: {change.text}", why)
    for one in judged.audits:
        name, error = f"{one.certificate}: {one.strategy}", one.status is Status.BAD_INPUT
        yield _Test("certificate", name, one.why and f"{WORDS[one.status]}: {one.why}", error=error)


def _claims(judged: Judged) -> Iterator[_Test]:
    for result in judged.report.results:
        verification = result.verification
        for claim in verification.claims:
            problem = of_claim(claim, verification.source)
            name = f"{verification.vault.strategy.name}: {claim.name}"
            if isinstance(claim.verdict, Proved) or problem is None:
                yield _Test("claim", name)
            else:
                yield _Test("claim", name, claim.verdict.why, verification_text(verification, result.seconds))
