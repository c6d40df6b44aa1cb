"""What all commands have in common: the media key of the environment, and help that tells the defaults."""

from __future__ import annotations

import argparse
import os
from typing import Final

from media.tokens import MIN_KEY_SIZE

KEY_VARIABLE: Final = "DIENHONG_MEDIA_KEY"


class Help(argparse.ArgumentDefaultsHelpFormatter):
    """Tells the default of every option that has one worth telling."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, "", []) or action.default is False:
            return action.help
        return super()._get_help_string(action)


def media_key() -> str:
    """Raises: ValueError when there is none that a relay would take."""
    key = os.environ.get(KEY_VARIABLE, "")
    if len(key.encode(errors="replace")) < MIN_KEY_SIZE:
        raise ValueError(f"{KEY_VARIABLE} is not set, or shorter than {MIN_KEY_SIZE} bytes")
    return key
