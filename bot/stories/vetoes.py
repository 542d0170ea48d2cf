"""Vetoes: what makes two headlines two stories, however alike they are. Pure.

Other numbers, another actor, the opposite, one thing in the place of another. The words stand in `stories.toml`.
"""

from collections.abc import Sequence

from bot.events.outlets import Title
from bot.stories.language import Language
from bot.stories.likeness import Headline
from bot.stories.report import Report

_NEAR = 0.06  # sums that differ by less are the same sum, rounded
_EQUAL = 0.6  # share of the words beside the names that makes two sentences equal
_SAME = 2  # words that two sentences share around what differs
_PLACE = 3  # words that one thing has at most
_FORM = 0.55  # share of the words without numbers that makes two headlines one form


def is_vetoed(
    report: Report, headlines: Sequence[Headline], language: Language, *, by_name: bool = True, is_said: bool = False
) -> bool:
    """Say whether something rules out that a report belongs to a story with these headlines.

    What `is_said` about a story may name others, and say the opposite. A correction has another number, most often.
    Where people leave and come, one other word may be all that distinguishes two events.
    """
    return (
        veto(
            report.headline,
            headlines,
            language,
            by_name=by_name and not is_said,
            by_number=not Title(report.item.title).is_correction,
            by_opposite=not is_said,
            is_strict=not is_said and any(event_key.people for event_key in report.event_keys),
        )
        is not None
    )


def is_reversed(one: Headline, other: Headline, language: Language) -> bool:
    """Say whether a headline says the opposite of another: "profit falls", "profit rises"."""
    return _contradiction(one, other, language, by_number=False) is not None


def veto(
    headline: Headline,
    headlines: Sequence[Headline],
    language: Language,
    *,
    by_name: bool = True,
    by_number: bool = True,
    by_opposite: bool = True,
    is_strict: bool = False,
) -> str | None:
    """Return why a headline cannot belong to the story of others, however alike they are, or None.

    One contradiction is enough. Another name or thing may be one outlet's wording: most of them must differ so, or
    one where it `is_strict`. `by_name`, `by_number` and `by_opposite` say which differences count.
    """
    found = (_contradiction(headline, one, language, by_number=by_number, by_opposite=by_opposite) for one in headlines)
    if contrary := next(filter(None, found), None):
        return contrary
    others = [_substitution(headline, one, language, by_name=by_name, by_thing=by_number) for one in headlines]
    different = [reason for reason in others if reason is not None]
    return different[0] if different and (is_strict or 2 * len(different) > len(others)) else None


def _contradiction(
    one: Headline, other: Headline, language: Language, *, by_number: bool = True, by_opposite: bool = True
) -> str | None:
    """Return how two headlines contradict each other, or None: another number, the opposite, the other way round."""
    if by_number and (kind := _other_number(one, other)):
        return f"another {kind}"
    ours, theirs = set(one.words), set(other.words)
    is_crossed = one.actor != other.actor and one.actor in theirs and other.actor in ours
    for word in ours - theirs if by_opposite and not is_crossed else ():
        # "Corvid buys Pellucid" is "Pellucid is sold to Corvid"
        if not language.opposite.get(word, set()).isdisjoint(theirs - ours):
            return f"the opposite: {word}"
    if (
        by_opposite
        and is_crossed
        and one.actor is not None
        and other.actor is not None
        and one.is_passive == other.is_passive
        and len(one.names & other.names) > 1
        and len(ours & theirs) >= 0.8 * min(len(ours), len(theirs))
        and _between(one.actor, other.actor, one) & _between(one.actor, other.actor, other)
    ):
        return "the other way round"
    return None


def _substitution(
    one: Headline, other: Headline, language: Language, *, by_name: bool = True, by_thing: bool = True
) -> str | None:
    """Return how two headlines differ in one place, or None: another actor, name or thing."""
    ours, theirs = set(one.words), set(other.words)
    if by_name and one.actor and other.actor and one.actor not in theirs and other.actor not in ours:
        return f"another actor: {one.actor}, {other.actor}"
    if by_thing and _is_substituted(one, other, language):
        return "another thing in the same sentence"
    if by_name and one.names - theirs and other.names - ours:
        plain_ours, plain_theirs = ours - one.names, theirs - other.names
        common = plain_ours & plain_theirs
        if common and len(common) >= _EQUAL * len(plain_ours | plain_theirs):
            return "another name in the same sentence"
    return None


def _between(first: str, second: str, headline: Headline) -> set[str]:
    """Return the words between two names: what the one does to the other."""
    start, end = sorted((headline.words.index(first), headline.words.index(second)))
    return set(headline.words[start + 1 : end]) - headline.names


def counts_differ(one: Headline, other: Headline) -> bool:
    """Say whether both headlines count something, and not the same."""
    return _differ("count", one, other, _NEAR)


def _differ(kind: str, one: Headline, other: Headline, near: float) -> bool:
    """Say whether both headlines have numbers of a kind, and none of the one is near one of the other."""
    ours, theirs = ([value for k, value in headline.numbers if k == kind] for headline in (one, other))
    return bool(ours and theirs) and not any(abs(a - b) <= near * max(a, b) for a in ours for b in theirs)


def _is_substituted(one: Headline, other: Headline, language: Language) -> bool:
    """Say whether two headlines are one sentence with another thing in one place: "asthma drug", "migraine drug"."""
    ours, theirs = one.words, other.words
    shorter = min(len(ours), len(theirs))
    head = next((at for at in range(shorter) if ours[at] != theirs[at]), shorter)
    tail = next((at for at in range(shorter - head) if ours[-1 - at] != theirs[-1 - at]), shorter - head)
    mine, other_words = ours[head : len(ours) - tail], theirs[head : len(theirs) - tail]
    if not mine or not other_words or head + tail < _SAME or max(len(mine), len(other_words)) > _PLACE:
        return False
    if set(mine) <= set(theirs) or set(other_words) <= set(ours):
        # the same words in another order
        return False
    return not any(word in language.vague or language.lexicon.is_verb_or_stop(word) for word in (*mine, *other_words))


def _is_one_form(one: Headline, other: Headline) -> bool:
    """Say whether two headlines are one form with other numbers: "Letter 12", "Letter 13"."""
    ours, theirs = ({word for word in headline.words if not word.isdigit()} for headline in (one, other))
    return len(ours & theirs) >= _FORM * len(ours | theirs)


def _other_number(one: Headline, other: Headline) -> str | None:
    for kind in {kind for kind, _ in one.numbers}:
        if kind == "count" and not _is_one_form(one, other):
            continue
        if _differ(kind, one, other, _NEAR if kind in {"sum", "%"} else 0.0):
            return kind
    return None
