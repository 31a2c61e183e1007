"""Where recorded payloads of real vendors are. They are no part of the project: tests that need them skip without."""

import os
from pathlib import Path

import pytest

FIXTURES = Path(os.environ.get("VIGIE_FIXTURES", Path(__file__).resolve().parents[2] / "shared" / "fixtures"))

needs_fixtures = pytest.mark.skipif(
    not FIXTURES.is_dir(), reason=f"no recorded payloads at {FIXTURES}; set VIGIE_FIXTURES to their folder"
)
