-- What videos did in 30 days, but for the last hours: reading every hour of a month anew for every signal table takes
-- seconds with a million videos. `until` and `built_at` are the same in all rows: sums of hours before the first are
-- here, those of later ones are added when they are read; and what was summed after the second, of hours before the
-- first, is not here yet. ranking.candidates reads both parts, ranking.publishing has this one built when it must be.
CREATE TABLE IF NOT EXISTS video_signal_past
(
    video_id         UUID,
    completion_sum   Float64,
    completion_count UInt64,
    view_count       UInt64,
    until            DateTime('UTC'),
    built_at         DateTime64(3, 'UTC')
)
ENGINE = MergeTree
ORDER BY video_id
SETTINGS index_granularity = 512;

CREATE MATERIALIZED VIEW IF NOT EXISTS video_signal_past_fill
REFRESH EVERY 1 HOUR TO video_signal_past AS
SELECT
    video_id,
    sum(hours.completion_sum) AS completion_sum,
    sum(hours.completion_count) AS completion_count,
    sum(hours.view_count) AS view_count,
    toStartOfHour(now()) - INTERVAL 2 HOUR AS until,
    now64(3) AS built_at
FROM video_signal_hours AS hours FINAL
WHERE hour > now() - INTERVAL 30 DAY AND hour < toStartOfHour(now()) - INTERVAL 2 HOUR
GROUP BY video_id;
