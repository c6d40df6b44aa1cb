"""One contract, three stores: in memory, SQLite, PostgreSQL."""

import pytest

pytest.register_assert_rewrite("tests.contracts.store")

from tests.contracts.store import StoreContract  # noqa: E402


class TestStore(StoreContract):
    pass
