INSERT INTO personal_data_readings
    (tenant, person, role, branch, purpose, answer, case_id, customer_ref, correlation_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
