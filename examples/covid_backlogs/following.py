"""People who do not know whether they can come: they ask for updates, say so themselves, and leave when they like."""

from dataclasses import dataclass
from datetime import datetime

import telling
from clock import Clock

from insight_sessions import ConfirmFollowing, Desk, Follow, PostUpdate, Unfollow

# By the clock on the wall in London.
ASKED = datetime(2021, 6, 14, 9, 5)  # noqa: DTZ001 - the clock adds the zone
NEXT_PHASE = datetime(2021, 8, 9, 12)  # noqa: DTZ001 - the same

# One is a member, who will hear that the sessions are open. The last one never looks at the mail that asks whether it
# was really them.
WHO = {
    "Efua Mensah": "efua@example.org",
    "Ingrid Løvland": "ingrid.lovland@example.org",
    "Rhys Pritchard": "rhys@example.org",
    "Tom Whitlock": "tom@example.org",
}


@dataclass
class Following:
    """What those do who would rather hear of it.

    Args:
        desk: where it is done.
        clock: what the desk takes for now.
        project_id: what they follow.
    """

    desk: Desk
    clock: Clock
    project_id: str

    def ask(self) -> None:
        """They leave their addresses; each is asked once whether it was really them."""
        self.clock.set(ASKED)
        for name, email in WHO.items():
            self.desk.do(Follow(project_id=self.project_id, email=email, name=name))
        asked = self.desk.deliver().sent
        for email in list(WHO.values())[:-1]:
            self.desk.do(ConfirmFollowing(project_id=self.project_id, follower_id=self._id(email)))
        telling.following(ASKED, asked, self._confirmed)

    def hear(self) -> None:
        """News of the next phase reach them; then one has heard enough."""
        self.clock.set(NEXT_PHASE)
        self.desk.tick()
        kept = len(self.desk.state(self.project_id).followers)
        title = "The next phase: share your project work"
        text = "We look for work on backlogs in any setting. Members can share theirs until 30 September."
        self.desk.do(PostUpdate(project_id=self.project_id, title=title, text=text))
        sent = self.desk.deliver().sent
        self.desk.do(Unfollow(project_id=self.project_id, follower_id=self._id("rhys@example.org")))
        telling.news(NEXT_PHASE, title, sent, len(WHO) - kept, self._confirmed)

    def _id(self, email: str) -> str:
        """What stands in the links of their mails; a web site would get it from whoever presses one."""
        return next(one.id for one in self.desk.state(self.project_id).followers.values() if one.email == email)

    @property
    def _confirmed(self) -> int:
        """How many want to hear more."""
        return sum(one.is_confirmed for one in self.desk.state(self.project_id).followers.values())
