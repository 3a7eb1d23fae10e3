import copy
import pickle
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from insight_sessions.text import (
    STORED,
    Attributes,
    EmailAddress,
    KeptLabels,
    KeptMoment,
    Labels,
    Language,
    Line,
    LocalStart,
    OpaqueId,
    Slug,
    Text,
    Url,
)

CANARY = "canary"


class Door(BaseModel):
    """Every kind of text, as commands use them."""

    model_config = ConfigDict(hide_input_in_errors=True)

    line: Line = "x"
    text: Text = ""
    email: EmailAddress = "ada@example.org"
    slug: Slug = "x"
    opaque: OpaqueId = "x"
    language: Language = "en"
    url: Url = "https://example.org"
    starts: LocalStart = datetime(2021, 7, 5, 10)  # noqa: DTZ001 - local on purpose
    attributes: Attributes = Labels()


def enter(key: str, value: object) -> Any:  # noqa: ANN401 - whatever is tried
    """What comes through the door."""
    return getattr(Door.model_validate({key: value}), key)


WRONG = [
    ("line", ""),
    ("line", "   "),
    ("line", "\u00a0"),
    ("line", f"{CANARY}\r\nBcc: x@example.org"),
    ("line", f"{CANARY}\n"),
    ("line", f"{CANARY}\x00"),
    ("line", f"{CANARY}\x7f"),
    ("line", f"{CANARY}\x85"),
    ("line", f"{CANARY}\u2028"),
    ("line", f"{CANARY}\u2029"),
    ("line", f"{CANARY}\u202e"),
    ("line", f"{CANARY}\u2066"),
    ("line", f"{CANARY}\u200f"),
    ("line", f"{CANARY}\ud800"),
    ("line", f"=?utf-8?q?{CANARY}=0D=0ABcc:_x?="),
    ("line", f"{CANARY} =?x?b?"),
    ("line", CANARY * 40),
    ("line", 7),
    ("line", None),
    ("text", f"{CANARY}\x00"),
    ("text", f"{CANARY}\u202e"),
    ("text", f"{CANARY}\rx"),
    ("text", CANARY * 2000),
    ("email", CANARY),
    ("email", f"{CANARY}@"),
    ("email", f"=?utf-8?q?{CANARY}?=@example.org"),
    ("email", f"{CANARY}@example"),
    ("email", f"{CANARY} <{CANARY}@example.org>"),
    ("email", f"{CANARY}@example.org\nBcc: x@example.org"),
    ("email", f"{CANARY}é@example.org"),
    ("email", f'"{CANARY} x"@example.org'),
    ("email", f"{CANARY}@[127.0.0.1]"),
    ("email", f"{CANARY}@" + "a" * 250 + ".org"),
    ("email", f"{CANARY}" * 50 + "@example.org"),
    ("slug", ""),
    ("slug", f"{CANARY} x"),
    ("slug", f"{CANARY}\n"),
    ("slug", f"../{CANARY}"),
    ("slug", f"-{CANARY}"),
    ("slug", "x" * 65),
    ("opaque", f"{CANARY}@example.org"),
    ("opaque", "x" * 101),
    ("language", f"{CANARY}"),
    ("language", "en\n"),
    ("url", f"http://{CANARY}.example.org"),
    ("url", f"javascript:{CANARY}"),
    ("url", "https://"),
    ("url", f"https:/{CANARY}"),
    ("url", f"https://{CANARY}:secret@example.org"),
    ("url", f"https://{CANARY}@example.org"),
    ("url", f"https://example.org/{CANARY} x"),
    ("url", f"https://example.org/\n{CANARY}"),
    ("url", f'https://example.org/"{CANARY}'),
    ("url", f"https://example.org/<{CANARY}"),
    ("url", f"https://[{CANARY}]"),
    ("url", f"https://[{CANARY}"),
    ("url", f"https://{CANARY}:secret@ex\u2100mple.org"),
    ("url", "https://example.org/" + "x" * 2000),
    ("starts", "2021-07-05"),
    ("starts", f"{CANARY}T"),
    ("starts", "2021-07-05T10:00Z"),
    ("starts", "2021-07-05T10:00+01:00"),
    ("starts", "2021-07-05T10:00:30"),
    ("starts", datetime(2021, 7, 5, 10, tzinfo=UTC)),
    ("starts", datetime(2021, 7, 5, 10, 0, 0, 1)),  # noqa: DTZ001 - local on purpose
    ("starts", date(2021, 7, 5)),
    ("starts", 1_625_479_200),
    ("starts", "1625479200 "),
    ("attributes", {"setting": f"{CANARY}\n"}),
    ("attributes", {"x\n": CANARY}),
    ("attributes", {"setting": 7}),
    ("attributes", [CANARY]),
]


@pytest.mark.parametrize(("key", "value"), WRONG, ids=range(len(WRONG)))
def test_wrong_text_is_refused_and_not_repeated(key: str, value: object) -> None:
    """At the door, and no message holds what was entered."""
    with pytest.raises(ValidationError) as caught:
        enter(key, value)
    assert CANARY not in str(caught.value)
    assert key in str(caught.value)


RIGHT = [
    ("line", "  Ada Osei ", "Ada Osei"),
    ("line", "Zoe\u0308", "Zo\u00eb"),
    ("line", "x" * 200, "x" * 200),
    ("line", "Is it 2 =? 3", "Is it 2 =? 3"),
    ("line", "العربية 日本語 👩‍⚕️", "العربية 日本語 👩‍⚕️"),
    ("text", "One\r\ntwo\n\tthree \n", "One\ntwo\n\tthree"),
    ("text", "", ""),
    ("text", "x" * 10_000, "x" * 10_000),
    ("email", "Ada.Osei+x@EXAMPLE.org", "Ada.Osei+x@example.org"),
    ("email", "ada@Exämple.org", "ada@xn--exmple-cua.org"),
    ("slug", "covid-backlogs_2", "covid-backlogs_2"),
    ("opaque", "user:17.4_x-Y", "user:17.4_x-Y"),
    ("language", "cy", "cy"),
    ("language", "zh-Hant-TW", "zh-Hant-TW"),
    ("url", "https://example.org/apply?x=1#y", "https://example.org/apply?x=1#y"),
    ("url", "https://[::1]/", "https://[::1]/"),
    ("starts", "2021-07-05T10:00", datetime(2021, 7, 5, 10)),  # noqa: DTZ001 - local on purpose
    ("starts", "2021-07-05 10:00:00", datetime(2021, 7, 5, 10)),  # noqa: DTZ001 - the same
    ("starts", datetime(2021, 7, 5, 10, fold=1), datetime(2021, 7, 5, 10)),  # noqa: DTZ001 - the same
    ("attributes", {" setting ": "acute "}, {"setting": "acute"}),
]


@pytest.mark.parametrize(("key", "value", "kept"), RIGHT, ids=range(len(RIGHT)))
def test_good_text_is_kept_in_one_form(key: str, value: object, kept: object) -> None:
    """Trimmed, composed and normalised, so that equal things are equal."""
    assert enter(key, value) == kept


def test_a_local_start_has_no_fold() -> None:
    """Where the clocks show it twice the first one is meant."""
    assert enter("starts", datetime(2021, 10, 31, 1, 30, fold=1)).fold == 0  # noqa: DTZ001 - local on purpose


def test_what_comes_back_from_a_store_is_not_checked_again() -> None:
    """An address that was let in stays readable, whatever later rules say."""
    kept = Door.model_validate({"email": "kept by an older rule"}, context=STORED)
    assert kept.email == "kept by an older rule"
    with pytest.raises(ValidationError):
        Door.model_validate({"email": "kept by an older rule"}, context={"stored": False})


CHANGES = [
    lambda labels: labels.update({"x": "y"}),
    lambda labels: labels.__setitem__("x", "y"),
    lambda labels: labels.__delitem__("setting"),
    lambda labels: labels.__ior__({"x": "y"}),
    lambda labels: labels.clear(),
    lambda labels: labels.pop("setting"),
    lambda labels: labels.popitem(),
    lambda labels: labels.setdefault("x", "y"),
]


@pytest.mark.parametrize("change", CHANGES, ids=range(len(CHANGES)))
def test_labels_cannot_be_changed(change: Any) -> None:  # noqa: ANN401 - whatever is tried
    """A plugin that is given them cannot alter what is kept."""
    labels = Labels(setting="acute")
    with pytest.raises(TypeError, match="cannot be changed"):
        change(labels)
    assert labels == {"setting": "acute"}


def test_equal_labels_are_one_key() -> None:
    """In whatever order they were given."""
    assert len({Labels(a="1", b="2"), Labels(b="2", a="1"), Labels(a="1", b="3")}) == 2


def test_labels_are_copied_and_pickled_as_they_are() -> None:
    """Still frozen afterwards."""
    labels = Labels(setting="acute")
    for again in (copy.deepcopy(labels), pickle.loads(pickle.dumps(labels))):  # noqa: S301 - our own bytes
        assert again == labels
        assert isinstance(again, Labels)


def test_kept_labels_come_back_frozen() -> None:
    """As they were written, without a second check."""
    kept = TypeAdapter(KeptLabels).validate_python({"x\n": "y"})
    assert kept == {"x\n": "y"}
    assert isinstance(kept, Labels)


@pytest.mark.parametrize("moment", [datetime(2021, 7, 5, 9, tzinfo=UTC), datetime(2021, 7, 5, 9, 1, 2, 3, tzinfo=UTC)])
def test_kept_moments_come_back_in_the_one_utc_there_is(moment: datetime) -> None:
    """As pydantic writes them; what is no moment is refused."""
    kept = TypeAdapter(KeptMoment)
    text = kept.dump_json(moment)
    assert text == TypeAdapter(datetime).dump_json(moment)
    again = kept.validate_json(text)
    assert (again, again.tzinfo) == (moment, UTC)
    assert kept.validate_python(moment) == moment
    for wrong in ("7", '"yesterday"', "null"):
        with pytest.raises(ValidationError):
            kept.validate_json(wrong)
