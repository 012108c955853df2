-- What a person has watched in the last 30 days. The same watch twice is the same row.
CREATE TABLE IF NOT EXISTS user_watch_history_realtime
(
    user_id            String,
    video_id           UUID,
    watched_at         DateTime64(3, 'UTC'),
    completion_percent Float32
)
ENGINE = ReplacingMergeTree(watched_at)
ORDER BY (user_id, video_id)
TTL toDateTime(watched_at) + INTERVAL 30 DAY
SETTINGS index_granularity = 1024;  -- read one person at a time

CREATE MATERIALIZED VIEW IF NOT EXISTS user_watch_history_realtime_fill TO user_watch_history_realtime AS
SELECT user_id, video_id, occurred_at AS watched_at, ifNull(completion_percent, 0) AS completion_percent
FROM engagement_event_log
WHERE kind = 'watch';

-- What ties a person to a creator: per video the last like or unlike, and every comment once.
CREATE TABLE IF NOT EXISTS user_author_ties
(
    user_id    String,
    creator_id String,
    item_id    UUID,                              -- the liked video, or the comment's event
    is_like    Bool,
    is_comment Bool,
    tied_at    DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(tied_at)
ORDER BY (user_id, creator_id, item_id)
TTL toDateTime(tied_at) + INTERVAL 90 DAY
SETTINGS index_granularity = 1024;

CREATE MATERIALIZED VIEW IF NOT EXISTS user_author_ties_fill TO user_author_ties AS
SELECT
    user_id,
    creator_id,
    if(kind = 'comment', event_id, video_id) AS item_id,
    kind = 'like' AS is_like,
    kind = 'comment' AS is_comment,
    occurred_at AS tied_at
FROM engagement_event_log
WHERE kind IN ('like', 'unlike', 'comment');

-- `interactions` is what affinity is a share of: likes + 0.5 × comments over 90 days.
CREATE VIEW IF NOT EXISTS user_author_90d AS
SELECT
    user_id,
    creator_id,
    countIf(is_like) AS like_count,
    countIf(is_comment) AS comment_count,
    like_count + 0.5 * comment_count AS interactions
FROM user_author_ties FINAL
WHERE tied_at > now() - INTERVAL 90 DAY
GROUP BY user_id, creator_id;
