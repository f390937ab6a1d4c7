"""What is kept, and where: the database, customers' keys, and what is signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

import platformdirs
from pydantic import BaseModel, Field

from amends_platform.configuration.kinds import DatabaseUrl, NatsUrl, setting


class Basics(BaseModel):
    """What everything needs"""

    READ_BY: ClassVar[str] = "all"

    mode: Literal["production", "development"] = setting(
        "production",
        "development takes the keys of `amends up`; production does not, and starts with nothing of theirs",
        example="development",
    )
    database_url: DatabaseUrl | None = setting(
        None,
        "PostgreSQL 18 or newer, or several of its servers with commas between them, of which the one that takes writes"
        " is found; without it `amends up` runs its own",
        example="postgresql://amends_intake_login:…@db-1:5432,db-2:5432/amends",
    )
    nats_url: NatsUrl | None = setting(
        None,
        "NATS with JetStream, or several servers of its cluster with commas between them; without it `amends up` runs"
        " its own",
        example="nats://amends:…@nats-1:4222,nats://amends:…@nats-2:4222",
    )
    policy: str = setting(
        "bank-cn",
        "the policy for new cases: a file, or the name of a built-in",
        example="/etc/amends/policy.yaml",
        read_by="intake, up, commands",
    )
    tenant: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")] = setting(
        "default", "whose complaints these are; part of every NATS subject", example="north-bank"
    )
    data_dir: Path = setting(
        default_factory=lambda: platformdirs.user_data_path("amends"),
        description="where `amends up` keeps its servers, keys and logs",
        example="/var/lib/amends",
        read_by="up, commands; by default keys of intake and workflow are in it",
    )


class Database(BaseModel):
    """The database"""

    READ_BY: ClassVar[str] = "all"

    database_password_file: Path | None = setting(
        None, "the file of the database's password, where its URL names none", example="/run/secrets/intake_database"
    )
    database_connections_max: Annotated[int, Field(ge=2, le=500)] = setting(
        10, "connections to PostgreSQL that one service process may hold", example="20", read_by="intake, workflow"
    )
    idempotency_days: Annotated[int, Field(ge=1, le=36_500)] = setting(
        90,
        "how long an Idempotency-Key holds: a command that is repeated later than that is a new one",
        example="400",
        read_by="workflow",
    )


class Keys(BaseModel):
    """Customers' keys"""

    READ_BY: ClassVar[str] = "intake, workflow, up, commands"

    master_key_file: Path | None = setting(
        None,
        "the key that wraps customers' data keys; default: keys/master.key in the data directory",
        example="/run/secrets/master_key",
    )
    key_store: Path | None = setting(
        None,
        "the file of customers' data keys, apart from the database and its backups; default: keys/customers.db in the"
        " data directory",
        example="/var/lib/amends/keys/customers.db",
    )


class Signing(BaseModel):
    """What is signed"""

    READ_BY: ClassVar[str] = "workflow, up, commands"

    signing_key_file: Path | None = setting(
        None,
        "the key that checkpoints of the log are signed with; default: keys/signing.key in the data directory. The last"
        " checkpoint, and every public key that signed, are kept beside it",
        example="/var/lib/amends/signing/signing.key",
    )
    log_origin: Annotated[str, Field(pattern=r"^[!-*,-~]{1,200}$")] | None = setting(
        None,
        "the log's name in what is signed, without spaces or +; default: amends/ and the tenant",
        example="north-bank.example/complaints",
        read_by="up, commands: where a key is made",
    )
    checkpoint_seconds: Annotated[float, Field(gt=0, le=86_400)] = setting(
        10.0, "a log that has grown gets a signed checkpoint this often", example="60"
    )
    checkpoint_dir: Path | None = setting(
        None,
        "where every signed checkpoint is also written as a file, for storage that is written once",
        example="/evidence/checkpoints",
    )
