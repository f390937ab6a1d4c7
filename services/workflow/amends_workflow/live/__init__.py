"""What happens, told as it becomes visible: server-sent events of the log, as far as the read model has come.

May import everything of the workflow, but for `app`, the routes and the console.
Start at `stream`, which serves one reader; `tail` reads the log once for all of them.
"""
