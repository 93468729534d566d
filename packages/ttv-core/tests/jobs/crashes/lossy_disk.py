"""A disk whose power goes out: what was not synced is lost, kept or torn, in any order.

The model: a sync makes one file durable, and every name given or taken before it, as journalling
file systems do. Of what was written since, each sector of 512 bytes may be there or not.
"""

from __future__ import annotations

import itertools

import apsw

SECTOR = 512
MODES = ("lost", "kept", "some", "torn", "reordered")


class _Contents:
    """A file, whatever its name: what is durable, and what has been done since."""

    def __init__(self, durable=b""):
        self.now = bytearray(durable)
        self.durable = bytes(durable)
        self.since = []

    def do(self, *change):
        apply(self.now, change)
        self.since.append(change)

    def sync(self):
        self.durable, self.since = bytes(self.now), []


def _survivors(changes, mode, chance):
    if mode == "lost":
        return []
    if mode == "kept":
        return changes
    if mode == "some":
        return [each for each in changes if chance.random() < 0.5]
    pieces = [piece for each in changes for piece in _pieces(each) if chance.random() < 0.5]
    if mode == "reordered":
        chance.shuffle(pieces)
    return pieces


def _pieces(change):
    """Cut a write at the borders of sectors."""
    if change[0] != "write":
        return [change]
    _, place, data = change
    cuts = [0, *range(SECTOR - place % SECTOR, len(data), SECTOR), len(data)]
    return [("write", place + a, data[a:b]) for a, b in itertools.pairwise(cuts)]


def apply(contents, change):
    kind, place, *rest = change
    if kind == "truncate":
        del contents[place:]
        return
    (data,) = rest
    contents.extend(bytes(max(place - len(contents), 0)))
    contents[place : place + len(data)] = data


class Disk:
    """Files by name, as they would be found after each moment at which the power may go out.

    Args:
        files: What is there at first: name to bytes.
        changed: Called after each change, with this disk.
    """

    def __init__(self, files=None, changed=lambda disk: None):
        self.names = {name: _Contents(data) for name, data in (files or {}).items()}
        self._changed = changed
        self._history = [dict(self.names)]  # names since the last sync, the durable ones first

    def change(self, contents, *change):
        contents.do(*change)
        self._changed(self)

    def sync(self, contents):
        contents.sync()
        self.settle()
        self._changed(self)

    def settle(self):
        self._history = [dict(self.names)]

    def rename(self, name, contents):
        """Give a file its name; None takes the name away."""
        self.names[name] = contents
        if contents is None:
            del self.names[name]
        self._history.append(dict(self.names))
        self._changed(self)

    def moment(self):
        """Return what is left of this moment; what is durable is shared with others, not copied."""
        held = {id(each): each for names in self._history for each in names.values()}
        left = {key: (each.durable, tuple(each.since)) for key, each in held.items()}
        return Moment(
            [{name: left[id(each)] for name, each in names.items()} for names in self._history]
        )


class Moment:
    """A disk at the moment at which the power goes out.

    Args:
        names: Each state that the folder may be in: name to (durable bytes, changes since).
    """

    def __init__(self, names):
        self._names = names

    def after_loss(self, chance):
        """Return one thing that may be found when the power is back: name to bytes."""
        names = chance.choice(self._names)
        mode = chance.choice(MODES)
        found = {}
        for name, (durable, since) in names.items():
            contents = bytearray(durable)
            for change in _survivors(since, mode, chance):
                apply(contents, change)
            found[name] = bytes(contents)
        return found


class LossyVFS(apsw.VFS):
    """Where SQLite keeps its files: the `disk` that is put in."""

    def __init__(self):
        super().__init__("lossy", "")
        self.disk = Disk()

    def xFullPathname(self, name):  # noqa: N802 - SQLite's own names
        return name

    def xAccess(self, pathname, flags):  # noqa: N802
        return pathname in self.disk.names

    def xDelete(self, filename, syncdir):  # noqa: N802
        self.disk.rename(filename, None)
        if syncdir:
            self.disk.settle()

    def xOpen(self, name, flags):  # noqa: N802
        name = name.filename() if isinstance(name, apsw.URIFilename) else name
        if name not in self.disk.names:
            self.disk.rename(name, _Contents())
        flags[1] = flags[0]
        return _File(self.disk, self.disk.names[name])


class _File:
    """An open file, of one process: nobody else is there to be locked out."""

    def __init__(self, disk, contents):
        self._disk, self._contents = disk, contents

    def xRead(self, amount, offset):  # noqa: N802
        return bytes(self._contents.now[offset : offset + amount])

    def xWrite(self, data, offset):  # noqa: N802
        self._disk.change(self._contents, "write", offset, bytes(data))

    def xTruncate(self, size):  # noqa: N802
        self._disk.change(self._contents, "truncate", size)

    def xSync(self, flags):  # noqa: N802
        self._disk.sync(self._contents)

    def xFileSize(self):  # noqa: N802
        return len(self._contents.now)

    def xLock(self, level):  # noqa: N802
        pass

    def xUnlock(self, level):  # noqa: N802
        pass

    def xCheckReservedLock(self):  # noqa: N802
        return False

    def xFileControl(self, op, pointer):  # noqa: N802
        return False

    def xSectorSize(self):  # noqa: N802 - as SQLite's own for Unix
        return 4096

    def xDeviceCharacteristics(self):  # noqa: N802 - likewise
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xClose(self):  # noqa: N802
        pass


class Connection:
    """A connection of apsw's that can what the journal needs of sqlite3's.

    Without shared memory there is one connection for both its reading and its writing.
    """

    def __init__(self):
        self._inner = apsw.Connection("jobs.db", vfs="lossy")
        self._inner.execute("PRAGMA locking_mode = EXCLUSIVE")
        # A checkpoint every few commits, so that the power goes out in many of them.
        self._inner.execute("PRAGMA wal_autocheckpoint = 24")
        self._users = 1

    def again(self):
        self._users += 1
        return self

    def execute(self, sql, values=()):
        return _Rows(list(self._inner.execute(sql, values)), self._inner.changes())

    def executemany(self, sql, rows):
        self._inner.executemany(sql, rows)

    def close(self):
        self._users -= 1
        if not self._users:
            self._inner.close()


class _Rows:
    def __init__(self, rows, count):
        self._rows = rows
        self.rowcount = count

    def fetchone(self):
        return self._rows[0] if self._rows else None

    def fetchall(self):
        return self._rows
