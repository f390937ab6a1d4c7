"""What each command means, one file a subject; `amends_domain.decide` is the way in.

Every rule is a function of the case, the command and the context, and answers the events to record, or a rejection.
"""
