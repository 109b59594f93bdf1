"""Ways to act on a route's move. The file name is the type; `compose` makes a request and sends nothing.

An actuator hears of moves in the order of their epochs, and of the newest one only where it was late: what it does is
idempotent by (route, epoch). What came of it is an event of the journal: `actuator.done`, `actuator.failed`.
"""
