"""Consents: given, taken back, outdated; never changed, and the last word counts."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insight_sessions.commands.calls import AmendProject
from insight_sessions.commands.consents import GiveConsent, WithdrawConsent
from insight_sessions.commands.places import Withdraw
from insight_sessions.domain.events import EventKind
from insight_sessions.domain.project import ConsentAsked
from insight_sessions.errors import NotFound, NotPossible

from .desk_kit import P, Rehearsal, project

QUOTES = ConsentAsked(purpose="quotes", text="You may quote me.")
PART = ConsentAsked(purpose="take-part", text="I take part.", required=True)
NEWER = QUOTES.model_copy(update={"text": "You may quote me by name.", "version": 2})


def asking(*asked: ConsentAsked) -> Rehearsal:
    """A project that asks for these, in which Ada has a place, and agreed to what she must."""
    room = Rehearsal(project(consents=asked or (QUOTES,)))
    room.register("ada", "mon", consents=tuple(one.purpose for one in asked if one.required))
    return room


def gives(room: Rehearsal, purpose: str = "quotes", version: int | None = None) -> GiveConsent:
    """She agrees."""
    return GiveConsent(project_id=P, registration_id=room.of("ada").id, purpose=purpose, version=version)


def takes_back(room: Rehearsal, purpose: str = "quotes") -> WithdrawConsent:
    """She does not, or no longer."""
    return WithdrawConsent(project_id=P, registration_id=room.of("ada").id, purpose=purpose)


def said(room: Rehearsal) -> dict[str, tuple[bool, int]]:
    """What counts of what she said."""
    return {purpose: (one.given, one.version) for purpose, one in room.state.consents_of("p-ada").items()}


def refused(room: Rehearsal, command: GiveConsent | WithdrawConsent | AmendProject, reason: str) -> None:
    """It is refused for that reason."""
    with pytest.raises(NotPossible) as caught:
        room.decide(command)
    assert caught.value.reason == reason


def test_a_consent_is_given_and_taken_back_and_both_are_kept() -> None:
    """With ids alone in the journal; once more changes nothing."""
    room = asking()
    consent = room.do(gives(room))
    assert (consent.purpose, consent.given, consent.version, consent.number) == ("quotes", True, 1, 1)
    (event,) = room.events
    assert (event.kind, event.person, event.about) == (EventKind.CONSENT_GIVEN, "p-ada", "quotes")
    assert room.do(gives(room)) == consent
    assert room.events == ()
    room.now += timedelta(days=1)
    taken = room.do(takes_back(room))
    assert (taken.given, taken.number, room.happened) == (False, 2, [EventKind.CONSENT_WITHDRAWN])
    assert room.do(takes_back(room)) == taken
    assert room.events == ()
    assert [one.given for one in room.state.consents.values() if one.id == consent.id] == [True]
    assert said(room) == {"quotes": (False, 1)}
    assert len(room.state.consents) == 3


def test_nobody_is_written_to_about_it() -> None:
    """It is their own act."""
    room = asking()
    room.do(gives(room))
    assert room.notices == ()


def test_an_unknown_purpose_is_refused() -> None:
    """To give and to take back."""
    room = asking()
    refused(room, gives(room, "spam"), "unknown_consent")
    refused(room, takes_back(room, "spam"), "unknown_consent")
    with pytest.raises(NotFound, match="registration"):
        room.do(GiveConsent(project_id=P, registration_id="r-x", purpose="quotes"))
    with pytest.raises(NotFound, match="registration"):
        room.do(WithdrawConsent(project_id=P, registration_id="r-x", purpose="quotes"))


def test_a_newer_wording_asks_anew() -> None:
    """Who agreed to the older one has agreed to that one; what they saw must be the present one."""
    room = asking()
    room.do(gives(room, version=1))
    refused(room, AmendProject(project_id=P, consents=(NEWER.model_copy(update={"version": 1}),)), "consent_version")
    room.do(AmendProject(project_id=P, consents=(NEWER, PART)))
    assert said(room) == {"quotes": (True, 1)}
    refused(room, gives(room, version=1), "consent_outdated")
    room.do(gives(room, version=2))
    assert said(room) == {"quotes": (True, 2)}
    room.do(AmendProject(project_id=P, consents=(NEWER,)))


def test_a_version_never_means_other_words() -> None:
    """Not when it is asked for no more in between, nor by way of a lower number; the same words may be asked anew."""
    room = asking()
    room.do(gives(room))
    room.do(AmendProject(project_id=P, consents=()))
    refused(room, AmendProject(project_id=P, consents=(NEWER.model_copy(update={"version": 1}),)), "consent_version")
    room.do(AmendProject(project_id=P, consents=(NEWER,)))
    refused(room, AmendProject(project_id=P, consents=(NEWER.model_copy(update={"version": 1}),)), "consent_version")
    room.do(AmendProject(project_id=P, consents=(NEWER.model_copy(update={"version": 3}),)))
    refused(room, AmendProject(project_id=P, consents=(NEWER,)), "consent_version")
    assert said(room) == {"quotes": (True, 1)}


def test_what_is_asked_no_more_can_be_taken_back() -> None:
    """And not be given; it is kept with the version that they agreed to."""
    room = asking()
    room.do(gives(room))
    room.do(AmendProject(project_id=P, consents=(PART,)))
    refused(room, gives(room), "unknown_consent")
    room.do(takes_back(room))
    assert said(room) == {"quotes": (False, 1)}


def test_a_no_to_what_was_never_said_is_kept() -> None:
    """Such as to what is asked only since."""
    room = asking()
    room.do(AmendProject(project_id=P, consents=(QUOTES, ConsentAsked(purpose="recording", text="You may record."))))
    assert room.do(takes_back(room, "recording")).number == 0
    assert said(room)["recording"] == (False, 1)


def test_what_a_project_cannot_do_without_ends_by_leaving() -> None:
    """First the place, then the consent."""
    room = asking(PART)
    refused(room, takes_back(room, "take-part"), "consent_needed")
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    room.do(takes_back(room, "take-part"))
    assert said(room) == {"take-part": (False, 1)}


def test_who_comes_back_says_so_anew() -> None:
    """What they say last counts, whatever the clock says."""
    room = asking()
    room.do(gives(room))
    room.do(Withdraw(project_id=P, registration_id=room.of("ada").id))
    room.now -= timedelta(days=1)
    room.register("ada", "mon")
    assert said(room) == {"quotes": (False, 1)}
    room.register("ben", "mon", consents=("quotes",))
    assert [one.number for one in room.state.consents.values() if one.person == "p-ben"] == [0]


@given(st.lists(st.tuples(st.sampled_from(["give", "take back"]), st.integers(-5, 5)), max_size=8))
def test_the_last_word_counts_and_none_is_lost(words: list[tuple[str, int]]) -> None:
    """However often they change their mind, and whatever the clock does."""
    room = asking()
    last, changes = False, 1
    for word, hours in words:
        room.now += timedelta(hours=hours)
        before = dict(room.state.consents)
        room.do(gives(room) if word == "give" else takes_back(room))
        changes += last is not (word == "give")
        last = word == "give"
        assert before.items() <= dict(room.state.consents).items()
    assert said(room) == {"quotes": (last, 1)}
    assert len(room.state.consents) == changes
