-- $1: acknowledgements of alerts that are there, as a JSON array of rows.
UPDATE alerts AS a SET
    acknowledged_by = given.acknowledged_by, acknowledged_at = given.acknowledged_at,
    acknowledged_position = given.acknowledged_position
FROM json_populate_recordset(CAST(NULL AS alerts), CAST($1 AS json)) AS given
WHERE a.position = given.position
