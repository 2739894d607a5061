"""A listing's page as a browser understands it: what it shows, and where its links lead."""
import re
from html.parser import HTMLParser

VOID = {"meta", "link", "input"}


def shown(name):
    """How a page shows a name of these bytes: whatever is no character, or turns others round, is
    U+FFFD, and control characters are the pictures of them."""
    text = name.decode(errors="replace")
    pictures = {code: 0x2400 + code for code in range(0x20)} | {0x7F: 0x2421}
    turning = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD)
    return text.translate(pictures | turning)


def follow(base, href):
    """The target of a request that following `href` on the page at `base` makes: RFC 3986 section
    5.2, for the relative references that a listing may have."""
    match = re.fullmatch(r"((?:\.\./)*)((?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*/?)(\?[a-z=&]+)?", href)
    assert match and match[1] + match[2] not in (".", ".."), href
    dots, name, query = match.groups()
    assert not (dots and name), href
    if not dots and not name:
        return base.split("?")[0] + query
    folders = base.split("?")[0].split("/")[1:-1]
    up = dots.count("../")
    assert up < len(folders)
    above = "".join(folder + "/" for folder in folders[:len(folders) - up])
    return f"/{above}{name}{query or ''}"


class Row:
    """One entry's line."""

    def __init__(self):
        self.href = self.size_title = self.time_title = None
        self.name = self.size = self.time = ""

    def __repr__(self):
        return f"<{self.href} {self.name!r} {self.size} {self.time}>"


class ListingPage(HTMLParser):
    """Fails on a tag that is not closed, or not in turn."""

    def __init__(self, body):
        super().__init__()
        self.tags, self.attributes, self.hrefs = set(), set(), []
        self.title = self.heading = ""
        self.rows, self.breadcrumbs, self.parent = [], [], None
        self.sort_queries, self.sorted_by, self.forms = {}, {}, 0
        self._open, self._row, self._cell, self._column, self._hidden = [], None, 0, "", []
        text = body.decode()  # strictly
        assert text.startswith("<!DOCTYPE html>\n") and text.endswith("</html>\n")
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attributes):
        fields = dict(attributes)
        assert len(fields) == len(attributes), f"an attribute comes twice in {attributes}"
        self.tags.add(tag)
        self.attributes |= set(fields)
        if "href" in fields:
            self.hrefs.append(fields["href"])
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr" and "tbody" in self._open:
            self._row, self._cell = Row(), 0
        if tag == "td":
            self._cell += 1
            if self._cell == 2:
                self._row.size_title = fields.get("title")
        if tag == "time":
            assert fields["datetime"] == fields["title"]
            self._row.time_title = fields["title"]
        if tag == "th":
            self._column = fields["class"]
            if "aria-sort" in fields:
                self.sorted_by[self._column] = fields["aria-sort"]
        if tag == "form":
            assert not fields and "th" in self._open
            self.forms, self._hidden = self.forms + 1, []
        if tag == "input":
            assert fields["type"] == "hidden" and "form" in self._open
            self._hidden.append(f"{fields['name']}={fields['value']}")
        if tag == "button":
            assert "form" in self._open
            self.sort_queries[self._column] = "?" + "&".join([*self._hidden, f"{fields['name']}={fields['value']}"])
        if tag == "a":
            self._handle_link(fields["href"])

    def _handle_link(self, href):
        if "nav" in self._open:
            self.breadcrumbs.append(href)
        else:
            assert "th" not in self._open, "a mirror would follow it"
            assert self._cell == 1 and self._row.href is None
            self._row.href = href

    def handle_endtag(self, tag):
        assert self._open and self._open.pop() == tag, f"</{tag}> out of turn"
        if tag == "tr" and self._row:
            if self._row.name:
                self.rows.append(self._row)
            elif self._row.href:  # its text is no name
                self.parent = self._row.href
            self._row = None

    def handle_data(self, data):
        if "title" in self._open:
            self.title += data
        elif "h1" in self._open:
            self.heading += data
        elif self._row and "bdi" in self._open:
            self._row.name += data
        elif self._row and self._cell == 2:
            self._row.size += data
        elif self._row and "time" in self._open:
            self._row.time += data
