-- Every event, as often as it was delivered. Rows with the same (hour, user, event id) are one event: the engine
-- merges them away in its own time, and every reader goes through a view that has already done so.
CREATE TABLE IF NOT EXISTS engagement_event_log
(
    event_id           UUID,
    user_id            String,
    video_id           UUID,                      -- all zeros for what is done to a creator
    creator_id         String,
    kind               LowCardinality(String),
    completion_percent Nullable(Float32),         -- 0 to 100
    watch_ms           Nullable(UInt32),
    sound_id           String,
    hashtags           Array(String),
    category           LowCardinality(String),
    occurred_at        DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (toStartOfHour(occurred_at), user_id, event_id)
TTL toDateTime(occurred_at) + INTERVAL 400 DAY;

CREATE VIEW IF NOT EXISTS engagement_events AS SELECT * FROM engagement_event_log FINAL;
