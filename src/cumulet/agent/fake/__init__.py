"""A host in memory: instant guests and disks, with the refusals of the real one. For tests, `up --fake` and scale runs.

world = World(hostname="fake1")                # the machine: outlives its agents, as guests outlive a real agent
agent = Agent(bus, FakeHost(world), world.journal, clock)
await agent.start()
await agent.welcomed()

world.faults.fail(StartGuest, times=2, code="failed", message="…")   # the next two are refused
world.faults.hook = hook                                             # awaited with the command's type before each command
world.crash(server_id); world.power_off(server_id); world.lose(path); world.add_stranger("name", memory_mb=512)
"""

from .host import FakeHost
from .world import Capacity, Faults, World

__all__ = ["Capacity", "FakeHost", "Faults", "World"]
