"""What all tests share: hypothesis without deadlines (machines are noisy), the same examples in every everyday run."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("everyday", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.load_profile("everyday")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: those who test the daemon wait most of the time."""
    return (os.cpu_count() or 1) + 1
