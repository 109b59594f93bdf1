"""Documents from outside to the values that people's acts take: every field known, of its type, and not null.

A document with several faults is refused with all of them. Which components there are, and what may follow what,
is for the acts to judge: they see the state.
"""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from statuspage.core.fields import Fields
from statuspage.core.incident import IncidentState
from statuspage.core.maintenance import MaintenanceState
from statuspage.core.planning import Plan
from statuspage.core.posting import Post
from statuspage.core.refusals import Refused
from statuspage.core.site import Site
from statuspage.core.status import Status
from statuspage.core.telling import Json
