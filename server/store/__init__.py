"""Rows and transactions: the one place that speaks SQL. Values of `rooms` go in and come out; no row leaves."""

from server.store.accounts import Accounts
from server.store.migrate import upgrade
from server.store.store import SqlStore

__all__ = ["Accounts", "SqlStore", "upgrade"]
