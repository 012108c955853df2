"""What is counted of every page."""

import time

from nova import metrics
from ranking.feed import HIT, MISS, STALE, Page
from ranking.stored_feed import VARIANTS

# Looked up once: a metric's labels cost more than its count.
_PAGES = {HIT: metrics.FEED_CACHE_HITS, MISS: metrics.FEED_CACHE_MISSES, STALE: metrics.FEED_CACHE_STALE}
_SECONDS = {
    (cache, variant): metrics.FEED_SECONDS.labels("false" if cache == MISS else "true", variant)
    for cache in _PAGES
    for variant in VARIANTS
}


def count(page: Page, started: float) -> None:
    """A page that was served, and asked for at `started` (`time.perf_counter`); people's segment is how their feed was
    made."""
    _PAGES[page.cache].inc()
    _SECONDS[page.cache, page.variant].observe(time.perf_counter() - started)
