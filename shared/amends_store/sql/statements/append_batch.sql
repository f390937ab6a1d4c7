-- One call, one commit: see functions/append_batch.sql. The order of the parameters is that of batch.py.
SELECT * FROM append_batch(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
    $15, $16, $17, $18, $19, $20, $21, $22, $23, $24
)
