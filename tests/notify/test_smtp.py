from __future__ import annotations

import ssl

import pytest
from tests.notify.conftest import Mailbox, MakeMeans, note

from lamplighter.errors import SendError
from lamplighter.notify.smtp import Smtp, relay_of

WHO = "from=lamp@example.com&to=ops@example.com"


def test_a_mail(mailbox: Mailbox, means: MakeMeans) -> None:
    to = f"smtp://127.0.0.1:{mailbox.port}?{WHO}&to=dev%2Blamp@example.com,it@example.com"
    made = note(subject="Größe\nBcc: evil@example.com", text=".\nüber 2 Zeilen\n", html="<p>&lt;web&gt;</p>\n")
    assert Smtp().send(to, made, means()) == ""
    [(sender, receivers, mail)] = mailbox.mails
    assert sender == "lamp@example.com"
    assert receivers == ("ops@example.com", "dev+lamp@example.com", "it@example.com")
    assert mail["From"] == "lamp@example.com"
    assert mail["To"] == "ops@example.com, dev+lamp@example.com, it@example.com"
    assert mail["Subject"] == "Größe Bcc: evil@example.com"
    assert mail["Bcc"] is None
    assert mail["Date"] == "Mon, 23 Nov 2026 17:30:00 +0000"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mailbox.kinds == ["errors"]
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == ".\nüber 2 Zeilen\n"
    assert html.get_content().replace("\r\n", "\n") == "<p>&lt;web&gt;</p>\n"
    assert "STARTTLS" not in mailbox.said


def test_a_repetition_has_the_same_id(mailbox: Mailbox, means: MakeMeans) -> None:
    to = f"smtp://127.0.0.1:{mailbox.port}?{WHO}"
    for key in ("a", "a", "b"):
        Smtp().send(to, note(key=key), means())
    first, second, third = [mail["Message-ID"] for _, _, mail in mailbox.mails]
    assert first == second != third
    assert first.endswith("@example.com>")


def test_a_password_travels_in_tls_only(mailbox: Mailbox, means: MakeMeans, certificate: ssl.SSLContext) -> None:
    to = f"smtp://127.0.0.1:{mailbox.port}?{WHO}&user=lamp&password=env:SMTP_PASSWORD"
    with pytest.raises(SendError, match="STARTTLS extension not supported"):
        Smtp().send(to, note(), means(SMTP_PASSWORD="hunter2"))
    assert not any("AUTH" in line for line in mailbox.said)
    mailbox.tls, mailbox.offers = certificate, ["STARTTLS", "AUTH PLAIN"]
    mailbox.said.clear()
    Smtp().send(to, note(), means(SMTP_PASSWORD="hunter2"))
    verbs = [line.split()[0] for line in mailbox.said]
    assert verbs[:4] == ["ehlo", "STARTTLS", "ehlo", "AUTH"]
    assert len(mailbox.mails) == 1


def test_tls_at_once(mailbox: Mailbox, means: MakeMeans, certificate: ssl.SSLContext) -> None:
    mailbox.tls, mailbox.at_once = certificate, True
    Smtp().send(f"smtps://127.0.0.1:{mailbox.port}?{WHO}", note(), means())
    assert len(mailbox.mails) == 1


def test_a_certificate_of_a_stranger_is_refused(
    mailbox: Mailbox, means: MakeMeans, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    mailbox.tls, mailbox.offers = certificate, ["STARTTLS"]
    with pytest.raises(SendError, match="CERTIFICATE_VERIFY_FAILED"):
        Smtp().send(f"smtp://127.0.0.1:{mailbox.port}?{WHO}", note(), means())
    assert mailbox.mails == []
    Smtp().send(f"smtp://127.0.0.1:{mailbox.port}?{WHO}&tls=off", note(), means())
    assert len(mailbox.mails) == 1


def test_a_login_that_is_refused(mailbox: Mailbox, means: MakeMeans, certificate: ssl.SSLContext) -> None:
    mailbox.tls, mailbox.offers = certificate, ["STARTTLS", "AUTH PLAIN"]
    mailbox.refuses = {"AUTH": "535 no"}
    to = f"smtp://127.0.0.1:{mailbox.port}?{WHO}&user=lamp&password=env:SMTP_PASSWORD"
    with pytest.raises(SendError, match=r"^127\.0\.0\.1 refuses the login \(535\)$") as raised:
        Smtp().send(to, note(), means(SMTP_PASSWORD="hunter2"))
    assert raised.value.hint == "check user and env:SMTP_PASSWORD"


def test_one_receiver_of_two_is_refused(mailbox: Mailbox, means: MakeMeans) -> None:
    mailbox.refuses = {"rcpt TO:<it@": "550 unknown"}
    to = f"smtp://127.0.0.1:{mailbox.port}?{WHO},it@example.com"
    assert Smtp().send(to, note(), means()) == "127.0.0.1 refuses it@example.com (550 unknown)"
    assert [receivers for _, receivers, _ in mailbox.mails] == [("ops@example.com",)]
    mailbox.refuses = {"rcpt": "550 unknown"}
    with pytest.raises(SendError, match=r"refuses ops@example\.com \(550 unknown\), it@"):
        Smtp().send(to, note(), means())


def test_the_server_does_not_take_it(mailbox: Mailbox, means: MakeMeans) -> None:
    mailbox.refuses = {"data": "554 spam"}
    with pytest.raises(SendError, match="554"):
        Smtp().send(f"smtp://127.0.0.1:{mailbox.port}?{WHO}", note(), means())


def test_nobody_listens(means: MakeMeans) -> None:
    with pytest.raises(SendError, match=r"^127\.0\.0\.1:9: .*refused"):
        Smtp().send(f"smtp://127.0.0.1:9?{WHO}", note(), means())


def test_ports_are_those_of_submission() -> None:
    assert relay_of(f"smtp://mail.example.com?{WHO}").port == 587
    assert relay_of(f"smtps://mail.example.com?{WHO}").port == 465


@pytest.mark.parametrize(
    ("to", "message"),
    [
        ("smtp:mail.example.com", "this is no address of a mail server"),
        ("smtp://host:port?x", "this is no address of a mail server"),
        ("smtp://host/path?" + WHO, "this is no address of a mail server"),
        ("smtp://lamp:hunter2@host?" + WHO, "user and password do not stand before the host"),
        ("smtp://host", "from= is no mail address"),
        ("smtp://host?from=a@b", "to= is no mail address"),
        ("smtp://host?from=a&to=c@d", "from=a is no mail address"),
        ("smtp://host?from=a@b&to=c@d,", "to= is no mail address"),
        ("smtp://host?from=a@b&to=c+d@e", "a plus sign is written %2B"),
        ("smtp://host?from=a@b&to=c@d%0Abcc:x@y", "is no mail address"),
        ("smtp://host?from=a@b&from=b@b&to=c@d", "'from' stands twice"),
        ("smtp://host?" + WHO + "&cc=x@y", "there is no 'cc' here"),
        ("smtp://host?" + WHO + "&user=x", "user and password go together"),
        ("smtp://host?" + WHO + "&password=env:X", "user and password go together"),
        ("smtp://host?" + WHO + "&user=x&password=hunter2", "a secret stands where a reference to it is wanted"),
        ("smtp://host?" + WHO + "&user=x&password=env:X&tls=off", "tls=off is for smtp: without a password"),
        ("smtps://host?" + WHO + "&tls=off", "tls=off is for smtp: without a password"),
        ("smtp://host?" + WHO + "&tls=maybe", "tls=maybe: write on or off"),
    ],
)
def test_what_is_no_address(to: str, message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011 - the text is compared below
        Smtp().check(to)
    assert message in str(raised.value)
    assert "hunter2" not in str(raised.value)
