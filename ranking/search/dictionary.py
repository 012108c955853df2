"""The words of the index, as every web worker holds them."""

import numpy as np
import structlog

from nova.clients import clickhouse
from nova.clients.clickhouse import ClickHouseError
from nova.remembered import Remembered
from ranking.search.engine import vocabulary
from ranking.search.engine.vocabulary import Vocabulary

log = structlog.get_logger(__name__)
MOST_WORDS = 100_000
FRESH_FOR = 15.0  # seconds
# The index's own dictionary. Without hashtags, numbers, and the characters and pairs of dense scripts: these are no
# words that could be misspelt. In the order of bytes, as `Vocabulary` wants them.
VOCABULARY = """
SELECT arrayStringConcat(groupArray(concat(token, '\\n'))), groupArray(toUInt32(videos))
FROM
(
    SELECT token, videos FROM
    (
        SELECT token, sum(cardinality) AS videos
        FROM mergeTreeTextIndex(currentDatabase(), 'video_search', 'terms_index')
        WHERE length(token) > 1 AND NOT match(token, '^[#0-9]')
            AND (lengthUTF8(token) > 2 OR length(token) = lengthUTF8(token))
        GROUP BY token ORDER BY videos DESC, token LIMIT %(most)s
    )
    ORDER BY token
)
"""
COUNT = "SELECT count() FROM video_search"


def _read(last: Vocabulary | None) -> Vocabulary:
    """Without ClickHouse the last one stands; without one nothing is corrected."""
    try:
        ((documents,),) = clickhouse.select(COUNT)
        ((blob, counts),) = clickhouse.select(VOCABULARY, {"most": MOST_WORDS})
    except ClickHouseError as error:
        log.warning("vocabulary_stale", error=str(error))
        return last or vocabulary.EMPTY
    return Vocabulary.packed(blob.encode(), np.array(counts, np.uint32), documents)


words = Remembered(_read, fresh_for=FRESH_FOR)
