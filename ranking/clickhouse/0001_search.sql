-- Which videos have which words; `ranking.search` fills it. A video has a row for every time it was indexed, until parts
-- are merged: what a search finds here is looked at again in PostgreSQL, where its words of today are. Needs ClickHouse
-- 26.2 or newer: there the text index is no experiment any more.
CREATE TABLE IF NOT EXISTS video_search
(
    video_id    UUID,
    version     UInt64,
    creator_id  String,
    category    LowCardinality(String),
    created_at  DateTime('UTC'),
    popularity  UInt8,                            -- 4 × log2(1 + views) when it was indexed
    title_terms Array(String),
    terms       Array(String),                    -- of all fields, hashtags also with their `#`; none: not to be found
    INDEX title_terms_index title_terms TYPE text(tokenizer = array),
    INDEX terms_index terms TYPE text(tokenizer = array)
)
ENGINE = ReplacingMergeTree(version)
ORDER BY video_id
SETTINGS min_age_to_force_merge_seconds = 3600;   -- a search asks each part: seven cost half as much again as one
