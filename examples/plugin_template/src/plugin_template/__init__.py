"""A notification plugin to begin with: one line for each notice, in a team's chat."""

import http.client
import json
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from insight_sessions import Notice, hookimpl

SECONDS: Final = 10


class Settings(BaseSettings):
    """From the environment.

    Args:
        url: where to post.
        token: what the chat asks for; never shown.
    """

    model_config = SettingsConfigDict(env_prefix="PLUGIN_TEMPLATE_", frozen=True, hide_input_in_errors=True)

    url: Annotated[str, Field(pattern=r"^(https://|http://127\.0\.0\.1:)[!-~]+$")] | None = None
    token: SecretStr = SecretStr("")


class NotSent(Exception):
    """The chat did not take a line; raising brings the notice again later."""


class Chat:
    """Posts a line for each notice.

    Args:
        url: where to.
        token: what the chat asks for.
    """

    name = "plugin-template"

    def __init__(self, url: str, token: SecretStr) -> None:
        self._url = urlsplit(url)
        self._token = token

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Post it; the id lets the chat leave out a line that it has.

        Raises:
            NotSent: the chat answered otherwise; the words of its answer may hold a name, so they are left out.
            OSError: nobody listens there.
        """
        line = {"id": notice.id, "text": f"{notice.project.title}: {notice.subject}"}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token.get_secret_value()}"}
        secure = self._url.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._url.netloc, timeout=SECONDS)
        try:
            connection.request("POST", self._url.path or "/", json.dumps(line), headers)
            status = connection.getresponse().status
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise NotSent(f"the chat answered {status}")


def plugin() -> Chat | None:
    """What is installed: nothing, until the environment says where to post."""
    settings = Settings()
    return None if settings.url is None else Chat(settings.url, settings.token)
