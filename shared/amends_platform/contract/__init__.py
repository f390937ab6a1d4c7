"""What the HTTP interfaces promise: every kind of problem, and what both OpenAPI documents say in the same words.

Imports `amends_platform.http.problems` and fastapi; nothing here is used while a request is answered.
Start at `catalog`, whose words are in `problem_types/`; `openapi` makes a service's document whole.
"""
