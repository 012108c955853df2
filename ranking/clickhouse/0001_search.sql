-- What is searched, and where: `ranking.search` fills both tables, the documents first. A video has a row for every
-- time it was indexed, until parts are merged; the one with the highest version is true. Needs ClickHouse 26.2 or newer:
-- there the text index is no experiment any more.
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
ORDER BY video_id;

-- What some hundred candidates are scored by. Their rows lie scattered over the whole table: small granules and small
-- blocks, so that reading one reads little else.
CREATE TABLE IF NOT EXISTS video_search_documents
(
    video_id   UUID,
    version    UInt64,
    is_live    Bool,
    creator_id String,
    category   LowCardinality(String),
    created_at DateTime('UTC'),
    popularity UInt8,
    packed     Array(UInt32) CODEC(NONE)          -- 28 bits of a token and 4 for the fields it stands in
)
ENGINE = ReplacingMergeTree(version)
ORDER BY video_id
SETTINGS index_granularity = 128, min_compress_block_size = 8192;
