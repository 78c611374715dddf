"""What a new process says of strategies: `python tests/proofs/said.py WORKERS NAME...` prints their certificates.

A number names a random strategy, anything else an example.
"""

from __future__ import annotations

import sys

from fuzzing.invented import invented
from proofs.strategies import vault_of
from stratc_compiler.certificate import certificate_json
from stratc_compiler.driver import Options, model, verify
from stratc_compiler.vault import Vault
from stratc_dsl import Source, parse_strategies
from stratc_targets.venues import venue_factories


def named(name: str) -> tuple[Vault, Source]:
    if not name.isdecimal():
        return vault_of(name)
    source = invented(int(name))
    (strategy,) = parse_strategies(source).strategies
    return model(strategy, source, venue_factories(strategy)), source


if __name__ == "__main__":
    for name in sys.argv[2:]:
        print(certificate_json(verify(*named(name), Options(workers=int(sys.argv[1])))))
