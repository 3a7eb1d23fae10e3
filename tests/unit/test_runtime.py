import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from insight_sessions.runtime import Runtime


def test_the_machine_gives_the_present_in_utc() -> None:
    """Without being told anything, the runtime is the machine's."""
    machine = Runtime()
    now = machine.utc_now()
    assert now.tzinfo is UTC
    assert timedelta(0) <= machine.utc_now() - now < timedelta(minutes=1)


def test_a_clock_in_any_zone_is_turned_into_utc() -> None:
    """A host may think in local time."""
    summer = timezone(timedelta(hours=1))
    assert Runtime(now=lambda: datetime(2021, 7, 5, 10, tzinfo=summer)).utc_now() == datetime(2021, 7, 5, 9, tzinfo=UTC)


def test_a_clock_without_a_zone_is_refused() -> None:
    """Nobody can know what it means."""
    with pytest.raises(ValueError, match="with a zone"):
        Runtime(now=lambda: datetime(2021, 7, 5, 10)).utc_now()  # noqa: DTZ001 - that is what is wrong


def test_ids_begin_with_their_prefix_and_their_second_and_hold_64_unguessable_bits() -> None:
    """Readable enough to know what they name, and those of one time lie together in an index."""
    asked: list[int] = []

    def bytes_of(size: int) -> bytes:
        asked.append(size)
        return b"\xab" * size

    def clock() -> datetime:
        return datetime(2021, 7, 5, 9, 0, 0, 999_999, tzinfo=UTC)

    assert Runtime(now=clock, random_bytes=bytes_of).mint("r-") == "r-60e2ca10" + "ab" * 8
    assert asked == [8]


@pytest.mark.parametrize(
    ("year", "second"), [(1969, "fe1ecc80"), (1970, "00000000"), (2106, "ffcedd80"), (2107, "01b01100")]
)
def test_ids_are_of_one_length_whatever_the_clock_says(year: int, second: str) -> None:
    """Before 1970 and after 2106, too."""
    clock = datetime(year, 1, 1, tzinfo=UTC)
    assert Runtime(now=lambda: clock, random_bytes=bytes).mint("r-") == f"r-{second}" + "00" * 8


def test_the_machine_never_mints_an_id_twice() -> None:
    """A thousand are a thousand."""
    machine = Runtime()
    assert len({machine.mint("r-") for _ in range(1000)}) == 1000


def test_a_moment_holds_the_present_and_mints() -> None:
    """A rule gets both together."""
    now = datetime(2021, 7, 5, 9, tzinfo=UTC)
    moment = Runtime(now=lambda: now, random_bytes=bytes).moment()
    assert moment.now == now
    assert moment.mint("n-") == "n-60e2ca10" + "00" * 8


def test_a_moment_of_the_machine_mints_as_many_ids_as_it_is_asked_for() -> None:
    """Some hundred differ, and none from those of another moment, though the machine is asked for many at once."""
    machine = Runtime()
    moments = [machine.moment() for _ in range(3)]
    minted = [moment.mint("r-") for _ in range(100) for moment in moments]
    assert len(set(minted)) == 300
    assert all(re.fullmatch("r-[0-9a-f]{24}", id) for id in minted)
    second = f"{int(moments[0].now.timestamp()):08x}"
    assert moments[0].mint("n-").startswith(f"n-{second}")


@pytest.mark.parametrize(
    ("drawn", "expected"), [(b"\x00" * 4, 0.0), (b"\x80\x00\x00\x00", 0.5), (b"\xff" * 4, 1 - 2**-32)]
)
def test_jitter_lies_from_0_up_to_1(drawn: bytes, expected: float) -> None:
    """Never 1, so that a pause is never longer than promised."""
    assert Runtime(random_bytes=lambda size: drawn[:size]).jitter() == expected
