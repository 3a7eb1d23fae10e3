"""Where mails are handed over, and how: read from the environment or given, checked before anything is sent."""

import ssl
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from insight_sessions import Contact, InsightSessionsError
from insight_sessions.text import EmailAddress, Line

PREFIX: Final = "INSIGHT_SESSIONS_SMTP_"
"""How the names of the environment's variables begin."""

_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}

HostName = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$")]
"""A name or an address of a machine."""


class SettingsError(InsightSessionsError, ValueError):
    """The settings are wrong; nothing was sent.

    Args:
        problems: one ``name: reason`` each, or a reason that is about several, without what was given.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "\n  ".join(("the settings of the mail server are wrong:", *self.problems))


class SmtpSettings(BaseSettings):
    """The mail server, and who writes.

    Each can be given by name, or as a variable of the environment: ``host`` is ``INSIGHT_SESSIONS_SMTP_HOST``.

    Args:
        host: the machine that takes mails.
        port: 587 with ``"starttls"``, 465 with ``"tls"`` and 25 with ``"none"`` when not given.
        security: ``"starttls"`` begins in clear text and goes on encrypted, or not at all; ``"tls"`` is encrypted from
            the first byte; ``"none"`` is clear text, to this machine only.
        clear_text: True lets ``"none"`` go to another machine, with everything readable on the way.
        username: to log in with; nobody logs in without one.
        password: the same.
        timeout: how many seconds each step may take.
        sender_name: who mails are from; each project's organiser when not given. Answers go to the organiser anyway.
        sender_email: the address of that sender.
        return_path: where the mails of other servers go that say that one was not delivered; the sender when not given.
        ca_file: the certificates to believe, such as that of your own authority; the machine's when not given.
        hello: what this machine calls itself; its own name when not given.
        templates: a folder of your own templates.

    Raises:
        pydantic.ValidationError: something in them is wrong; the message holds none of it.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True, env_ignore_empty=True
    )

    host: HostName
    port: Annotated[int, Field(ge=1, le=65_535)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    clear_text: bool = False
    username: SecretStr | None = None
    password: SecretStr | None = None
    timeout: Annotated[float, Field(gt=0, le=45)] = 30
    sender_name: Line | None = None
    sender_email: EmailAddress | None = None
    return_path: EmailAddress | None = None
    ca_file: Path | None = None
    hello: HostName | None = None
    templates: Path | None = None

    @field_validator("username", "password")
    @classmethod
    def _sayable(cls, secret: SecretStr | None) -> SecretStr | None:
        said = "" if secret is None else secret.get_secret_value()
        if not said.isascii() or not said.isprintable():
            raise ValueError("must be printable ASCII, as a login by SMTP is")
        return secret

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("a username and a password go together")
        if (self.sender_name is None) != (self.sender_email is None):
            raise ValueError("the sender's name and address go together")
        if self.security == "none" and not (self.clear_text or is_this_machine(self.host)):
            raise ValueError('"none" would send names and addresses in clear text to another machine')
        return self

    @property
    def at(self) -> int:
        """The port."""
        return _PORTS[self.security] if self.port is None else self.port

    @property
    def sender(self) -> Contact | None:
        """Who mails are from; None for each project's organiser."""
        if self.sender_name is None or self.sender_email is None:
            return None
        return Contact(name=self.sender_name, email=self.sender_email)

    def trust(self) -> ssl.SSLContext | None:
        """Which certificates are believed; None when nothing is encrypted.

        Raises:
            SettingsError: the file of certificates cannot be used.
        """
        if self.security == "none":
            return None
        problem = ""
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ValueError) as error:
            problem = "it holds no certificates" if isinstance(error, ssl.SSLError) else "it cannot be read"
        raise SettingsError(f"ca_file: {problem}")


def settings_from(**given: Any) -> SmtpSettings:  # noqa: ANN401 - as pydantic takes them
    """Settings by name, and what is not given from the environment.

    Raises:
        SettingsError: what is wrong with them, in plain words.
    """
    problems: tuple[str, ...] = ()
    try:
        return SmtpSettings(**given)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        problems = tuple(_said(one["loc"], one["msg"], one["type"]) for one in found)
    raise SettingsError(*problems)


def _said(where: tuple[int | str, ...], why: str, kind: str) -> str:
    reason = why.removeprefix("Value error, ")
    if not where:
        return reason
    name = str(where[0])
    return (
        f"{name}: {reason} (or {PREFIX}{name.upper()} in the environment)" if kind == "missing" else f"{name}: {reason}"
    )


def is_this_machine(host: str) -> bool:
    """Whether what is sent to a host never leaves this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
