"""The printed CRE project: settings are what Chainlink's command reads, the workflow compiles against its SDK."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from keeper.stub import document
from stratc_targets.backends.cre import CHAINS, TARGET, cre_project
from stratc_targets.keeper.config import parse_config

SDK = Path(__file__).parents[1] / "cre" / "node_modules"
VAULT = "0x" + "ab" * 20
TEXT = {"type": "string", "minLength": 1}
COMPILER = {
    "target": "ESNext",
    "module": "ESNext",
    "moduleResolution": "bundler",
    "lib": ["ESNext"],
    "strict": True,
    "skipLibCheck": True,
    "noEmit": True,
}


def exactly(**properties: Any) -> dict[str, Any]:
    """An object with these members and no others."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


RPC = exactly(**{"chain-name": {"enum": list(CHAINS.values())}, "url": {"type": "string", "pattern": "^https://."}})
PROJECT = exactly(**{TARGET: exactly(rpcs={"type": "array", "items": RPC, "minItems": 1})})
ARTIFACTS = exactly(**{"workflow-path": TEXT, "config-path": TEXT, "secrets-path": {"type": "string"}})
WORKFLOW = exactly(
    **{TARGET: exactly(**{"user-workflow": exactly(**{"workflow-name": TEXT}), "workflow-artifacts": ARTIFACTS})}
)
CONFIG = exactly(
    schedule={"type": "string", "pattern": r"^(\S+ ){5}\S+$"},
    chainSelectorName={"enum": list(CHAINS.values())},
    receiverAddress={"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"},
    writeGasLimit={"type": "string", "pattern": "^[0-9]+$"},
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    config = parse_config(json.dumps(document()), "keeper.json")
    for artifact in cre_project(config, 1, VAULT):
        path = tmp_path / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, "utf-8")
    return tmp_path


def test_settings_are_what_the_command_reads(project: Path) -> None:
    """The members of `WorkflowSettings` in cre-cli. Its paths lead from the workflow's folder, and have to be there."""
    folder = project / "keeper"
    workflow = yaml.safe_load((folder / "workflow.yaml").read_text("utf-8"))
    Draft202012Validator(PROJECT).validate(yaml.safe_load((project / "project.yaml").read_text("utf-8")))
    Draft202012Validator(WORKFLOW).validate(workflow)
    artifacts = workflow[TARGET]["workflow-artifacts"]
    assert all((folder / path).is_file() for path in artifacts.values() if path)
    Draft202012Validator(CONFIG).validate(json.loads((folder / artifacts["config-path"]).read_text("utf-8")))
    assert yaml.safe_load((project / "secrets.yaml").read_text("utf-8")) == {"secretsNames": {}}


@pytest.mark.long
def test_the_workflow_compiles_against_the_sdk(project: Path) -> None:
    assert SDK.is_dir(), (
        "Chainlink's SDK is not installed: `make tests/cre/node_modules/installed.stamp`, as test-long does"
    )
    folder = project / "keeper"
    wanted = json.loads((folder / "package.json").read_text("utf-8"))["dependencies"]
    pinned = json.loads((SDK.parent / "package.json").read_text("utf-8"))["devDependencies"]
    assert wanted["@chainlink/cre-sdk"] == pinned["@chainlink/cre-sdk"]
    (folder / "node_modules").symlink_to(SDK)
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": COMPILER, "include": ["*.ts"]}), "utf-8")
    names = "keyof typeof cre.capabilities.EVMClient.SUPPORTED_CHAIN_SELECTORS"
    (folder / "chains.ts").write_text(
        f"import {{ cre }} from '@chainlink/cre-sdk'\nexport const chains: ({names})[] = {list(CHAINS.values())}\n"
    )
    assert compiled(folder) == ""
    main = (folder / "main.ts").read_text("utf-8")
    (folder / "main.ts").write_text(main.replace("receiver: receiverAddress", "reciever: receiverAddress"), "utf-8")
    (folder / "chains.ts").write_text((folder / "chains.ts").read_text("utf-8").replace("'ethereum-mainnet'", "'mars'"))
    said = compiled(folder)
    assert "main.ts" in said
    assert '"mars"' in said


def compiled(folder: Path) -> str:
    """What TypeScript has to say against it."""
    command = ["node", SDK / "typescript" / "bin" / "tsc", "--project", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (done.stdout == ""), done.stderr
    return done.stdout
