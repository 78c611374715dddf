"""Everything that a build writes for one strategy, in memory."""

from __future__ import annotations

import json

from stratc.output import MARK
from stratc_compiler.certificate import certificate_json
from stratc_compiler.certify import ProvedVault
from stratc_compiler.errors import Unsupported
from stratc_targets.artifact import Artifact
from stratc_targets.keeper.alerts import emit_alerts
from stratc_targets.keeper.emit import emit_keeper
from stratc_targets.vyper import emit_vault


def emit(proved: ProvedVault) -> tuple[Artifact, ...]:
    """The vault's files, its keeper's configuration and alarms, the certificate. Raises what `emit_vault` raises."""
    (name, _), *_ = proved.verification.source.digests()
    if name.encode("utf-8", "replace").decode() != name:
        raise Unsupported("a file whose name is no UTF-8", "rename it: certificate and keeper.json name it")
    vault = emit_vault(proved)
    texts = {artifact.path: artifact.text for artifact in vault}
    keeper = emit_keeper(
        proved, json.loads(texts["abi.json"]), texts["runtime.hex"].strip(), texts["actions.runtime.hex"].strip()
    )
    return (*vault, keeper, emit_alerts(json.loads(keeper.text)), Artifact(MARK, certificate_json(proved.verification)))
