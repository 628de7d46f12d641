"""All limits of the HTTP server: connections, times, sizes."""

MOST_CONNECTIONS = 4500
"""Beyond this a new connection displaces another; at most half the limit of open files."""

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
"""A connection is closed after this time without a request, or with an unread response."""

HEAD_SECONDS = 10
"""The whole request head must arrive within this."""

BODY_SECONDS = 15
"""The whole body must arrive within this."""

STREAM_STEP = 64 * 1024
"""Bytes of a streamed body or response by which a client has to get on within a time."""

STALLED_BODY_SECONDS = 30
"""The next step of a streamed body must arrive within this."""

STALLED_RESPONSE_SECONDS = 120
"""The next step of a streamed response must be taken within this. It is long because a client that
reads slowly may take nothing for a while: its kernel may have a receive buffer of megabytes, and
announces room again only when a sixteenth of that is free."""

BODY_PIECE = 256 * 1024
"""Bytes of a streamed body that a method gets at a time."""

LINGER_SECONDS = 2
"""After a refusal, unread bytes are read for so long: closing at once would reset the connection
before the client has read the response."""

LONGEST_TARGET = 8000
LONGEST_HEADER = 8000
LARGEST_HEAD = 64 * 1024
MOST_HEADERS = 100

PIECE = 8 * 1024
"""Bytes received at a time."""

READ_AHEAD = 8 * 1024
"""Buffered bytes beyond the current request at which receiving stops until its response."""

NEGLIGIBLE_BYTES = READ_AHEAD + 2 * PIECE
"""A connection with no more bytes held than this is not counted."""

MOST_HELD_PER_ADDRESS = 16 * 1024 * 1024
"""Bytes held for the connections of an address: incomplete heads, bodies, unread responses."""

MOST_HELD = 32 * 1024 * 1024
"""The same for all addresses."""

KERNEL_BUFFER = 128 * 1024
"""What the kernel holds for a connection in each direction; Linux takes twice that for itself."""

SWEEP_SECONDS = 0.25
"""How often the time limits of all connections are checked."""

SWEEP_PART_SECONDS = 0.002
"""Maximum duration of one part of such a check; then other work has its turn."""

ACCEPTED_AT_ONCE = 64
"""Connections accepted in a row before existing ones have their turn."""

WORKER_WAIT_SECONDS = 1
"""Maximum wait of a request for a free worker."""

LATE_SECONDS = 1
"""A method may take this much longer than its calls, so that it can report which one was late."""

IDLE_GRACE_SECONDS = 0.5
"""On shutdown, an idle connection may send one more request within this."""

LONGEST_LOGGED_PATH = 200
