"""The console, for people: a page is a function in a file of `routes/`, a template, and an entry in `navigation`.

Imports what the workflow's API is made from; writes through intake over HTTP alone, as the person who is signed in.
Start at `routes.queue`: `Here` is who is signed in, `Posted` a form that is theirs, and `page` renders.
"""
