-- A process that stops between a batch and its commit must not keep the log locked: the server ends it then.
SET LOCAL idle_in_transaction_session_timeout = '3s'
