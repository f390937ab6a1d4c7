-- The number that every promotion of a standby raises: the first eight digits of a file of the write-ahead log.
SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)
