"""Mail of any service: from a text to the mail server, and what waits until that has taken it.

- :mod:`.texts`: templates, and what is rendered from them.
- :mod:`.messages`: a mail, and the message of RFC 5322 that it is sent as.
- :mod:`.handing_over`: to an SMTP server, or to a directory of files.
- :mod:`.outbox`: the table of a service in which mails wait.
- :mod:`.sending`: sends what is due of it.
"""
