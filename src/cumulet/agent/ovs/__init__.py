"""A host's network: Open vSwitch and ovn-controller in a network namespace of their own, with the guests' taps in it.

`switch` is what the rest of the agent uses. Nothing of the machine's own network is touched: bridges, taps, tunnels and the
address of the outside world exist only in the namespace, and QEMU runs there too.
"""
