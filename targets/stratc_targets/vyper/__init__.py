"""The vault as a Vyper contract: printed from the model, over a runtime library that is written once."""

from stratc_targets.vyper.arguments import Binding, BindingKind, constructor_layout
from stratc_targets.vyper.build import CODE_LIMIT, EVM_VERSION, ContractTooLarge
from stratc_targets.vyper.emit import emit_vault

__all__ = [
    "CODE_LIMIT",
    "EVM_VERSION",
    "Binding",
    "BindingKind",
    "ContractTooLarge",
    "constructor_layout",
    "emit_vault",
]
