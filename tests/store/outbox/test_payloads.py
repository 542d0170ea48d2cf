"""What a message says survives the store, and rows of earlier versions are read as what they were."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

import bot.store.engine.schema  # noqa: F401  # it adds the later ones
from bot.core.model import Button, Piece, Style
from bot.core.model.outbox import (
    AlertPayload,
    AnswerPayload,
    DigestPayload,
    EditPayload,
    NoticePayload,
    Payload,
    ReplyPayload,
)
from bot.store.engine.tables import migrations
from bot.store.engine.transaction import Transaction
from bot.store.outbox.payloads import decode, encode

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PIECES = st.builds(Piece, TEXT, st.sampled_from(Style), TEXT)
BUTTONS = st.builds(Button, TEXT, TEXT, TEXT, st.booleans())
NUMBERS = st.none() | st.integers(1, 2**52)
PAYLOADS: st.SearchStrategy[Payload] = st.one_of(
    st.just(AlertPayload()),
    st.just(EditPayload()),
    st.builds(ReplyPayload, TEXT, TEXT, TEXT, st.none() | TEXT),
    st.builds(DigestPayload, TEXT),
    st.builds(
        AnswerPayload,
        st.lists(st.lists(PIECES, max_size=3).map(tuple), max_size=3).map(tuple),
        st.lists(st.lists(BUTTONS, max_size=3).map(tuple), max_size=3).map(tuple),
        NUMBERS,
        NUMBERS,
    ),
    st.builds(NoticePayload, TEXT),
)


@given(PAYLOADS)
def test_a_payload_is_read_as_it_was_written(payload: Payload) -> None:
    """Whatever stands in it; and the same one is always the same text."""
    assert decode(encode(payload)) == payload
    assert encode(decode(encode(payload))) == encode(payload)


FORM = json.dumps([[[["Watch ", "", ""], ["it", "b", ""]]], [[["Yes", "", "y:t", True]]]])
# id, story, kind, revision, answer, form, thread, target → story, revision, update, key, payload
ROWS: list[tuple[tuple[object, ...], tuple[int | None, int | None, int | None, str, Payload]]] = [
    ((1, 7, "alert", 0, "", "", None, None), (7, 0, None, "alert:7", AlertPayload())),
    ((2, 7, "edit", 3, "", "", None, None), (7, 3, None, "edit:7:3", EditPayload())),
    ((3, 7, "edit", -3, "", "", None, None), (7, None, None, "edit:7:-3", EditPayload())),
    (
        (4, 7, "reply", 3, "denied\nShe stays\nHerald\n", "", None, None),
        (7, None, None, "reply:7:3", ReplyPayload("denied", "She stays", "Herald")),
    ),
    ((5, 7, "touch", 90, "", "", None, None), (7, None, 90, "touch:7:update 90", EditPayload())),
    ((6, 7, "touch", -2, "", "", None, None), (7, None, None, "touch:7:regrouping 2", EditPayload())),
    (
        (7, -1, "answer", 91, "one\n\n  two", "", None, None),
        (None, None, 91, "answer:91:1", AnswerPayload(((Piece("one"),), (Piece("two"),)))),
    ),
    (
        (8, 0, "answer", 92, "Watch it", FORM, 17, 5),
        (
            *(None, None, 92, "answer:92:0"),
            AnswerPayload(
                ((Piece("Watch "), Piece("it", Style.BOLD)),), ((Button("Yes", "", "y:t", True),),), topic=17, changes=5
            ),
        ),
    ),
    (
        (9, 0, "answer", -1, "moved", "", None, 6),
        (None, None, None, "answer:row 9", AnswerPayload(((Piece("moved"),),), changes=6)),
    ),
    ((10, 0, "digest", 4, "", "", None, None), (None, None, None, "digest:row 10", DigestPayload())),
    ((11, 0, "digest", 5, "one · A", "", None, None), (None, None, None, "digest:row 11", DigestPayload("one · A"))),
    (
        (12, 0, "notice", 12, "help", "", None, None),
        (None, None, None, "notice:106a5842fc5fce6f:40:12", NoticePayload("help")),
    ),
]


@pytest.mark.parametrize(("row", "expected"), ROWS, ids=lambda value: str(value[2]))
def test_a_row_of_an_earlier_version_is_what_it_was(
    row: tuple[object, ...], expected: tuple[int | None, int | None, int | None, str, Payload]
) -> None:
    """Its story, where it had one; its words, typed; and a key that nothing else in the chat has."""
    db = Database(memory=True)
    migrations.apply(db, stop_before="typed_payloads")
    db.execute(
        """insert into outbox (id, story_id, kind, revision, answer, form, thread, target, chat, priority, state,
        not_before, created, changed) values (?, ?, ?, ?, ?, ?, ?, ?, 'team', 'low', 'paused', 30, 40, 50)""",
        list(row),
    )
    migrations.apply(db)

    (now,) = Transaction(db.conn).rows("select * from outbox")
    assert (now.story_id, now.revision, now.update_id, now.dedupe_key, decode(now.payload)) == expected
    assert (now.id, now.chat, now.kind, now.priority, now.state) == (row[0], "team", row[2], "low", "paused")
    assert (now.not_before, now.created, now.changed) == (30, 40, 50)
    db.close()


def test_the_lines_of_digests_stay() -> None:
    """They hang on the rows that are written anew."""
    db = Database(memory=True)
    db.execute("PRAGMA foreign_keys=ON")
    migrations.apply(db, stop_before="typed_payloads")
    db.execute(
        """insert into outbox (id, story_id, kind, revision, chat, priority, state, not_before, created, changed)
        values (5, 0, 'digest', 1, 'team', 'normal', 'pending', 30, 40, 50)"""
    )
    db.execute("insert into digest_lines (digest, position, due, title, outlet) values (5, 0, 30, 'news', 'A')")
    migrations.apply(db)

    assert db.execute("select digest, title from digest_lines").fetchall() == [(5, "news")]
    db.execute("delete from outbox")
    assert db.execute("select count(*) from digest_lines").fetchone() == (0,), "they go with their digest"
    db.close()
