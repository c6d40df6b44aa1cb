"""What every test shares: a busy machine fails no property; skips are said in one line for each reason."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# Time is measured by the benches; here it would only make failures of a loaded machine.
settings.register_profile("dienhong", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dienhong")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reasons = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"skipped {count}: {reason}", yellow=True)
