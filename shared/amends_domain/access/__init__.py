"""Who may do what: roles, what somebody is granted, and the one table that every action is looked up in.

Imports of amends_domain what a case is called by, and nothing else.
Start in `judging`, which the code asks; `acting` and `reading` are the rows, docs/access.md is made from them.
"""
