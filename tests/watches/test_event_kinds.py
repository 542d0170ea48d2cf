"""A kind of event is declared once; its wordings stand in the lexicon under the same name."""

import pytest

from bot.core.event_kinds import EVENT_KINDS, SECTIONS, EventKind
from bot.events.lexicon import lexicon
from bot.watches.request import understand_request

KINDS = pytest.mark.parametrize("kind", EVENT_KINDS.values(), ids=lambda kind: kind.name)


def test_every_kind_can_be_read() -> None:
    """A kind without wordings would never fire; wordings of none could not be asked for."""
    assert set(EVENT_KINDS) == set(lexicon().kinds)


def test_no_two_kinds_share_a_word_or_a_section() -> None:
    """Or it would not be clear which one is asked for."""
    for said in ("nouns", "verbs", "questions"):
        words = [word for kind in EVENT_KINDS.values() for word in getattr(kind, said)]
        assert len(set(words)) == len(words)
    assert len(set(SECTIONS.values())) == len(EVENT_KINDS)


@KINDS
def test_a_kind_is_asked_for_by_what_people_call_it(kind: EventKind) -> None:
    """Each noun, verb and question that is declared."""
    lines = [
        *(f"{noun} at Tarn Systems" for noun in kind.nouns),
        *(f"Andrej Karpathy {verb} Tarn Systems" for verb in kind.verbs),
        *(f"{question} Tarn Systems" for question in kind.questions),
    ]
    for line in lines:
        spec = understand_request(line, "me")
        assert (spec.events, spec.organisations) == ((kind.name,), ("Tarn Systems",)), line


@KINDS
def test_a_kind_is_said_with_its_article(kind: EventKind) -> None:
    """A departure, an outage, layoffs."""
    wanted = "" if kind.name.endswith("s") else "an " if kind.name[0] in "aeiou" else "a "

    assert kind.phrase == f"{wanted}{kind.name}"
    assert kind.verb("is", "are") == ("are" if kind.name.endswith("s") else "is")
