"""What each command means, one file a subject: a rule takes the case, the command and the context.

Imports the other modules of amends_domain, never `decide`.
Start in `ruling` for what a rule is given and answers; `amends_domain.decide` says which rule is whose.
"""
