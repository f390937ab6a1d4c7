-- case_version 0: the event begins the stream (a mass incident that opens itself).
ALTER TABLE timers DROP CONSTRAINT timers_case_version_check;
ALTER TABLE timers ADD CONSTRAINT timers_case_version_check CHECK (case_version BETWEEN 0 AND 2147483646);
