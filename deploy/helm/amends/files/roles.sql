-- One login role for each service, a member of the role that `amends migrate` made for that service. Run it after
-- `amends migrate`, as the owner of the database; running it again sets the passwords anew and changes nothing else.
--
--   psql -v intake_password=… -v workflow_password=… -v notifier_password=… -v auditor_password=… -f deploy/roles.sql
--
-- A password not given with -v is read from the file that INTAKE_DATABASE_PASSWORD_FILE names (and so on), else from
-- INTAKE_DATABASE_PASSWORD in the environment: a listing of processes shows neither. The owner need be no superuser, but
-- may have to make roles (CREATEROLE).
\set ON_ERROR_STOP on
\getenv intake_given INTAKE_DATABASE_PASSWORD
\getenv intake_file INTAKE_DATABASE_PASSWORD_FILE
\if :{?intake_file}
  \set intake_given `cat "$INTAKE_DATABASE_PASSWORD_FILE"`
\endif
\if :{?intake_password}
\else
  \set intake_password :intake_given
\endif
\getenv workflow_given WORKFLOW_DATABASE_PASSWORD
\getenv workflow_file WORKFLOW_DATABASE_PASSWORD_FILE
\if :{?workflow_file}
  \set workflow_given `cat "$WORKFLOW_DATABASE_PASSWORD_FILE"`
\endif
\if :{?workflow_password}
\else
  \set workflow_password :workflow_given
\endif
\getenv notifier_given NOTIFIER_DATABASE_PASSWORD
\getenv notifier_file NOTIFIER_DATABASE_PASSWORD_FILE
\if :{?notifier_file}
  \set notifier_given `cat "$NOTIFIER_DATABASE_PASSWORD_FILE"`
\endif
\if :{?notifier_password}
\else
  \set notifier_password :notifier_given
\endif
\getenv auditor_given AUDITOR_DATABASE_PASSWORD
\getenv auditor_file AUDITOR_DATABASE_PASSWORD_FILE
\if :{?auditor_file}
  \set auditor_given `cat "$AUDITOR_DATABASE_PASSWORD_FILE"`
\endif
\if :{?auditor_password}
\else
  \set auditor_password :auditor_given
\endif

BEGIN;
SET LOCAL client_min_messages = warning;

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
    -- Only a superuser could take that from it.
    IF EXISTS (
        SELECT FROM wanted JOIN pg_roles ON rolname = login
        WHERE rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls
    ) THEN
        RAISE EXCEPTION 'there is a login role of such a name that may do more than a service: drop it first';
    END IF;
END
$$;

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', login)
FROM wanted WHERE to_regrole(login) IS NULL
\gexec
SELECT format('ALTER ROLE %I LOGIN PASSWORD %L', login, password) FROM wanted
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), login) FROM wanted
\gexec
SELECT format('GRANT %I TO %I WITH INHERIT %s, SET TRUE, ADMIN FALSE', member_of, login, upper(inherits::text))
FROM wanted
\gexec

COMMIT;
