"""Messages by mail."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from urllib.parse import parse_qsl, urlsplit

from lamplighter.errors import SendError
from lamplighter.notify.message import Message, one_line
from lamplighter.notify.references import check_reference, read_secret
from lamplighter.notify.sender import Means, Sender

_MAILBOX = re.compile(r'[^\s@<>,;:"()\[\]\\]{1,64}@[\w.-]{1,253}')
_PORTS = {"smtp": 587, "smtps": 465}
_LINE = 998
"""A line of a mail holds no more (RFC 5322, 2.1.1)."""


@dataclass(frozen=True, slots=True)
class Relay:
    """A mail server and how it is used, as an address says it."""

    host: str
    port: int
    implicit_tls: bool
    tls: bool
    sender: str
    receivers: tuple[str, ...]
    user: str
    password: str


class Smtp(Sender):
    """A mail server; the password comes through a reference, and only over TLS."""

    name = "smtp"
    schemes = ("smtp", "smtps")
    title = "mail"
    why = "Reaches everybody, through the mail server that is there already; SES has SMTP endpoints too."
    source = "https://www.rfc-editor.org/rfc/rfc6409.html"
    address = (
        "smtp://HOST:PORT?from=...&to=...[&user=...&password=REFERENCE][&tls=off]; smtps:// for TLS from the start"
    )
    example = (
        "smtp://mail.example.com:587?from=lamp@example.com&to=ops@example.com&user=lamp&password=env:SMTP_PASSWORD"
    )
    permissions = ("secretsmanager:GetSecretValue", "ssm:GetParameter")
    since = "0.1.0"

    def check(self, to: str) -> None:
        """Look at an address."""
        relay_of(to)

    def references(self, to: str) -> tuple[str, ...]:
        """The password's, if there is one."""
        password = relay_of(to).password
        return (password,) if password else ()

    def send(self, to: str, message: Message, means: Means) -> str:
        """Send one mail to all receivers."""
        relay = relay_of(to)
        password = read_secret(relay.password, means) if relay.password else ""
        try:
            with _connected(relay, means.timeout) as server:
                if relay.user:
                    server.login(relay.user, password)
                refused = server.send_message(mail(relay, message))
        except smtplib.SMTPNotSupportedError as error:
            raise SendError(f"{relay.host}: {error}", hint="the server offers no TLS or no login; see docs") from error
        except smtplib.SMTPAuthenticationError as error:
            hint = f"check user and {relay.password}"
            raise SendError(f"{relay.host} refuses the login ({error.smtp_code})", hint=hint) from None
        except smtplib.SMTPRecipientsRefused as error:
            raise SendError(f"{relay.host} refuses {_refusals(error.recipients)}") from error
        except (smtplib.SMTPException, OSError) as error:
            said = one_line(str(error)) or type(error).__name__
            raise SendError(f"{relay.host}:{relay.port}: {said}", hint="check host, port and tls") from error
        return f"{relay.host} refuses {_refusals(refused)}" if refused else ""


def relay_of(to: str) -> Relay:
    """What an address says.

    Raises:
        ValueError: it is no address of a mail server, or it holds a password.
    """
    try:
        parts = urlsplit(to)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValueError(f"this is no address of a mail server: {error}") from error
    if parts.username is not None or parts.password is not None:
        raise ValueError("user and password do not stand before the host; write &user=NAME&password=env:VARIABLE")
    if not host or parts.path.strip("/") or parts.fragment:
        raise ValueError(f"this is no address of a mail server; write {Smtp.example}")
    given = _fields(parts.query)
    sender, user, password, tls = (given.get(name, [""])[0] for name in ("from", "user", "password", "tls"))
    receivers = tuple(one.strip() for each in given.get("to", [""]) for one in each.split(","))
    for name, mailbox in (("from", sender), *(("to", one) for one in receivers)):
        if not _MAILBOX.fullmatch(mailbox):
            raise ValueError(f"{name}={mailbox} is no mail address; a plus sign is written %2B")
    if bool(user) != bool(password):
        raise ValueError("user and password go together")
    if password:
        check_reference(password)
    if tls == "off" and (password or parts.scheme == "smtps"):
        raise ValueError("tls=off is for smtp: without a password")
    port = port or _PORTS[parts.scheme]
    return Relay(host, port, parts.scheme == "smtps", tls != "off", sender, receivers, user, password)


def _fields(query: str) -> dict[str, list[str]]:
    """The fields of an address by name; ValueError for what does not belong there."""
    given: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        given.setdefault(name, []).append(value)
    for name, values in given.items():
        if name not in ("from", "to", "user", "password", "tls"):
            raise ValueError(f"there is no {name!r} here; write from, to, user, password and tls")
        if name != "to" and len(values) > 1:
            raise ValueError(f"{name!r} stands twice")
    if given.get("tls", ["on"])[0] not in ("on", "off"):
        raise ValueError(f"tls={given['tls'][0]}: write on or off")
    return given


def mail(relay: Relay, message: Message) -> EmailMessage:
    """The message as a mail; each attempt to send it has the same Message-ID."""
    made = EmailMessage()
    made["From"] = relay.sender
    made["To"] = ", ".join(relay.receivers)
    made["Subject"] = one_line(message.subject)[:_LINE]
    made["Date"] = format_datetime(message.at)
    made["Message-ID"] = f"<{sha256(message.key.encode()).hexdigest()[:32]}@{relay.sender.partition('@')[2]}>"
    # RFC 3834: no answers by machines.
    made["Auto-Submitted"] = "auto-generated"
    made["X-Lamplighter"] = message.kind
    made.set_content(message.text)
    if message.html is not None:
        made.add_alternative(message.html, subtype="html")
    return made


def _connected(relay: Relay, timeout: float) -> smtplib.SMTP:
    """A connection, encrypted where it can be; where a password is to travel, it must be.

    Raises:
        smtplib.SMTPException, OSError: there is none.
    """
    # Without a name of its own smtplib asks the DNS for one.
    myself = re.sub(r"[^\w.-]", "-", socket.gethostname()) or "localhost"
    if relay.implicit_tls:
        return smtplib.SMTP_SSL(
            relay.host, relay.port, local_hostname=myself, timeout=timeout, context=ssl.create_default_context()
        )
    server = smtplib.SMTP(relay.host, relay.port, local_hostname=myself, timeout=timeout)
    try:
        server.ehlo()
        if relay.tls and (relay.password or server.has_extn("starttls")):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
    except BaseException:
        server.close()
        raise
    return server


def _refusals(refused: dict[str, tuple[int, bytes]]) -> str:
    return ", ".join(f"{who} ({code} {one_line(why.decode(errors='replace'))})" for who, (code, why) in refused.items())
