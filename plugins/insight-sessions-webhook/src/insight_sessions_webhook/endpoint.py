"""An endpoint: where events go, signed with what, and which; from the environment, too."""

import re
from typing import Annotated, Final, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from insight_sessions import EventKind
from insight_sessions_webhook.signing import keys_of

_PRINTED: Final = re.compile(r"[!-~]{1,2000}")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]{2,45}")


def _url(text: str) -> str:
    if not _PRINTED.fullmatch(text) or "\\" in text:
        raise ValueError("an address is 1 to 2,000 letters of ASCII without a space; write others as %… or xn--…")
    parts = urlsplit(text)
    _ = parts.port  # raises when it is none
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.hostname or ""):
        raise ValueError("an address begins with https:// and a host")
    if "@" in parts.netloc or "#" in text:
        raise ValueError("an address has no user and no fragment; the signature says who sends")
    return text


def _secret(secret: SecretStr) -> SecretStr:
    keys_of(secret.get_secret_value())
    return secret


def _several(value: object) -> object:
    """Kinds as the environment gives them: with commas or spaces between."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


class Endpoint(BaseModel):
    """Where events go.

    Printed, it shows neither its secret nor its address, which may hold a secret too.

    Args:
        url: begins with https.
        secret: ``whsec_…``; several, with spaces between, while the receiver changes from one to the next.
        events: only these kinds; all, when none is named.
        loopback: it is on this machine, and on no other: then the address may begin with http.

    Raises:
        pydantic.ValidationError: something is wrong with it, without saying what it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: Annotated[str, AfterValidator(_url)] = Field(repr=False)
    secret: Annotated[SecretStr, AfterValidator(_secret)] = Field(repr=False)
    events: Annotated[frozenset[EventKind], NoDecode, BeforeValidator(_several)] = frozenset()
    loopback: bool = False

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if not self.loopback and self.parts.scheme != "https":
            raise ValueError("an address begins with https, but on this machine: loopback=True")
        return self

    @property
    def parts(self) -> SplitResult:
        """The address in its parts."""
        return urlsplit(self.url)

    @property
    def keys(self) -> tuple[bytes, ...]:
        """What signs."""
        return keys_of(self.secret.get_secret_value())


class WebhookSettings(BaseSettings):
    """The endpoints that the environment names, such as ``INSIGHT_SESSIONS_WEBHOOKS__CRM__URL`` and ``…__SECRET``.

    Args:
        webhooks: by name; ``…__EVENTS`` has kinds with commas between.
    """

    model_config = SettingsConfigDict(
        env_prefix="INSIGHT_SESSIONS_", env_nested_delimiter="__", frozen=True, hide_input_in_errors=True
    )

    webhooks: dict[str, Endpoint] = {}
