"""The log as files for other programs: OCEL 2.0 and XES for process mining, NDJSON and Parquet for analysis.

Imports amends_store and amends_domain; duckdb, an extra, is imported only to write Parquet.
Start at `exports`; `extract` reads, each format is a file, `fields` and `objects` say what an event is made of.
"""
