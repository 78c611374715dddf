"""Identifiers of the generated contract, made from the strategy's words; no two things get the same one."""

from __future__ import annotations

import re
from functools import cache

from vyper.ast.identifiers import RESERVED_KEYWORDS
from vyper.semantics.namespace import Namespace

_IMPORTED = frozenset({"state", "ierc20detailed", "ierc4626", "sequencer_feed"}) | {
    *(
        "book",
        "actions",
        "actions_code",
        "inner_code",
        "vault",
        "arith",
        "tokens",
        "share_token",
        "oracle",
        "roles",
        "modes",
    ),
    *("rounds", "depositors", "fees", "requests", "flash", "ranges", "ring", "roots"),
    *("aave_v3", "erc4626", "morpho_blue", "perp_v2", "uniswap_v3", "uniswap_v3_lp"),
}


@cache
def _reserved() -> frozenset[str]:
    """What the template imports, and what the language keeps for itself: keywords, types and built-in functions."""
    return _IMPORTED | {name.lower() for name in (*RESERVED_KEYWORDS, *Namespace())}


def sanitized(*words: str) -> str:
    """The words as one lower-case identifier: `aave.debt(USDC)` is `aave_debt_usdc`."""
    joined = "_".join(part for word in words for part in re.split(r"[^A-Za-z0-9]+", word) if part).lower()
    return f"t_{joined}" if not joined or joined[0].isdigit() else joined


class Names:
    """Gives each thing of one namespace an unused identifier: the obvious one, or that with a number."""

    def __init__(self, taken: frozenset[str] = frozenset()) -> None:
        self._taken = {name.lower() for name in taken} | _reserved()

    def claim(self, *words: str) -> str:
        """An unused lower-case identifier made of the words."""
        wanted = sanitized(*words)
        name, count = wanted, 1
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name

    def constant(self, *words: str) -> str:
        """The same in capitals."""
        return self.claim(*words).upper()
