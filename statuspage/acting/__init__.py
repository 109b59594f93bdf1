"""What people and programs ask for in documents, done on the store, and answered in documents.

The API and the command line both act here, so that what is asked on the machine and what is asked over HTTP mean
the same, are refused in the same words and answer the same document. Nothing here knows of HTTP or a terminal.
Who may do what is decided here too, inside the transaction where that depends on what is there.
"""

from statuspage.acting.caller import Caller, Done, NotAllowed
from statuspage.acting.components import Components
from statuspage.acting.incidents import Incidents
from statuspage.acting.maintenances import Maintenances
from statuspage.acting.routes import Routes

__all__ = ["Caller", "Components", "Done", "Incidents", "Maintenances", "NotAllowed", "Routes"]
