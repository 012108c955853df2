-- Hourly sums per video. An hour is summed anew from the distinct events whenever something arrives in it, so a
-- redelivered event changes nothing; docs/decisions.md has the reasons and the cost.
CREATE TABLE IF NOT EXISTS video_signal_hours
(
    video_id         UUID,
    hour             DateTime('UTC'),
    completion_sum   Float64,                     -- of fractions, 0 to 1, over the views that tell their completion
    completion_count UInt32,
    view_count       UInt32,
    like_count       Int32,                       -- likes less unlikes
    share_count      UInt32,
    comment_count    UInt32,
    summed_at        DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(summed_at)
ORDER BY (hour, video_id)
TTL hour + INTERVAL 90 DAY;

-- When something last arrived in an hour, and when the hour was last summed.
CREATE TABLE IF NOT EXISTS signal_hours_touched (hour DateTime('UTC'), touched_at DateTime64(3, 'UTC'))
ENGINE = ReplacingMergeTree(touched_at) ORDER BY hour TTL hour + INTERVAL 90 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS signal_hours_touched_fill TO signal_hours_touched AS
SELECT toStartOfHour(occurred_at) AS hour, now64(3) AS touched_at
FROM engagement_event_log
WHERE kind IN ('watch', 'like', 'unlike', 'share', 'comment')
GROUP BY hour;

CREATE TABLE IF NOT EXISTS signal_hours_summed (hour DateTime('UTC'), summed_at DateTime64(3, 'UTC'))
ENGINE = ReplacingMergeTree(summed_at) ORDER BY hour TTL hour + INTERVAL 90 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS signal_hours_summed_fill TO signal_hours_summed AS
SELECT hour, max(summed_at) AS summed_at
FROM video_signal_hours
GROUP BY hour;

-- The hours that are not up to date. An event may become readable a while after its arrival was noted (an insert
-- takes at most two minutes), so an hour counts as touched for that long.
CREATE VIEW IF NOT EXISTS signal_hours_due AS
SELECT touched.hour AS hour
FROM (SELECT hour, max(touched_at) AS touched_at FROM signal_hours_touched GROUP BY hour) AS touched
LEFT JOIN (SELECT hour, max(summed_at) AS summed_at FROM signal_hours_summed GROUP BY hour) AS summed USING (hour)
WHERE touched.touched_at > summed.summed_at - INTERVAL 2 MINUTE;

CREATE MATERIALIZED VIEW IF NOT EXISTS video_signal_hours_fill
REFRESH EVERY 10 SECOND APPEND TO video_signal_hours AS
SELECT
    video_id,
    toStartOfHour(occurred_at) AS hour,
    sumIf(completion_percent / 100, is_view AND completion_percent IS NOT NULL) AS completion_sum,
    countIf(is_view AND completion_percent IS NOT NULL) AS completion_count,
    countIf(is_view) AS view_count,
    countIf(kind = 'like') - countIf(kind = 'unlike') AS like_count,
    countIf(kind = 'share') AS share_count,
    countIf(kind = 'comment') AS comment_count,
    now64(3) AS summed_at
FROM
(
    SELECT *, kind = 'watch' AND ifNull(watch_ms, 1000) >= 1000 AS is_view
    FROM engagement_event_log FINAL
    WHERE toStartOfHour(occurred_at) IN (SELECT hour FROM signal_hours_due)
      AND kind IN ('watch', 'like', 'unlike', 'share', 'comment')
)
GROUP BY video_id, hour;

-- The hourly signals by the names dashboards and models read them under. What depends on the person stands for the
-- part that does not: `affinity_boost` is the affinity an average view of that hour adds, (likes + 0.5 × comments) /
-- views; `deep_model_score` is 0, as everywhere where no model answers.
CREATE VIEW IF NOT EXISTS video_ranking_signals_1h AS
SELECT
    video_id,
    hour,
    if(completion_count = 0, 0, completion_sum / completion_count) AS completion_rate,
    if(view_count = 0, 0, least(1, greatest(0, like_count + 2 * share_count + 0.5 * comment_count) / view_count)) AS engagement_score,
    if(view_count = 0, 0, least(1, greatest(0, like_count + 0.5 * comment_count) / view_count)) AS affinity_boost,
    toFloat64(0) AS deep_model_score,
    view_count,
    like_count,
    share_count,
    comment_count
FROM video_signal_hours FINAL;
