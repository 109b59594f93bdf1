"""The databases of tests/databases.py for the tests of this folder."""

from tests.databases import postgres, postgres_url, sqlite_url

__all__ = ["postgres", "postgres_url", "sqlite_url"]
