"""The tables of the journal, and how an older file becomes a current one."""

from __future__ import annotations

import sqlite3

__all__ = ["APPLICATION_ID", "VERSION", "check_version", "migrate"]

APPLICATION_ID = 0x7474766A
"""Says in the file's header that this is a journal of ttv's ("ttvj")."""

_MIGRATIONS = (
    # 1
    """
    CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        rev INTEGER NOT NULL,
        state TEXT NOT NULL,
        backend TEXT NOT NULL,
        model TEXT NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        owner TEXT,
        remote_id TEXT,
        charged TEXT NOT NULL,
        estimate TEXT,
        actual TEXT,
        took REAL,
        caller_key TEXT,
        data TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX jobs_caller_key ON jobs (caller_key) WHERE caller_key IS NOT NULL;
    CREATE INDEX jobs_state ON jobs (state);
    CREATE INDEX jobs_took ON jobs (backend, model, created_at) WHERE took IS NOT NULL;
    CREATE TABLE attempts (
        job_id TEXT NOT NULL,
        at REAL NOT NULL,
        what TEXT NOT NULL,
        number INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        detail TEXT NOT NULL
    );
    CREATE INDEX attempts_job ON attempts (job_id);
    """,
)

VERSION = len(_MIGRATIONS)


def check_version(connection: sqlite3.Connection) -> int:
    """Return the version of a journal; 0 is an empty file.

    Raises:
        sqlite3.DatabaseError: If the file is no journal of ours.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if application not in {0, APPLICATION_ID} or (application == 0 and (tables or version)):
        msg = "it is a database of another program"
        raise sqlite3.DatabaseError(msg)
    return version


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a journal to the current version, all of it or nothing; others may try at once."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for script in _MIGRATIONS[check_version(connection) :]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
