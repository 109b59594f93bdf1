"""What an application asks: which provider a route uses, and when this client is to move there.

    directives = Directives("https://status.example.com", defaults={"realtime.chat": "firebase"})
    directives.provider("realtime.chat", {"event_users": 6200})

It needs nothing but Python's own library: this folder may be copied into an application. It reads `/directives.json`
and decides for itself, as `core/directive.py` and `core/pacing.py` do; nothing of ours has to live for an application
to know where to go.
"""

from .deciding import LIMITED, Epoch, bucket, evaluate, in_force, moment, personal
from .directives import Directives
from .reporting import OUTCOMES

__all__ = ["LIMITED", "OUTCOMES", "Directives", "Epoch", "bucket", "evaluate", "in_force", "moment", "personal"]
