"""What the tests of every admin page ask."""

from html.parser import HTMLParser

from django.db import connection
from django.test.utils import CaptureQueriesContext


def search(client, address, **query):
    """The rows a list shows for these filters."""
    return list(client.get(address, query).context["cl"].result_list)


def told(response):
    """The messages of the page a form led to."""
    return [str(message) for message in response.context["messages"]]


def act(client, address, action, *rows, **more):
    """Choose an action of a list for these rows; `confirmed="yes"` answers its question."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(address, data, follow=True)


def assert_same_queries(client, address, create, *, add=None):
    """The list runs as many queries for one row as for a hundred. `add(total)` makes the others where `create` is slow."""
    create()
    client.get(address)
    with CaptureQueriesContext(connection) as one:
        client.get(address)
    if add:
        add(99)
    else:
        for _ in range(99):
            create()
    with CaptureQueriesContext(connection) as many:
        page = client.get(address)

    assert len(page.context["cl"].result_list) == 100
    assert len(many) == len(one)


class _Controls(HTMLParser):
    def __init__(self):
        super().__init__()
        self.controls, self.labelled = [], set()

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "label":
            self.labelled.add(values.get("for"))
        is_control = tag in {"select", "textarea", "input"}
        if is_control and values.get("type") not in {"hidden", "submit"} and "aria-label" not in values:
            self.controls.append(values.get("id"))


def unlabelled(response):
    """The ids of the controls of a page that no label names."""
    parser = _Controls()
    parser.feed(response.text)
    return [control for control in parser.controls if control not in parser.labelled]


class _Form(HTMLParser):
    """What a browser would send of the controls of a page, as they stand."""

    def __init__(self):
        super().__init__()
        self.sent, self._select, self._textarea = {}, None, None

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        name, value = values.get("name"), values.get("value", "")
        if tag == "select":
            self._select = (name, "multiple" in values)
        elif tag == "option" and self._select:
            name, is_several = self._select
            if "selected" in values or not is_several and name not in self.sent:
                self._add(name, is_several, value)
        elif tag == "textarea":
            self._textarea = name
            self.sent[name] = ""
        elif tag == "input" and name:
            kind = values.get("type")
            if kind in {"checkbox", "radio"}:
                if "checked" in values:
                    self._add(name, kind == "checkbox", value or "on")
            elif kind not in {"submit", "file", "search"}:
                self.sent[name] = value

    def handle_endtag(self, tag):
        if tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None

    def handle_data(self, data):
        if self._textarea:
            self.sent[self._textarea] += data.removeprefix("\n") if not self.sent[self._textarea] else data

    def _add(self, name, is_several, value):
        if is_several:
            self.sent.setdefault(name, []).append(value)
        else:
            self.sent[name] = value


def typed(response, **changes):
    """The form of a page as a browser sends it back, once `changes` are typed."""
    parser = _Form()
    parser.feed(response.text)
    kept = {name: value for name, value in parser.sent.items() if "__prefix__" not in name}
    return {key: value for key, value in (kept | changes).items() if value is not None}
