-- In how many seconds the next timer is due, by the store's clock; negative when it is overdue, NULL when there is none.
SELECT CAST(extract(epoch FROM min(fires_at) - log_now()) AS double precision) AS seconds FROM timers
