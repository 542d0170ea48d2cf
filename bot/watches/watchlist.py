"""The watch language: what a person wrote → watches that can be asked. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import re2

from bot.core.errors import WatchError
from bot.core.model import Alias, Part, Priority, WatchSpec
from bot.core.model.watches import check_choices
from bot.core.text import Text, fold, words
from bot.events.lexicon import Lexicon, lexicon
from bot.watches.query import Query, compile_query
from bot.watches.terms import Term, TermIndex, is_literal, keyword, literal

_LONGEST_REGEX = 256  # characters


@dataclass(frozen=True, slots=True)
class Keyword:
    """A keyword: its words, and the event they mean, of somebody or some organisation: "leaving OpenAI"."""

    term: Term
    kinds: frozenset[str] = frozenset()
    name: str = ""
    is_person: bool = False


@dataclass(frozen=True, slots=True)
class Watch:
    """A compiled watch: of each kind of word it names, one has to be there, and all kinds it names."""

    spec: WatchSpec
    where: tuple[Part, ...]
    people: tuple[str, ...]
    organisations: tuple[str, ...]
    events: frozenset[str]
    keywords: tuple[Keyword, ...]
    exclude: tuple[Term, ...]
    query: Query | None
    certainty: frozenset[str]
    sources: tuple[frozenset[str], ...]
    tags: frozenset[str]
    patterns: tuple["re2._Regexp", ...]

    @classmethod
    def compile(cls, spec: WatchSpec, aliases: Mapping[tuple[str, ...], str] | None = None) -> "Watch":
        """Compile one watch. Raises WatchError. `aliases` gives the name that each other spelling stands for."""
        return _compile(spec, aliases or {})

    @property
    def name(self) -> str:
        """Return how the watch is called."""
        return self.spec.name

    @property
    def to(self) -> tuple[str, ...]:
        """Return the chats that its alerts go to."""
        return self.spec.to

    @property
    def priority(self) -> Priority:
        """Return how loud its alerts are."""
        return self.spec.priority

    @property
    def needs_asking(self) -> bool:
        """Say whether the watch can want an item in which nothing of it was found, no word and no event."""
        return not (self.people or self.organisations or self.keywords or self.events)


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name that words may stand for; a lone surname may be a word, or somebody else's."""

    name: str
    is_person: bool
    is_surname: bool


@dataclass(frozen=True, slots=True)
class Use:
    """What a term is to the watches: the names it may mean, and the word to look for."""

    names: tuple["Spelling", ...] = ()
    term: Term | None = None


Trigger = tuple[str, bool] | Term | str


@dataclass(frozen=True, slots=True)
class Watchlist:
    """All watches, and one index over everything they look for."""

    watches: tuple[Watch, ...]
    by_name: Mapping[str, Watch]
    index: TermIndex[Use]
    watching: Mapping[Trigger, tuple[int, ...]]  # a name, a keyword or an event → the watches it can make true
    asked: tuple[int, ...]  # the watches that are asked about every item
    lexicon: Lexicon
    wants_events: bool
    wants_body: bool

    @classmethod
    def compile(
        cls, specs: Sequence[WatchSpec], people: Iterable[Alias] = (), organisations: Iterable[Alias] = ()
    ) -> "Watchlist":
        """Compile a whole watchlist. Raises WatchError at the first watch that cannot be understood."""
        return _compile_all(specs, tuple(people), tuple(organisations))


def _compile_all(specs: Sequence[WatchSpec], people: Sequence[Alias], organisations: Sequence[Alias]) -> Watchlist:
    wordings = lexicon()
    aliases = aliases_of(people, organisations)
    watches = tuple(Watch.compile(spec, aliases) for spec in specs)
    watching: dict[Trigger, list[int]] = {}
    for number, watch in enumerate(watches):
        for key in _triggers(watch):
            watching.setdefault(key, []).append(number)
    return Watchlist(
        watches,
        {watch.name: watch for watch in watches},
        TermIndex(_entries(watches, people, organisations)),
        {key: tuple(dict.fromkeys(numbers)) for key, numbers in watching.items()},
        tuple(number for number, watch in enumerate(watches) if watch.needs_asking),
        wordings,
        any(
            watch.events or watch.query or watch.people or any(word.kinds for word in watch.keywords)
            for watch in watches
        ),
        any(Part.BODY in watch.where or (watch.query and watch.query.wants_body) for watch in watches),
    )


def _compile(spec: WatchSpec, aliases: Mapping[tuple[str, ...], str]) -> Watch:
    if not (spec.people or spec.organisations or spec.events or spec.keywords or spec.regex or spec.query is not None):
        raise WatchError("it watches nothing: give it people, organisations, event, keywords, query or regex")
    check_choices(spec)
    for key, names in (("people", spec.people), ("organisations", spec.organisations)):
        for name in names:
            _with_words(literal(name), key)
    return Watch(
        spec=spec,
        where=spec.where,
        people=tuple(aliases.get(words(name), name) for name in spec.people),
        organisations=tuple(aliases.get(words(name), name) for name in spec.organisations),
        events=frozenset(spec.events),
        keywords=tuple(_keyword(text, lexicon(), aliases) for text in spec.keywords),
        exclude=tuple(_with_words(keyword(text), "not") for text in spec.exclude),
        query=_query(spec.query, spec.where, aliases) if spec.query is not None else None,
        certainty=frozenset(spec.certainty),
        sources=tuple(frozenset(words(source)) for source in spec.sources),
        tags=frozenset(map(fold, spec.tags)),
        patterns=tuple(map(_pattern, spec.regex)),
    )


def _keyword(text: str, lexicon: Lexicon, aliases: Mapping[tuple[str, ...], str]) -> Keyword:
    """Read a keyword; a wording of the lexicon beside a name means the event."""
    term = _with_words(keyword(text), "keywords")
    if is_literal(text.strip()):
        return Keyword(term)
    read = Text(text)
    for at in range(len(read.words)):
        for wording in lexicon.wordings_at(read.words, at):
            others = (*range(at), *range(wording.end, len(read.words)))
            rest = [n for n in others if text[read.spans[n][0]].isupper() or not lexicon.is_small(read.words[n])]
            if not rest or rest != list(range(rest[0], rest[-1] + 1)) or not text[read.spans[rest[0]][0]].isupper():
                continue
            kinds = wording.with_name_behind if rest[0] > at else wording.with_name_before
            if not kinds:
                continue
            name = read.quote(rest[0], rest[-1])
            name = aliases.get(words(name), name)
            return Keyword(term, kinds, name, is_person=len(rest) > 1 and lexicon.is_given(read.words[rest[0]]))
    return Keyword(term)


def _pattern(text: str) -> "re2._Regexp":
    if len(text) > _LONGEST_REGEX:
        raise WatchError(f"the regex is longer than {_LONGEST_REGEX} characters", key="regex")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = False
    options.max_mem = 1 << 20
    try:
        return re2.compile(text, options)
    except re2.error as error:
        detail = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        # RE2 ends with the piece that it stumbled over
        place = text.find(detail.rpartition(": ")[2]) + 1
        raise WatchError(f"the regex {text!r} cannot be understood: {detail}", place or None, key="regex") from error


def _query(text: str, where: tuple[Part, ...], aliases: Mapping[tuple[str, ...], str]) -> Query:
    try:
        return compile_query(text, where, aliases)
    except WatchError as error:
        error.key = "query"
        raise


def _with_words(term: Term, key: str) -> Term:
    if not term.forms:
        raise WatchError(f'"{term.label}" has no word in it', key=key)
    return term


def _triggers(watch: Watch) -> Iterable[Trigger]:
    """Yield what can make a watch true; an event only where nothing rarer has to be there."""
    keys = tuple(_keys(watch))
    yield from keys or sorted(watch.events)


def _keys(watch: Watch) -> Iterable[tuple[str, bool] | Term]:
    """Yield what can make a watch true."""
    yield from ((name, True) for name in watch.people)
    yield from ((name, False) for name in watch.organisations)
    for word in watch.keywords:
        yield word.term
        if word.kinds:
            yield word.name, word.is_person


def _entries(
    watches: Iterable[Watch], people: Iterable[Alias], organisations: Iterable[Alias]
) -> Iterable[tuple[Term, Use]]:
    """Yield every name and word to look for; one that means several names means them all."""
    names: dict[Term, list[Spelling]] = {}
    for text, spelling in _spellings(watches, people, organisations):
        forms = literal(text).forms
        if forms and spelling not in names.setdefault(Term("", forms), []):
            names[Term("", forms)].append(spelling)
    yield from ((term, Use(names=tuple(meant))) for term, meant in names.items())
    terms = (
        term
        for watch in watches
        for term in (
            *(word.term for word in watch.keywords),
            *watch.exclude,
            *(watch.query.terms if watch.query else ()),
        )
    )
    yield from ((term, Use(term=term)) for term in dict.fromkeys(terms))


def aliases_of(people: Iterable[Alias], organisations: Iterable[Alias]) -> dict[tuple[str, ...], str]:
    """Return the listed name for each of its spellings, in whatever case a watch writes them."""
    listed = [*people, *organisations]
    names = {words(text): alias.name for alias in listed for text in alias.aliases}
    return names | {words(alias.name): alias.name for alias in listed}


def _spellings(
    watches: Iterable[Watch], people: Iterable[Alias], organisations: Iterable[Alias]
) -> Iterable[tuple[str, Spelling]]:
    """Yield every spelling of every name that is watched, or listed to be known."""
    aliases: dict[tuple[str, bool], list[str]] = {}
    for listed, is_person in ((people, True), (organisations, False)):
        for alias in listed:
            aliases[alias.name, is_person] = [alias.name, *alias.aliases]
    for watch in watches:
        for key in _keys(watch):
            if isinstance(key, tuple):
                aliases.setdefault(key, [key[0]])
    for (name, is_person), texts in aliases.items():
        surnames = dict.fromkeys(part for text in texts for part in _surname(text)) if is_person else {}
        for text, is_surname in (*((text, False) for text in texts), *((text, True) for text in surnames)):
            yield text, Spelling(name, is_person, is_surname)
            if is_person:
                yield from ((other, Spelling(name, is_person, is_surname)) for other in _transliterated(text))


def _surname(name: str) -> tuple[str, ...]:
    """Return what headlines call a person after the first mention: nothing for a single name."""
    parts = [part for part in name.split() if part.rstrip(".").lower() not in {"jr", "sr", "ii", "iii"}]
    return (parts[-1],) if len(parts) > 1 else ()


_UMLAUTS = (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ø", "oe"), ("å", "aa"), ("æ", "ae"))
_SHORTEST = 5  # letters of a name in which "ue" may stand for "ü": Mueller, not Coe


def _transliterated(name: str) -> Iterable[str]:
    """Yield the other spellings of a German or Nordic name: Müller and Mueller."""
    low = name.lower()
    for letter, pair in _UMLAUTS:
        low = low.replace(letter, pair)
    if low != name.lower():
        yield low
    parts = []
    for word in name.lower().split():
        part = word
        for letter, pair in _UMLAUTS[:3]:
            if len(part) >= _SHORTEST and not part.endswith(pair):
                part = part.replace(pair, letter)
        parts.append(part)
    if " ".join(parts) != name.lower():
        yield " ".join(parts)
