"""The watch language: what a person wrote → watches that can be asked. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.desk.frames import Lexicon, lexicon
from bot.desk.query import Query, compile_query
from bot.desk.terms import Term, TermIndex, keyword, literal
from bot.errors import WatchError
from bot.model import Alias, Priority, WatchSpec, Where
from bot.settings import unknown_key


@dataclass(frozen=True, slots=True)
class Watch:
    """A compiled watch: of each kind of word it names, one has to be there, and all kinds it names."""

    name: str
    to: tuple[str, ...]
    priority: Priority
    where: tuple[Where, ...]
    people: tuple[str, ...]
    organisations: tuple[str, ...]
    events: frozenset[str]
    keywords: tuple[Term, ...]
    exclude: tuple[Term, ...]
    query: Query | None

    @property
    def needs_asking(self) -> bool:
        """Say whether the watch can want an item in which none of its words was found."""
        return self.query is not None or not (self.people or self.organisations or self.keywords)


@dataclass(frozen=True, slots=True)
class Watchlist:
    """All watches, and one index over everything they look for."""

    watches: tuple[Watch, ...]
    by_name: Mapping[str, Watch]
    index: TermIndex
    names: Mapping[Term, tuple[str, bool]]  # → the name it stands for, and whether that is a person
    watching: Mapping[str | Term, tuple[int, ...]]  # a name or keyword → the watches it can make true
    asked: tuple[int, ...]  # the watches that are asked about every item
    lexicon: Lexicon
    wants_events: bool


def compile_watches(
    specs: Sequence[WatchSpec], people: Iterable[Alias] = (), organisations: Iterable[Alias] = ()
) -> Watchlist:
    """Compile a whole watchlist. Raises WatchError at the first watch that cannot be understood."""
    words = lexicon()
    watches = tuple(compile_watch(spec, words) for spec in specs)
    names = _names(watches, people, organisations)
    watching: dict[str | Term, list[int]] = {}
    for number, watch in enumerate(watches):
        keys: tuple[str | Term, ...] = (*watch.people, *watch.organisations, *watch.keywords)
        for key in keys:
            watching.setdefault(key, []).append(number)
    terms = [term for watch in watches for term in (*watch.keywords, *watch.exclude, *_query_terms(watch))]
    return Watchlist(
        watches,
        {watch.name: watch for watch in watches},
        TermIndex([*names, *terms]),
        names,
        {key: tuple(dict.fromkeys(numbers)) for key, numbers in watching.items()},
        tuple(number for number, watch in enumerate(watches) if watch.needs_asking),
        words,
        any(watch.events or watch.query for watch in watches),
    )


def compile_watch(spec: WatchSpec, words: Lexicon) -> Watch:
    """Compile one watch. Raises WatchError."""
    if not (spec.people or spec.organisations or spec.events or spec.keywords or spec.query is not None):
        raise WatchError("it watches nothing: give it people, organisations, event, keywords or query")
    for event in spec.events:
        if event not in words.kinds:
            raise WatchError(unknown_key(event, tuple(sorted(words.kinds))).replace("key", "event"), key="event")
    for key, names in (("people", spec.people), ("organisations", spec.organisations)):
        for name in names:
            _with_words(literal(name), key)
    where = tuple(Where(place) for place in spec.where)
    return Watch(
        name=spec.name,
        to=spec.to,
        priority=spec.priority,
        where=where,
        people=spec.people,
        organisations=spec.organisations,
        events=frozenset(spec.events),
        keywords=tuple(_with_words(keyword(text), "keywords") for text in spec.keywords),
        exclude=tuple(_with_words(keyword(text), "not") for text in spec.exclude),
        query=_query(spec.query, where, words) if spec.query is not None else None,
    )


def _query(text: str, where: tuple[Where, ...], words: Lexicon) -> Query:
    try:
        return compile_query(text, where, words.kinds)
    except WatchError as error:
        error.key = "query"
        raise


def _with_words(term: Term, key: str) -> Term:
    if not term.forms:
        raise WatchError(f'"{term.label}" has no word in it', key=key)
    return term


def _query_terms(watch: Watch) -> tuple[Term, ...]:
    return watch.query.terms if watch.query else ()


def _names(
    watches: Iterable[Watch], people: Iterable[Alias], organisations: Iterable[Alias]
) -> dict[Term, tuple[str, bool]]:
    """Return every alias of every name that is watched, or listed to be known."""
    aliases: dict[tuple[str, bool], list[str]] = {}
    for listed, is_person in ((people, True), (organisations, False)):
        for alias in listed:
            aliases[alias.name, is_person] = [alias.name, *alias.aliases]
    for watch in watches:
        for watched, is_person in ((watch.people, True), (watch.organisations, False)):
            for name in watched:
                aliases.setdefault((name, is_person), [name])
    return {
        literal(text): key
        for key, texts in aliases.items()
        for text in dict.fromkeys((*texts, *(_surname(key[0]) if key[1] else ())))
        if literal(text).forms
    }


def _surname(name: str) -> tuple[str, ...]:
    """Return what headlines call a person after the first mention: nothing for a single name."""
    return (name.split()[-1],) if len(name.split()) > 1 else ()
