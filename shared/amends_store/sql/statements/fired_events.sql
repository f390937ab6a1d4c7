-- positions bigint[]
SELECT fired.id, fired.type, fired.stream_id, fired.correlation_id, before.id
FROM events AS fired
LEFT JOIN events AS before ON before.stream_id = fired.stream_id AND before.version = fired.version - 1
WHERE fired.position = ANY($1)
ORDER BY fired.position
