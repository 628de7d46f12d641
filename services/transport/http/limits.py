"""All limits of the HTTP server: connections, times, sizes."""

MOST_CONNECTIONS = 2000
"""At these another gives way to a new one; also never more than half the open files allowed."""

MOST_PER_ADDRESS = 256
"""The same for one address, unless it is a trusted proxy's."""

LEAST_ADDRESSES = 4
"""At least so many addresses are needed to use up all connections."""

YOUNG_SECONDS = 1
"""A head that began within this is still on its way, and gives way after the longest idle one."""

LOG_PAUSE_SECONDS = 1
"""How often it is logged that connections are refused."""

BACKLOG = 1024
"""Connections that the kernel keeps for us until we accept them."""

ACCEPT_PAUSE_SECONDS = 0.1
"""Pause after a failed accept, such as when no more files may be opened."""

IDLE_SECONDS = 30
"""A connection that is kept open without a request, or whose answer is not read, is closed."""

HEAD_SECONDS = 10
"""The request line and all headers must be here within this, however they trickle."""

BODY_SECONDS = 15
"""The whole body must be here within this."""

LINGER_SECONDS = 2
"""After a refusal, unread bytes are read for so long: closing at once would reset the connection
before the client has read the response."""

LONGEST_TARGET = 8000
LONGEST_HEADER = 8000
LARGEST_HEAD = 64 * 1024
MOST_HEADERS = 100

PIECE = 8 * 1024
"""So much is received at a time."""

READ_AHEAD = 8 * 1024
"""With so much of what comes after a request nothing more is received until that is answered."""

NEGLIGIBLE_BYTES = READ_AHEAD + 2 * PIECE
"""A connection that makes us hold no more than this is not counted."""

MOST_HELD_PER_ADDRESS = 16 * 1024 * 1024
"""What the connections of an address make us hold: begun heads, bodies, and unread answers."""

MOST_HELD = 32 * 1024 * 1024
"""The same for all addresses."""

KERNEL_BUFFER = 128 * 1024
"""What the kernel holds for a connection in each direction; Linux takes twice that for itself."""

SWEEP_SECONDS = 0.25
"""How often the time limits of all connections are checked."""

SWEEP_PART_SECONDS = 0.002
"""After so much checking in one go, other work has its turn."""

ACCEPTED_AT_ONCE = 64
"""New connections that are let in before those that are there are looked after again."""

WORKER_WAIT_SECONDS = 1
"""A request waits so long for a free worker."""

LATE_SECONDS = 1
"""A method gets so much longer than the calls it makes, to say which of them was late."""

IDLE_GRACE_SECONDS = 0.5
"""At the end, a kept-open connection may bring one more request within this."""

LONGEST_LOGGED_PATH = 200
