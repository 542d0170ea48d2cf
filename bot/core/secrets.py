"""What a secret in an address is, and texts without one. Pure.

Whatever leaves Tipoff with an address in it (a log, an answer, a page, a list of feeds, the link of a message) passes a
function of this file. A secret is a bot's token, all of a login, the value of a parameter that a service knows a reader
by, and each of these once more percent-encoded, inside another address. A path is no secret, for it cannot be told from
others. Every pattern looks at each character a bounded number of times: what is read here comes from publishers.
"""

import re
from urllib.parse import unquote

SECRET = "<secret>"  # noqa: S105  # what is shown in the place of one
_TOKEN = re.compile(r"(bot)?(?<!\d)\d{5,}(?::|%3A)[A-Za-z0-9_-]{20,}", re.IGNORECASE)
_LOGIN = re.compile(r"(https?://)[^\s/?#]*@", re.IGNORECASE)
# a password with a slash, a question mark or a hash in it: no address any more, and yet written by people
_TORN_LOGIN = re.compile(r"(https?://)[^\s/?#:@\[]{0,200}:(?!\d{0,5}(?:[/?#\s]|\Z))\S{0,200}@", re.IGNORECASE)
_NESTED_LOGIN = re.compile(r"(https?(?:%3A|:)%2F%2F)(?:(?!%2F|%3F|%23)[^\s/?#&]){0,400}%40", re.IGNORECASE)
_NAME = re.compile(r"(?:[?&;#]|%3F|%26|%23)([\w.\[\]-]{1,64}|(?:[\w.\[\]-]|%(?!3D)){1,64})(?:=|(%3D))", re.IGNORECASE)
_VALUE = re.compile(r"[^&\s#\"'<>]*")
_NESTED_VALUE = re.compile(r"(?:(?!%26|%23)[^&\s#\"'<>])*", re.IGNORECASE)
# How the names of parameters end that hold a secret, and those that do as a whole.
_ENDS = (
    *("token", "key", "secret", "password", "passwd", "passphrase", "pass", "pwd", "signature", "auth", "sig", "jwt"),
    *("hash", "credential", "credentials", "sessionid", "sessid"),
)
_NAMES = frozenset({"code", "auth_code", "access_code", "pw", "sid", "session", "ticket", "private"})
_LEAST_FEED = re.compile(r"\w{20}")  # ?feed=rss2 is a format, with twenty characters it is Reddit's key


def redact(text: str) -> str:
    """Return any text without bot tokens, and with "<secret>" for each login and key in addresses."""
    return _keys_out(_logins_out(_TOKEN.sub("<token>", text), SECRET))


def without_login(url: str) -> str:
    """Return an address that is to be used again: its login is left out, and "<secret>" stands for each key."""
    return _keys_out(_logins_out(_TOKEN.sub("<token>", url), None))


def public_base(url: str) -> str:
    """Return what links are resolved against, for they may be shown to anybody: no login, no parameter with a key."""
    address, hash_sign, fragment = _logins_out(url, None).partition("#")
    page, question, query = address.partition("?")
    kept = "&".join(part for part in query.split("&") if redact(f"?{part}") == f"?{part}")
    shown = page + question + kept if kept else page
    return shown + hash_sign + fragment if redact(f"#{fragment}") == f"#{fragment}" else shown


def _logins_out(text: str, shown: str | None) -> str:
    at = "" if shown is None else f"{shown}@"
    text = _TORN_LOGIN.sub(rf"\1{at}", _LOGIN.sub(rf"\1{at}", text))
    return _NESTED_LOGIN.sub(r"\1" + ("" if shown is None else f"{shown}%40"), text)


def _keys_out(text: str) -> str:
    kept, position = [], 0
    for name in _NAME.finditer(text):
        if name.start() >= position and (key := _key(text, name)):  # what stands inside another key is gone with it
            kept += [text[position : name.end()], SECRET]
            position = name.end() + len(key)
    return "".join([*kept, text[position:]])


def _key(text: str, name: re.Match[str]) -> str:
    """Return the value of a parameter if it is a secret, else nothing."""
    is_key = _LEAST_FEED.match(text, name.end()) is not None if name[1].lower() == "feed" else _is_secret(name[1])
    value = (_NESTED_VALUE if name[2] else _VALUE).match(text, name.end()) if is_key else None
    return value[0] if value else ""


def _is_secret(name: str) -> bool:
    plain = unquote(name).lower().rstrip("[]")
    return plain in _NAMES or plain.endswith(_ENDS)
