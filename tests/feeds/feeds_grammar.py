"""A grammar of feed documents for hypothesis: valid ones, odd ones, and such as a scanner could stumble over."""

from hypothesis import strategies as st

_WORDS = st.text("abc äß漢&<>\"'", max_size=12).map(
    lambda text: text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
)
_TRAPS = (
    "<![CDATA[</item>]]>",
    "<![CDATA[</entry></channel>]]>",
    "<![CDATA[<item><title>no</title></item>]]>",
    "<![CDATA[<!-- ]]>",
    "<![CDATA[a ]] > b]]>",
    "<!-- </item> <item> -->",
    "<!-- <entry> -->",
    "<!-- <![CDATA[ -->",
    "&lt;item&gt;",
    "<b>bold</b>",
    "<x:item>x</x:item>",
)
# Not inside a text: there feedparser would take its title for that of the entries behind it, too.
_MEDIA = "<media:group><media:title>m</media:title></media:group>"
_INNER = st.lists(_WORDS | st.sampled_from(_TRAPS), max_size=3).map("".join)
_NUMBERS = st.integers(0, 10**6)


@st.composite
def _item(draw: st.DrawFn, name: str) -> str:
    number = draw(_NUMBERS)
    parts = [f"<title>{draw(_INNER)}</title>"]
    if name == "item":
        parts.append(f"<link>https://a.example/{number}</link>")
        parts.append(
            draw(st.sampled_from(["", f"<guid>{number}</guid>", f'<guid isPermaLink="false">g{number}</guid>']))
        )
        parts.append(f"<description>{draw(_INNER)}</description>")
        parts.append(
            draw(st.sampled_from(["", "<pubDate>Tue, 03 Mar 2026 09:00:00 GMT</pubDate>", "<pubDate>Today</pubDate>"]))
        )
        parts.append(
            draw(
                st.sampled_from(
                    ["", "<dc:creator>Ada</dc:creator>", "<content:encoded><![CDATA[<p>x</p>]]></content:encoded>"]
                )
            )
        )
    else:
        parts.append(f'<link href="https://a.example/{number}"/><id>tag:{number}</id>')
        kind = draw(st.sampled_from(["text", "html"]))
        parts.append(f'<summary type="{kind}">{draw(_INNER)}</summary>')
        parts.append(draw(st.sampled_from(["", "<updated>2026-03-03T09:00:00Z</updated>"])))
    parts.append(draw(st.sampled_from(["", "", _MEDIA])))
    parts = draw(st.permutations(parts))
    attributes = draw(st.sampled_from(["", "", ' xml:lang="de"', " a='>'", '\n rdf:about="https://a.example/x"']))
    return f"<{name}{attributes}>{''.join(parts)}</{name}{draw(st.sampled_from(['', '', ' ']))}>"


_NAMESPACES = (
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:x="urn:x" xmlns:media="http://search.yahoo.com/mrss/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
)
_BETWEEN = st.sampled_from(["", "\n", "\n  ", "<!-- between -->", "\n<!-- <item> -->\n"])
_ODD = st.sampled_from(
    [
        "",
        "",
        "",
        "",
        "text",
        "<Item><title>big</title></Item>",
        "<item/>",
        "<item><item></item></item>",
        "<rss:item>x</rss:item>",
    ]
)
_HEADS = st.sampled_from(
    ["", "<ttl>60</ttl>", "<items>no</items>", "<image><title>i</title></image>", "<!-- <item> -->"]
)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """Return a document; most are well-formed, some are not."""
    kind = draw(st.sampled_from(["rss", "feed", "rdf:RDF"]))
    name = "entry" if kind == "feed" else "item"
    items = draw(st.lists(_item(name), min_size=1, max_size=6))
    between = draw(_BETWEEN)
    odd = draw(_ODD)
    body = between.join([*items, odd] if odd else items)
    head = draw(_HEADS)
    extra = draw(st.sampled_from(["", ' xml:base="https://b.example/dir/"', ' xml:lang="fr"', " version='2.0'"]))
    after = draw(st.sampled_from(["", "<generator>g</generator>", "<!-- end -->"]))
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "iso-8859-1", "windows-1252", "utf-16"]))
    if kind == "rss":
        text = f"<rss{extra}{_NAMESPACES}><channel><title>T</title>{head}{body}{after}</channel></rss>"
    elif kind == "feed":
        text = f'<feed xmlns="http://www.w3.org/2005/Atom"{extra}{_NAMESPACES}><title>T</title>{body}{after}</feed>'
    else:
        text = (
            f'<rdf:RDF xmlns="http://purl.org/rss/1.0/"{extra}{_NAMESPACES}><channel><title>T</title>{head}</channel>'
            f"{body}{after}</rdf:RDF>"
        )
    declared = draw(st.sampled_from([f'<?xml version="1.0" encoding="{encoding}"?>', "", "\n"]))
    sheet = draw(st.sampled_from(["", '<?xml-stylesheet href="a.xsl"?>\n', "<!-- <item> -->"]))
    return (declared + sheet + text).encode(encoding if declared.strip() else "utf-8", "xmlcharrefreplace")
