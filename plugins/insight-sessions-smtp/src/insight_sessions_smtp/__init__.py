"""The notices of insight-sessions as mails over SMTP, and the answers read from a mailbox."""

from insight_sessions_smtp.answers import SendingFailed, ServerRefused, Step
from insight_sessions_smtp.errors import TemplatesError
from insight_sessions_smtp.letters import Letters
from insight_sessions_smtp.mailbox import MaildirFolder, read_folder, receive_bounce
from insight_sessions_smtp.plugin import SmtpNotifier, doctor
from insight_sessions_smtp.settings import SettingsError, SmtpSettings

__all__ = [
    "Letters",
    "MaildirFolder",
    "SendingFailed",
    "ServerRefused",
    "SettingsError",
    "SmtpNotifier",
    "SmtpSettings",
    "Step",
    "TemplatesError",
    "doctor",
    "read_folder",
    "receive_bounce",
]
