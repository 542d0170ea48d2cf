"""An index from what stories are looked up by to the stories, small for many of them. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from hashlib import blake2b

Key = str | int  # a word, or the digest of a page or a headline


class InvertedIndex:
    """Under each key the numbers of stories, in their order."""

    def __init__(self) -> None:
        self._numbers: dict[Key, list[int]] = {}

    def of(self, key: Key) -> Sequence[int]:
        """Return the stories under a key."""
        return self._numbers.get(key, ())

    def put(self, keys: Iterable[Key], number: int) -> None:
        """Put a story under keys."""
        for key in keys:
            numbers = self._numbers.get(key)
            if numbers is None:
                self._numbers[key] = [number]
            elif number > numbers[-1]:
                numbers.append(number)
            elif numbers[at := bisect_left(numbers, number)] != number:
                numbers.insert(at, number)

    def take(self, keys: Iterable[Key], number: int) -> None:
        """Take a story away from keys; where it is not, nothing changes."""
        for key in keys:
            numbers = self._numbers.get(key, [])
            at = bisect_left(numbers, number)
            if at < len(numbers) and numbers[at] == number:
                del numbers[at]
                if not numbers:
                    del self._numbers[key]


def digest(kind: str, text: str) -> int:
    """Return 64 bits of a text, which take less room than the text."""
    return int.from_bytes(blake2b(f"{kind} {text}".encode(errors="replace"), digest_size=8).digest(), "big")
