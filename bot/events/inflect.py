"""Every inflection of an English word. Pure.

Regular endings by rule, irregular verbs by table (general knowledge of English; the verbs that headlines
use). It makes some forms that no one writes, which match nothing, and misses derived words on purpose:
"resign" has no "resignation".
"""

from functools import lru_cache

# lemma: the forms that no rule makes
_IRREGULAR = {
    "be": "am is are was were been being",
    "become": "became",
    "begin": "began begun",
    "bid": "bidding bade",
    "break": "broke broken",
    "bring": "brought",
    "build": "built",
    "buy": "bought",
    "catch": "caught",
    "choose": "chose chosen",
    "come": "came",
    "cut": "cutting",
    "do": "does did done",
    "draw": "drew drawn",
    "drive": "drove driven",
    "eat": "ate eaten",
    "fall": "fell fallen",
    "feel": "felt",
    "fight": "fought",
    "find": "found",
    "flee": "fled",
    "fly": "flew flown",
    "forget": "forgot forgotten",
    "freeze": "froze frozen",
    "get": "got gotten getting",
    "give": "gave given",
    "go": "goes went gone",
    "grow": "grew grown",
    "have": "has had having",
    "hear": "heard",
    "hide": "hid hidden",
    "hit": "hitting",
    "hold": "held",
    "keep": "kept",
    "know": "knew known",
    "lay": "laid",
    "lead": "led",
    "leave": "left",
    "lend": "lent",
    "let": "letting",
    "lose": "lost",
    "make": "made",
    "mean": "meant",
    "meet": "met",
    "pay": "paid",
    "put": "putting",
    "quit": "quitting",
    "ride": "rode ridden",
    "ring": "rang rung",
    "rise": "rose risen",
    "run": "ran running",
    "say": "said",
    "see": "saw seen",
    "seek": "sought",
    "sell": "sold",
    "send": "sent",
    "set": "setting",
    "shake": "shook shaken",
    "shoot": "shot",
    "show": "shown",
    "shut": "shutting",
    "sink": "sank sunk",
    "sit": "sat",
    "speak": "spoke spoken",
    "spend": "spent",
    "spin": "spun",
    "split": "splitting",
    "spread": "",
    "stand": "stood",
    "steal": "stole stolen",
    "strike": "struck stricken",
    "swear": "swore sworn",
    "sweep": "swept",
    "swing": "swung",
    "take": "took taken",
    "teach": "taught",
    "tear": "tore torn",
    "tell": "told",
    "think": "thought",
    "throw": "threw thrown",
    "undergo": "underwent undergone",
    "understand": "understood",
    "win": "won winning",
    "withdraw": "withdrew withdrawn",
    "write": "wrote written",
}
# Words that look inflected and are not.
_UNCHANGED = frozenset(
    {"always", "analysis", "basis", "bus", "chaos", "during", "gas", "king", "lens", "news", "nothing", "something"}
    | {"anything", "everything", "plus", "series", "species", "spring", "status", "string", "thing", "this", "virus"}
    | {"bonus", "campus", "crisis", "focus", "genius", "iris", "need", "red", "speed", "feed", "seed", "indeed"}
)
_DOUBLE_E = frozenset({"agre", "disagre", "fre", "guarante", "decre", "refere", "oversee"})
_VOWELS = frozenset("aeiou")


@lru_cache(maxsize=65536)
def inflections(word: str) -> frozenset[str]:
    """Return all forms of a folded word, itself among them: "leaving" gives leave, leaves, leaving, left."""
    if lemma := _IRREGULAR_FORMS.get(word):
        return frozenset({word, *_IRREGULAR[lemma].split(), *_regular(lemma)})
    if word in _UNCHANGED or len(word) < 3 or not word.isalpha() or not word.isascii():
        return frozenset({word})
    return frozenset({word}).union(*(_regular(lemma) for lemma in _lemmas(word)))


def stem(word: str) -> str:
    """Return one form for all inflections of a folded word; it need not be a word: "leaving" and "left" give "leav"."""
    lemma = _IRREGULAR_FORMS.get(word) or (word if word in _UNCHANGED or len(word) < 4 else _lemma(word))
    return lemma.removesuffix("e") if len(lemma) > 3 else lemma


def _lemma(word: str) -> str:
    """Return the likeliest of what a word may be a form of: "killed" is of "kill", "cancelled" of "cancel"."""
    found = _lemmas(word)
    lemma = min(found, key=len)
    is_short = sum(letter in _VOWELS for letter in lemma) == 1 or lemma.endswith(("cal", "stal"))
    is_double = lemma.endswith(("s", "f", "z")) or (lemma.endswith("l") and is_short)
    return lemma + lemma[-1] if is_double and lemma + lemma[-1] in found else lemma


def is_irregular(word: str) -> bool:
    """Say whether a word is a form of a verb in the table."""
    return word in _IRREGULAR_FORMS


def _lemmas(word: str) -> set[str]:
    """Return what the word may be a regular form of; itself where nothing else fits."""
    for ending in ("ing", "ed", "s"):
        if word.endswith(ending) and (found := _without(word, ending)):
            return found
    return {word}


def _without(word: str, ending: str) -> set[str]:
    stem = word.removesuffix(ending)
    if len(stem) < 2 or not _VOWELS.union("y").intersection(stem):
        return set()
    if ending == "s":
        return _singular(stem)
    if ending == "ed" and stem.endswith("e") and stem not in _DOUBLE_E:
        # "succeed", "exceed" are no past forms; "agreed" is
        return set()
    if ending == "ed" and stem.endswith("i"):
        return {stem[:-1] + "y"}
    if stem[-1] == stem[-2] and stem[-1] not in _VOWELS:
        # "quitting" from "quit", "selling" from "sell"
        return {stem[:-1], stem}
    return {stem, stem + "e"}


def _singular(stem: str) -> set[str]:
    if stem.endswith(("s", "u", "i")):
        return set()
    if stem.endswith("ie") and len(stem) > 3:
        return {stem[:-2] + "y"}
    if stem.endswith(("she", "che", "sse", "xe", "zze")):
        return {stem[:-1], stem}
    return {stem}


def _regular(lemma: str) -> set[str]:
    """Return a lemma with its regular endings, the doubled consonant as a second form."""
    if lemma.endswith("e"):
        present = lemma[:-2] + "ying" if lemma.endswith("ie") else lemma[:-1] + "ing"
        return {lemma, lemma + "s", lemma + "d", present}
    if lemma.endswith("y") and lemma[-2] not in _VOWELS:
        return {lemma, lemma[:-1] + "ies", lemma[:-1] + "ied", lemma + "ing"}
    plural = lemma + "es" if lemma.endswith(("s", "x", "z", "ch", "sh")) else lemma + "s"
    forms = {lemma, plural, lemma + "ed", lemma + "ing"}
    if len(lemma) > 2 and lemma[-1] not in _VOWELS.union("wxyh") and lemma[-2] in _VOWELS and lemma[-3] not in _VOWELS:
        forms |= {lemma + lemma[-1] + "ed", lemma + lemma[-1] + "ing"}
    return forms


_IRREGULAR_FORMS = {
    form: lemma for lemma, forms in _IRREGULAR.items() for form in (lemma, *forms.split(), *_regular(lemma))
}


@lru_cache(maxsize=4096)
def participles(lemma: str) -> frozenset[str]:
    """Return the past forms of a verb: "fire" gives fired, "let" gives let, "throw" gives threw and thrown."""
    if lemma in _SAME_PAST:
        return frozenset({lemma})
    if lemma in _IRREGULAR:
        return frozenset(form for form in _IRREGULAR[lemma].split() if not form.endswith(("ing", "oes", "has")))
    return frozenset(form for form in _regular(lemma) if form.endswith("ed") or form == lemma + "d")


_SAME_PAST = frozenset({"bid", "cut", "hit", "let", "put", "quit", "set", "shut", "split", "spread"})


def is_past(word: str) -> bool:
    """Say whether a word is a past form that differs from the plain one: "named", "shown"; not "quit"."""
    if word in _SAME_PAST or word in _IRREGULAR:
        return False
    if word in _IRREGULAR_FORMS:
        return not word.endswith(("s", "ing"))
    return word.endswith("ed") and not word.endswith("eed")
