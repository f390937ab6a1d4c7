-- The workflow writes the read model; auditors read it. Nobody else needs it: the log is what everything is made from.
GRANT SELECT, INSERT, UPDATE, DELETE ON cases, deadlines TO amends_workflow;
GRANT SELECT ON cases, deadlines TO amends_auditor;
