SELECT "position", case_id, fires_at FROM fire_due_timers($1)
