"""`stratc explain CODE`: what a diagnostic means. The language explains its own; those of the command stand here."""

from __future__ import annotations

import sys

from stratc.problem import (
    AT_BASE,
    CERTIFICATE,
    CLAIM_REFUTED,
    CLAIM_UNKNOWN,
    DENIED,
    IN_VAIN,
    UNREADABLE,
    UNSUPPORTED,
    WAITS,
    WEAKER_THAN_BASE,
)
from stratc.status import Status
from stratc_dsl import explain as explain_language

OWN = {
    UNSUPPORTED: """\
The strategy is well formed, but this version of stratc can neither prove nor emit what the marked words ask for. They
are refused, and never dropped: a vault that leaves out a rule would not be the one that was proved. The help line says
what does the same today, where anything does.

Supported are tokens with Chainlink prices, the venues aave_v3, morpho_blue, erc4626, uniswap_v3, uniswap_v3_lp and
perp_v2, all assumptions about these, targets with bands and limits, hedges of a delta by what is held, owed or short,
floors of one comparison, the rules deleverage, top_up, unwind, rehedge, rebalance, harvest, freeze and exit,
deleverage, unwind, rebalance and the exit by flash loans too, the exit order, roles, limits and fees, and the claims
solvent, safe, loss per round, exit, survives loss of and invariants.""",
    UNREADABLE: """\
The file does not exist, is a directory, is empty, is far too large, may not be read, or is not UTF-8 text. Nothing in
it was looked at. An offset in the message counts bytes from 0.""",
    DENIED: """\
A proof rests on an assumption that `--deny-assumption` does not allow: the assumption itself, its kind or its guardian
was named. What a proof rests on is what it uses, as `core` and `rests_on` of the certificate say; an assumption that is
only listed denies nothing. The claims may well be proved. Let the proofs do without it: bound what is now trusted by an
assumption of your own, ask for less, or allocate so that it does not matter.""",
    CLAIM_REFUTED: """\
`stratc gate` decided a claim and it does not hold: `stratc verify` shows the scenario that breaks it.""",
    CLAIM_UNKNOWN: """\
`stratc gate` could neither prove nor refute a claim, which fails a build as a refutation does: `stratc verify` says
why, and `stratc margin` which smallest change of one number would prove it.""",
    WEAKER_THAN_BASE: """\
Compared with the base revision more is assumed, or less is promised: an assumption that covers less than it did, a
floor that is lower, a wider band, a claim, a strategy or a file that is gone, a margin that shrank by more than was
allowed. The strategy may well be proved; what is proved of it says less. `stratc diff` shows the same of two files.""",
    CERTIFICATE: """\
A certificate.json that is committed beside a strategy does not show what it should: it is about another text than the
file has now, it was changed, it is gone since the base, or some of its claims rest on the solver's word alone.
`stratc build` writes a new one; `stratc audit` tells more of the one there is.""",
    AT_BASE: """\
The base revision cannot be asked: there is no repository, no such revision, not enough history in a shallow clone, or
git cannot give the file. Nothing was compared, so nothing can be said to be no weaker.""",
    IN_VAIN: """\
Every claim is proved, and none of the proofs uses this assumption: delete it, and the same is shown of a vault of which
less is assumed. It warns only of what stands in the strategy itself and what the language does not ask for. While a
claim is refuted or unknown nothing is said: its proof may be the one that needs it.""",
    WAITS: """\
No round was found in which everything stays within the assumptions and this rule comes due, but one was found in which
markets, venues or users do more. So the rule is a fuse: it acts where the proofs no longer hold, and none of them needs
it. That may be meant. If it is to act within the assumptions, its trigger has to come earlier, or an earlier rule has
to leave it something to do. A rule that nothing at all makes due is no fuse, but a mistake: it refutes
`consistent`.""",
}


def explanation(code: str) -> str | None:
    """What a diagnostic of that code means; None for an unknown code."""
    return OWN[code] if code in OWN else explain_language(code)


def explain(code: str) -> Status:
    """Print the explanation of a code; an unknown code is a mistake of the command line."""
    code = code.upper()
    text = explanation(code)
    if text is None:
        print(f"error: no diagnostic has the code {code}; codes look like E0203", file=sys.stderr)
        return Status.BAD_INPUT
    print(f"{code}\n\n{text}".rstrip("\n"))
    return Status.PROVED
