"""The storage of insight-sessions in PostgreSQL, for many processes and many machines."""
