"""Options that fill a field which only some dialects, or one generation of Cellcast, have.

Which ones do is read from the tables of the wire, so the help, completion and errors say the same as the encoder does.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import click

from ..account import Account
from ..cellcast.generations import GENERATIONS
from ..errors import ConfigurationError
from ..model.operations import Operation
from ..wire import table
from ..wire.dialects import DIALECTS, Dialect
from ..wire.notation import is_unsupported
from .repeated import OptionForSome


class FieldOption(OptionForSome):
    """An option for a field of ``operation``, which has the option's name. Its help says which dialects have it."""

    def __init__(self, *arguments: Any, operation: type[Operation[Any]], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.dialects: tuple[Dialect, ...] = dialects_with(operation, str(self.name))
        if only := _only(self.dialects, DIALECTS.values()):
            self.help: str | None = f"{self.help} ({only})"

    def is_offered(self, context: click.Context) -> bool:
        """Return whether the chosen dialect has the field; True if none is chosen."""
        chosen = context.params.get("dialect") or os.environ.get("SKYMMS_DIALECT")
        return chosen not in DIALECTS or chosen in {one.name for one in self.dialects}


class CellcastOption(OptionForSome):
    """An option for a field of ``operation`` of Cellcast. Its help says which generation has it.

    ``on_request`` stands for the kinds of files that a generation accepts only after its vendor has allowed them.
    """

    def __init__(self, *arguments: Any, operation: type[Operation[Any]], on_request: bool = False, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.generations: tuple[str, ...] = (
            tuple(name for name, one in GENERATIONS.items() if one.on_request)
            if on_request
            else generations_with(operation, str(self.name))
        )
        if len(self.generations) < len(GENERATIONS):
            self.help: str | None = f"{self.help} ({', '.join(self.generations)} only)"

    def is_offered(self, context: click.Context) -> bool:
        """Return whether the chosen generation has the field; True if none is chosen."""
        chosen = context.params.get("generation") or os.environ.get("SKYMMS_CELLCAST_GENERATION")
        return chosen not in GENERATIONS or chosen in self.generations


def dialects_with(operation: type[Operation[Any]], field: str) -> tuple[Dialect, ...]:
    """Return the dialects in which a field of an operation has a wire name."""
    rows = [row for row in table.REQUESTS[operation][1] if row.field.rstrip("[]{}") == field]
    return tuple(
        one for one in DIALECTS.values() if one.action(operation) and any(not is_unsupported(row, one.column) for row in rows)
    )


def generations_with(operation: type[Operation[Any]], field: str) -> tuple[str, ...]:
    """Return the generations of Cellcast that have a field of an operation."""
    return tuple(name for name, one in GENERATIONS.items() if operation in one.calls and field in one.calls[operation].names)


def _only(having: Sequence[Dialect], every: Collection[Dialect]) -> str | None:
    """Return ``Skycore 1.3 only``, ``sinch-json only`` or ``not in sinch-json``; None if every dialect has it."""
    lacking = [one for one in every if one not in having]
    if not lacking:
        return None
    if len(lacking) == 1 and len(having) > 1:
        return f"not in {lacking[0].name}"
    products = {_product(one) for one in having}
    whole = len(products) == 1 and all(one in having for one in every if _product(one) in products)
    return f"{products.pop() if whole else ', '.join(one.name for one in having)} only"


def _product(dialect: Dialect) -> str:
    return dialect.title.partition(",")[0]


# ------------------------------------------------------------------------------------------------ refusing


def refuse_options(account: Account, operation: Operation[Any], given: Collection[str] | None = None) -> None:
    """Raise :class:`~skymms.ConfigurationError` for options whose fields the account's dialect does not have.

    The error names the options, and the dialects that have them. ``given`` are the fields that come from options; by default,
    all that the operation has.
    """
    problems = [one for one in account.dialect_spec.unsupported(operation) if given is None or one.field in given]
    if problems:
        options = _options()
        raise ConfigurationError(
            "\n".join(
                f"{options.get(one.field, one.field)} {one.message}{_who_has(dialects_with(type(operation), one.field))}"
                for one in problems
            )
        )


def refuse_cellcast_options(generation: str, operation: type[Operation[Any]], given: Mapping[str, Any]) -> None:
    """Raise :class:`~skymms.ConfigurationError` for options whose fields a generation of Cellcast does not have."""
    options = _options()
    lines = [
        f"{options.get(name, name)} is not supported in Cellcast {generation}: leave it out{_who_has(having)}"
        for name in given
        if generation in GENERATIONS and generation not in (having := generations_with(operation, name))
    ]
    if lines:
        raise ConfigurationError("\n".join(lines))


def _options() -> dict[str, str]:
    """The options of the command by the names of their fields."""
    return {str(one.name): one.opts[0] for one in click.get_current_context().command.params if isinstance(one, click.Option)}


def _who_has(having: Sequence[Dialect | str]) -> str:
    names = [one if isinstance(one, str) else one.name for one in having]
    if not names:
        return ""
    return f"; {names[0]} has it" if len(names) == 1 else f"; {', '.join(names[:-1])} and {names[-1]} have it"
