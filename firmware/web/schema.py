"""The few kinds of JSON that the API speaks, as JSON Schema (the dialect of OpenAPI 3.1)."""

from __future__ import annotations

from collections.abc import Iterable

Schema = dict[str, object]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
YES_NO: Schema = {"type": "boolean"}


def maybe(schema: Schema) -> Schema:
    """Return that or null, where nobody knows."""
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(values: Iterable[str]) -> Schema:
    """Return a word out of these."""
    return {"type": "string", "enum": list(values)}


def listing(schema: Schema) -> Schema:
    """Return a list of those."""
    return {"type": "array", "items": schema}


def record(**fields: Schema) -> Schema:
    """Return an object with exactly these fields."""
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
