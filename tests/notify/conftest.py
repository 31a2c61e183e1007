"""What the desks of a test opened is let go."""

from collections.abc import Iterator

import pytest

from tests.notify.desk import close_all


@pytest.fixture(autouse=True)
def _stores_are_let_go() -> Iterator[None]:
    yield
    close_all()
