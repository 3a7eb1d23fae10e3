"""A desk that makes links, and what its notices hold."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from insight_sessions import Desk, Notice, Project, Registration, Runtime
from insight_sessions.commands.calls import AnnounceProject, OpenCall
from insight_sessions.domain.notices import NoticeKind
from insight_sessions.signing import Links
from insight_sessions.storage.memory import MemoryStorage
from insight_sessions.storage.port import Storage

from .desk_kit import NOW, P, interest, project, session
from .desk_store import Clock, Post

ADDRESS = "https://example.org/answer"
SOON = NOW + timedelta(days=7)


class Linked:
    """A desk with links, its clock, and what it sent."""

    def __init__(
        self,
        announced: Project | None = None,
        *,
        links: str | Links = ADDRESS,
        plugins: Sequence[object] = (),
    ) -> None:
        self.clock = Clock()
        self.post = Post()
        self.plugins = [self.post, *plugins]
        self.storage: Storage = MemoryStorage(bytes_of)
        self.desk = self.opened(links)
        self.desk.do(AnnounceProject(project=announced or project(session("mon"), session("tue", capacity=2))))
        self.desk.do(OpenCall(project_id=P))

    def opened(self, links: str | Links | None = ADDRESS, runtime: Runtime | None = None) -> Desk:
        """One more desk on the same store."""
        machine = runtime or self.clock.runtime
        return Desk(self.storage, plugins=self.plugins, discover=False, runtime=machine, links=links)

    def register(self, who: str, *sessions: str, **more: Any) -> Registration:  # noqa: ANN401 - whatever is tried
        """Register somebody's interest."""
        return self.desk.do(interest(who, *(sessions or ("mon",)), **more))

    def sent(self) -> list[Notice]:
        """What is delivered now."""
        known = len(self.post.taken)
        self.desk.deliver()
        return self.post.taken[known:]

    def notice(self, who: str, kind: NoticeKind) -> Notice:
        """The newest notice of that kind to somebody, once it was delivered."""
        self.desk.deliver()
        return [one for one in self.post.taken if one.kind is kind and who in one.recipient.email][-1]

    def token(self, action: str, who: Registration) -> str:
        """A token of somebody's, good for a week."""
        return token_of(self.desk.link(action, P, who.id, SOON))


def token_of(link: str) -> str:
    """The end of a link."""
    before, _, token = link.rpartition("/")
    assert before == ADDRESS
    return token


def bytes_of(size: int) -> bytes:
    """The same every time."""
    return b"x" * size
