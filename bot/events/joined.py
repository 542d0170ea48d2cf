"""One phrase out of two: a post and what it is of, a name and a post beside it, several posts. Pure."""

from dataclasses import replace
from typing import TypeGuard

from bot.events.grammar import Tag
from bot.events.nouns import LIKELY, SURE, Phrase
from bot.events.sentence import Sentence


def is_listed(other: Phrase | None, phrase: Phrase) -> TypeGuard[Phrase]:
    """Say whether a firm only opens a list of firms whose people are meant: "Arrowhead, Pellucid and Quill execs"."""
    return (
        other is not None
        and other.is_role
        and other.organisation is not None
        and not other.founded
        and phrase.is_organisation
        and phrase.sure < LIKELY
    )


def of_several(phrase: Phrase, other: Phrase) -> Phrase:
    """Return the people at the end of a list of firms, as those of all of them."""
    return replace(other, first=phrase.first, is_former=phrase.is_former or other.is_former)


def headed(head: Phrase, complement: Phrase) -> Phrase:
    """Return a role with what stands behind its "of", whose name may follow: "head of AI Ilse Marten"."""
    who = head.who
    if head.is_role and not head.is_named and who is not None and complement.sure < SURE:
        who = (who[0], complement.last)
    organisation = head.organisation or complement.organisation
    name = complement.who if complement.is_named and complement.sure == SURE else None
    if not head.is_named and name is not None and name[0] > complement.first:
        # "VP of finance Jason Wheeler", not "aide of Jason Wheeler"
        return replace(head, last=complement.last, who=name, is_named=True)
    return replace(
        head,
        last=max(head.last, complement.last),
        who=who,
        organisation=organisation,
        founded=head.organisation is None,
    )


def joined(phrase: Phrase, aside: Phrase) -> Phrase:
    """Return one phrase of two that mean the same person: a name, and a role in apposition."""
    named = phrase if phrase.is_named or not aside.is_named else aside
    return replace(
        phrase,
        sure=SURE if aside.is_role and phrase.sure else max(phrase.sure, aside.sure),
        who=named.who or phrase.who or aside.who,
        organisation=phrase.organisation
        if phrase.organisation and phrase.sure >= aside.sure
        else aside.organisation or phrase.organisation,
        is_role=phrase.is_role or aside.is_role,
        is_named=phrase.is_named or aside.is_named,
        is_former=(phrase.is_former or not phrase.is_role)
        and (aside.is_former or not aside.is_role)
        and (phrase.is_role or aside.is_role or phrase.is_former),
        is_organisation=phrase.is_organisation and not aside.is_role,
    )


def with_post(sentence: Sentence, head: Phrase, phrase: Phrase) -> Phrase:
    """Return a phrase without a name with both its posts: "CEO and CFO"."""
    if phrase.is_named or head.who is None or phrase.who is None or not sentence.tags[head.who[0]] & Tag.ROLE:
        return phrase
    return replace(phrase, who=(head.who[0], max(phrase.who[1], head.who[1])))
