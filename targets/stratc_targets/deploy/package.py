"""What is deployed: the code of a proved vault, and the evidence that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from vyper.utils import keccak256

from stratc_compiler.vault import Vault
from stratc_dsl.span import Source
from stratc_targets.vyper.build import BLUEPRINT, blueprint_of, deployed_code


class Code:
    """The code of a vault's two contracts, from the files of its build."""

    def __init__(self, bytecode_hex: str, blueprint_hex: str) -> None:
        """`bytecode_hex` is creation code of the vault, `blueprint_hex` of the blueprint of its actions."""
        self.creation = _bytes(bytecode_hex)
        self.blueprint_creation = _bytes(blueprint_hex)

    @cached_property
    def blueprint(self) -> bytes:
        """What stands at the blueprint's address."""
        return blueprint_of(self.blueprint_creation)

    @cached_property
    def actions_creation(self) -> bytes:
        """What the vault makes its actions with."""
        return self.blueprint.removeprefix(BLUEPRINT)

    @cached_property
    def vault(self) -> Runtime:
        return Runtime(*deployed_code(self.creation))

    @cached_property
    def actions(self) -> Runtime:
        return Runtime(*deployed_code(self.actions_creation))


@dataclass(frozen=True, slots=True)
class Runtime:
    """The code of a contract on chain: so many bytes of immutables follow `code`."""

    code: bytes
    immutables: int

    @property
    def size(self) -> int:
        return len(self.code) + self.immutables

    @property
    def keccak(self) -> str:
        """Of the code alone, in hexadecimal."""
        return hash_of(self.code)


@dataclass(frozen=True)
class Package:
    """A proved vault, ready to be deployed; `certificate` and `keeper` are texts of the build's files.

    `printed` is keeper.json as its source gives it. `unproved` are obligations that rest on a solver's word.
    """

    vault: Vault
    source: Source
    code: Code
    certificate: str
    keeper: str
    printed: str
    unproved: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.vault.strategy.name


def hash_of(data: bytes) -> str:
    """keccak256 in hexadecimal, as explorers show it."""
    return f"0x{keccak256(data).hex()}"


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.strip().removeprefix("0x"))
