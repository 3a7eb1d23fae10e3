"""A mail that came back reaches a real desk, which tells the organiser once and gives nobody's place away."""

from datetime import UTC, datetime
from pathlib import Path

from insight_sessions_smtp import MaildirFolder, read_folder, receive_bounce

from insight_sessions import (
    AnnounceProject,
    Contact,
    Desk,
    Member,
    Notice,
    OpenCall,
    Project,
    RegisterInterest,
    Runtime,
    Session,
    Status,
    hookimpl,
)

CLOCK = Runtime(now=lambda: datetime(2030, 6, 10, 9, tzinfo=UTC))


class Sent:
    """A notifier that remembers."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    @hookimpl
    def insight_sessions_notify(self, notice: Notice) -> None:
        """Keep it."""
        self.notices.append(notice)


def report(message_id: str, email: str) -> bytes:
    """What another mail server says of a mail (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@example.net\r\nContent-Type: multipart/report; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
        f"Final-Recipient: rfc822; {email}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\n--b--\r\n"
    ).encode()


def test_a_returned_mail_is_told_to_the_organiser_once(tmp_path: Path) -> None:
    """However often it is read; a report of somebody else's mail is for a person to read."""
    for part in ("cur", "new", "tmp"):
        (tmp_path / part).mkdir()
    sent = Sent()
    project = Project(
        id="backlogs",
        title="Exploring backlogs",
        summary="What members see.",
        timezone="Europe/London",
        organiser=Contact(name="Insight team", email="insight@example.org"),
        sessions=(Session(id="mon", starts="2030-07-01T10:00", minutes=120, capacity=20),),
    )
    with Desk.open("memory:", plugins=[sent], discover=False, runtime=CLOCK) as desk:
        desk.do(AnnounceProject(project=project))
        desk.do(OpenCall(project_id="backlogs"))
        ada = Member(id="q-17", name="Ada Osei", email="ada@example.org")
        mine = desk.do(RegisterInterest(project_id="backlogs", member=ada, sessions=("mon",)))
        desk.deliver()
        (confirmed,) = sent.notices
        came = report(confirmed.message_id, "ada@example.org")
        (tmp_path / "new" / "1900000000.1.mx").write_bytes(came)
        (tmp_path / "new" / "1900000001.2.mx").write_bytes(report("<x@example.net>", "ada@example.org"))
        read = read_folder(desk, MaildirFolder(tmp_path))
        assert (read.bounces, read.others, read.failed) == (1, 1, 0)
        assert receive_bounce(desk, b"Subject: Hello\r\n\r\nHello\r\n") is None
        receive_bounce(desk, came)
        desk.deliver()
        told = [notice for notice in sent.notices if notice.recipient.email == "insight@example.org"]
        assert [notice.kind for notice in told] == ["address_unreachable"]
        assert "Ada Osei" in told[0].text
        assert desk.state("backlogs").registrations[mine.id].status is Status.CONFIRMED
