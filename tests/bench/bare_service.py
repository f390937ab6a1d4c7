"""The rival of intake: FastAPI and asyncpg as their manuals show them, one INSERT a request and nothing else.

Served as intake is: one worker, uvloop, httptools, no access log. `python -m tests.bench.bare_service PORT URL`.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

CONNECTIONS = 16

CREATE = """
CREATE TABLE bare_complaints (
    id uuid PRIMARY KEY, received_at timestamptz NOT NULL DEFAULT now(),
    channel text NOT NULL, branch text NOT NULL, body jsonb NOT NULL
)
"""
_INSERT = "INSERT INTO bare_complaints (id, channel, branch, body) VALUES ($1, $2, $3, $4)"


class Customer(BaseModel):
    ref: str
    name: str | None = None
    phone: str | None = None


class Complaint(BaseModel):
    channel: str
    branch: str
    narrative: str
    customer: Customer
    kind: str = "complaint"
    type: str | None = None
    cause: str | None = None
    product: str | None = None
    severity: str | None = None
    desired_outcomes: list[str] = []
    flags: list[str] = []


class Recorded(BaseModel):
    id: UUID


def create_app(database_url: str) -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(database_url, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.post("/complaints", status_code=201)
    async def receive(complaint: Complaint) -> Recorded:
        complaint_id = uuid4()
        await app.state.pool.execute(
            _INSERT, complaint_id, complaint.channel, complaint.branch, complaint.model_dump_json()
        )
        return Recorded(id=complaint_id)

    @app.get("/readyz")
    async def readyz() -> dict[str, str]:
        return {"status": "ready"}

    return app


if __name__ == "__main__":
    port, url = sys.argv[1:]
    uvicorn.run(
        create_app(url),
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
