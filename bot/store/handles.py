"""What buttons are about: short tokens that stand for stories and questions, and what was pressed."""

import secrets
from datetime import datetime

from sqlite_utils import Database

from bot.model import Handle, Mark
from bot.store.connection import micros

_BYTES = 8  # of a token: nobody guesses one


def new_token() -> str:
    """Return a token that was never given before."""
    return secrets.token_urlsafe(_BYTES)


def handle(db: Database, chat: str, story_id: int, now: datetime) -> Handle:
    """Return what the buttons under a story's message in a chat are about; the same as long as the story is kept."""
    query = "select token from handles where chat = ? and about = 'story' and subject = ?"
    found = db.execute(query, [chat, str(story_id)]).fetchone()
    token = found[0] if found is not None else new_token()
    if found is None:
        db.execute(
            "insert into handles (token, chat, about, subject, created) values (?, ?, 'story', ?, ?)",
            [token, chat, str(story_id), micros(now)],
        )
    marked = db.execute("select mark, is_open from marks where chat = ? and story_id = ?", [chat, story_id]).fetchone()
    mark, is_open = marked or ("", 0)
    return Handle(token, Mark(mark), bool(is_open))
