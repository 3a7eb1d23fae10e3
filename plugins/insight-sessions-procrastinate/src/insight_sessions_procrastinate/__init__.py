"""The outbox of insight-sessions, drained by Procrastinate workers on the same PostgreSQL.

A job is a wake-up and nothing more: it says that there may be something to send, never what. What is owed to whom
stays in the outbox, so a job that is lost, doubled or late costs time and no message.
"""

from insight_sessions_procrastinate.opening import open_storage
from insight_sessions_procrastinate.tasks import JobFailed, Tasks
from insight_sessions_procrastinate.waking import wake

__all__ = ["JobFailed", "Tasks", "open_storage", "wake"]
