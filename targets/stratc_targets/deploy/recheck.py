"""`deploy --check`: is a deployed vault still what was proved? By its record, at any later time.

The record is believed in nothing: code is what the certificate's source compiles to, arguments are those that the
transactions on chain were sent with, and what proofs used of tokens, feeds and venues is read again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from stratc_dsl.paint import Paint
from stratc_targets.deploy.checks import check
from stratc_targets.deploy.comparing import compare
from stratc_targets.deploy.findings import Finding, Level
from stratc_targets.deploy.inner import check_inner
from stratc_targets.deploy.keeping import check_beside
from stratc_targets.deploy.manifest import Bound, Manifest, place_of
from stratc_targets.deploy.node import Head, Node
from stratc_targets.deploy.package import Package
from stratc_targets.deploy.plan import BLUEPRINT, VAULT, creation_data
from stratc_targets.deploy.plan_text import bound_text, findings_text
from stratc_targets.deploy.record import Record, Step, read_record
from stratc_targets.keeper.errors import Reverted, SetupError
from stratc_targets.vyper.arguments import ROLES, BindingKind, constructor_layout


@dataclass(frozen=True, slots=True)
class _Deployed:
    """A record of a finished deployment, and where it is looked for."""

    record: Record
    blueprint: Step
    vault: Step
    manifest: Manifest
    package: Package
    node: Node
    head: Head


def read_finished(path: Path) -> Record:
    """The record of a deployment that came to its end. Raises SetupError."""
    record = read_record(path)
    if record is None:
        raise SetupError(f"there is no record {path}: `stratc deploy` writes one")
    if record.blueprint is None or record.vault is None or record.vault.landed is None or record.verified is None:
        raise SetupError(f"{path} is of a deployment that was not finished: go on with it first")
    return record


def recheck(path: Path, record: Record, package: Package, node: Node, paint: Paint) -> int:
    """Tell how it stands, and what lies beside the record at `path`.

    Returns the exit status: 0 all is as it was proved; 1 something is not; 3 something cannot be said. Raises
    SetupError where the chain is another one, RpcDown where it does not answer.
    """
    chain_id = node.chain_id()
    if chain_id != record.identity.chain_id:
        raise SetupError(f"wrong chain: {node.host} is chain {chain_id}, the record is of {record.identity.chain_id}")
    assert record.blueprint is not None
    assert record.vault is not None
    manifest = _manifest(record, package)
    head = node.head()
    deployed = _Deployed(record, record.blueprint, record.vault, manifest, package, node, head)
    print(bound_text(package.name, package.source, manifest, head.number))
    beside = check_beside(path, package.printed, chain_id, record.vault.address)
    findings = (*_findings(deployed), *beside)
    print(f"\nfound\n{findings_text(findings, paint)}")
    return _told(findings, f"{package.name} at {record.vault.address}")


def _told(findings: tuple[Finding, ...], what: str) -> int:
    wrong = sum(one.level is Level.WRONG for one in findings)
    if wrong:
        print(f"\n{what} is not what was proved: {wrong} of {len(findings)} findings are wrong")
        return 1
    unknown = sum(one.level is Level.UNKNOWN for one in findings)
    if unknown:
        print(f"\n{what}: of {unknown} things nothing can be said")
        return 3
    print(f"\n{what} is what was proved")
    return 0


def _manifest(record: Record, package: Package) -> Manifest:
    """What the record says that the vault was bound to. Raises SetupError where that is not what it is bound by."""
    layout = constructor_layout(package.vault)
    expected = [(one.kind.value, one.name, one.parameter) for one in layout]
    if [(one.kind, one.name, one.parameter) for one in record.identity.arguments] != expected:
        raise SetupError("the record has other arguments than the constructor of the certificate's strategy")
    bound = (
        Bound(binding, one.address, ".".join(place_of(binding)))
        for binding, one in zip(layout, record.identity.arguments, strict=True)
    )
    return Manifest(record.identity.chain_id, tuple(bound), record.identity.descriptions)


def _findings(deployed: _Deployed) -> Iterator[Finding]:
    record, package, node = deployed.record, deployed.package, deployed.node
    if sha256(package.certificate.encode()).hexdigest() != record.identity.certificate:
        yield Finding(Level.WRONG, "certificate", "it is not the one that the vault was deployed with")
    elif package.unproved:
        said = f"accepted, but on Z3's word alone: {', '.join(package.unproved)}"
        yield Finding(Level.UNKNOWN, "certificate", said)
    else:
        yield Finding(Level.OK, "certificate", "accepted without a solver")
    yield from compare(node, package.code, record)
    addresses = [one.address for one in record.identity.arguments]
    yield _sent(BLUEPRINT, deployed.blueprint, f"0x{package.code.blueprint_creation.hex()}", node)
    yield _sent(VAULT, deployed.vault, creation_data(package, addresses, deployed.blueprint.address), node)
    yield from _roles(deployed)
    yield from check_inner(package, deployed.manifest, node)
    yield from check(package.vault, deployed.manifest, node, deployed.head, deployed.vault.address)


def _sent(name: str, step: Step, data: str, node: Node) -> Finding:
    """Whether the contract was made by this creation code and these arguments."""
    assert step.landed is not None
    tx_hash = step.landed.tx_hash
    mined, found = node.mined(tx_hash), node.data_of(tx_hash)
    if mined is None or found is None:
        return Finding(Level.UNKNOWN, name, f"{node.host} does not have its transaction {tx_hash}")
    if not mined.succeeded or mined.created != step.address:
        return Finding(Level.WRONG, name, f"{tx_hash} did not make the contract at {step.address}")
    if found != data:
        said = f"{tx_hash} made it of other code, or with other arguments than the record says"
        return Finding(Level.WRONG, name, said)
    return Finding(
        Level.OK, name, f"made by {tx_hash}, of this code" + (" and these arguments" if name == VAULT else "")
    )


def _roles(deployed: _Deployed) -> Iterator[Finding]:
    """Who has a role now: the owner may have appointed others."""
    for role in ROLES:
        then = deployed.manifest.address(BindingKind.ROLE, role)
        try:
            now = deployed.node.address(deployed.vault.address, f"{role}()", block=deployed.head.number)
        except Reverted:
            yield Finding(Level.WRONG, f"roles.{role}", "the vault does not tell who it is")
            continue
        if now != then:
            yield Finding(Level.NOTE, f"roles.{role}", f"it is {now} now")
