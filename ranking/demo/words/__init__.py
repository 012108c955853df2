"""What titles, hashtags and sounds are made of."""

from collections.abc import Mapping

from ranking.demo.words import culture, home, outdoors
from ranking.demo.words.category import Words

BY_CATEGORY: Mapping[str, Words] = {**home.CATEGORIES, **outdoors.CATEGORIES, **culture.CATEGORIES}
CATEGORIES = tuple(BY_CATEGORY)
