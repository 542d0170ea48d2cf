"""Writes values as TOML (toml.io/en/v1.0.0). Pure."""

import json


def quoted(text: str) -> str:
    """Return a text as a basic string: a JSON string is one, but for DEL, which TOML wants escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
