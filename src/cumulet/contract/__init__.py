"""The messages between the control plane and the agents, and nothing else.

A message travels as msgpack of an `Envelope` to the subject `host.<host id>`; the answer is a `Reply`. Every command is
idempotent and carries two guards. `key` is `workflow/step/attempt`: an agent that has already answered a key answers it again
from its journal. `epoch` grows with each new owner of the server or volume: an agent refuses a lower one than it has seen.

Agents speak to the control plane on the subject `cloud` (`contract.reports`).
"""

VERSION = 1
"""The version of these messages. Both sides accept this one and the one before."""
