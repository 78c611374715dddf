"""The record of a deployment: what was sent and bound, so that it is never done twice, and can be compared later.

It is written before each transaction is sent. Whatever instant the process dies at, the next one finds every
transaction that may still land.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from stratc_targets.deploy.manifest import Manifest
from stratc_targets.deploy.package import Package, hash_of
from stratc_targets.documents import read_json
from stratc_targets.keeper.errors import SetupError
from stratc_targets.keeper.fees import Bid
from stratc_targets.keeper.signing import Signed
from stratc_targets.keeper.state import exclusive, replace_file

SCHEMA = "stratc.deployment/1"


@dataclass(frozen=True, slots=True)
class Landed:
    """The transaction that made the contract."""

    tx_hash: str
    block: int
    block_hash: str
    gas_used: int
    gas_price: int


@dataclass(frozen=True, slots=True)
class Step:
    """One creation. Its attempts have one nonce, so that at most one of them can ever land."""

    nonce: int
    address: str
    attempts: tuple[Signed, ...]
    landed: Landed | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of the vault's constructor."""

    kind: str
    name: str
    parameter: str
    address: str


@dataclass(frozen=True, slots=True)
class Runtime:
    """What stands on chain: code of so many bytes with that keccak256, then the immutables; "" until they are known."""

    bytes: int
    keccak256: str
    immutables: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What is deployed, where and by whom: a record is of this, or of another deployment.

    Hashes are SHA-256, of the source as the certificate has it. `descriptions` are what feeds call themselves where the
    manifest says it.
    """

    strategy: str
    chain_id: int
    deployer: str
    source: str
    certificate: str
    arguments: tuple[Argument, ...]
    descriptions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Record:
    """`verified` is the number of the block as of which all code was compared."""

    identity: Identity
    compiler: str
    code: Mapping[str, Runtime]
    blueprint: Step | None = None
    vault: Step | None = None
    actions: str | None = None
    verified: int | None = None


CODES = ("blueprint", "vault", "actions")


def begin(package: Package, manifest: Manifest, deployer: str) -> Record:
    """The record of a deployment of which nothing is sent."""
    code = package.code
    runtimes = (code.blueprint, code.vault.code, code.actions.code)
    return Record(
        identity_of(package, manifest, deployer),
        f"stratc {version('stratc')}",
        {name: Runtime(len(one), hash_of(one), "") for name, one in zip(CODES, runtimes, strict=True)},
    )


def identity_of(package: Package, manifest: Manifest, deployer: str) -> Identity:
    """What this deployment is of."""
    arguments = (
        Argument(one.binding.kind.value, one.binding.name, one.binding.parameter, one.address)
        for one in manifest.arguments
    )
    return Identity(
        package.name,
        manifest.chain_id,
        deployer,
        package.source.digest(),
        sha256(package.certificate.encode()).hexdigest(),
        tuple(arguments),
        dict(manifest.descriptions),
    )


def with_immutables(record: Record, name: str, immutables: bytes) -> Record:
    """The record with what follows the code of one contract."""
    known = replace(record.code[name], immutables=f"0x{immutables.hex()}")
    return replace(record, code={**record.code, name: known})


# ── the file ───────────────────────────────────────────────────────────────────────────────


def schema() -> dict[str, Any]:
    """The published JSON Schema of a record."""
    text = files("stratc_targets.deploy").joinpath("deployment.schema.json").read_text("utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def locked(path: Path) -> AbstractContextManager[None]:
    """Hold a record for one process. Raises SetupError where another one deploys with it."""
    unwritable = "cannot write the record"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(f"{unwritable} {path}: {error.strerror}") from None
    return exclusive(path, unwritable, "another deployment runs with the record")


def write_record(path: Path, record: Record) -> None:
    """Write it for good. Raises SetupError where it cannot be written: then nothing may be sent."""
    write_beside(path, json.dumps(_document(record), indent=2, ensure_ascii=False) + "\n")


def write_beside(path: Path, text: str) -> None:
    """Replace a file at once and for good. Raises SetupError."""
    try:
        replace_file(path, text)
    except OSError as error:
        raise SetupError(f"cannot write {path}: {error.strerror}") from None


def read_record(path: Path) -> Record | None:
    """The record in a file, None where there is none. Raises SetupError where it cannot be read as one."""
    try:
        document = read_json(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        raise SetupError(f"{path} is no record of a deployment: it is not JSON") from None
    _check(document, path)
    return _record(document)


def _check(document: Any, path: Path) -> None:
    from jsonschema import Draft202012Validator

    found = document.get("schema") if isinstance(document, dict) else None
    if isinstance(found, str) and found != SCHEMA:
        raise SetupError(f"{path}: this is {found}, and this stratc reads {SCHEMA}")
    mistakes = sorted(Draft202012Validator(schema()).iter_errors(document), key=lambda error: str(error.json_path))
    if mistakes:
        first = mistakes[0]
        raise SetupError(f"{path} is no record of a deployment: {first.json_path}: {first.message[:200]}")


def _document(record: Record) -> dict[str, Any]:
    identity = asdict(record.identity)
    return {
        "schema": SCHEMA,
        **identity,
        **{name: value for name, value in asdict(record).items() if name != "identity"},
    }


def _record(document: dict[str, Any]) -> Record:
    names = ("strategy", "chain_id", "deployer", "source", "certificate", "descriptions")
    arguments = tuple(Argument(**one) for one in document["arguments"])
    return Record(
        Identity(arguments=arguments, **{name: document[name] for name in names}),
        document["compiler"],
        {name: Runtime(**document["code"][name]) for name in CODES},
        _step(document["blueprint"]),
        _step(document["vault"]),
        document["actions"],
        document["verified"],
    )


def _step(given: dict[str, Any] | None) -> Step | None:
    if given is None:
        return None
    attempts = tuple(Signed(**one | {"bid": Bid(**one["bid"])}) for one in given["attempts"])
    landed = None if given["landed"] is None else Landed(**given["landed"])
    return Step(given["nonce"], given["address"], attempts, landed)
