"""The database. Values of the core go in, values of the core come out; nothing of SQLAlchemy leaves this folder.

Every act is one transaction. A decision takes the next revision of `head` first, so that revisions are dense
and in the order of the commits on both engines; observations, checkpoints and signs of life take none.
What was returned from is on disk. What went wrong is a StoreError that says whether trying again can help.
"""

from statuspage.store.errors import (
    StaleLease,
    StoreBusy,
    StoreCorrupt,
    StoreError,
    StoreLost,
    StoreMissing,
    StoreOutdated,
)
from statuspage.store.head import Head
from statuspage.store.journal import Entry
from statuspage.store.store import Store, open_store

__all__ = [
    "Entry",
    "Head",
    "StaleLease",
    "Store",
    "StoreBusy",
    "StoreCorrupt",
    "StoreError",
    "StoreLost",
    "StoreMissing",
    "StoreOutdated",
    "open_store",
]
