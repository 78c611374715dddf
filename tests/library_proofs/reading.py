"""Vyper sources to Vyper's own annotated syntax trees, and the functions in them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from vyper import ast as vy
from vyper.compiler.input_bundle import JSONInputBundle
from vyper.compiler.phases import CompilerData
from vyper.semantics.types import IntegerT

VAULT, ACTIONS, BOOK = (f"contracts/{name}.vy" for name in ("Vault", "Actions", "book"))
Sources = Mapping[str, str]


def module(sources: Sources, path: str) -> Any:
    """The module at the path, analysed: every expression has its type, every call the function that it calls."""
    bundle = JSONInputBundle(
        {PurePosixPath(name): {"content": text} for name, text in sources.items()}, [PurePosixPath(".")]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CompilerData(bundle.load_file(path), bundle).annotated_vyper_module


def functions(tree: Any) -> dict[str, Any]:
    """The functions of a module by name."""
    return {one.name: one for one in tree.get_children(vy.FunctionDef)}


def constants(tree: Any) -> dict[str, int]:
    """The whole numbers that a module gives a name."""
    values = {one.target.id: one.value.reduced() for one in tree.get_children(vy.VariableDecl) if one.is_constant}
    return {name: value.value for name, value in values.items() if isinstance(value, vy.Int)}


def largest_asserted(function: Any, name: str) -> int:
    """n, of the one assertion `name <= n` in a function."""
    tests = (one.test for one in function.get_children(vy.Assert) if isinstance(one.test, vy.Compare))
    (bound,) = (
        one.right.reduced() for one in tests if isinstance(one.op, vy.LtE) and one.left.node_source_code == name
    )
    return int(bound.value)


def module_name(node: Any) -> str:
    """`arith` for every node of arith.vy."""
    tree = node if isinstance(node, vy.Module) else node.get_ancestor(vy.Module)
    return PurePosixPath(tree.resolved_path or tree.path).stem


def place(node: Any) -> str:
    """`arith.vy:48`."""
    return f"{module_name(node)}.vy:{node.lineno}"


def type_of(node: Any) -> Any:
    """An expression's type, as Vyper's analysis annotates it."""
    return node._metadata.get("type")


def variable_of(node: Any) -> Any:
    """What Vyper knows of the variable that a name or an attribute is; None where it is none."""
    expr_info = node._expr_info if hasattr(node, "_expr_info") else None
    return getattr(expr_info, "var_info", None)


def is_word(type_: Any) -> bool:
    return isinstance(type_, IntegerT) and not type_.is_signed and type_.bits == 256
