-- One login role for each service, a member of the role that `amends migrate` made for that service. Run it after
-- `amends migrate`, as the owner of the database; running it again sets the passwords anew and changes nothing else.
--
--   psql -v intake_password=… -v workflow_password=… -v notifier_password=… -v auditor_password=… -f deploy/roles.sql
--
-- A password not given with -v is read from the environment (INTAKE_DATABASE_PASSWORD and so on), where a listing of
-- processes does not show it.
\set ON_ERROR_STOP on
\getenv intake_given INTAKE_DATABASE_PASSWORD
\getenv workflow_given WORKFLOW_DATABASE_PASSWORD
\getenv notifier_given NOTIFIER_DATABASE_PASSWORD
\getenv auditor_given AUDITOR_DATABASE_PASSWORD
\if :{?intake_password}
\else
  \set intake_password :intake_given
\endif
\if :{?workflow_password}
\else
  \set workflow_password :workflow_given
\endif
\if :{?notifier_password}
\else
  \set notifier_password :notifier_given
\endif
\if :{?auditor_password}
\else
  \set auditor_password :auditor_given
\endif

BEGIN;

CREATE TEMPORARY TABLE wanted ON COMMIT DROP AS
SELECT 'amends_' || service AS member_of, 'amends_' || service || '_login' AS login, password, inherits
FROM (VALUES
    -- A service has no rights until it takes its role on connecting, which its connections do by themselves;
    -- an auditor sits at psql and simply reads.
    ('intake', :'intake_password', false),
    ('workflow', :'workflow_password', false),
    ('notifier', :'notifier_password', false),
    ('auditor', :'auditor_password', true)
) AS services (service, password, inherits);

DO $$
BEGIN
    -- An unset psql variable stays as it is written, with its colon.
    IF EXISTS (SELECT FROM wanted WHERE length(password) < 12 OR password LIKE ':%') THEN
        RAISE EXCEPTION 'give each of the four passwords, of 12 characters at least';
    END IF;
    IF EXISTS (SELECT FROM wanted WHERE to_regrole(member_of) IS NULL) THEN
        RAISE EXCEPTION 'the roles of the services are missing: run amends migrate first';
    END IF;
END
$$;

SELECT format('CREATE ROLE %I LOGIN', login) FROM wanted WHERE to_regrole(login) IS NULL
\gexec
SELECT format(
    'ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L', login, password
) FROM wanted
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login) FROM wanted
\gexec
SELECT format('GRANT %I TO %I WITH INHERIT %s, SET TRUE, ADMIN FALSE', member_of, login, upper(inherits::text))
FROM wanted
\gexec

COMMIT;
