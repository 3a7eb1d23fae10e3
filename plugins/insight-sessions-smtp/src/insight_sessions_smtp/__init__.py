"""The notices of insight-sessions as mails over SMTP, and the answers read from a mailbox."""
