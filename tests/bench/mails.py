"""A mail with its invite, beside the standard library's EmailMessage and the icalendar library."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vCalAddress, vText
from insight_sessions_smtp.letters import Letter, Letters

from insight_sessions import Invite, Method, Notice, NoticeKind
from insight_sessions.calendar.entry import Entry
from insight_sessions.calendar.invite import template_for
from insight_sessions.domain.session import Slot
from insight_sessions.samples import example_notices
from tests.bench.sending import sending
from tests.bench.table import Row, Scale, at_least, in_turns, rate, seconds


def _invite(notice: Notice) -> bytes:
    """The invite as icalendar's documentation makes it, with what ours says."""
    calendar, event = Calendar(), Event()
    for name, value in (
        ("prodid", "-//x//x//EN"),
        ("version", "2.0"),
        ("calscale", "GREGORIAN"),
        ("method", "REQUEST"),
    ):
        calendar.add(name, value)
    session = notice.project.sessions[1]
    starts = session.starts.replace(tzinfo=ZoneInfo(notice.project.timezone))
    event.add("dtstart", starts)
    event.add("dtend", starts + timedelta(minutes=session.minutes))
    for name in ("dtstamp", "created", "last-modified"):
        event.add(name, notice.date.astimezone(UTC))
    texts = {"uid": "r-17.insight-sessions", "summary": notice.project.title, "description": notice.project.summary}
    for name, value in {**texts, "status": "CONFIRMED", "transp": "OPAQUE", "location": "Online"}.items():
        event.add(name, value)
    event.add("sequence", 0)
    organiser = vCalAddress(f"mailto:{notice.project.organiser.email}")
    organiser.params["CN"] = vText(notice.project.organiser.name)
    event["organizer"] = organiser
    attendee = vCalAddress(f"mailto:{notice.recipient.email}")
    said = {"CUTYPE": "INDIVIDUAL", "PARTSTAT": "NEEDS-ACTION", "ROLE": "REQ-PARTICIPANT", "RSVP": "TRUE"}
    for name, value in {**said, "CN": notice.recipient.name}.items():
        attendee.params[name] = vText(value)
    event.add("attendee", attendee, encode=False)
    for before in (timedelta(days=-1), timedelta(hours=-1)):
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", notice.project.title)
        alarm.add("trigger", before)
        event.add_component(alarm)
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def _as_documented(notice: Notice, letter: Letter) -> bytes:
    """The same parts and headers by EmailMessage; the words are given, and the zone is left out of the invite."""
    message = EmailMessage(policy=SMTP)
    organiser = notice.project.organiser
    message["From"] = message["Reply-To"] = f"{organiser.name} <{organiser.email}>"
    message["To"] = f"{notice.recipient.name} <{notice.recipient.email}>"
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(notice.date)
    message["Message-ID"] = notice.message_id
    message["Content-Language"] = notice.language
    message["Auto-Submitted"] = "auto-generated"
    invite = _invite(notice)
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    message.add_alternative(invite.decode(), subtype="calendar", params={"method": "REQUEST"})
    message.add_attachment(invite, maintype="application", subtype="ics", filename="invite.ics")
    return message.as_bytes()


def _entry(notice: Notice) -> Entry:
    """What the invite of a made-up notice says."""
    return Entry(
        uid="r-17.insight-sessions",
        sequence=0,
        method=Method.REQUEST,
        stamped=notice.date,
        created=notice.date,
        modified=notice.date,
        slot=Slot.of(notice.project.sessions[1]),
        summary=notice.project.title,
        description=notice.project.summary,
        organiser=notice.project.organiser,
        name=notice.recipient.name,
        email=notice.recipient.email,
    )


def mails(scale: Scale) -> Iterator[Row]:
    """A mail for everybody who got a place: words, page, invite and headers; and mails handed over."""
    notice = next(one for one in example_notices() if one.kind is NoticeKind.PLACE_CONFIRMED)
    letters, entry = Letters(), _entry(notice)
    letter, template = letters.write(notice), template_for(entry)
    many, few = scale.of(1_000, 5), scale.of(200, 2)

    def ours() -> float:
        def build() -> bytes:
            return letters.build(replace(notice, invite=Invite(Method.REQUEST, template.fill(entry))))

        return seconds(lambda: [build() for _ in range(many)]) / many

    def theirs() -> float:
        return seconds(lambda: [_as_documented(notice, letter) for _ in range(few)]) / few

    mine, others = in_turns(scale.rounds, ours, theirs)
    yield Row(
        name="a mail with words, page and invite",
        measured=rate(1 / mine),
        limit=f"{rate(1 / others)} EmailMessage and icalendar",
        ratio=others / mine,
        target=at_least(4, others / mine),
        note="Ours writes the page and the text by templates, the invite by the session's, and the mail around them. "
        "The other is given page and text, writes the invite without its zone, and the mail.",
    )
    yield from sending(scale)
