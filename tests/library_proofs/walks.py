"""Every way through the emitted functions, over Vyper's annotated tree: what they write, and whose shares may grow.

Nothing is evaluated: either branch may be taken, a loop may be entered or not. What is said to come first on the way to
a call does so on each of them. What this does not know cannot make a caller look checked: only a gate that stands as a
statement of its own counts, for an account that nothing can change in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vyper import ast as vy
from vyper.semantics.types.function import ContractFunctionT

from library_proofs.known import Refused
from library_proofs.reading import ACTIONS, VAULT, Sources, module, module_name, type_of, variable_of

GATE = "depositors._only_attested"
CREDIT = "share_token._credit"


@dataclass(frozen=True, slots=True)
class Credit:
    """A call that adds to somebody's shares: the external function, by which functions, and whose they are.

    `passed` are the accounts that were let through the gate before, on every way there.
    """

    entry: str
    way: tuple[str, ...]
    account: str
    passed: frozenset[str]


def exposed(sources: Sources, *contracts: str) -> Iterator[Any]:
    """Where these contracts begin, or both of a vault: in constructors, external functions, what they export."""
    for path in contracts or (VAULT, ACTIONS):
        contract = type_of(module(sources, path))
        yield contract.init_function
        for function in contract.exposed_functions:
            if isinstance(function.ast_def, vy.FunctionDef):  # the getter of a variable is none
                yield function


def name_of(function: Any) -> str:
    """`share_token._credit`."""
    return f"{module_name(function.ast_def)}.{function.name}"


def written(function: Any) -> frozenset[str]:
    """Variables that a function may write, itself or by what it calls, so Vyper says: `share_token.balanceOf`."""
    variables = (access.variable.decl_node for access in function.get_variable_writes())
    return frozenset(f"{module_name(node)}.{node.target.id}" for node in variables)


def writers(sources: Sources, variable: str) -> frozenset[str]:
    """The functions of either contract in whose own text a variable is assigned to."""
    functions = {one for entry in exposed(sources) for one in (entry, *entry.reachable_internal_functions)}
    return frozenset(
        name_of(function)
        for function in functions
        for kind in (vy.Assign, vy.AugAssign)
        for node in function.ast_def.get_descendants(kind)
        if _variable(node.target) == variable
    )


def _variable(target: Any) -> str | None:
    """The storage variable of which something is assigned to; None for what is none."""
    while isinstance(target, vy.Subscript):
        target = target.value
    variable = variable_of(target)
    if variable is None or not variable.is_state_variable():
        return None
    return f"{module_name(variable.decl_node)}.{variable.decl_node.target.id}"


def credits(sources: Sources) -> list[Credit]:
    """Every call that adds to somebody's shares, on every way from a call of either contract."""
    found: list[Credit] = []
    for function in exposed(sources):
        walk = _Walk(name_of(function), found)
        arguments = {str(one.arg): str(one.arg) for one in function.ast_def.args.args}
        walk.through(function.ast_def, arguments, frozenset())
    return found


Passed = frozenset[str]


@dataclass(slots=True)
class _Walk:
    """The ways from one external function."""

    entry: str
    found: list[Credit]
    way: list[str] = field(default_factory=list)

    def through(self, function: Any, accounts: Mapping[str, str], passed: Passed) -> Passed:
        """Who has passed the gate where the function is over, on every way; `accounts` are its arguments' values."""
        self.way.append(f"{module_name(function)}.{function.name}")
        ends: list[Passed] = []
        end = self.block(function.body, accounts, passed, ends)
        self.way.pop()
        return _on_all((*ends, end))

    def block(self, body: Any, accounts: Mapping[str, str], passed: Passed | None, ends: list[Passed]) -> Passed | None:
        """Who has passed after the statements; None where nothing goes on. `ends` are those where it returns."""
        for node in body:
            if passed is None:
                break
            passed = self.statement(node, accounts, passed, ends)
        return passed

    def statement(self, node: Any, accounts: Mapping[str, str], passed: Passed, ends: list[Passed]) -> Passed | None:
        match type(node):
            case vy.If:
                self.inside(node.test, accounts, passed)
                return _going(self.block(one, accounts, passed, ends) for one in (node.body, node.orelse))
            case vy.For:
                self.inside(node.iter, accounts, passed)
                self.block(node.body, accounts, passed, ends)
                return passed
            case vy.Expr if isinstance(node.value, vy.Call):
                for argument in (*node.value.args, *(one.value for one in node.value.keywords)):
                    self.inside(argument, accounts, passed)
                return self.call(node.value, accounts, passed)
            case vy.Return:
                self.inside(node, accounts, passed)
                ends.append(passed)
                return None
            case vy.Raise | vy.Break | vy.Continue:
                return None
        self.inside(node, accounts, passed)
        return passed

    def inside(self, node: Any, accounts: Mapping[str, str], passed: Passed) -> None:
        """The calls within an expression, which may be made or not."""
        for call in node.get_descendants(vy.Call, include_self=True):
            self.call(call, accounts, passed)

    def call(self, node: Any, accounts: Mapping[str, str], passed: Passed) -> Passed:
        called = type_of(node.func)
        if not isinstance(called, ContractFunctionT):
            _only_the_actions(node, called)
            return passed
        if called.is_external:
            return passed
        function = called.ast_def
        if node.keywords or len(node.args) != len(function.args.args):
            raise Refused(node, "a call by keyword, or arguments with defaults")
        name = f"{module_name(function)}.{function.name}"
        values = [_account(one, accounts) for one in node.args]
        if name == GATE:
            return passed | {one for one in values if not one.startswith("?")}
        if name == CREDIT:
            self.found.append(Credit(self.entry, tuple(self.way), values[0], passed))
        return self.through(
            function, dict(zip((str(one.arg) for one in function.args.args), values, strict=True)), passed
        )


def _only_the_actions(node: Any, called: Any) -> None:
    """Code of another contract may run here as the vault's own, but only that of its actions, which are walked too."""
    options = {one.arg: one.value.reduced() for one in node.keywords}
    delegates = options.get("is_delegate_call")
    if getattr(called, "_id", "") != "raw_call" or delegates is None:
        return
    named = isinstance(delegates, vy.NameConstant)
    if not named or (delegates.value and _account(node.args[0], {}) != "Vault.ACTIONS"):
        raise Refused(node, "code of nobody knows whom")


def _going(ways: Iterator[Passed | None]) -> Passed | None:
    going = [one for one in ways if one is not None]
    return _on_all(going) if going else None


def _on_all(ways: Any) -> Passed:
    """Who has passed on each of the ways that end here; nobody where none does."""
    going = [one for one in ways if one is not None]
    return frozenset.intersection(*going) if going else frozenset()


def _account(node: Any, accounts: Mapping[str, str]) -> str:
    """Who an argument is, by a name that cannot come to mean another; else it begins with a question mark."""
    if isinstance(node, vy.Name):
        if node.id == "self":
            return "self"
        if node.id in accounts:
            return accounts[node.id]
    source = " ".join(node.node_source_code.split())
    if source == "msg.sender":
        return source
    variable = variable_of(node)
    if variable is not None and variable.is_immutable:
        return f"{module_name(variable.decl_node)}.{node.id if isinstance(node, vy.Name) else node.attr}"
    return f"?{source}"
