"""The ways out: everything that is sent to somebody leaves through here, and through one guard.

`outbound.send` is the only place that opens a connection to an address from outside: the host is looked up once,
every address is checked against our own list, and the socket goes to one of those that were checked. No redirects,
no proxies, one deadline for the whole, a cap on what is read, no secret in any text.

`courier.Courier` empties the outbox. A message leaves at least once, under an id that never changes, in the order
of its queue; a slow destination holds up nobody else. What cannot be delivered is said, not lost.
"""
