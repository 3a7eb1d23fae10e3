"""Connections to a mail server, kept from one mail to the next: one for each worker that sends at the same time."""

import os
import ssl
from collections import deque
from contextlib import suppress

from insight_sessions_smtp.answers import SendingFailed, Step
from insight_sessions_smtp.conversation import Conversation
from insight_sessions_smtp.settings import SmtpSettings


class Transport:
    """Hands mails over.

    Any number of threads may. Each has a connection to itself while it sends; then it is kept for the next mail, from
    whichever thread, for a minute. A child of a fork opens connections of its own.

    Args:
        settings: to which server, and how.
        trust: which certificates are believed; None when nothing is encrypted.
    """

    def __init__(self, settings: SmtpSettings, trust: ssl.SSLContext | None) -> None:
        self._settings = settings
        self._trust = trust
        # Without a lock of ours, which a fork might find taken: what a deque does with one thing is never half done.
        self._kept: deque[Conversation] = deque()
        self._process = os.getpid()

    def send(self, sender: str, recipient: str, mail: bytes) -> None:
        """Hand one mail over.

        A kept connection that turns out to be dead is replaced once, unless the mail may have arrived by then.

        Args:
            sender: where it goes back to.
            recipient: where it goes.
            mail: ASCII, with CRLF line ends.

        Raises:
            Undeliverable: the server will never take it.
            SendingFailed: it did not take it now, or nobody knows whether it did.
            ServerRefused: it takes nothing before the settings are others.
        """
        kept = self._taken()
        if kept is not None:
            try:
                self._through(kept, sender, recipient, mail)
            except SendingFailed as error:
                if kept.is_open or error.step is Step.MAIL:
                    raise
            else:
                return
        self._through(Conversation(self._settings, self._trust), sender, recipient, mail)

    def check(self) -> None:
        """Begin a conversation and end it, to see that a server is there and lets us in.

        Raises:
            SendingFailed: it is away.
            ServerRefused: it wants other settings.
        """
        Conversation(self._settings, self._trust).close()

    def close(self) -> None:
        """Take leave of the server. The next mail opens a connection again."""
        while (kept := self._taken()) is not None:
            kept.close()

    def __del__(self) -> None:
        for one in self._kept:
            one.drop()

    def _taken(self) -> Conversation | None:
        """A kept connection that can be gone on with; nobody else has it from here on."""
        if self._process != os.getpid():
            inherited, self._kept, self._process = self._kept, deque(), os.getpid()
            for one in inherited:
                one.drop()
        while True:
            try:
                kept = self._kept.pop()
            except IndexError:
                return None
            if kept.is_fresh:
                return kept
            kept.close()

    def _through(self, conversation: Conversation, sender: str, recipient: str, mail: bytes) -> None:
        try:
            conversation.send(sender, recipient, mail)
        finally:
            if conversation.is_open:
                self._kept.append(conversation)
                self._tidy()
            else:
                conversation.drop()

    def _tidy(self) -> None:
        """Let go of the connection that was not used for longest, when it is of no more use."""
        with suppress(IndexError):
            oldest = self._kept.popleft()
            if oldest.is_fresh:
                self._kept.appendleft(oldest)
            else:
                oldest.close()
