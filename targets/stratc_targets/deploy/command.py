"""The command `deploy`: the files and variables it reads, what it prints, its exit status."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from eth_account.signers.local import LocalAccount

from stratc_compiler.vault import Vault
from stratc_dsl.paint import Paint
from stratc_dsl.span import Source
from stratc_targets.deploy.checks import check, wrong
from stratc_targets.deploy.comparing import actions_immutables, actions_of, compare
from stratc_targets.deploy.findings import Finding
from stratc_targets.deploy.inner import check_inner
from stratc_targets.deploy.keeping import differing
from stratc_targets.deploy.manifest import Manifest, parse_manifest, skeleton
from stratc_targets.deploy.node import Head, Node
from stratc_targets.deploy.package import Package
from stratc_targets.deploy.plan import CreationRefused, Plan, created, plan
from stratc_targets.deploy.plan_text import bound_text, ether, findings_text, plan_text
from stratc_targets.deploy.recheck import read_finished, recheck
from stratc_targets.deploy.record import Record, begin, locked, read_record, with_immutables, write_beside
from stratc_targets.deploy.sending import NonceTaken, Sending, Unfinished
from stratc_targets.documents import read_json
from stratc_targets.keeper.alerts import PATH as ALERTS
from stratc_targets.keeper.alerts import emit_alerts
from stratc_targets.keeper.command import read_text
from stratc_targets.keeper.config import bind, parse_config
from stratc_targets.keeper.emit import document_text
from stratc_targets.keeper.errors import Refused, RpcDown, SetupError
from stratc_targets.keeper.key import account_of_key, account_of_keystore
from stratc_targets.vyper.arguments import ROLES, BindingKind

KEY_VARIABLE = "STRATC_DEPLOYER_KEY"
PASSWORD_VARIABLE = "STRATC_DEPLOYER_PASSWORD"

FOLDER = "deployments"

TRIES = 3
"""So often a step is planned anew whose nonce another transaction of the same key has taken."""


class Stopped(Exception):
    """It ends here with this exit status; what is to be said has been said."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


@dataclass(frozen=True, slots=True)
class Deployable:
    """A strategy that is well formed. `package` proves or audits it, and compiles; it raises Stopped."""

    vault: Vault
    source: Source
    package: Callable[[], Package]


def main(arguments: Namespace, deployable: Deployable, paint: Paint) -> int:
    """Check, and deploy unless it is a dry run.

    Returns the exit status: 0 done; 1 something on chain is not as the strategy says; 2 it cannot be deployed as told;
    3 the endpoint does not answer, or a transaction is not mined yet.
    """
    return _told(lambda: _Deployment(arguments, deployable, paint).run())


def main_check(arguments: Namespace, deployable: Callable[[], Deployable], paint: Paint) -> int:
    """Compare what was deployed with its record and its certificate. Returns the exit status that `recheck` tells of;
    2 it cannot be asked as told, 3 the endpoint does not answer.
    """

    def run() -> int:
        node, record = Node(arguments.rpc), read_finished(Path(arguments.check))
        node.chain_id()  # before anybody waits for the compiler
        return recheck(Path(arguments.check), record, deployable().package(), node, paint)

    return _told(run)


def _told(run: Callable[[], int]) -> int:
    """The exit status of a run, with everything said that it ended by."""
    try:
        return run()
    except Stopped as stop:
        return stop.status
    except CreationRefused as refusal:
        _complain(str(refusal))
        return 1
    except SetupError as error:
        _complain(str(error))
        return 2
    except (RpcDown, Refused, Unfinished) as trouble:
        _complain(f"{trouble}; give the same command again: it goes on from where it stands")
        return 3


class _Deployment:
    """One run of the command."""

    def __init__(self, arguments: Namespace, deployable: Deployable, paint: Paint) -> None:
        self._arguments = arguments
        self._deployable = deployable
        self._vault = deployable.vault
        self._paint = paint
        self._node = Node(arguments.rpc)

    def run(self) -> int:
        """Everything, in order: what is cheap and may be wrong comes first."""
        account = self._account()
        manifest = self._manifest()
        path = self._path(manifest)
        if account is None or self._arguments.dry_run:
            return self._check_and_plan(manifest, account, path)
        with locked(path):
            return self._deploy(manifest, account, path)

    # ── what is given ──────────────────────────────────────────────────────────────────────

    def _account(self) -> LocalAccount | None:
        """Who deploys; a dry run needs nobody."""
        keystore, key = self._arguments.keystore, os.environ.get(KEY_VARIABLE)
        if keystore is not None:
            password = os.environ.get(PASSWORD_VARIABLE)
            return account_of_keystore(read_text(keystore), password, keystore, PASSWORD_VARIABLE)
        if key is None and self._arguments.dry_run:
            return None
        return account_of_key(key, KEY_VARIABLE, "deployer")

    def _manifest(self) -> Manifest:
        """The manifest, which is of the chain behind the endpoint. Raises SetupError."""
        chain_id = self._node.chain_id()
        name = self._arguments.manifest or f"{FOLDER}/{chain_id}.toml"
        if self._arguments.manifest is None and not Path(name).exists():
            _complain(f"no manifest: write {name}, or give --manifest FILE. It has to bind\n")
            print(skeleton(self._vault, chain_id), file=sys.stderr)
            raise Stopped(2)
        manifest = parse_manifest(read_text(name), name, self._vault)
        if manifest.chain_id != chain_id:
            raise SetupError(
                f"wrong chain: {self._node.host} is chain {chain_id}, and {name} is of chain {manifest.chain_id}"
            )
        return manifest

    def _path(self, manifest: Manifest) -> Path:
        given = self._arguments.record
        default = Path(FOLDER) / str(manifest.chain_id) / self._vault.strategy.name / "record.json"
        return Path(given) if given is not None else default

    # ── checks and plan ────────────────────────────────────────────────────────────────────

    def _check_and_plan(self, manifest: Manifest, account: LocalAccount | None, path: Path) -> int:
        """A dry run: everything but sending."""
        record = read_record(path)
        if record is not None and record.vault is not None:
            print(f"{path}: {self._vault.strategy.name} is deployed, or on its way, at {record.vault.address}")
            return 0
        head = self._checked(manifest, account)
        package = self._compiled(manifest)
        self._planned(package, manifest, head, account, record)
        return 0

    def _checked(self, manifest: Manifest, account: LocalAccount | None) -> Head:
        """Ask everything on chain, and tell it. Raises Stopped where something is wrong."""
        head = self._node.head()
        print(bound_text(self._vault.strategy.name, self._deployable.source, manifest, head.number))
        sender = self._sender(manifest, account)
        # Nobody is at the vault's address yet: all that is asked of the account is what a new one has.
        findings = check(self._vault, manifest, self._node, head, created(sender, self._node.nonce(sender) + 1))
        self._tell("found on chain", findings)
        return head

    def _compiled(self, manifest: Manifest) -> Package:
        """What is deployed, and that vaults of ours which it holds are what they compile to. Raises Stopped."""
        package = self._deployable.package()
        _check_keeper(package)
        self._tell("vaults that are held", tuple(check_inner(package, manifest, self._node)))
        return package

    def _tell(self, what: str, findings: tuple[Finding, ...]) -> None:
        """Raises Stopped where something is wrong."""
        if findings:
            print(f"\n{what}\n{findings_text(findings, self._paint)}")
        count = len(wrong(findings))
        if count:
            _complain(f"nothing was deployed: {count} of {len(findings)} findings are wrong")
            raise Stopped(1)

    @staticmethod
    def _sender(manifest: Manifest, account: LocalAccount | None) -> str:
        return manifest.address(BindingKind.ROLE, ROLES[0]) if account is None else str(account.address)

    def _planned(
        self, package: Package, manifest: Manifest, head: Head, account: LocalAccount | None, record: Record | None
    ) -> Plan:
        """Plan what is left to do, and tell it. Raises SetupError where the account cannot pay."""
        sender = self._sender(manifest, account)
        blueprint = None if record is None or record.blueprint is None else record.blueprint
        known = None if blueprint is None else (blueprint.nonce, blueprint.address)
        planned = plan(package, [one.address for one in manifest.arguments], self._node, head, sender, known)
        balance = None if account is None else self._node.balance(sender)
        print(f"\n{plan_text(planned, package, balance)}")
        if balance is not None and balance < planned.most:
            short = ether(planned.most - balance)
            raise SetupError(f"{sender} has too little to pay the gas with: send it {short} ETH more, then run again")
        return planned

    # ── deploying ──────────────────────────────────────────────────────────────────────────

    def _deploy(self, manifest: Manifest, account: LocalAccount, path: Path) -> int:
        record = read_record(path)
        if record is not None and record.blueprint is None and record.vault is None:
            record = None  # nothing of it was sent
        if record is None:
            self._nothing_waits(account)
        head = self._checked(manifest, account) if record is None or record.vault is None else None
        package = self._compiled(manifest)
        fresh = begin(package, manifest, account.address)
        if record is not None:
            _check_same(record, fresh, path)
            record = replace(record, identity=fresh.identity)
            print(f"\ngoing on from {path}")
        sending = Sending(self._node, account, package, path, record or fresh, print)
        with suppress(NonceTaken):  # then the vault is not on its way any more
            sending.go_on()
        if sending.record.vault is None:
            self._send(sending, package, manifest, head or self._checked(manifest, account))
        return self._verify(sending, package)

    def _nothing_waits(self, account: LocalAccount) -> None:
        """Raises SetupError where the account has transactions on their way: addresses hang on how many there are."""
        waiting = self._node.nonce(account.address, "pending") - self._node.nonce(account.address)
        if waiting > 0:
            raise SetupError(f"{account.address} has {waiting} transactions waiting: let them be mined, then run again")

    def _send(self, sending: Sending, package: Package, manifest: Manifest, head: Head) -> None:
        """Everything that is left to send, once somebody has said yes to it."""
        planned = self._planned(package, manifest, head, sending.account, sending.record)
        self._confirm()
        print("\ndeploying")
        for _ in range(TRIES):
            try:
                sending.blueprint(planned)
                # Planned again on the chain as it is now, with the blueprint in its place.
                head = self._node.head()
                planned = self._planned(package, manifest, head, sending.account, sending.record)
                sending.vault(planned)
                return
            except NonceTaken as taken:
                print(f"  {taken}: another transaction has taken its nonce; once more")
                planned = self._planned(package, manifest, self._node.head(), sending.account, sending.record)
        raise SetupError(f"{sending.account.address} is used by somebody else too: deploy with a key of its own")

    def _confirm(self) -> None:
        """Raises Stopped unless somebody says yes."""
        if self._arguments.yes:
            return
        if not sys.stdin.isatty():
            raise SetupError("nothing was deployed: nobody can be asked here; give --yes")
        try:
            answer = input("\nDeploy this? Write yes: ")
        except EOFError:
            answer = ""
        if answer.strip().lower() != "yes":
            _complain("nothing was deployed")
            raise Stopped(2)

    def _verify(self, sending: Sending, package: Package) -> int:
        """Compare all code, complete the record, and leave what the keeper needs beside it."""
        record, node = sending.record, self._node
        assert record.vault is not None
        sending.catch_up()
        if record.actions is None:
            of_vault = bytes.fromhex(record.code["vault"].immutables.removeprefix("0x"))
            immutables = actions_immutables(package.code, record.vault.address, of_vault)
            found = actions_of(node, record.vault.address)
            sending.save(replace(with_immutables(record, "actions", immutables), actions=found))
        findings = tuple(compare(node, package.code, sending.record))
        print(f"\nverified\n{findings_text(findings, self._paint)}")
        if wrong(findings):
            _complain("what stands on chain is not what was compiled: do not use it")
            return 1
        sending.save(replace(sending.record, verified=node.head().number))
        _leave(sending, package)
        return 0


def _check_keeper(package: Package) -> None:
    """Raises SetupError where the keeper's configuration is of another vault: nobody could keep what is deployed."""
    config = parse_config(package.keeper, "keeper.json")
    told = (config.strategy, config.code.keccak, config.actions.keccak)
    if told != (package.name, package.code.vault.keccak, package.code.actions.keccak):
        raise SetupError("keeper.json of the build is of another code: build again")
    if config.deployment is not None:
        raise SetupError(f"keeper.json of the build is bound to {config.deployment.vault} already: build again")
    if names := differing(read_json(package.keeper), read_json(package.printed)):
        raise SetupError(
            f"keeper.json of the build differs from what its source gives in {', '.join(names)}: build again"
        )


def _leave(sending: Sending, package: Package) -> None:
    """The certificate and the keeper's configuration beside the record."""
    record, path = sending.record, sending.path
    assert record.vault is not None
    certificate, keeper, alerts = (path.with_name(name) for name in ("certificate.json", "keeper.json", ALERTS))
    write_beside(certificate, package.certificate)
    document = bind(json.loads(package.keeper), record.identity.chain_id, record.vault.address)
    write_beside(keeper, document_text(document))
    write_beside(alerts, emit_alerts(document).text)
    print(f"\n{record.identity.strategy} is deployed at {record.vault.address}")
    print(f"  record    {path}")
    print(f"  keep it   stratc keeper run --config {keeper} --rpc URL")
    print(f"  look      stratc status --config {keeper} --rpc URL")
    print(f"  alarms    {alerts}, for Prometheus")
    print(f"  check it  stratc deploy --check {path} --rpc URL")


def _check_same(record: Record, now: Record, path: Path) -> None:
    """Raises SetupError where a record is of another deployment than the one that is asked for.

    Only the vault has arguments: while it is not on its way they may still change.
    """
    names = ["strategy", "chain_id", "deployer", "source", "certificate"]
    names += ["arguments", "descriptions"] if record.vault is not None else []
    differing = [name for name in names if getattr(record.identity, name) != getattr(now.identity, name)]
    codes = {name: (one.bytes, one.keccak256) for name, one in record.code.items()}
    if codes != {name: (one.bytes, one.keccak256) for name, one in now.code.items()}:
        differing.append("code")
    if differing:
        raise SetupError(
            f"{path} is the record of another deployment (it differs in {', '.join(differing)}): give --record FILE "
            "for a new one, or what that one was begun with"
        )


def _complain(what: str) -> None:
    sys.stdout.flush()
    print(f"stratc deploy: error: {what}", file=sys.stderr)
