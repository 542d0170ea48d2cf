"""Whether requests and answers fit the published Bot API; the only file that knows aiogram.

aiogram's classes are generated from the documentation of the Bot API, so they serve as its schema. Values are
checked for type, not for sense.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from tests.servers.bot_api_refusals import Json

_MEMBERS = {
    "administrator": "ChatMemberAdministrator",
    "creator": "ChatMemberOwner",
    "kicked": "ChatMemberBanned",
    "restricted": "ChatMemberRestricted",
}


@cache
def schema() -> Any:
    """Return aiogram. The first call takes seconds: make it before anybody waits for an answer."""
    # not at the top: building the classes takes seconds, and tests that do not check the contract need none of it
    import aiogram

    return aiogram


def request_faults(method: str, params: Json) -> list[str]:
    """Return what is unknown, missing or of the wrong type among the parameters of a call."""
    model = _model(method)
    unknown = sorted(params.keys() - model.model_fields.keys())
    known = {name: value for name, value in params.items() if name in model.model_fields}
    what = f"request {method}"
    return [f"{what}: {name}: unknown" for name in unknown] + _faults(what, _request_type(method), known)


def answer_faults(method: str, result: Any) -> list[str]:
    """Return what the Bot API would never have answered like this."""
    return _faults(f"answer {method}", _answer_type(method), result)


def member_rights(status: str) -> Json:
    """Return the rights that the schema demands of a member with this status, granted to administrators."""
    model = getattr(schema().types, _MEMBERS.get(status, "ChatMemberMember"))
    demanded = {name for name, field in model.model_fields.items() if field.is_required()}
    flags = {name: status == "administrator" for name in demanded if name.startswith("can_")}
    defaults: Json = {"is_anonymous": False, "is_member": True, "until_date": 0}
    return flags | {name: value for name, value in defaults.items() if name in demanded}


def upload(content: bytes, filename: str) -> Any:
    """Return an uploaded file as the value that the schema expects."""
    return schema().types.BufferedInputFile(content, filename)


def _model(method: str) -> Any:
    return getattr(schema().methods, method[0].upper() + method[1:])


@cache
def _request_type(method: str) -> TypeAdapter[Any]:
    return TypeAdapter(_model(method))


@cache
def _answer_type(method: str) -> TypeAdapter[Any]:
    return TypeAdapter(_model(method).__returning__)


def _faults(what: str, adapter: TypeAdapter[Any], value: Any) -> list[str]:
    try:
        parsed = adapter.validate_python(value)
    except ValidationError as error:
        return [f"{what}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
    return [f"{what}: {path}: unknown" for path in _unknown(parsed, "")]


def _unknown(value: Any, path: str) -> Iterator[str]:
    """Walk a parsed value and yield the path of each field that its class does not list."""
    if isinstance(value, BaseModel):
        yield from (f"{path}{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{path}{name}.")
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from _unknown(part, f"{path}{number}.")
