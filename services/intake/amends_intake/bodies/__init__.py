"""What each request carries, and the command it means. Unknown fields are refused.

Imports pydantic and the commands of amends_domain, nothing else.
One file a subject, such as `life`; start in `base`, which has what they share.
"""

from amends_intake.bodies.complaints import ComplaintBody

__all__ = ["ComplaintBody"]
