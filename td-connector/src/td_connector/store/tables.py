"""The tables of the store. Moments are Unix seconds: no database changes their zone."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

VERSION = 2
"""Of these tables; a store says which it has."""

metadata = MetaData()

versions = Table("td_store", metadata, Column("version", Integer, primary_key=True))

schedules = Table(
    "td_schedules",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("cron", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("delay_seconds", Integer, nullable=False),
    Column("load", Text, nullable=False),
    Column("pipeline", Text, nullable=False),
    Column("state", Text),
    Column("is_uncertain", Boolean, nullable=False),
    Column("next_tick", BigInteger),
    sqlite_autoincrement=True,
)

_ACTIVE = text("status IN ('queued', 'running')")

jobs = Table(
    "td_jobs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("schedule_id", Integer),
    Column("schedule", Text, nullable=False),
    Column("tick", BigInteger),
    Column("scheduled_at", Double, nullable=False),
    Column("status", Text, nullable=False),
    Column("load", Text, nullable=False),
    Column("heartbeat_at", Double, nullable=False),
    Column("lost_after_seconds", Double, nullable=False),
    Column("owner", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("records", BigInteger, nullable=False),
    Column("exit_code", Integer),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("log", Text, nullable=False),
    # No tick runs twice ...
    UniqueConstraint("schedule_id", "tick", name="td_jobs_one_per_tick"),
    # ... and no schedule overlaps itself, whoever starts the second run.
    Index(
        "td_jobs_one_active",
        "schedule_id",
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    sqlite_autoincrement=True,
)
