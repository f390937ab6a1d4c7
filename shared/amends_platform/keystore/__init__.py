"""Customers' data keys, apart from the database: what is destroyed here is gone, whatever backup is restored there.

Imports amends_store and the rest of amends_platform; knows no customer, only key ids.
Start at `protocol` (what a key store does) and `opening` (which one is used); `file_store` is the one there is.
"""
