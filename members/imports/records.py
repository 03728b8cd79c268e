"""A row of the database as plain JSON, column by column: to see whether it is still the same, and to put it back."""

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model


def columns_of(row: Model) -> dict[str, Any]:
    values = {field.attname: field.value_from_object(row) for field in row._meta.concrete_fields}
    plain: dict[str, Any] = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return plain


def put_back(row: Model, columns: dict[str, Any]) -> set[str]:
    """Give the row these values, unsaved. Returns the names of the fields that differed."""
    found = columns_of(row)
    fields = {field.attname: field for field in row._meta.concrete_fields}
    changed = {name for name, value in columns.items() if found.get(name) != value and name in fields}
    for name in changed:
        setattr(row, name, fields[name].to_python(columns[name]))
    return {fields[name].name for name in changed}
