"""Reports: the month-end pack and the measures to date, read from the log and written in every format.

May import everything of the workflow but its routes, pages and `app`.
Start at `packs`; `cutting` says which month and up to where, `reading` adds up, `live` keeps the present month.
"""
