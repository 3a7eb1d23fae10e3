"""What somebody sets up wrongly is told at once, and never with what they wrote."""

import subprocess
import sys

import pytest
from insight_sessions_webhook import Endpoint, Webhook, WebhookSettings, new_secret, webhooks_from_environment
from pydantic import SecretStr, ValidationError

from insight_sessions import Desk, EventKind

SECRET = SecretStr(new_secret(b"s" * 32))
CRM = "INSIGHT_SESSIONS_WEBHOOKS__CRM__"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "hooks.example.org",
        "ftp://hooks.example.org/geheim",
        "HTTP://hooks.example.org/geheim",
        "http://hooks.example.org/geheim",
        "http://127.0.0.1/geheim",
        "https://user:geheim@hooks.example.org/",
        "https://hooks.example.org@evil.example/geheim",
        "https://hooks.example.org/#geheim",
        "https://hooks.example.org:70000/geheim",
        "https://hooks.example.org:x/geheim",
        "https://hooks.example.org/a b?geheim",
        "https://hooks.example.org/\r\nX-Geheim: 1",
        "https://hooks.example.org\\@evil.example/geheim",
        "https://höks.example.org/geheim",
        "https://[fe80::1%25eth0]/geheim",
        "https://hooks.example.org/" + "geheim" * 400,
    ],
)
def test_a_wrong_address_is_refused_without_showing_it(url: str) -> None:
    """It may hold a secret."""
    with pytest.raises(ValidationError) as wrong:
        Endpoint(url=url, secret=SECRET)
    assert "geheim" not in str(wrong.value).lower()


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org",
        "https://hooks.example.org:8443/a/b?c=d%20e",
        "https://[2600::1]/",
        "https://8.8.8.8",
    ],
)
def test_an_address_is_kept_as_it_was_written(url: str) -> None:
    """What is signed for one path must not come at another."""
    assert Endpoint(url=url, secret=SECRET).url == url


def test_http_is_for_this_machine_when_that_was_said() -> None:
    """And then nothing is sent anywhere else: see the tests of delivery."""
    assert Endpoint(url="http://127.0.0.1:8000/", secret=SECRET, loopback=True).loopback


def test_nothing_shows_a_secret() -> None:
    """Printed, or in an error."""
    endpoint = Endpoint(url="https://hooks.example.org/?token=geheim", secret=SECRET)
    for shown in (repr(endpoint), str(endpoint), repr(Webhook("crm", endpoint))):
        assert "geheim" not in shown
        assert "whsec_" not in shown
    with pytest.raises(ValidationError) as wrong:
        Endpoint(url="https://hooks.example.org/", secret=SecretStr("whsec_geheim"))
    assert "geheim" not in str(wrong.value)


@pytest.mark.parametrize("name", ["", "CRM", "a/b", "a b", "é", "-a", "a" * 41, "a\n"])
def test_a_name_is_short_and_plain(name: str) -> None:
    """Deliveries wait under it."""
    with pytest.raises(ValueError, match="the name of an endpoint"):
        Webhook(name, Endpoint(url="https://hooks.example.org/", secret=SECRET))


def test_the_environment_names_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several, each a plugin of its own."""
    monkeypatch.setenv(f"{CRM}URL", "https://hooks.example.org/crm")
    monkeypatch.setenv(f"{CRM}SECRET", f"{SECRET.get_secret_value()} {SECRET.get_secret_value()}")
    monkeypatch.setenv(f"{CRM}EVENTS", "place_given, place_lost")
    monkeypatch.setenv("INSIGHT_SESSIONS_WEBHOOKS__AUDIT__URL", "https://audit.example.org/")
    monkeypatch.setenv("INSIGHT_SESSIONS_WEBHOOKS__AUDIT__SECRET", SECRET.get_secret_value())
    assert [webhook.name for webhook in webhooks_from_environment()] == ["webhook-audit", "webhook-crm"]
    crm = WebhookSettings().webhooks["crm"]
    assert crm.events == {EventKind.PLACE_GIVEN, EventKind.PLACE_LOST}
    assert len(crm.keys) == 2


@pytest.mark.parametrize(("name", "value"), [("SECRET", "whsec_geheim"), ("EVENTS", "geheim"), ("URL", "geheim")])
def test_a_wrong_environment_is_told_without_showing_it(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """With which endpoint, and which setting."""
    monkeypatch.setenv(f"{CRM}URL", "https://hooks.example.org/crm")
    monkeypatch.setenv(f"{CRM}SECRET", SECRET.get_secret_value())
    monkeypatch.setenv(f"{CRM}{name}", value)
    with pytest.raises(ValidationError) as wrong:
        webhooks_from_environment()
    assert f"webhooks.crm.{name.lower()}" in str(wrong.value)
    assert "geheim" not in str(wrong.value)


def test_installing_it_makes_no_consumer() -> None:
    """Else the outbox would gather events for somebody who never comes."""
    assert webhooks_from_environment() == []
    with Desk.open("memory:", discover=True) as desk:
        assert not [name for name in desk.health().plugins if "webhook" in name]
        assert not [name for name in desk.health().behind if "webhook" in name]


def test_a_desk_that_sends_nothing_loads_no_transport() -> None:
    """Importing the library must stay quick."""
    code = "import sys, insight_sessions as it; it.Desk.open('memory:').close(); assert 'urllib3' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
