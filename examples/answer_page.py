"""The page behind the links in mails: to open it shows a button, to press that does it. Plain WSGI, for any server."""

from collections.abc import Iterable
from html import escape
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from insight_sessions import Desk, InsightSessionsError, Linked

HEADERS = [("Content-Type", "text/html; charset=utf-8"), ("Referrer-Policy", "no-referrer")]
FIELD = '<p><label>{} <input name="{}" type="{}" value="{}"></label></p>'


def form(shown: Linked) -> str:
    """A button, and what they say with it."""
    asked = {
        "sessions": [(f"{one.starts:%d %B, %H:%M}", "sessions", "checkbox", one.id) for one in shown.project.sessions],
        "answers": [(escape(one.text), one.id, "text", "") for one in shown.project.questions],
        "text": [("What do you think of it?", "text", "text", "")],
        "may_quote": [("You may quote me.", "may_quote", "checkbox", "yes")],
    }
    fields = "".join(FIELD.format(*field) for need in shown.needs for field in asked[need])
    return f'<h1>{escape(shown.project.title)}</h1><form method="post">{fields}<button>{shown.action}</button></form>'


def page(desk: Desk) -> WSGIApplication:
    """Serve it where the desk's links lead."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        token, status = environ["PATH_INFO"].rpartition("/")[2], "200 OK"
        try:
            shown = desk.peek(token)
            told = escape(shown.refusal.public_message) if shown.refusal else form(shown)
            if environ["REQUEST_METHOD"] == "POST":  # and never for GET: programs that look into mails open every link
                size = max(0, min(int(environ.get("CONTENT_LENGTH") or 0), 99_999))
                said = parse_qs(environ["wsgi.input"].read(size).decode())
                if shown.action == "feed":
                    told = f"Your calendar: https://example.org/feed/{desk.feed_token(shown.member_id)}"
                else:
                    text, quote, wishes = said.get("text", [""])[0], "may_quote" in said, said.get("sessions", [])
                    answers = {one.id: said[one.id][0] for one in shown.project.questions if one.id in said}
                    desk.do(desk.redeem(token, sessions=wishes, answers=answers, text=text, may_quote=quote))
                    told = "Thank you. It is done."
        except (InsightSessionsError, ValueError) as error:
            told, status = escape(getattr(error, "public_message", "Please fill in what is missing.")), "409 Conflict"
        start_response(status, [*HEADERS])  # a list of its own, for servers add to it
        return [told.encode()]

    return answer
