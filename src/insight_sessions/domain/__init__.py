"""What things are: projects, sessions, members, registrations, notices, events, and the whole state."""
