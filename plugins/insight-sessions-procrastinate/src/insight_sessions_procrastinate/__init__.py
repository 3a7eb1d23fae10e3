"""The outbox of insight-sessions, drained by Procrastinate workers on the same PostgreSQL."""
