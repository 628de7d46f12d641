"""Mails about what happens to users' workouts and webhooks.

- :mod:`.rows`: the table, in which a mail waits until it is sent or given up.
- :mod:`.mails`: sends what is due; where a mail goes, the users service is asked then.
- :mod:`.timers`: when that is done.
"""
