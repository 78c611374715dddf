"""What all printed keepers are made of: the duties in their order, and the templates."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from stratc_targets.keeper.chain import ARGUMENTS
from stratc_targets.keeper.config import QUEUE_FUNCTIONS, KeeperConfig


def duties(config: KeeperConfig) -> list[dict[str, Any]]:
    """The rules, in order of priority, then observations where there are any; `max_fee` is in wei per gas."""
    return [
        {
            "call": rule.call,
            "due": rule.due,
            "text": " ".join(rule.text.split()),  # it becomes a comment, which ends with its line
            "gas_limit": rule.gas_limit,
            "reduces_risk": rule.reduces_risk,
            "max_fee": config.gas.emergency if rule.reduces_risk else config.gas.normal,
        }
        for rule in (*config.rules, *((config.observe,) if config.observes else ()))
    ]


def serving(config: KeeperConfig) -> dict[str, Any] | None:
    """How requests of depositors are served, None for a vault without any: last of all, where anything is set aside."""
    if not config.queues:
        return None
    (count,) = ARGUMENTS[config.serve.call]
    made, done, _ = QUEUE_FUNCTIONS
    return {
        "call": config.serve.call,
        "made": made,
        "done": done,
        "count": count,
        "gas_limit": config.serve.gas_limit,
        "max_fee": config.gas.normal,
    }


def text_of(name: str) -> str:
    """A file of this package."""
    return files("stratc_targets.backends").joinpath(name).read_text("utf-8")


def template(name: str) -> Template:
    """A template of this package; what is put into it is code, so nothing is escaped."""
    environment = Environment(
        loader=FunctionLoader(text_of),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(name)
