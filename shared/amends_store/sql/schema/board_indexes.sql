-- What the board counts, as few rows as there are to count: open cases, and deadlines that have passed unmet.
CREATE INDEX cases_open ON cases (tenant, branch, state, received_at)
    WHERE kind <> 'incident' AND state IN ('received', 'apologized', 'investigated', 'proposed', 'customer-confirmed');
CREATE INDEX deadlines_overdue ON deadlines (tenant, branch, case_id, cycle)
    WHERE status = 'breached' AND ended_at IS NULL;
