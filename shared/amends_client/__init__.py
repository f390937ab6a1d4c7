"""A client of the Amends services for Python: typed, sync and async, with retries that record nothing twice.

Imports httpx, and stamina once something is tried again; nothing of ours.
Start at `calling`, which is written by hand; `intake`, `workflow` and `models` are made from the OpenAPI documents.
"""

from amends_client.calling import Happened
from amends_client.intake import AsyncIntake, Intake
from amends_client.problem import Problem
from amends_client.workflow import AsyncWorkflow, Workflow

__all__ = ["AsyncIntake", "AsyncWorkflow", "Happened", "Intake", "Problem", "Workflow"]
