-- $1: cases that have just been linked to incidents. An automatic incident goes on gathering for as long after each.
WITH joined AS MATERIALIZED (
    SELECT c.incident, max(c.mass_until) AS until FROM cases AS c WHERE c.id = ANY(CAST($1 AS uuid[])) GROUP BY c.incident
)
UPDATE cases AS i SET mass_until = joined.until
FROM joined
WHERE i.id = joined.incident AND i.id = ANY(ARRAY(SELECT incident FROM joined)) AND i.mass_until < joined.until
RETURNING i.id;
