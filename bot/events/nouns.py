"""What a run of words is: somebody, a role, a group, an organisation. Pure.

It is judged by the words themselves and by what the lexicon knows of them; how sure it is goes out with the answer.
"""

import re
from dataclasses import dataclass, replace

from bot.events.firms import is_quoted, own_name
from bot.events.grammar import ORDINARY, Tag
from bot.events.sentence import Sentence, Span

WEAK, LIKELY, SURE = 1, 2, 3

_NOT_A_PERSON = Tag.COMMON | Tag.LEGAL | Tag.ORGANISATION | Tag.PLACE | Tag.KNOWN | Tag.WATCHED | Tag.NUMBER
TRADES = ("ist", "ian", "eer", "ologist", "iser", "izer", "yer", "ant", "tor")
_HARMLESS = Tag.COMMON | Tag.KNOWN
_CLAN = re.compile(r"(?:Mc|O['’]|D[ei]|L[ae]|Fitz)[A-Z][a-z]+")  # "McMarten", "O'Marten"
_TWO_POSTS = 2  # words; more of them are two posts
_SHORT = frozenset({"m", "re", "ve", "ll", "d", "t"})  # "I'm", "won't"


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a phrase is. `who` and `organisation` are where its words stand; `sure` is how surely it is somebody."""

    first: int
    last: int
    sure: int = 0
    who: Span | None = None
    organisation: Span | None = None  # one that it names, be it the phrase itself
    is_organisation: bool = False
    is_post: bool = False
    is_role: bool = False
    is_group: bool = False
    is_former: bool = False
    is_named: bool = False
    has_title: bool = False  # a role stands behind the name: "Ilse Marten chief scientist"
    owner: Span | None = None  # whose somebody with an unsure name is: "Grubwise's Ishwarya Raman"
    founded: bool = False  # its organisation comes after "of": the founder of it need not work there

    @property
    def employer(self) -> Span | None:
        """Return the organisation that is named with somebody, where it is not the name itself."""
        if self.organisation is None or self.who is None:
            return self.organisation
        apart = self.organisation[1] < self.who[0] or self.who[1] < self.organisation[0]
        return self.organisation if apart or not self.is_named else self.owner


def analyse(sentence: Sentence, first: int, last: int) -> Phrase:
    """Return what a run of words is."""
    tags = sentence.tags
    owner = next((place for place in range(last - 1, first - 1, -1) if sentence.owns[place]), None)
    head = first if owner is None else owner + 1
    if any(tags[place] & Tag.PERSON for place in range(head, last + 1)):
        return _watched_person(sentence, first, last, owner)
    if owner is not None and any(tags[place] & Tag.PERSON for place in range(first, head)):
        # "Ilse Marten's aides": not she, and no firm
        return analyse(sentence, head, last)
    roles = _roles(sentence, head, last)
    if not roles and owner is not None and _roles(sentence, first, owner) and not sentence.is_name(last):
        # "the CEO's daughter": the role is not the head
        return Phrase(first, last)
    is_former = _is_former(sentence, first, roles[0] if roles else last + 1)
    if roles:
        return _holder(sentence, first, last, owner, roles, is_former=is_former)
    name = _name(sentence, head, last)
    sure = _is_somebody(sentence, name)
    organisation = own_name(sentence, first, owner) if owner is not None else None
    if sure and name is not None and _is_introduced(sentence, head, name[0]):
        sure = 0
    if sure < SURE and name is not None and head < name[0] and sentence.tags[name[0] - 1] & Tag.DETERMINER:
        # "its Raptor"
        sure = 0
    if sure < SURE and name is not None and (given := _given(sentence, name)) is not None:
        # "MLB All-Star Ivan Rodriguez"
        organisation = organisation or own_name(sentence, name[0], given - 1)
        sure, name = SURE, (given, name[1])
    if sure == SURE:
        return Phrase(first, last, sure, name, organisation, is_former=is_former, is_named=True)
    owned, organisation = organisation, own_name(sentence, head, last) or organisation
    end = tags[last]
    is_organisation = bool(end & (Tag.ORGANISATION | Tag.KNOWN | Tag.WATCHED | Tag.LEGAL)) or (
        sentence.is_name(last) and not (end & Tag.PLACE and name is not None and name[0] == name[1])
    )
    if sure == 0 and name is None and not is_organisation and sentence.words[last].endswith(TRADES):
        return Phrase(first, last, WEAK, (last, last), organisation, is_former=is_former)
    return Phrase(
        first,
        last,
        sure,
        name,
        organisation,
        is_organisation,
        is_post=bool(end & Tag.POST),
        is_former=is_former,
        is_named=name is not None,
        owner=owned,
    )


def _is_introduced(sentence: Sentence, first: int, name: int) -> bool:
    """Say whether a name is an organisation's, for a noun says so before it: "app maker Duck Marten"."""
    tags = sentence.tags[name - 1]
    is_noun = tags & Tag.ORGANISATION and not tags & (Tag.ROLE | Tag.GROUP | Tag.PLACE | Tag.KNOWN | Tag.MODIFIER)
    return (
        first < name
        and bool(is_noun)
        and not (sentence.caps[name - 1] or sentence.owns[name - 1] or sentence.tags[name] & Tag.GIVEN)
    )


def _given(sentence: Sentence, name: Span) -> int | None:
    """Return where a given name with a surname behind it begins in the middle of a run of capitalised words."""
    for place in range(name[0] + 1, name[1]):
        if sentence.tags[place] & Tag.GIVEN and _is_somebody(sentence, (place, name[1])) == SURE:
            return place
    return None


def _roles(sentence: Sentence, first: int, last: int) -> list[int]:
    """Return where roles stand in a run, those that are part of a firm's name left out: "Founders Fund"."""
    tags, caps = sentence.tags, sentence.caps
    end = last
    if (
        caps[last]
        and tags[last] & (Tag.LEGAL | Tag.ORGANISATION)
        and (not sentence.is_titled or tags[last] & Tag.LEGAL)
    ):
        while end > first and caps[end - 1] and not tags[end - 1] & Tag.DETERMINER:
            end -= 1
        if end < last:
            last = end - 1
    return [
        place
        for place in range(first, last + 1)
        if tags[place] & (Tag.ROLE | Tag.GROUP) and not tags[place] & Tag.WATCHED
    ]


def _is_former(sentence: Sentence, first: int, role: int) -> bool:
    """Say whether "former" stands before the first role of a phrase."""
    return any(sentence.tags[place] & Tag.FORMER for place in range(first, min(role, sentence.size)))


def _watched_person(sentence: Sentence, first: int, last: int, owner: int | None) -> Phrase:
    """Return a phrase that holds the name of somebody who is watched."""
    name = [place for place in range(first, last + 1) if sentence.tags[place] & Tag.PERSON]
    roles = _roles(sentence, first, last)
    role = next((place for place in roles if place < name[0]), None)
    organisation = None
    if owner is not None and owner < name[0]:
        organisation = own_name(sentence, first, owner)
    elif role is not None:
        organisation = own_name(sentence, first, role - 1)
    return Phrase(
        first,
        last,
        SURE,
        (name[0], name[-1]),
        organisation,
        is_role=bool(roles),
        is_former=_is_former(sentence, first, roles[0] if roles else name[0]),
        is_named=True,
        has_title=bool(roles) and roles[-1] > name[-1],
    )


def _holder(
    sentence: Sentence, first: int, last: int, owner: int | None, roles: list[int], *, is_former: bool
) -> Phrase:
    """Return a phrase with a role in it: "Pellucid CFO Ilse Marten", "four researchers"."""
    start, end = roles[0], roles[-1]
    is_plural = bool(sentence.tags[end] & Tag.GROUP)
    name = None if is_plural else _name(sentence, end + 1, last)
    if (
        name is not None
        and sentence.is_titled
        and any(sentence.words[at].endswith(ORDINARY) for at in range(name[0], name[1] + 1))
    ):
        name = name if sentence.tags[name[0]] & Tag.GIVEN else None
    has_title = False
    gap = next((at for at in range(len(roles) - 1, 0, -1) if roles[at] - roles[at - 1] > 1), 0)
    if name is None and gap and not is_plural:
        # "Shopify alum Parvathi Menon CMO", "provost Parvathi Menon interim president"
        last_name = roles[gap] - 1
        while last_name > roles[gap - 1] and sentence.tags[last_name] & Tag.MODIFIER and not sentence.caps[last_name]:
            # "designer Parvathi Menon artistic director"
            last_name -= 1
        between = _name(sentence, roles[gap - 1] + 1, last_name)
        if between is not None and _is_somebody(sentence, between) >= (LIKELY if sentence.is_titled else WEAK):
            name, has_title, end = between, True, roles[gap - 1]
    if name is None:
        leading = _name(sentence, first if owner is None else owner + 1, start - 1) if start > first else None
        if leading is not None and leading[1] > leading[0] and _is_somebody(sentence, leading) == SURE:
            name, has_title = leading, True
    organisation = None if has_title and owner is None else _employer(sentence, first, owner, start, end)
    is_owned = organisation is not None and _is_owned(sentence, end, organisation)
    return Phrase(
        first,
        last,
        SURE,
        name or (_plain_start(sentence, first, start, organisation), end),
        organisation if is_owned else None,
        is_organisation=bool(sentence.tags[last] & Tag.ORGANISATION and sentence.tags[last] & Tag.GROUP),
        is_role=True,
        is_group=bool(sentence.tags[end] & Tag.GROUP) and name is None,
        is_former=is_former,
        is_named=name is not None,
        has_title=has_title,
    )


def _employer(sentence: Sentence, first: int, owner: int | None, start: int, end: int) -> Span | None:
    """Return the organisation that is named with a role."""
    if owner is None:
        return own_name(sentence, first, end - 1)
    organisation = own_name(sentence, first, owner)
    if organisation is not None and all(sentence.tags[at] & Tag.PLACE for at in range(first, owner + 1)):
        # "Brazil's Pellucid CEO"
        return own_name(sentence, owner + 1, start - 1) or organisation
    return organisation


def _is_owned(sentence: Sentence, role: int, organisation: Span) -> bool:
    """Say whether a role is one at the organisation that is named with it: not "Marten's successor"."""
    firm = Tag.KNOWN | Tag.WATCHED | Tag.ORGANISATION | Tag.LEGAL
    is_firm = any(sentence.tags[at] & firm for at in range(organisation[0], organisation[1] + 1))
    return is_firm or not sentence.tags[role] & Tag.RELATIVE


def _plain_start(sentence: Sentence, first: int, role: int, organisation: Span | None) -> int:
    """Return where the words of a role begin, its organisation and articles left out."""
    start = max(first, organisation[1] + 1 if organisation and organisation[1] < role else first)
    while (
        start < role and sentence.tags[start] & (Tag.DETERMINER | Tag.FORMER) and not sentence.tags[start] & Tag.NUMBER
    ):
        start += 1
    return start


def _name(sentence: Sentence, first: int, last: int) -> Span | None:
    """Return the name at the end of a run."""
    start = last + 1
    while start > first and sentence.is_name(start - 1):
        start -= 1
    while start < last and sentence.tags[start] & Tag.PARTICLE and not sentence.caps[start]:
        start += 1
    return (start, last) if start <= last else None


def _is_somebody(sentence: Sentence, name: Span | None) -> int:
    """Say how surely a name is a person's."""
    if name is None:
        return 0
    first, last = name
    size = last - first + 1
    if is_quoted(sentence, first, last) or "&" in sentence.quote(name):
        # the name of a film or a song; "Marten & Cole"
        return 0
    if sentence.is_handle(first):
        return SURE
    inside = range(first, last + 1)
    # "Akindele-Bright" is one part of a name
    if size > 2:
        size -= sum(sentence.text.raw[sentence.spans[at][0] - 1] == "-" for at in inside[1:])
    # an initial is no firm, and no part of "Wing-Yee" is a common word
    harmless = [_HARMLESS if sentence.joined[at] or sentence.is_initial(at) else 0 for at in inside]
    tags = [sentence.tags[at] & ~ignored for at, ignored in zip(inside, harmless, strict=True)]
    if any(tag & (Tag.KNOWN | Tag.WATCHED) for tag in tags):
        # "Michael Dell" is somebody
        is_founder = size == 2 and tags[0] & Tag.GIVEN and not (tags[0] | tags[1]) & Tag.WATCHED
        return LIKELY if is_founder and not tags[0] & Tag.KNOWN else 0
    if size > 1 and tags[0] & (Tag.GIVEN | Tag.TITLE) and not tags[-1] & (Tag.LEGAL | Tag.ORGANISATION):
        return SURE
    if any(tag & _NOT_A_PERSON for tag in tags) or any(char.isdigit() for char in sentence.quote(name)):
        return 0
    if size == 1:
        word = sentence.quote(name)
        if sentence.is_titled and sentence.words[first].endswith(ORDINARY):
            return 0
        is_shouted = word.isupper() and sentence.text.raw.isupper()
        is_capital = word[0].isupper() and (word[1:].islower() or is_shouted or bool(_CLAN.fullmatch(word)))
        return WEAK if is_capital and not tags[0] & Tag.MODIFIER else 0
    if (
        size > 1
        and not sentence.text.raw.isupper()
        and all(sentence.quote((at, at)).isupper() for at in range(first, last + 1))
    ):
        # "USB-C"
        return 0
    if sentence.is_titled and any(
        sentence.words[place].endswith(ORDINARY) and not sentence.tags[place] & Tag.GIVEN for place in inside
    ):
        return 0
    if (
        size > 4
        or any(tag & Tag.MODIFIER for tag in tags)
        or any(sentence.words[place].partition("'")[2] in _SHORT for place in range(first, last))
    ):
        return 0
    # "M.G. Marten"
    size -= sum(sentence.is_initial(at) for at in inside[:-1]) - any(sentence.is_initial(at) for at in inside[:-1])
    return WEAK if sentence.is_titled and size != 2 else LIKELY


def described(sentence: Sentence, phrase: Phrase) -> Span | None:
    """Return what stands for an organisation that is not named: "a venture firm", "the German navy"; not "the firm"."""
    if phrase.organisation is not None or not phrase.is_organisation:
        return None
    start = phrase.first
    while start < phrase.last and sentence.tags[start] & Tag.DETERMINER:
        start += 1
    is_meant = start > phrase.first and not sentence.tags[start - 1] & (Tag.INDEFINITE | Tag.NUMBER)
    is_national = not sentence.is_titled and any(sentence.caps[at] for at in range(start, phrase.last + 1))
    return (start, phrase.last) if start < phrase.last and (is_national or not is_meant) else None


def with_title(sentence: Sentence, phrase: Phrase) -> Phrase:
    """Return what "Luciana Prado CEO" is behind "names": a name and a title, not the CEO of Luciana Prado."""
    run = phrase.organisation
    inside = sentence.tags[phrase.first : phrase.last + 1]
    if not phrase.is_named and phrase.is_former and sum(bool(tag & Tag.ROLE) for tag in inside) > _TWO_POSTS:
        # "names former Pellucid executive chief financial officer"
        return replace(phrase, has_title=True)
    if phrase.is_named or not phrase.is_role or run is None or phrase.who is None or run[0] > phrase.who[0]:
        return phrase
    name = run[1] + 1
    if sentence.owns[run[1]] and phrase.who == (name, phrase.last) and sentence.tags[name + 1] & Tag.ROLE:
        # "names Pellucid's Marten CEO"
        if _is_somebody(sentence, (name, name)) == WEAK and not phrase.is_group:
            return replace(phrase, who=(name, name), organisation=None, is_named=True, has_title=True)
        return phrase
    for last in range(min(run[1], run[0] + 3), run[0], -1):
        rest = sentence.tags[last + 1 : run[1] + 1]
        if _is_somebody(sentence, (run[0], last)) >= LIKELY and all(tag & (Tag.PLACE | Tag.MODIFIER) for tag in rest):
            return replace(phrase, who=(run[0], last), organisation=None, is_named=True, has_title=True)
    ends = phrase.last + 1 == sentence.size or sentence.breaks[phrase.last + 1]
    if (
        ends
        and run == (phrase.first, phrase.first)
        and not (sentence.owns[run[0]] or phrase.is_group or sentence.words[run[0] - 1].endswith("ed"))
        and _is_somebody(sentence, run) == WEAK
    ):
        # "names Jejurikar CEO"
        return replace(phrase, who=run, organisation=None, is_named=True, has_title=True)
    return phrase
