"""Deliveries: what webhooks are told, and how that gets to them.

- :mod:`.rows`: the table, in which a delivery waits until it is taken or given up.
- :mod:`.resolving`: the addresses of a name, of which only allowed ones are given.
- :mod:`.sending`: one request over one connection, within limits of time and size.
- :mod:`.deliverer`: sends what is due, a few at a time to each webhook.
- :mod:`.methods`: what owners see and ask for.
"""
