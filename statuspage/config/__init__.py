"""What config.toml may say.

Unknown keys are errors, every error is reported at once as `path: problem`, secrets come only from the
environment or from files, and what one table says of another is checked. Kinds are handed in: this folder
knows that a check or a destination has a type, not which types there are.
"""

from statuspage.config.load import load, loads
from statuspage.config.problems import ConfigError, Problem
from statuspage.config.values import Check, Config, Kind, Kinds, Notifier, NotifierKind, NotifierKinds

__all__ = [
    "Check",
    "Config",
    "ConfigError",
    "Kind",
    "Kinds",
    "Notifier",
    "NotifierKind",
    "NotifierKinds",
    "Problem",
    "load",
    "loads",
]
