"""The messages as people get them, word for word; and names that try to be more than names.

`LAMP_WRITE_GOLDEN=1` writes the files anew; look at what changed.
"""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.alerts.conftest import Bell, MakeTower, Tower
from tests.alerts.test_errors import NO_CAPACITY, fail
from tests.scheduler.conftest import HERE, Cloud

from lamplighter.alerts.render import PARTS, Renderer
from lamplighter.alerts.samples import SAMPLES
from lamplighter.aws.targets import Target
from lamplighter.errors import AccessDenied, Throttled
from lamplighter.notify.message import Message

GOLDEN = Path(__file__).parent / "golden"
NASTY = 'it\'s "web" & <script>alert(1)</script>\n{{ 7 * 7 }} {% raw %}\x1b[31m\r\nBcc: x@y'


def compared(name: str, text: str) -> None:
    place = GOLDEN / name
    if os.environ.get("LAMP_WRITE_GOLDEN"):
        place.write_text(text)
    assert text == place.read_text()


def a_day(tower: MakeTower) -> tuple[Tower, dict[str, Message]]:
    """One message of each kind, with every sort of line in it."""
    shop = Target(HERE.account, HERE.region, "shop")
    made = tower(
        cloud=Cloud(shop), more='  keep_url: "https://lamp.example.com/keep?id={id}"\nguardrails: {opt_out_tag: x}\n'
    )
    made.cloud.instance(state="running", name="web")
    made.cloud.instance("running", state="stopped", name="scarce")
    made.cloud.database("reports", "stopped", state="modifying")
    made.cloud.instance("stopped", state="running", name="batch")
    made.cloud.instance("ofice", state="running", name="typo")
    fail(made, NO_CAPACITY)
    found = {message.kind: message for message in made.pass_(17, 45)}
    assert set(found) == {"digest", "errors", "upcoming"}
    return made, found


def test_the_texts(tower: MakeTower) -> None:
    made, found = a_day(tower)
    for kind, message in found.items():
        compared(f"{kind}.txt", f"{message.subject}\n\n{message.text}")
        assert message.html is not None
        compared(f"{kind}.html", message.html)
    fail(made, Throttled("Rate exceeded", code="RequestLimitExceeded"))
    [message] = [one for one in made.pass_(17, 50) if one.kind == "errors"]
    compared("errors-changed.txt", f"{message.subject}\n\n{message.text}")
    fail(made, None)
    [message] = [one for one in made.pass_(17, 55) if one.kind == "errors"]
    compared("errors-over.txt", f"{message.subject}\n\n{message.text}")


class Tags(HTMLParser):
    """The tags of a page, and whether they are closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.seen: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag not in ("br", "meta"):
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


def test_names_stay_names(tower: MakeTower) -> None:
    made = tower(more='  keep_url: "https://lamp.example.com/{name}"\n')
    made.cloud.instance(state="running", name=NASTY)
    made.cloud.instance("stopped", state="running", name=NASTY)
    made.cloud.instance("running", state="stopped", name=NASTY)
    made.cloud.instance(NASTY[:40], state="running", name=NASTY)
    fail(made, AccessDenied(f"no {NASTY}", hint=NASTY))
    messages = made.pass_(17, 45)
    assert {message.kind for message in messages} == {"digest", "errors", "upcoming"}
    flat = 'it\'s "web" & <script>alert(1)</script> {{ 7 * 7 }} {% raw %} [31m Bcc: x@y'
    for message in messages:
        assert "\n" not in message.subject
        assert "\x1b" not in message.text
        assert flat in message.text
        assert not any(line.startswith("Bcc:") for line in message.text.splitlines())
        assert message.html is not None
        tags = Tags(message.html)
        assert tags.opened == []
        assert "script" not in tags.seen
        assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7 * 7 }}" in message.html


# --- own templates ----------------------------------------------------------------------------------


def own(tmp_path: Path, **texts: str) -> Renderer:
    folder = tmp_path / "messages"
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name.replace('_', '.')}.j2").write_text(text)
    return Renderer(folder)


def test_own_templates_win_and_the_others_are_the_packaged_ones(tmp_path: Path) -> None:
    renderer = own(tmp_path, digest_txt="{{ stopped }} out, {{ started }} lit\n")
    found = renderer.render("digest", SAMPLES["digest"])
    assert found.text == "2 out, 1 lit\n"
    assert found.subject == Renderer().render("digest", SAMPLES["digest"]).subject
    assert renderer.errors == {}


def test_own_layout_around_packaged_pages(tmp_path: Path) -> None:
    renderer = own(tmp_path, layout_html="<main>{% block title %}{% endblock %}|{% block body %}{% endblock %}</main>")
    found = renderer.render("upcoming", SAMPLES["upcoming"])
    assert found.html.startswith("<main>Will be put out soon|<p>Lit now")
    assert renderer.errors == {}


def test_html_is_escaped_in_own_pages_and_text_is_not(tmp_path: Path) -> None:
    one = "{% for one in stops %}{{ one.name }}{% endfor %}"
    found = own(tmp_path, upcoming_txt=one, upcoming_html=one).render("upcoming", SAMPLES["upcoming"])
    assert found.text == 'web "1" <blue>\n'
    assert found.html == "web &#34;1&#34; &lt;blue&gt;\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{% for x in y %}", "TemplateSyntaxError"),
        ("{{ nobody }}", "UndefinedError: 'nobody' is undefined"),
        ("{{ stopped.nobody.nothing }}", "UndefinedError"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{% for x in range(10 ** 9) %}{% endfor %}", "OverflowError"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "SecurityError"),
        ("{{ places.append(1) }}", "SecurityError"),
        ("{% include '../../secret' %}", "TemplateNotFound"),
        ("{% include '/etc/passwd' %}", "TemplateNotFound"),
    ],
)
def test_a_template_that_fails_is_replaced_and_told(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden")
    renderer = own(tmp_path, digest_txt=text)
    assert renderer.render("digest", SAMPLES["digest"]) == Renderer().render("digest", SAMPLES["digest"])
    [error] = renderer.errors.values()
    assert message in error.message
    assert str(tmp_path / "messages" / "digest.txt.j2") in error.message


def test_a_message_with_a_broken_template_is_sent_and_warned_of(tower: MakeTower) -> None:
    made = tower(more="  templates: messages\n")
    own(made.means.folder, digest_txt="{{ nobody }}", digest_subject="a\nb {{ stopped }}")
    made.cloud.instance("stopped", state="running")
    [message] = made.pass_(8)
    assert message.subject == "a b 1"
    assert message.text.startswith("What the pass did at Mon 2026-11-23 08:00 UTC:\n1 stopped")
    [warning] = made.told.warnings
    assert "'nobody' is undefined" in warning.message


def test_a_subject_that_is_empty_is_replaced(tmp_path: Path) -> None:
    assert own(tmp_path, digest_subject=" \n").render("digest", SAMPLES["digest"]).subject == "Lamplighter: digest"


# --- samples ----------------------------------------------------------------------------------------


def names(value: Any, path: str = "") -> set[str]:
    """Paths of all members, through the first element of lists."""
    if isinstance(value, dict):
        return {f"{path}.{name}" for name in value} | {p for n, v in value.items() for p in names(v, f"{path}.{n}")}
    return {p for one in value for p in names(one, f"{path}[]")} if isinstance(value, list) else set()


def test_samples_have_the_names_of_real_messages(tower: MakeTower) -> None:
    made, found = a_day(tower)
    real = {kind: names(dict(message.data)) for kind, message in found.items()}
    fail(made, Throttled("Rate exceeded", code="RequestLimitExceeded"))
    made.pass_(17, 50)
    fail(made, None)
    for message in (*made.pass_(17, 55), *(one for _, one in Bell.rung)):
        real[message.kind] |= names(dict(message.data))
    assert {topic: names(dict(sample)) for topic, sample in SAMPLES.items()} == real


@pytest.mark.parametrize("topic", list(SAMPLES))
def test_packaged_templates_take_the_samples_and_close_their_tags(topic: str) -> None:
    found = Renderer().render(topic, SAMPLES[topic])
    assert found.subject.startswith("Lamplighter: ")
    assert "\n\n\n" not in found.text
    assert Tags(found.html).opened == []
    assert len(PARTS) == 3
