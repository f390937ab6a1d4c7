"""What each request carries, and the command it means. Unknown fields are refused.

One file a subject; `base` has what they share. Imports the commands of amends_domain and pydantic, nothing else.
"""

from amends_intake.bodies.complaints import ComplaintBody

__all__ = ["ComplaintBody"]
