"""Write `known.txt` anew, and print the figures."""

from tests.stories.scripts import KNOWN, known, shares

KNOWN.write_text("".join(f"{line}\n" for line in known()), "utf-8")
for name, count in sorted(shares().items()):
    print(f"{count:>5}  {name}")
