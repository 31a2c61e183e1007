"""What holds for every test."""

from hypothesis import HealthCheck, settings

# No test measures time (tests/patience.py), and neither does hypothesis.
settings.register_profile("vigie", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("vigie")
