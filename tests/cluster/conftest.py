"""The live side's stores serve here too."""

from tests.signaling.conftest import postgres_url, redis_prefix

__all__ = ["postgres_url", "redis_prefix"]
