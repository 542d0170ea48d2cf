"""An inverted index: from words, pages and names to the stories that have them. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from hashlib import blake2b

Key = str | int  # a word, or the hash of a page or a headline


class InvertedIndex:
    """Holds under each key the ids of stories in their order, small for many of them."""

    def __init__(self) -> None:
        self._numbers: dict[Key, list[int]] = {}

    def of(self, key: Key) -> Sequence[int]:
        """Return the stories under a key."""
        return self._numbers.get(key, ())

    def add(self, keys: Iterable[Key], number: int) -> None:
        """Add a story to keys."""
        for key in keys:
            numbers = self._numbers.get(key)
            if numbers is None:
                self._numbers[key] = [number]
            elif number > numbers[-1]:
                numbers.append(number)
            elif numbers[at := bisect_left(numbers, number)] != number:
                numbers.insert(at, number)

    def remove(self, keys: Iterable[Key], number: int) -> None:
        """Remove a story from keys; from one that does not have it, nothing."""
        for key in keys:
            numbers = self._numbers.get(key, [])
            at = bisect_left(numbers, number)
            if at < len(numbers) and numbers[at] == number:
                del numbers[at]
                if not numbers:
                    del self._numbers[key]


def hash_of(kind: str, text: str) -> int:
    """Return 64 bits of a text, which take less memory than the text."""
    return int.from_bytes(blake2b(f"{kind} {text}".encode(errors="replace"), digest_size=8).digest(), "big")
