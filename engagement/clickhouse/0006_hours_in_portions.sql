-- An hour is due when something arrived in it after it was last summed, or so shortly before that the insert may have
-- been under way. An insert may take two minutes until what it noted can be read, so every hour is summed once more
-- when that time has passed. In between it rests: a month that was imported is not summed every ten seconds. Older
-- hours than sums are kept of are never due.
CREATE OR REPLACE VIEW signal_hours_due AS
SELECT touched.hour AS hour, touched.touched_at AS touched_at, summed.summed_at AS summed_at
FROM
(
    SELECT hour, max(touched_at) AS touched_at FROM signal_hours_touched
    WHERE hour > now() - INTERVAL 90 DAY GROUP BY hour
) AS touched
LEFT JOIN (SELECT hour, max(summed_at) AS summed_at FROM signal_hours_summed GROUP BY hour) AS summed USING (hour)
WHERE touched.touched_at > summed.summed_at - INTERVAL 10 SECOND
   OR touched.touched_at > summed.summed_at - INTERVAL 2 MINUTE AND touched.touched_at < now64(3) - INTERVAL 2 MINUTE;

-- As 0003 sums them, but 24 hours at a time and on one thread, so that neither the memory for it nor what it takes from
-- others grows with what is due: the hour that is on and the one before always, the rest in turn.
ALTER TABLE video_signal_hours_fill MODIFY QUERY
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
    WHERE toStartOfHour(occurred_at) IN
    (
        SELECT due.hour FROM signal_hours_due AS due
        ORDER BY due.hour < toStartOfHour(now()) - INTERVAL 1 HOUR, due.summed_at, due.hour DESC LIMIT 24
    )
      AND kind IN ('watch', 'like', 'unlike', 'share', 'comment')
)
GROUP BY video_id, hour
SETTINGS max_threads = 1;
