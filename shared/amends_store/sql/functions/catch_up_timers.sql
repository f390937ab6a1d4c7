-- Fires what is due, batch after batch, each in a transaction of its own, until one is not full or there were batches_max.
-- It does not rest between them: whoever waits for the log has it before the next batch, and a server process that has
-- slept takes twice as long over its next.
-- It goes on where the batch before began, for at the front of the index lies what has just been deleted, a page of it
-- for every few hundred that fired, until a vacuum comes. What is made meanwhile for an older time has its turn in the
-- next call.
CREATE OR REPLACE PROCEDURE catch_up_timers(
    row_limit integer, batches_max integer, INOUT positions bigint[], INOUT case_ids uuid[], INOUT fired_for timestamptz[]
)
LANGUAGE plpgsql
AS $$
DECLARE
    since timestamptz := '-infinity';
    batch record;
BEGIN
    positions := '{}';
    case_ids := '{}';
    fired_for := '{}';
    FOR number IN 1 .. batches_max LOOP
        SELECT
            array_agg(fired.position) AS positions, array_agg(fired.case_id) AS case_ids,
            array_agg(fired.fires_at) AS fired_for, count(*) AS count, min(fired.fires_at) AS oldest
        INTO batch
        FROM fire_due_timers(row_limit, since) AS fired;
        COMMIT;
        positions := positions || batch.positions;
        case_ids := case_ids || batch.case_ids;
        fired_for := fired_for || batch.fired_for;
        EXIT WHEN batch.count < row_limit;
        since := batch.oldest;
    END LOOP;
END
$$;
