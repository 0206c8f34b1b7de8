"""Edit the settings file: put an integration's table into its text or take it out, and leave all else as it was written."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable, Table

from auditwright.core.ids import IntegrationId
from auditwright.program.definitions import SETTINGS_FILE
from auditwright.program.document import ProgramError

INTEGRATIONS = "integrations"

Setting: TypeAlias = str | Sequence[str] | Sequence[Mapping[str, object]]
"""A text, several, or several tables; an empty one is left out of the file."""


def with_settings(text: str, integration: IntegrationId, values: Mapping[str, Setting]) -> str:
    """The settings file with other values of an integration whose table stands in it; raises ProgramError."""
    document = _parsed(text)
    table = _tables(document).get(integration)
    if not isinstance(table, AbstractTable):
        raise ProgramError(f"{SETTINGS_FILE}:1: it has no table [{INTEGRATIONS}.{integration}] to change")
    for name, value in values.items():
        if not value:
            table.pop(name, None)
        elif table.get(name) != value:
            table[name] = value if isinstance(value, str) else _listed(value)
    return tomlkit.dumps(document)


def without_settings(text: str, integration: IntegrationId) -> str:
    """The settings file without an integration's table; raises ProgramError."""
    document = _parsed(text)
    tables = _tables(document)
    if integration in tables:
        del tables[integration]
    return tomlkit.dumps(document)


def table_of_line(line: str) -> dict[str, object]:
    """One table as it is written on a line, such as `{ id = "1" }`; raises ValueError, which says what is wrong."""
    if not line.startswith("{"):
        raise ValueError('a table is written in braces, such as { id = "1" }')
    try:
        return cast("dict[str, object]", tomllib.loads(f"v = {line}")["v"])
    except tomllib.TOMLDecodeError as error:
        raise ValueError(str(error).replace("(at line 1, column", "(at column")) from None


def line_of_table(table: Mapping[str, object]) -> str:
    """A table on one line, as `table_of_line` reads it."""
    return (
        f"{{ {', '.join(f'{name} = {tomlkit.item(value).as_string()}' for name, value in table.items())} }}"
    )


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ProgramError(f"{SETTINGS_FILE}: {error}") from None


def _tables(document: tomlkit.TOMLDocument) -> Table:
    found = document.get(INTEGRATIONS)
    return found if isinstance(found, Table) else tomlkit.table()


def _listed(values: Sequence[str] | Sequence[Mapping[str, object]]) -> tomlkit.items.Array:
    """Texts on one line; tables each on a line of its own, so that a change of one shows as the change of a line."""
    array = tomlkit.array()
    for value in values:
        if isinstance(value, str):
            array.append(value)
        else:
            inline = tomlkit.inline_table()
            inline.update(value)
            array.append(inline)
    return array.multiline(any(not isinstance(value, str) for value in values))
