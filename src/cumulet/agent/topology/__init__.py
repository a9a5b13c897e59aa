"""What a machine is made of: NUMA cells and PCI devices, as the kernel shows them in sysfs. The root of sysfs is a parameter."""
