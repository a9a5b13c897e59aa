"""Providers below a host: its NUMA cells, and the PCI devices that guests may have. Pure.

The host is the sum, a cell says which part of it: a server's memory is claimed of the host, as on every host, and beside
that of the cells that it is in. So cells sell classes of their own (`CUSTOM_NUMA_MEMORY_MB`), no byte is in two inventories
of one class, and a host with one cell has no provider for it.

A device's provider is named like upstream's, by its address; virtual functions are inventory of their physical function's
provider. Which devices and processors a claim holds are its *pieces*.
"""
