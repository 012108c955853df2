-- Summing a month of hours takes seconds with a million videos, and nobody waits for it: on one thread it leaves the
-- other cores to those who wait for a feed.
ALTER TABLE video_signal_past_fill MODIFY QUERY
SELECT
    video_id,
    sum(hours.completion_sum) AS completion_sum,
    sum(hours.completion_count) AS completion_count,
    sum(hours.view_count) AS view_count,
    toStartOfHour(now()) - INTERVAL 2 HOUR AS until,
    now64(3) AS built_at
FROM video_signal_hours AS hours FINAL
WHERE hour > now() - INTERVAL 30 DAY AND hour < toStartOfHour(now()) - INTERVAL 2 HOUR
GROUP BY video_id
SETTINGS max_threads = 1;
