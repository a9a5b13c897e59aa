"""The agent: the hands of the control plane on one host.

It owns what is on its host and nothing else: guests, disks, taps, and a small journal. It decides nothing about placement and
never acts on its own against a guest or a disk; it reports, and repairs its own daemons.

    main.py      registration, heartbeats, healing
    inbox.py     one message in, one answer out: version, identity, dedupe, epoch, one command at a time per object
    commands.py  what each command does, as one table, with the rules that hold on every kind of host
    keys.py      which attempt made an object
    journal.py   answers given, epochs seen, the control plane's counter; on disk in `store/`
    host.py      what a host can do; `libvirt/` (with `disks/` and `ovs/`) does it, `fake/` pretends in memory

What must hold (design: safety). C2: a guest starts only with a signed claim. C9: guests nobody asked for are counted and left
alone. K1: nothing is deleted, only quarantined. K2: an undo touches what its own attempt made. K4: a root disk is made once.
F7: no work before the control plane has proven to be the one this host belongs to.
"""
