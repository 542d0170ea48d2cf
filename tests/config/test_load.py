"""Every mistake at once, with file, line and cure; and the configuration that ships."""

from collections import Counter
from datetime import time, timedelta
from pathlib import Path

import pytest

from bot.config.load import FILES, Configuration, Findings, write_shipped
from bot.core.errors import ConfigError
from bot.core.links import canonical
from bot.core.model import FeedSpec, Priority

GOOD = {
    "tipoff.toml": '[poll]\nfloor = "10m"\n\n[[chat]]\nname = "team"\nid = -100\ntimezone = "Europe/Berlin"\n'
    'quiet = "22:00-07:00"\ndigest = "08:00"\ntopic = 17\n',
    "feeds.toml": '[[feed]]\nurl = "https://a.example/feed"\nname = "A"\ntags = ["x"]\ninterval = "30m"\nowner = "O"\n',
    "watchlist.toml": '[[watch]]\nname = "w"\nkeywords = ["outage"]\nto = ["team"]\n',
}


def written(folder: Path, **changed: str) -> Path:
    """Write a good configuration with some files changed."""
    for name in FILES:
        (folder / name).write_text(changed.get(name.removesuffix(".toml"), GOOD[name]), "utf-8")
    return folder


def mistakes(folder: Path) -> list[str]:
    """Return the mistakes in a folder, the folder's own name taken off."""
    with pytest.raises(ConfigError) as caught:
        Configuration.load(folder)
    return [str(mistake).replace(f"{folder}/", "") for mistake in caught.value.mistakes]


def test_a_good_configuration_is_read(tmp_path: Path) -> None:
    """Into checked values."""
    read = Configuration.load(written(tmp_path))

    (chat,), (feed,), (watch,) = read.chats, read.feeds, read.watches
    assert read.settings.poll.floor == timedelta(minutes=10)
    assert (chat.name, chat.id, chat.topic, chat.timezone.key, str(chat.quiet), chat.digest) == (
        "team",
        -100,
        17,
        "Europe/Berlin",
        "22:00-07:00",
        time(8),
    )
    assert (feed.name, feed.tags, feed.owner, feed.interval) == ("A", ("x",), "O", timedelta(minutes=30))
    assert (watch.keywords, watch.to, watch.priority) == (("outage",), ("team",), Priority.NORMAL)


def test_settings_may_be_missing_altogether(tmp_path: Path) -> None:
    """Every key of tipoff.toml has a default, and so has the file; watches then tell "me"."""
    written(tmp_path, watchlist='[[watch]]\nname = "w"\nkeywords = ["x"]\n')
    (tmp_path / "tipoff.toml").unlink()

    assert Configuration.load(tmp_path).watches[0].to == ("me",)


def test_the_owner_may_have_a_digest(tmp_path: Path) -> None:
    """It has no id, but hours like any other chat."""
    written(tmp_path, tipoff=GOOD["tipoff.toml"] + '[[chat]]\nname = "me"\ndigest = "07:30"\n')

    assert [(chat.name, chat.digest) for chat in Configuration.load(tmp_path).chats] == [
        ("team", time(8)),
        ("me", time(7, 30)),
    ]


FEED = '[[feed]]\nurl = "https://a.example/feed"\n'
WATCH = '[[watch]]\nname = "w"\nkeywords = ["outage"]\n'
CHAT = '[[chat]]\nname = "c"\nid = 1\n'


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("tipoff", "[pol]\n", 'tipoff.toml:1: unknown section "pol"; did you mean "poll"?'),
        ("tipoff", '[poll]\nflor = "5m"\n', 'tipoff.toml:2: unknown key "flor"; did you mean "floor"?'),
        ("tipoff", "[poll]\n\nfloor = 5\n", "tipoff.toml:3: floor: must be a span of time such as"),
        ("tipoff", '[poll]\nfloor = "5 parsecs"\n', "tipoff.toml:2: floor: must be a span of time such as"),
        ("tipoff", '[poll]\nfloor = "30d"\n', "tipoff.toml:2: floor: must be 1s to 1d, not 30d"),
        ("tipoff", "[poll]\nhosts = true\n", "tipoff.toml:2: hosts: must be a whole number"),
        ("tipoff", '[log]\nlevel = "loud"\n', "tipoff.toml:2: level: must be one of debug, info"),
        ("tipoff", "[network]\nallow = [1]\n", "tipoff.toml:2: allow: must be a list of texts, and 1 is none"),
        (
            "tipoff",
            '[network]\nallow = ["a:80", "127.0.0.1"]\n',
            'tipoff.toml:2: allow: "127.0.0.1" is no exact host:port',
        ),
        ("tipoff", CHAT + f"topic = {2**63}\n", "tipoff.toml:4: topic is a number that no chat has"),
        ("tipoff", "poll = 3\n", "tipoff.toml:1: poll is a section: write it as [poll]"),
        ("tipoff", CHAT + 'zone = "x"\n', 'tipoff.toml:4: unknown key "zone"; did you mean'),
        ("tipoff", CHAT + 'timezone = "Mars/Olympus"\n', "tipoff.toml:4: timezone must be a time zone such as"),
        ("tipoff", CHAT + 'quiet = "22-7"\n', "tipoff.toml:4: quiet must be hours such as"),
        ("tipoff", CHAT + 'digest = "late"\n', "tipoff.toml:4: digest must be an hour such as"),
        ("tipoff", CHAT + 'digest = "08:00+02:00"\n', "tipoff.toml:4: digest must be an hour such as"),
        ("tipoff", '[[chat]]\nname = "c"\n', 'tipoff.toml:1: the chat "c" has no id'),
        ("tipoff", "[[chat]]\nid = 1\n", "tipoff.toml:1: [[chat]] has no name"),
        ("tipoff", '[[chat]]\nname = "me"\nid = 1\n', 'tipoff.toml:3: "me" has no id'),
        ("tipoff", '[[chat]]\nname = "c"\nid = "1"\n', "tipoff.toml:3: id must be a whole number, not '1'"),
        ("tipoff", CHAT + CHAT, 'tipoff.toml:5: the chat "c" stands twice; first on line 2'),
        ("tipoff", '[chat]\nname = "c"\n', "tipoff.toml:1: write each chat under its own [[chat]]"),
        ("tipoff", "[poll\n", "tipoff.toml:1: this is not TOML"),
        ("feeds", '[[feed]]\nname = "A"\n', "feeds.toml:1: [[feed]] has no url"),
        ("feeds", '[[feed]]\nurl = "ftp://a.example/"\n', "feeds.toml:2: 'ftp://a.example/' is not a feed's address"),
        (
            "feeds",
            '[[feed]]\nurl = "http://[::1"\n',
            "feeds.toml:2: 'http://[::1' is not a feed's address: it cannot be",
        ),
        (
            "feeds",
            '[[feed]]\nurl = "http://exa mple.com/"\n',
            "'http://exa mple.com/' cannot be polled: the address has no",
        ),
        (
            "feeds",
            '[[feed]]\nurl = "https://x.example:99999/"\n',
            "feeds.toml:2: 'https://x.example:99999/' cannot be polled",
        ),
        ("feeds", '[[feed]]\nurl = "http://..../feed"\n', "feeds.toml:2: 'http://..../feed' cannot be polled"),
        (
            "feeds",
            '[[feed]]\nurl = "http://127.0.0.1:8099/"\n',
            'add "127.0.0.1:8099" to [network] allow in tipoff.toml',
        ),
        ("feeds", '[[feed]]\nurl = "http://10.0.0.1/"\n', 'add "10.0.0.1:80" to [network] allow in tipoff.toml'),
        ("feeds", '[[feed]]\nurl = "http://a:secret@[::1]/"\n', "'http://<secret>@[::1]/' cannot be polled"),
        ("feeds", FEED + FEED, 'feeds.toml:4: the feed "a.example/feed" stands twice; first on line 2'),
        ("feeds", FEED + 'name = "A"\n' + FEED.replace("a.", "b.") + 'name = "A"\n', 'the feed name "A" stands twice'),
        ("feeds", FEED + 'interval = "soon"\n', "feeds.toml:3: interval must be a span of time"),
        ("feeds", FEED + 'tags = "x"\n', "feeds.toml:3: tags must be a list of texts"),
        ("feeds", '[[feeds]]\nurl = "x"\n', 'feeds.toml:1: unknown key "feeds"; did you mean "feed"?'),
        ("watchlist", WATCH + 'to = ["taem"]\n', 'watchlist.toml:4: unknown chat "taem"; did you mean "team"?'),
        ("watchlist", WATCH + "to = []\n", "watchlist.toml:4: to names no chat, so nobody would be told"),
        (
            "watchlist",
            WATCH + f'query = "{"(" * 3000}a{")" * 3000}"\n',
            'watchlist.toml:4: the watch "w": the query is nested',
        ),
        (
            "watchlist",
            "a = " + "[" * 5000,
            "watchlist.toml: the file cannot be read: its brackets are nested too deeply",
        ),
        ("watchlist", WATCH + WATCH, 'watchlist.toml:5: the watch "w" stands twice; first on line 2'),
        ("watchlist", '[[watch]]\nname = "w"\n', 'watchlist.toml:1: the watch "w": it watches nothing'),
        ("watchlist", WATCH + 'event = "depature"\n', 'watchlist.toml:4: the watch "w": unknown event "depature"'),
        ("watchlist", WATCH + 'query = "a AND"\n', 'watchlist.toml:4: the watch "w": the query ends where another'),
        ("watchlist", WATCH + "query = 3\n", "watchlist.toml:4: query must be a text in quotes, not 3"),
        ("watchlist", WATCH + 'where = ["head"]\n', 'watchlist.toml:4: unknown place "head"; '),
        ("watchlist", WATCH + 'priority = "huge"\n', "watchlist.toml:4: priority must be one of high, normal, low"),
        ("watchlist", WATCH + 'peple = ["x"]\n', 'watchlist.toml:4: unknown key "peple"; did you mean "people"?'),
        ("watchlist", '[[person]]\naliases = ["x"]\n' + WATCH, "watchlist.toml:1: [[person]] has no name"),
    ],
)
def test_a_mistake_is_named_with_line_and_cure(tmp_path: Path, file: str, text: str, expected: str) -> None:
    """One mistake, one line."""
    if file == "tipoff":
        text += "" if "team" in text else '[[chat]]\nname = "team"\nid = -100\n' if text.startswith("[[chat]]") else ""
    found = mistakes(written(tmp_path, **{file: text}))

    assert any(line.startswith(expected) or expected in line for line in found), found


@pytest.mark.parametrize("words", ['keywords = [""]', 'keywords = ["", "the"]', 'keyword = ["outage"]'])
def test_what_only_follows_from_a_mistake_is_not_named(tmp_path: Path, words: str) -> None:
    """A watch whose words are wrong is not said to have none as well."""
    (found,) = mistakes(written(tmp_path, watchlist=f'[[watch]]\nname = "w"\n{words}\n'))

    assert found.startswith("watchlist.toml:3: ")


def test_every_part_of_one_watch_is_looked_at(tmp_path: Path) -> None:
    """A wrong event does not hide a wrong regex."""
    wrong = '[[watch]]\nname = "w"\nevent = "depature"\nregex = "(foo"\ncertainty = "sure"\nquery = "a AND"\n'
    found = mistakes(written(tmp_path, watchlist=wrong))

    assert sorted(line.split(": ")[0] for line in found) == [f"watchlist.toml:{line}" for line in (3, 4, 5, 6)]


def test_a_feed_is_not_refused_for_an_allow_list_with_a_mistake(tmp_path: Path) -> None:
    """Only the list is named; once it is right, every spelling of its addresses counts."""
    feeds = '[[feed]]\nurl = "http://[::1]:9000/feed"\n'
    tipoff = GOOD["tipoff.toml"] + '[network]\nallow = ["[0:0::1]:9000"'
    (found,) = mistakes(written(tmp_path, tipoff=f'{tipoff}, "nas"]\n', feeds=feeds))

    assert '"nas" is no exact host:port pair' in found
    assert Configuration.load(written(tmp_path, tipoff=f"{tipoff}]\n", feeds=feeds)).settings.network.allow == (
        "[::1]:9000",
    )


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    """Of all three files, in their order."""
    found = mistakes(
        written(
            tmp_path,
            tipoff='[poll]\nflor = "5m"\nhosts = 0\n',
            feeds='[[feed]]\nurl = "nonsense"\n\n[[feed]]\nnmae = "x"\n',
            watchlist=WATCH + 'to = ["team"]\nevent = "x"\n\n' + WATCH + "people = 3\n",
        )
    )

    assert [line.split(": ")[0] for line in found] == [
        "feeds.toml:2",
        "feeds.toml:4",
        "feeds.toml:5",
        "tipoff.toml:2",
        "tipoff.toml:3",
        "watchlist.toml:4",
        "watchlist.toml:5",
        "watchlist.toml:8",
        "watchlist.toml:10",
    ]


def test_missing_files_are_said_with_their_cure(tmp_path: Path) -> None:
    """A folder that is none, and one that is empty."""
    with pytest.raises(ConfigError, match="there is no such folder; make one with: tipoff init"):
        Configuration.load(tmp_path / "nowhere")
    cure = f"there is no such file; write it with: tipoff init {tmp_path}"
    assert mistakes(tmp_path) == [f"{name}: {cure}" for name in sorted(FILES[1:])]


def test_the_shipped_configuration_is_good(tmp_path: Path) -> None:
    """At least forty feeds with a name, an address and tags; a watch of every kind."""
    write_shipped(tmp_path / "new")
    read = Configuration.load(tmp_path / "new")

    assert len(read.feeds) >= 40
    assert all(feed.name and feed.tags and feed.url.startswith("https://") for feed in read.feeds)
    assert max(Counter(canonical(feed.url) for feed in read.feeds).values()) == 1
    assert max(Counter(feed.name for feed in read.feeds).values()) == 1
    watches = read.watches
    assert any(w.people for w in watches)
    assert any(w.events and w.organisations for w in watches)
    assert any('"' in word for w in watches for word in w.keywords)
    assert any('"' not in word for w in watches for word in w.keywords)
    assert any(w.query for w in watches)
    assert any(w.exclude for w in watches)
    assert {w.priority for w in watches} == set(Priority)
    assert read.people
    assert read.organisations


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """What is missing is written beside what is there; where nothing is, that is said."""
    (tmp_path / "watchlist.toml").write_text("mine", "utf-8")

    assert [path.name for path in write_shipped(tmp_path)] == ["tipoff.toml", "feeds.toml"]
    assert (tmp_path / "watchlist.toml").read_text("utf-8") == "mine"
    with pytest.raises(ConfigError, match="is there already"):
        write_shipped(tmp_path)


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Some editors write one, in every file."""
    written(tmp_path)
    for name in FILES:
        (tmp_path / name).write_text(GOOD[name], "utf-8-sig")

    assert Configuration.load(tmp_path).feeds[0].name == "A"


def test_what_is_not_utf_8_is_named_with_its_line(tmp_path: Path) -> None:
    """A file of an old editor, with its cure."""
    written(tmp_path)
    (tmp_path / "feeds.toml").write_bytes(b'[[feed]]\nurl = "https://a.example/"\nname = "Caf\xe9"\n')

    assert mistakes(tmp_path) == ["feeds.toml:3: this is not UTF-8; save it as UTF-8"]


TOKEN = "123456789:AAE-" + "x" * 30


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f'token = "{TOKEN}"\n', 1),
        (f'telegram = "{TOKEN}"\n', 1),
        ('[telegram]\nbot_token = "half of it"\n', 2),
        (f'[poll]\nagent = "bot{TOKEN}"\n', 2),
    ],
)
def test_a_token_in_a_file_is_sent_to_its_place(tmp_path: Path, text: str, line: int) -> None:
    """It is shown nowhere, and no other mistake follows from it."""
    (found,) = mistakes(written(tmp_path, tipoff=text + GOOD["tipoff.toml"].replace("[poll]\nfloor", "[alerts]\n#")))

    assert found.startswith(f"tipoff.toml:{line}: a bot's token never stands in a file")
    assert "TIPOFF_TELEGRAM_TOKEN instead" in found
    assert "xxx" not in found
    assert "half" not in found


def test_a_mistake_in_one_file_hides_none_in_another(tmp_path: Path) -> None:
    """Nor does one make another up: a chat or an address may stand in what could not be read."""
    feeds = (
        '[[feed]]\nurl = "https://a.example:99999/"\n[[feed]]\nurl = "http://127.0.0.1:8099/"\n'
        '[[feed]]\nurl = "http://127.1/"\n'
    )
    strange = mistakes(written(tmp_path, tipoff="[pol]\n" + GOOD["tipoff.toml"], feeds=feeds))
    assert [line.split(": ")[0] for line in strange] == [
        "feeds.toml:2",
        "feeds.toml:4",
        "feeds.toml:6",
        "tipoff.toml:1",
    ]

    near = mistakes(written(tmp_path, tipoff=GOOD["tipoff.toml"] + "[netwrok]\n", feeds=feeds))
    assert [line.split(": ")[0] for line in near] == ["feeds.toml:2", "feeds.toml:6", "tipoff.toml:11"]

    broken = mistakes(written(tmp_path, tipoff="[poll\n", feeds=feeds))
    assert [line.split(": ")[0] for line in broken] == ["feeds.toml:2", "feeds.toml:6", "tipoff.toml:1"]


@pytest.mark.parametrize("tipoff", ['[[chats]]\nname = "team"\nid = 1\n', '[[chat]]\nnmae = "team"\nid = 1\n'])
def test_a_chat_with_a_mistake_is_not_said_to_be_unknown(tmp_path: Path, tipoff: str) -> None:
    """Whom a watch tells is looked at once the chats are right."""
    assert all(line.startswith("tipoff.toml:") for line in mistakes(written(tmp_path, tipoff=tipoff)))


@pytest.mark.parametrize(
    ("words", "is_good"),
    [
        ('keywords = ["outage"]', False),
        ('people = ["Ilse Marten"]', False),
        ('query = "a AND tag:x"', False),
        ('keywords = ["leaving OpenAI"]', True),
        ('query = "a AND NOT event:departure"', True),
        ('query = "organisation:OpenAI"', True),
        ('event = "departure"', True),
    ],
)
def test_certainty_without_an_event_is_a_mistake(tmp_path: Path, words: str, is_good: bool) -> None:
    """It would do nothing; a keyword or a query may ask for the event as well."""
    written(tmp_path, watchlist=f'[[watch]]\nname = "w"\n{words}\ncertainty = "stated"\n')
    if is_good:
        assert Configuration.load(tmp_path).watches
        return
    (found,) = mistakes(tmp_path)
    assert found.startswith('watchlist.toml:4: the watch "w": certainty is that of an event, and it asks for none')


def test_one_word_needs_no_brackets(tmp_path: Path) -> None:
    """In every list of a watch."""
    keys = 'people = "Ilse Marten"\norganisations = "Corvid"\nkeywords = "foo bar"\nnot = "podcast"\n'
    (watch,) = Configuration.load(written(tmp_path, watchlist=f'[[watch]]\nname = "w"\n{keys}')).watches

    assert (watch.people, watch.organisations) == (("Ilse Marten",), ("Corvid",))
    assert (watch.keywords, watch.exclude) == (("foo bar",), ("podcast",))


WANTS = '[[watch]]\nname = "w"\nkeywords = ["a"]\ntags = ["X", "tehc"]\nsources = ["Low Tide", "Legder"]\n'
QUERY = '[[watch]]\nname = "q"\nquery = "tag:tehc AND NOT tag:none AND (source:Legder OR tag:x)"\n'
NAMED = '[[feed]]\nurl = "https://a.example/feed"\nname = "Low Tide Letter"\ntags = ["tech", "x"]\n'


def test_what_no_feed_has_is_named(tmp_path: Path) -> None:
    """Tags and sources of watches and of their queries, but not behind a NOT. The daemon runs all the same."""
    feeds = NAMED + '[[feed]]\nurl = "https://b.example/feed"\nname = "Ledger"\n'
    written(tmp_path, feeds=feeds, watchlist=WANTS + QUERY)
    found = Findings.of(tmp_path)

    assert [str(mistake).replace(f"{tmp_path}/", "") for mistake in found.mistakes] == [
        'watchlist.toml:4: the watch "w": unknown tag "tehc"; did you mean "tech"?',
        'watchlist.toml:5: the watch "w": no feed is called "Legder"; did you mean "Ledger"?',
        'watchlist.toml:8: the watch "q": unknown tag "tehc"; did you mean "tech"?',
        'watchlist.toml:8: the watch "q": no feed is called "Legder"; did you mean "Ledger"?',
    ]
    assert found.notes == ()
    assert len(Configuration.load(tmp_path).watches) == 2


def test_what_a_feed_may_yet_be_called_is_no_mistake(tmp_path: Path) -> None:
    """A feed without a name is called by its title, which may be known already; so is one that a chat added."""
    written(tmp_path, feeds=NAMED, watchlist=WANTS.replace(', "tehc"', ""))
    other = FeedSpec("https://b.example/feed")

    assert len(Findings.of(tmp_path).mistakes) == 1
    found = Findings.of(tmp_path, [other])
    assert found.mistakes == ()
    assert ["Legder" in str(note) for note in found.notes] == [True]
    assert Findings.of(tmp_path, [other], ["The Legder"]).notes == ()


def test_without_a_good_list_of_feeds_nothing_is_said_to_be_unknown(tmp_path: Path) -> None:
    """The feed with the tag may be the one with the mistake; and where there is none, that is what is wrong."""
    written(tmp_path, feeds=NAMED + "nmae = 1\n", watchlist=WANTS + QUERY)
    assert [mistake.file for mistake in Findings.of(tmp_path).mistakes] == [str(tmp_path / "feeds.toml")]

    written(tmp_path, feeds="", watchlist=WANTS + QUERY)
    assert Findings.of(tmp_path).mistakes == ()
    written(tmp_path, feeds=FEED, watchlist=WANTS)
    assert 'no feed has the tag "X", nor any other' in str(Findings.of(tmp_path).mistakes[0])


def test_a_feed_is_one_feed_whoever_added_it(tmp_path: Path) -> None:
    """In the file and in chats, with another scheme, name of the site or slash: the first is the one that is asked."""
    written(tmp_path, feeds='[[feed]]\nurl = "https://a.example/feed"\nname = "A"\n')
    urls = ("http://www.a.example/feed/", "http://b.example/rss/", "https://www.b.example/rss", "https://c.example/rss")
    whole, _ = Configuration.load(tmp_path).with_chats((), [(f"chat {n}", FeedSpec(url)) for n, url in enumerate(urls)])

    assert [feed.url for feed in whole.feeds] == ["https://a.example/feed", urls[1], urls[3]]


def test_past_a_hundred_mistakes_are_counted(tmp_path: Path) -> None:
    """The first ones are listed, in the order of their lines."""
    said = mistakes(written(tmp_path, watchlist='[[watch]]\nname = "x"\nwrong = 1\n' * 300))

    assert len(said) == 101
    assert said[0].startswith("watchlist.toml:3:")
    assert said[-1].endswith("more mistakes")
