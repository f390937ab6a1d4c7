-- $1 incident (the text of its id), $2 tenant, $3 at most so many. In the order in which they were linked to it.
SELECT stream_id
FROM links_to_incidents
WHERE incident = $1 AND tenant = $2
GROUP BY stream_id
ORDER BY min(position)
LIMIT $3
