"""The databases of tests/databases.py for every test of this folder."""

from tests.databases import database_url, postgres, postgres_url, sqlite_url, store

__all__ = ["database_url", "postgres", "postgres_url", "sqlite_url", "store"]
