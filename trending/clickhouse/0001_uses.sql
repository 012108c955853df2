-- Which videos with which sounds and hashtags people did something with, by the hour. A redelivered event writes a row
-- that is there already, and readers count distinct videos: each event counts once, without FINAL. Nothing here names
-- a viewer. Own videos do not count: whoever made them is no audience.
CREATE TABLE IF NOT EXISTS trending_uses
(
    kind     LowCardinality(String),              -- sound or hashtag
    hour     DateTime('UTC'),
    item     String,                              -- the sound's id, or the hashtag
    category LowCardinality(String),              -- the video's
    video_id UUID,
    last_at  DateTime64(3, 'UTC')                 -- of that hour's events
)
ENGINE = ReplacingMergeTree(last_at)
PARTITION BY toMonday(hour)
ORDER BY (kind, hour, item, category, video_id)
TTL hour + INTERVAL 90 DAY;

-- First one row per video, then one per sound and hashtag of it: 3 µs an event.
CREATE MATERIALIZED VIEW IF NOT EXISTS trending_uses_fill TO trending_uses AS
SELECT used.1 AS kind, hour, used.2 AS item, category, video_id, last_at
FROM
(
    SELECT toStartOfHour(occurred_at) AS hour, video_id, category, sound_id, hashtags, max(occurred_at) AS last_at
    FROM engagement_event_log
    WHERE kind IN ('watch', 'like', 'share', 'comment')
      AND user_id <> creator_id
      AND occurred_at > now() - INTERVAL 90 DAY
    GROUP BY hour, video_id, category, sound_id, hashtags
)
ARRAY JOIN arrayConcat([('sound', sound_id)], arrayMap(tag -> ('hashtag', tag), hashtags)) AS used
WHERE used.2 <> '';

CREATE VIEW IF NOT EXISTS trending_sounds_hourly AS
SELECT
    item AS sound_id,
    hour,
    uniqExact(video_id) AS video_count,
    row_number() OVER (PARTITION BY hour ORDER BY uniqExact(video_id) DESC, item) AS usage_rank
FROM trending_uses
WHERE kind = 'sound'
GROUP BY item, hour;

CREATE VIEW IF NOT EXISTS trending_hashtags_hourly AS
SELECT
    item AS hashtag,
    hour,
    uniqExact(video_id) AS post_count,
    row_number() OVER (PARTITION BY hour ORDER BY uniqExact(video_id) DESC, item) AS trend_rank
FROM trending_uses
WHERE kind = 'hashtag'
GROUP BY item, hour;

-- How many people each sound and hashtag had in an hour: its past, against which it rises or does not. Summed from the
-- distinct people of the event log by `trending.past` when an hour is over. Numbers, not people.
CREATE TABLE IF NOT EXISTS trending_people_hours
(
    kind      LowCardinality(String),
    item      String,
    category  LowCardinality(String),             -- empty: of all categories
    hour      DateTime('UTC'),
    people    UInt32,
    summed_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(summed_at)
PARTITION BY toDate(hour)
ORDER BY (kind, item, category, hour)
TTL hour + INTERVAL 8 DAY;

CREATE TABLE IF NOT EXISTS trending_people_hours_summed (hour DateTime('UTC'), summed_at DateTime64(3, 'UTC'))
ENGINE = ReplacingMergeTree(summed_at) ORDER BY hour TTL hour + INTERVAL 8 DAY;

-- The lists as they were published, for a Redis that comes back empty.
CREATE TABLE IF NOT EXISTS trending_published (name String, made_at DateTime64(3, 'UTC'), content String)
ENGINE = ReplacingMergeTree(made_at) ORDER BY name TTL toDateTime(made_at) + INTERVAL 7 DAY;
