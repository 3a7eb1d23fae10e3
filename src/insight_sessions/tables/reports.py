"""Reports: every number of a project, a row each."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Final, NamedTuple

from insight_sessions.reporting import Report, Satisfaction, SessionReport


class Figure(NamedTuple):
    """A number, and what it is of; what is empty is not told apart.

    Args:
        session: of which session.
        attribute: of people by which attribute.
        value: of those who have which value of it.
        bound: of which bound of the newest allocation, by its number.
        figure: what is counted.
        number: how many there are.
    """

    session: str = ""
    attribute: str = ""
    value: str = ""
    bound: int | str = ""
    figure: str = ""
    number: int = 0


FIGURES: Final = Figure._fields


def figures(report: Report) -> Iterator[Figure]:
    """Every number of a report: of the project, of each session, and of what is missed of bounds."""
    for counted in fields(report.funnel):
        yield Figure(figure=counted.name, number=getattr(report.funnel, counted.name))
    yield from _wishes(report.satisfaction, Figure())
    for name, values in report.satisfaction_of.items():
        for value, satisfaction in values.items():
            yield from _wishes(satisfaction, Figure(attribute=name, value=value))
    yield from _balance(report.balance, Figure())
    for session in report.sessions:
        yield from _session(session, Figure(session=session.session.id))
    for one in report.unmet:
        of = Figure(session=one.session, value=one.value or "", bound=one.bound)
        yield of._replace(figure="missing", number=one.missing)
        yield of._replace(figure="over", number=one.over)


def _session(one: SessionReport, of: Figure) -> Iterator[Figure]:
    if one.session.capacity is not None:
        yield of._replace(figure="capacity", number=one.session.capacity)
    yield of._replace(figure="minimum", number=one.session.minimum)
    yield of._replace(figure="confirmed", number=one.confirmed)
    yield of._replace(figure="waiting", number=one.waiting)
    if one.left is not None:
        yield of._replace(figure="left", number=one.left)
    yield of._replace(figure="viable", number=int(one.viable))
    for rank, number in enumerate(one.wished, 1):
        yield of._replace(figure=f"wished_{rank}", number=number)
    for mark, number in one.attendance.items():
        yield of._replace(figure=mark.value, number=number)
    yield from _wishes(one.satisfaction, of)
    yield from _balance(one.balance, of)


def _wishes(satisfaction: Satisfaction, of: Figure) -> Iterator[Figure]:
    """How far wishes came true: the first, the second, another place, and none."""
    for rank, number in enumerate(satisfaction.granted, 1):
        yield of._replace(figure=f"granted_{rank}", number=number)
    yield of._replace(figure="elsewhere", number=satisfaction.elsewhere)
    yield of._replace(figure="without", number=satisfaction.none)


def _balance(balance: Mapping[str, Mapping[str, int]], of: Figure) -> Iterator[Figure]:
    for name, values in balance.items():
        for value, number in values.items():
            yield of._replace(attribute=name, value=value, figure="people", number=number)
