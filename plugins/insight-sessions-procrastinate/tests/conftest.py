"""Databases on a real server, for the tests of this plugin."""

from tests.servers.postgres import database, own_postgres, postgres

__all__ = ["database", "own_postgres", "postgres"]
