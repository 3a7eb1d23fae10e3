"""Whatever is put in place of a token is refused by one error, unless it is ours; and ours say what was signed."""

import os
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_sessions import Desk, LinkAction, LinkNotGood, Links, Registration
from insight_sessions.commands.calls import AnnounceProject, OpenCall
from insight_sessions.commands.following import Follow
from insight_sessions.domain.links import Aim
from insight_sessions.runtime import Runtime
from insight_sessions.signing import Signing
from insight_sessions.storage.memory import MemoryStorage
from tests.unit.desk_kit import NOW, P, interest, project, session

ADDRESS = "https://example.org/answer"
LETTERS = "ABCXYZabcxyz0189-_."
OF_MEMBERS = [one for one in LinkAction if not one.is_for_followers and one not in {"accept", "refuse"}]


@cache
def desk() -> Desk:
    """Ada has a place, and Fay was asked whether she wants to follow; it is always the same moment."""
    runtime = Runtime(now=lambda: NOW)
    made = Desk(MemoryStorage(os.urandom), discover=False, runtime=runtime, links=ADDRESS)
    made.do(AnnounceProject(project=project(session("mon"), session("tue"))))
    made.do(OpenCall(project_id=P))
    made.do(interest("ada", "mon"))
    made.do(Follow(project_id=P, email="fay@example.org", name="Fay"))
    return made


@cache
def ada() -> Registration:
    """Her registration."""
    return desk().of_member("ada")[0]


@cache
def tokens() -> tuple[str, ...]:
    """One for each action."""
    (fay,) = desk().state(P).followers
    soon = NOW + timedelta(days=1)
    links = [desk().link(action, P, ada().id, soon) for action in OF_MEMBERS]
    links += [desk().link(action, P, fay, soon) for action in ("follow", "unfollow")]
    return tuple(link.rpartition("/")[2] for link in links)


def is_refused(token: Any) -> bool:  # noqa: ANN401 - whatever is tried
    """Whether it is, by both doors and by that error alone; nothing changes either way."""
    before = desk().state(P)
    said = []
    for door in (desk().peek, lambda one: desk().redeem(one, sessions=["tue"], text="Well.", answers={})):
        try:
            door(token)
        except LinkNotGood as error:
            said.append(error.reason)
    assert desk().state(P) is before
    assert said in ([], ["link_unknown"], ["link_unknown", "link_unknown"])
    return "link_unknown" in said


@given(st.text() | st.binary() | st.integers() | st.none() | st.text(LETTERS, min_size=80, max_size=120))
def test_whatever_is_no_token_is_refused(token: Any) -> None:  # noqa: ANN401 - whatever is tried
    """By one error."""
    assert is_refused(token)


@given(st.data())
def test_an_altered_token_is_refused(data: st.DataObject) -> None:
    """Letters replaced, put in, taken out or turned around; anywhere, and by anything."""
    token = data.draw(st.sampled_from(tokens()))
    begins = data.draw(st.integers(0, len(token)))
    ends = data.draw(st.integers(begins, min(len(token), begins + 4)))
    other = data.draw(st.text(LETTERS, max_size=4) | st.text(max_size=3))
    altered = token[:begins] + other + token[ends:]
    assert is_refused(altered) == (altered != token or token in feeds())


@cache
def feeds() -> set[str]:
    """Those that can be looked at, and give no command."""
    return {token for token in tokens() if desk().peek(token).action is LinkAction.FEED}


@given(st.sampled_from(range(7)), st.sampled_from(range(7)), st.booleans())
def test_the_signature_of_one_token_is_worth_nothing_on_another(first: int, second: int, letter: bool) -> None:
    """With the letter of either."""
    one, other = tokens()[first], tokens()[second]
    mixed = one[:-44] + other[-44:-1] + (one if letter else other)[-1]
    assert is_refused(mixed) == (mixed not in tokens() or mixed in feeds())


ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True)
moments = st.datetimes(datetime(1971, 1, 1), datetime(8999, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda one: one.replace(microsecond=0)
)
aims = st.builds(
    Aim,
    st.sampled_from(LinkAction),
    ids,
    ids,
    ids | st.just(""),
    moments,
    st.just("") | st.from_regex(r"[0-9a-f]{1,3}-([0-9a-f]{8})?", fullmatch=True),
)
keys = st.lists(st.text(min_size=16) | st.binary(min_size=16), min_size=1, max_size=3, unique_by=str)


@given(aims, keys, st.data())
def test_a_token_says_what_was_signed_with_any_of_the_keys(aim: Aim, given: list[Any], data: st.DataObject) -> None:
    """And nothing with none of them."""

    def key_of(key: str | bytes) -> bytes:
        raw = key.encode(errors="surrogatepass") if isinstance(key, str) else key
        return b"store" + raw

    signed = Signing(Links(ADDRESS, keys=given[:1]), key_of)
    token = signed.token(aim)
    assert signed.read(token) == aim
    assert token == Signing(Links(ADDRESS, keys=given[:1]), key_of).token(aim)
    assert Signing(Links(ADDRESS, keys=data.draw(st.permutations(given))), key_of).read(token) == aim
    if given[1:]:
        with pytest.raises(LinkNotGood, match="does not work"):
            Signing(Links(ADDRESS, keys=given[1:]), key_of).read(token)
