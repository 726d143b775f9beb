"""Deletes what killed processes left beside the warehouse: done by the next run and every removal."""

import shutil
from glob import escape
from pathlib import Path

# After the file's name: what an archive run or a delivery staged, a restore fetched and built, a removal drafted.
_LEFTOVERS = (".archiving", ".archiving.*", ".delivering", ".restoring", ".restoring.*", ".files", ".*.draft*")


def sweep_leftovers(path: Path) -> list[str]:
    """Remove what killed runs left beside the warehouse at `path`. Returns the names.

    The caller holds `warehouse_lock`, so that nobody uses them.

    Raises:
        OSError: something cannot be removed.
    """
    names = set()
    for place in {path.absolute(), path.resolve()}:
        for pattern in _LEFTOVERS:
            for left in place.parent.glob(f"{escape(place.name)}{pattern}"):
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left)
                else:
                    left.unlink(missing_ok=True)
                names.add(left.name)
    return sorted(names)


def list_beside(path: Path) -> list[str]:
    """Everything beside the warehouse at `path` but its lock, whatever it is called.

    Raises:
        OSError: the directory cannot be read.
    """
    places = {path.absolute(), path.resolve()}
    own = {name for place in places for name in (place.name, f"{place.name}.lock")}
    return sorted(one.name for place in places for one in place.parent.iterdir() if one.name not in own)
