"""What is signed can be checked, by us and by the package of those who wrote the specification; nothing else can."""

from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks
from hypothesis import given, settings
from hypothesis import strategies as st
from insight_sessions_webhook import NotAuthentic, new_secret, signed, verify
from insight_sessions_webhook.signing import keys_of

patient = settings(deadline=None)  # other programs run at the same time
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
OLD, NEW = new_secret(b"o" * 32), new_secret(b"n" * 32)
BODY = b'{"type":"registered"}'

headers_of_requests = st.dictionaries(
    st.sampled_from(["webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE", "host"]),
    st.text() | st.from_regex(r"(v1,[A-Za-z0-9+/]{0,50}=* ?){1,30}") | st.from_regex(r"-?[0-9]{1,20}"),
)


def at(moment: datetime = NOW, secret: str = NEW) -> dict[str, str]:
    """The headers of a message."""
    return signed(keys_of(secret), "backlogs-1", moment, BODY)


def reason(headers: dict[str, str], body: bytes = BODY, secret: str = NEW, now: datetime = NOW) -> str:
    """Why a message is refused."""
    with pytest.raises(NotAuthentic) as refused:
        verify(headers, body, secret, now)
    return refused.value.reason


def test_the_vector_of_the_specification_comes_out() -> None:
    """A secret, an id, a time and a body whose signature others published."""
    headers = signed(
        keys_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@patient
@given(st.binary(max_size=500).map(bytes.hex), st.binary(min_size=24, max_size=64))
def test_others_check_what_we_sign_and_we_what_others_sign(text: str, key: bytes) -> None:
    """For any body and key, with the package of the specification's authors."""
    secret, now = new_secret(key), datetime.now(UTC)
    theirs = standardwebhooks.Webhook(secret)
    body = text.encode()
    headers = signed(keys_of(secret), "m-1", now, body)
    theirs.verify(body, headers, json_parse=False)
    assert theirs.sign("m-1", now, text) == headers["webhook-signature"]
    assert verify(headers, body, secret, now) == "m-1"


@patient
@given(st.data())
def test_a_change_of_a_single_bit_is_noticed(data: st.DataObject) -> None:
    """In the body, the id, the time and the signature."""
    place = data.draw(st.integers(0, len(BODY) * 8 - 1))
    changed = bytearray(BODY)
    changed[place // 8] ^= 1 << place % 8
    assert reason(at(), bytes(changed)) == "signature"
    assert reason({**at(), "webhook-id": "backlogs-2"}) == "signature"
    assert reason({**at(), "webhook-timestamp": str(int(NOW.timestamp()) + 1)}) == "signature"
    spoilt = at()["webhook-signature"].replace("v1,", "v1,A", 1)[:-1]
    assert reason({**at(), "webhook-signature": spoilt}) == "signature"


def test_a_forged_signature_is_refused() -> None:
    """By somebody with another key, of another version, or without any."""
    assert reason(at(secret=OLD)) == "signature"
    assert reason({**at(), "webhook-signature": at()["webhook-signature"].replace("v1,", "v1a,")}) == "signature"
    assert reason({**at(), "webhook-signature": "v1, v1,= nonsense ü v1,ü"}) == "signature"
    assert reason({name: value for name, value in at().items() if name != "webhook-signature"}) == "headers"


@pytest.mark.parametrize("seconds", [-301, 301, 10**9, -(10**9)])
def test_an_old_message_is_refused_and_one_from_the_future(seconds: int) -> None:
    """However well it is signed: somebody may have kept it."""
    assert reason(at(NOW + timedelta(seconds=seconds))) == "time"


def test_clocks_may_be_some_minutes_apart() -> None:
    """Five by default, or as many as the receiver says."""
    for seconds in (-300, 0, 300):
        assert verify(at(NOW + timedelta(seconds=seconds)), BODY, NEW, NOW) == "backlogs-1"
    assert verify(at(NOW - timedelta(hours=1)), BODY, NEW, NOW, timedelta(hours=1)) == "backlogs-1"


@pytest.mark.parametrize("seconds", ["", "x", "-1", "1.5", " 1", "\u0661", "9" * 13, "1e3"])
def test_a_time_is_plain_seconds(seconds: str) -> None:
    """Nothing else that some language would read as a number."""
    assert reason({**at(), "webhook-timestamp": seconds}) == "headers"


def test_keys_are_changed_without_a_message_lost() -> None:
    """The sender signs with both, or the receiver takes both, in any order."""
    both = f"{NEW} {OLD}"
    headers = signed(keys_of(both), "backlogs-1", NOW, BODY)
    assert len(headers["webhook-signature"].split(" ")) == 2
    for secret in (OLD, NEW, both, f"{OLD}\n{NEW}"):
        assert verify(headers, BODY, secret, NOW) == "backlogs-1"
        assert verify(at(secret=NEW), BODY, both, NOW) == "backlogs-1"


def test_more_signatures_than_anybody_has_are_not_looked_at() -> None:
    """A request must not make its receiver work long."""
    genuine = at()["webhook-signature"]
    assert verify({**at(), "webhook-signature": "v1,AAAA " * 19 + genuine}, BODY, NEW, NOW) == "backlogs-1"
    assert reason({**at(), "webhook-signature": "v1,AAAA " * 20 + genuine}) == "signature"


@patient
@given(headers_of_requests, st.binary(max_size=50))
def test_whatever_comes_is_refused_and_never_a_fault(headers: dict[str, str], body: bytes) -> None:
    """Also with surrogates, as servers decode what is no text."""
    with pytest.raises(NotAuthentic):
        verify(headers, body, NEW, NOW)


@pytest.mark.parametrize("secret", ["", " ", "whsec_", "whsec_geheim", "geheim", "whsec_" + "A" * 100, NEW[6:]])
def test_a_wrong_secret_is_told_without_showing_it(secret: str) -> None:
    """To whoever sets one up."""
    with pytest.raises(ValueError, match=r"^a secret is whsec_ and ") as wrong:
        verify(at(), BODY, secret, NOW)
    assert not secret.strip() or secret == "whsec_" or secret not in str(wrong.value)
    assert not isinstance(wrong.value, NotAuthentic)


@pytest.mark.parametrize("size", [0, 23, 65])
def test_a_key_has_24_to_64_bytes(size: int) -> None:
    """As the specification says."""
    with pytest.raises(ValueError, match="24 to 64 bytes"):
        new_secret(b"x" * size)
