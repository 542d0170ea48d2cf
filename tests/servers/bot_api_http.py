"""The HTTP side of the fake Bot API: parameters in all the forms that they may come in, and answers."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.servers.bot_api_contract import upload
from tests.servers.bot_api_refusals import Json, Refusal, bad_request

_PATH = re.compile(r"/bot(\d+:[\w-]+)/(\w+)")
_ATTACHED = "attach://"
_JSON_PARAMS = (
    "allowed_updates",
    "caption_entities",
    "commands",
    "entities",
    "link_preview_options",
    "reaction",
    "reply_markup",
    "reply_parameters",
    "scope",
)


@dataclass(slots=True)
class Call:
    """One request; `code` and `outcome` are filled in when it is answered."""

    method: str
    params: Json
    at: float
    """Monotonic time of arrival."""
    code: int = 0
    """The HTTP status that was answered; 0 while the call is open, and when the connection was cut."""
    outcome: str = "open"
    """"ok", the description of the refusal, "cut", or "client gone"."""

    @property
    def chat_id(self) -> int | None:
        """The chat that was named by number."""
        name = str(self.params.get("chat_id"))
        return int(name) if name.removeprefix("-").isdecimal() else None


def read_path(request: web.Request, token: str) -> str:
    """Return the method that a request calls, or raise what a wrong path or token is answered."""
    path = _PATH.fullmatch(request.path)
    if not path or request.method not in ("GET", "POST"):
        raise Refusal(404, "Not Found")
    if path[1] != token:
        raise Refusal(401, "Unauthorized")
    return path[2]


async def read_params(request: web.Request) -> Json:
    """Return the parameters of a call from the URL, and from a body that is a form, multipart or JSON."""
    if request.content_type == "application/json":
        body = _load(await request.text(), "request")
    else:
        body = _attach({name: await _part(value) for name, value in (await request.post()).items()})
    params = {**request.query, **body}
    return params | {
        name: _load(params[name], name) for name in _JSON_PARAMS if isinstance(params.get(name), str) and params[name]
    }


def accepted(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def refused(refusal: Refusal) -> web.Response:
    answer: Json = {"ok": False, "error_code": refusal.code, "description": refusal.description}
    if refusal.parameters:
        answer["parameters"] = refusal.parameters
    seconds = refusal.parameters.get("retry_after")
    return web.json_response(answer, status=refusal.code, headers={"Retry-After": str(seconds)} if seconds else None)


async def _part(value: str | bytes | bytearray | web.FileField) -> Any:
    if isinstance(value, web.FileField):
        return upload(await asyncio.to_thread(value.file.read), value.filename)
    return value if isinstance(value, str) else value.decode()


def _attach(parts: Json) -> Json:
    """Put uploaded files where "attach://NAME" points at them."""
    pointers = {
        name: value.removeprefix(_ATTACHED)
        for name, value in parts.items()
        if isinstance(value, str) and value.startswith(_ATTACHED)
    }
    plain = {name: value for name, value in parts.items() if name not in pointers.values()}
    return plain | {name: parts[part] for name, part in pointers.items() if part in parts}


def _load(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise bad_request(f"can't parse {name} JSON object") from error
