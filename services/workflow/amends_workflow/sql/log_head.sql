-- How far the log goes, and when its last event was recorded.
SELECT position, recorded_at FROM log_head
