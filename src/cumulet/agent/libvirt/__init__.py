"""A real host: guests under libvirt and QEMU, disks as files, ports on Open vSwitch.

    settings.py    what an operator may choose
    daemon.py      a libvirtd of our own, in its own mounts and in the switch's network namespace
    connection.py  calls in threads, events to the loop
    domain.py      a guest as libvirt's XML; devices.py its disks and ports; reading.py the way back
    guests.py      start, stop, destroy, list; hotplug.py; console.py; strays.py, what libvirt does not know of
    facts.py       what the machine is
    host.py        all of it together, as `agent.host.Host`

A guest is the libvirt domain `cumulet-<server id>`, and its UUID is the server's. Its definition is only how it runs now:
every start defines it anew from what the control plane says. Guests outlive libvirtd, and both outlive the agent.
"""
