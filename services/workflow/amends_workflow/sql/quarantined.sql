-- How many timers are out of the way because they cannot become events.
SELECT count(*) FROM timer_quarantine
