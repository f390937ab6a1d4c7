-- The wall of each table that has one: who sees the rows of every tenant; who sees those of the tenant that the
-- connection says; what the tenant of a row is; and, where people's questions may read the table, the branch of a row.
-- A table that is not here is told of in docs/database-security.md, with the reason. One that comes with a later step is
-- here before it is made: that step runs this file again, and puts up the wall.
CREATE OR REPLACE FUNCTION walls() RETURNS TABLE (
    of_table name, every_tenant name[], own_tenant name[], tenant text, branch text
)
LANGUAGE sql IMMUTABLE
AS $$
    VALUES
    -- What is made of the log is made for all tenants by whoever leads; an auditor checks all of what was signed.
    ('events'::name, '{amends_workflow, amends_notifier, amends_auditor}'::name[], '{amends_intake}'::name[],
        'tenant', 'branch_of_case(stream_id)'),
    ('hashed_receipts', '{amends_auditor}', '{amends_intake}', 'tenant', NULL),
    ('data_keys', '{amends_workflow, amends_auditor}', '{amends_intake, amends_enquiry}', 'tenant', NULL),
    ('publications', '{amends_workflow, amends_notifier, amends_auditor}', '{amends_intake, amends_enquiry}',
        'tenant', NULL),
    ('refusals', '{amends_workflow, amends_auditor}', '{amends_intake}',
        'tenant', 'coalesce(branch_of_case(case_id), branch)'),
    ('personal_data_readings', '{amends_auditor}', '{amends_intake, amends_workflow}',
        'tenant', 'coalesce(branch_of_case(case_id), branch)'),
    ('api_keys', '{amends_workflow}', '{amends_intake, amends_enquiry}', 'tenant', NULL),
    ('sessions', '{amends_workflow}', '{amends_intake, amends_enquiry}',
        '(SELECT k.tenant FROM public.api_keys AS k WHERE k.id = api_key_id)', NULL),
    ('person_sessions', '{amends_workflow}', '{amends_intake, amends_enquiry}', 'tenant', NULL),
    ('timers', '{amends_workflow, amends_auditor}', '{}', 'tenant', NULL),
    ('timer_quarantine', '{amends_workflow, amends_auditor}', '{}', 'tenant', NULL),
    ('cases', '{amends_workflow, amends_auditor}', '{amends_notifier}', 'tenant', 'branch'),
    ('deadlines', '{amends_workflow, amends_auditor}', '{amends_notifier}', 'tenant', 'branch'),
    ('alerts', '{amends_workflow, amends_auditor}', '{amends_notifier}', 'tenant', 'branch'),
    ('digests', '{amends_auditor}', '{amends_notifier}', 'tenant', NULL)
$$;
