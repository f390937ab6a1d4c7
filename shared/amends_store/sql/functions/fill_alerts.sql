-- Alerts that a release which knows no such table has projected: those after the last one here, up to a position that
-- the read model has come to.
CREATE FUNCTION fill_alerts(up_to bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO alerts (
        position, case_id, tenant, reference, branch, kind, clock, role, owed_by, due_at, owner, recorded_at
    )
    SELECT
        e.position, e.stream_id, e.tenant, c.reference, c.branch,
        CASE e.type
            WHEN 'reminder-issued' THEN 'reminder' WHEN 'deadline-breached' THEN 'breach' ELSE 'escalation'
        END,
        e.data ->> 'clock', e.data ->> 'to', e.data ->> 'owed_by', CAST(e.data ->> 'due_at' AS timestamptz),
        (
            SELECT o.data ->> 'owner' FROM events AS o
            WHERE
                o.stream_id = e.stream_id AND o.version < e.version
                AND o.type IN ('complaint-received', 'incident-opened', 'owner-assigned', 'hand-off-accepted')
            ORDER BY o.version DESC
            LIMIT 1
        ),
        e.recorded_at
    FROM events AS e
    JOIN cases AS c ON c.id = e.stream_id
    WHERE
        e.position > (SELECT coalesce(max(a.position), 0) FROM alerts AS a) AND e.position <= up_to
        AND e.type IN ('reminder-issued', 'deadline-breached', 'case-escalated')
$$;
