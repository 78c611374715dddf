"""Vyper's annotated syntax tree of an internal function, as terms over unbounded integers.

What is not known here is refused by name, with its place: nothing is skipped. A checked operation adds what must hold
for it not to revert; an `unsafe_` one is taken modulo 2^256, as the EVM has it. Every assignment to a number is a
definition of its own (`low`, then `low.2`), so that theorems speak of the lines of the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vyper import ast as vy
from vyper.semantics.types import AddressT, BoolT, BytesM_T, HashMapT, IntegerT, StructT
from vyper.semantics.types.function import ContractFunctionT
from vyper.semantics.types.module import ModuleT

from library_proofs.known import Known, Refused
from library_proofs.meaning import Check, Effect, Meaning, Struct, Value, chosen
from library_proofs.operations import Result, builtin, comparison, operator
from library_proofs.reading import is_word, module_name, place, type_of, variable_of
from library_proofs.storage import Place
from library_proofs.terms import FALSE, TRUE, Term, both, choice, either, negated, number, unknown
from library_proofs.work import Work


def translate(function: Any, known: Known | None = None, given: Mapping[str, Value] | None = None) -> Meaning:
    """The meaning of a function; `given` are arguments that are no unknowns of their own. Raises Refused."""
    work = Work(known or Known())
    arguments: dict[str, Value] = {}
    for argument, type_ in zip(function.args.args, function._metadata["func_type"].arguments, strict=True):
        name = str(argument.arg)
        arguments[name] = (given or {}).get(name) or work.fresh(name, type_.typ, argument)
    value = _inlined(work, function, dict(arguments))
    return Meaning(
        f"{module_name(function)}.{function.name}",
        arguments,
        tuple(work.words),
        tuple(work.signed),
        work.definitions,
        tuple(work.checks),
        tuple(work.effects),
        work.storage,
        value,
    )


def _inlined(
    work: Work, function: Any, arguments: dict[str, Value], path: Term = TRUE, prefix: str = ""
) -> Value | None:
    """The value of a function's body, on a path of its caller."""
    if function.args.defaults or len(arguments) != len(function.args.args):
        raise Refused(function, "arguments with defaults")
    body = _Body(work, prefix, path, arguments)
    ended = body.run(function.body)
    if function.returns is not None and not ended:
        raise Refused(function, "an end without a return")
    return body.returned()


@dataclass(slots=True)
class _Body:
    """One call: its locals, the path that is taken, and what was returned on which."""

    work: Work
    prefix: str
    path: Term
    locals: dict[str, Value]
    returns: list[tuple[Term, Value]] = field(default_factory=list)

    def returned(self) -> Value | None:
        if not self.returns:
            return None
        value = self.returns[-1][1]
        for path, one in reversed(self.returns[:-1]):
            value = chosen(path, one, value)
        return value

    # ── statements ─────────────────────────────────────────────────────────────────────────

    def run(self, body: Any) -> bool:
        """Whether every path through the statements has ended in a return; what comes after that is never reached."""
        return any(self.statement(statement) for statement in body)

    def statement(self, node: Any) -> bool:
        match type(node):
            case vy.AnnAssign:
                self.assign(node.target, self.value(node.value))
            case vy.Assign if isinstance(node.target, vy.Tuple):
                self.answer(node)
            case vy.Assign:
                self.assign(node.target, self.value(node.value))
            case vy.AugAssign:
                self.assign(node.target, self.binary(node, node.op, node.target, node.value))
            case vy.Assert:
                self.require(self.truth(node.test), self.reason(node), asserted=True)
            case vy.Return:
                if node.value is not None:
                    self.returns.append((self.path, self.value(node.value)))
                return True
            case vy.If:
                return self.branches(node)
            case vy.For:
                self.loop(node)
            case vy.Expr if isinstance(node.value, vy.Call):
                self.calls(node.value, alone=True)
            case vy.Log:
                arguments = tuple(self.value(one.value) for one in node.value.keywords)
                self.work.effects.append(Effect(self.path, f"log {node.value.func.id}", arguments))
            case vy.Pass:
                pass
            case _:
                raise Refused(node, "no statement that is known here")
        return False

    def require(self, holds: Term, why: str, asserted: bool = False) -> None:
        if holds != TRUE:
            self.work.checks.append(Check(self.path, holds, why, asserted))

    def reason(self, node: Any) -> str:
        text = node.msg.value if isinstance(node.msg, vy.Str) else "assertion"
        return f"{place(node)}: {text}"

    def assign(self, target: Any, value: Value) -> None:
        match type(target):
            case vy.Name:
                name = str(target.id)
                self.locals[name] = self.work.define(self.prefix + name, value)
            case vy.Attribute if isinstance(target.value, vy.Name) and target.value.id in self.locals:
                struct, member = self.locals[target.value.id], str(target.attr)
                if not isinstance(struct, Struct) or member not in struct.members:
                    raise Refused(target, "a member of what is no struct")
                named = self.work.define(f"{self.prefix}{target.value.id}.{member}", value)
                self.locals[target.value.id] = Struct({**struct.members, member: named})
            case vy.Attribute | vy.Subscript if isinstance(value, Term):
                name, keys = self.entry(target)
                self.work.effects.append(Effect(self.path, f"{name} =", (*keys, value)))
                self.work.storage.write(self.path, (name, keys), value)
            case _:
                raise Refused(target, "assigned to what is no number")

    def answer(self, node: Any) -> None:
        """`answered, bytes = raw_call(..)`: any answer, or none, of whoever is asked with these arguments."""
        if getattr(node.value.func._metadata["type"], "_id", "") != "raw_call":
            raise Refused(node, "no raw call")
        asked, data = node.value.args
        options = {one.arg: one.value.get_folded_value().value for one in node.value.keywords}
        if not options.pop("is_static_call") or options.pop("revert_on_failure") or set(options) != {"max_outsize"}:
            raise Refused(node, "a call that can change something, or revert")
        arguments = (self.number(asked), *(self.number(one) for one in data.args))
        self.work.effects.append(Effect(self.path, "raw_call", arguments))
        done, answer = (str(one.id) for one in node.target.elements)
        self.locals[done] = unknown(self.work.now("answered?"))
        self.locals[answer] = self.work.any_bytes(self.work.now("answer"), options["max_outsize"])

    def branches(self, node: Any) -> bool:
        condition = self.truth(node.test)
        then, otherwise = self.under(condition), self.under(negated(condition))
        entered = then.path, otherwise.path
        then_ended = condition == FALSE or then.run(node.body)
        otherwise_ended = condition == TRUE or otherwise.run(node.orelse)
        self.returns += then.returns + otherwise.returns
        if then_ended and otherwise_ended:
            return True
        if then_ended or otherwise_ended:
            going = otherwise if then_ended else then
            self.path, self.locals = going.path, {name: going.locals[name] for name in self.locals}
            return False
        if (then.path, otherwise.path) != entered:
            # Something has returned further in.
            self.path = either(then.path, otherwise.path)
        for name in self.locals:
            if then.locals[name] != otherwise.locals[name]:
                merged = chosen(condition, then.locals[name], otherwise.locals[name])
                self.locals[name] = self.work.define(self.prefix + name, merged)
        return False

    def under(self, condition: Term) -> _Body:
        """The same call on one of its paths; what returns there is noted there."""
        return replace(self, path=both(self.path, condition), locals=dict(self.locals), returns=[])

    def loop(self, node: Any) -> None:
        """A loop over a constant range, unrolled."""
        ranged = isinstance(node.iter, vy.Call) and getattr(node.iter.func, "id", None) == "range"
        if not ranged or len(node.iter.args) != 1 or node.iter.keywords:
            raise Refused(node, "no loop over range(n)")
        count = node.iter.args[0].reduced()
        if not isinstance(count, vy.Int):
            raise Refused(node, "a range that is not constant")
        outside = set(self.locals)
        for turn in range(count.value):
            self.locals[str(node.target.target.id)] = number(turn)
            if self.run(node.body):
                raise Refused(node, "a return inside a loop")
        self.locals = {name: value for name, value in self.locals.items() if name in outside}

    # ── expressions ────────────────────────────────────────────────────────────────────────

    def number(self, node: Any) -> Term:
        value = self.value(node)
        if not isinstance(value, Term):
            raise Refused(node, "a struct, where a number is wanted")
        return value

    truth = number

    def value(self, node: Any) -> Value:
        if node.has_folded_value:
            return self.constant(node)
        match type(node):
            case vy.Name:
                if node.id in self.locals:
                    return self.locals[node.id]
                return self.state(node, f"{module_name(node)}.{node.id}")
            case vy.Attribute:
                return self.attribute(node)
            case vy.Subscript:
                return self.stored(node, self.entry(node))
            case vy.BinOp:
                return self.binary(node, node.op, node.left, node.right)
            case vy.Compare:
                return self.compare(node)
            case vy.BoolOp:
                return self.boolean(node)
            case vy.UnaryOp if isinstance(node.op, vy.Not):
                return negated(self.truth(node.operand))
            case vy.IfExp:
                condition = self.truth(node.test)
                then, otherwise = self.under(condition), self.under(negated(condition))
                return chosen(condition, then.value(node.body), otherwise.value(node.orelse))
            case vy.Call:
                value = self.calls(node)
                if value is None:
                    raise Refused(node, "a call for its value that has none")
                return value
            case _:
                raise Refused(node, "no expression that is known here")

    def constant(self, node: Any) -> Value:
        folded = node.get_folded_value()
        if type(folded) is vy.Bytes and not folded.value:
            return self.work.no_bytes(type_of(node).length)
        if type(folded) is vy.NameConstant and isinstance(folded.value, bool):
            return TRUE if folded.value else FALSE
        if type(folded) is vy.Str:
            return unknown(f'"{folded.value}"')
        if type(folded) is vy.Int and isinstance(type_of(node), IntegerT):
            return number(folded.value)
        raise Refused(node, f"a constant of type {type_of(node)}")

    def attribute(self, node: Any) -> Value:
        if isinstance(node.value, vy.Name):
            owner = node.value.id
            if owner in self.locals:
                struct = self.locals[owner]
                if isinstance(struct, Struct) and node.attr in struct.members:
                    return struct.members[node.attr]
                raise Refused(node, "a member of what is no struct")
            if (owner, node.attr) in (("msg", "sender"), ("block", "timestamp")):
                return self.work.fresh(f"{owner}.{node.attr}", type_of(node), node)
            module = _owner(node)
            if module is not None:
                return self.state(node, f"{module}.{node.attr}")
        elif isinstance(node.value, vy.Call):
            struct = self.value(node.value)
            if isinstance(struct, Struct) and node.attr in struct.members:
                return struct.members[node.attr]
        raise Refused(node, "no member that is known here")

    def state(self, node: Any, name: str) -> Value:
        """A storage variable or an immutable."""
        info = variable_of(node)
        if info is None or not (info.is_state_variable() or info.is_immutable or info.is_transient):
            raise Refused(node, "no variable of the contract")
        if isinstance(type_of(node), StructT):
            raise Refused(node, "a struct in storage")
        if info.is_immutable:
            return self.work.fresh(name, type_of(node), node)
        return self.stored(node, (name, ()))

    def entry(self, node: Any) -> Place:
        """The storage variable, of this module or another, or the entry of a mapping, that an expression is."""
        if isinstance(node, vy.Subscript):
            if not isinstance(type_of(node.value), HashMapT):
                raise Refused(node, "an element of what is no mapping")
            name, keys = self.entry(node.value)
            return name, (*keys, self.number(node.slice))
        module = _owner(node) if isinstance(node, vy.Attribute) else None
        if module is None:
            raise Refused(node, "no local, and no storage of a module")
        return f"{module}.{node.attr}", ()

    def stored(self, node: Any, place: Place) -> Term:
        name, keys = place
        if any(key.op not in ("unknown", "number") for key in keys):
            raise Refused(node, "a computed key")
        text = f"{name}{[str(key.leaf) for key in keys]}" if keys else name
        value = self.work.storage.read(place, lambda: self.work.fresh_number(self.work.now(text), type_of(node), node))
        return value

    def binary(self, node: Any, op: Any, left_node: Any, right_node: Any) -> Term:
        type_ = type_of(left_node)
        if type_ != type_of(right_node) or not is_word(type_):
            raise Refused(node, f"arithmetic on {type_} and {type_of(right_node)}")
        left, right = self.number(left_node), self.number(right_node)
        result = operator(type(op), left, right)
        if result is None:
            raise Refused(node, "no operation that is known here")
        return self.checked(node, result)

    def checked(self, node: Any, result: Result) -> Term:
        value, holds, why = result
        self.require(holds, f"{place(node)}: `{' '.join(node.node_source_code.split())}` {why}")
        return value

    def compare(self, node: Any) -> Term:
        type_ = type_of(node.left)
        ordered = isinstance(type_, IntegerT) and type_.bits == 256
        if type_ != type_of(node.right) or not (ordered or isinstance(type_, AddressT | BytesM_T)):
            raise Refused(node, f"a comparison of {type_}")
        left, right = self.number(node.left), self.number(node.right)
        result = comparison(type(node.op), left, right)
        if result is None or not (ordered or isinstance(node.op, (vy.Eq, vy.NotEq))):
            raise Refused(node, "no comparison that is known here")
        return result

    def boolean(self, node: Any) -> Term:
        """Operands from left to right, each only looked at where those before it have not decided."""
        every = isinstance(node.op, vy.And)
        if not every and not isinstance(node.op, vy.Or):
            raise Refused(node, "no connective that is known here")
        parts: list[Term] = []
        for operand in node.values:
            undecided = both(*(part if every else negated(part) for part in parts))
            parts.append(self.under(undecided).truth(operand))
        return both(*parts) if every else either(*parts)

    # ── calls ──────────────────────────────────────────────────────────────────────────────

    def calls(self, node: Any, alone: bool = False) -> Value | None:
        called = node.func._metadata["type"]
        if isinstance(called, ContractFunctionT):
            return self.internal(node, called, alone)
        return self.builtin(node, str(getattr(called, "_id", "")))

    def internal(self, node: Any, called: Any, alone: bool) -> Value | None:
        """What a function returns. One that writes must stand alone: within an expression, order would matter."""
        if node.keywords:
            raise Refused(node, "a call by keyword")
        function = called.ast_def
        name = f"{module_name(function)}.{function.name}"
        arguments = tuple(self.value(argument) for argument in node.args)
        if name in self.work.known.contracts:
            value, conditions = self.work.known.contracts[name](*arguments)
            for holds, why in conditions:
                self.require(holds, f"{place(node)}: {why}")
            return value
        if name in self.work.known.states:
            return self.work.fresh(self.work.now(self.work.known.states[name]), called.return_type, node)
        if name in self.work.known.opaque:
            self.work.effects.append(Effect(self.path, name, arguments))
            self.work.outside = len(self.work.effects)
            self.work.storage.forget()
            return called.return_type and self.work.fresh(self.work.now(name), called.return_type, node)
        if not called.is_internal or not (alone or called.mutability.value in ("pure", "view")):
            raise Refused(node, f"a call of {name}, which is not internal, or not pure or view")
        self.work.calls += 1
        named = dict(zip((str(one.arg) for one in function.args.args), arguments, strict=True))
        return _inlined(self.work, function, named, self.path, f"{function.name}#{self.work.calls}.")

    def builtin(self, node: Any, name: str) -> Value:
        if name == "extract32":
            return self.extracted(node)
        if node.keywords:
            raise Refused(node, "a call by keyword")
        if name == "empty" and isinstance(type_of(node), StructT):
            return Struct({m: self.nothing(node, t) for m, t in type_of(node).member_types.items()})
        if name == "empty" and isinstance(type_of(node), AddressT | BytesM_T):
            return number(0)
        if name == "len":
            return self.part(node, node.args[0], "length")
        if name == "convert":
            return self.convert(node)
        if not is_word(type_of(node)):
            raise Refused(node, f"a value of type {type_of(node)}")
        arguments = tuple(self.number(argument) for argument in node.args)
        result = builtin(name, arguments)
        if result is None:
            raise Refused(node, f"the function `{name}`")
        return self.checked(node, result)

    def part(self, node: Any, of: Any, name: str) -> Term:
        """The length of bytes, or a word of them that begins at a multiple of 32."""
        found = self.value(of)
        word = found.members.get(name) if isinstance(found, Struct) else None
        if not isinstance(word, Term):
            raise Refused(node, f"{name} of what is no bytes")
        return word

    def extracted(self, node: Any) -> Term:
        """A word of bytes: as an account it reverts where it is none, and where the bytes end before it."""
        start = node.args[1].reduced()
        if not isinstance(start, vy.Int):
            raise Refused(node, "a word at a place that is not constant")
        word, length = (self.part(node, node.args[0], name) for name in (f"word {start.value}", "length"))
        self.require(number(start.value + 32) <= length, f"{place(node)}: beyond the end")
        if isinstance(type_of(node), AddressT):
            self.require(both(number(0) <= word, word < 2**160), f"{place(node)}: no account")
        elif not (is_word(type_of(node)) or type_of(node) == BytesM_T(32)):
            raise Refused(node, f"a word as {type_of(node)}")
        return word

    def nothing(self, node: Any, type_: Any) -> Value:
        if not is_word(type_):
            raise Refused(node, f"an empty {type_}")
        return number(0)

    def convert(self, node: Any) -> Term:
        source, target = type_of(node.args[0]), type_of(node)
        value = self.number(node.args[0])
        if not is_word(target):
            raise Refused(node, f"a conversion to {target}")
        if isinstance(source, BoolT):
            return choice(value, number(1), number(0))
        if isinstance(source, IntegerT) and source.is_signed and source.bits == 256:
            self.require(number(0) <= value, f"{place(node)}: a negative number is no uint256")
            return value
        raise Refused(node, f"a conversion of {source}")


def _owner(node: Any) -> str | None:
    """The module whose variable `self.x` or `module.x` is; None for what is neither."""
    if not isinstance(node.value, vy.Name):
        return None
    if node.value.id == "self":
        return module_name(node)
    type_ = node.value._metadata.get("type")
    return module_name(type_._module) if isinstance(type_, ModuleT) else None
