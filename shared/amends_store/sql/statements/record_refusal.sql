INSERT INTO refusals (tenant, principal, role, branch, case_id, command, code, detail, correlation_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
