import pytest

from ranking.demo.size import Size
from tests.ranking.demo.worlds import World, make


# Shape must not hang on a lucky seed.
@pytest.fixture(scope="package", params=[7, 2024])
def world(request: pytest.FixtureRequest) -> World:
    return make(Size(), request.param)
