-- What a tenant ($1) put in force, and when, in this order.
SELECT policy_hash, published_at FROM publications WHERE tenant = $1 ORDER BY id
