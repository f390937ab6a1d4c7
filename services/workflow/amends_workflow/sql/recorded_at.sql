-- $1: cases. When each was recorded.
SELECT c.id, c.recorded_at FROM cases AS c WHERE c.id = ANY(CAST($1 AS uuid[]));
