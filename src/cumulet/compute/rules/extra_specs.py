"""Which extra specs a flavor may have: the namespaces that are known, their keys and what their values look like.

What has no namespace, or one that nobody here knows, is the operator's own business.
Source: https://docs.openstack.org/nova/latest/configuration/extra-specs.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ...kernel.errors import Invalid
from ...kernel.http import flag

Check = Callable[[str], str | None]
"""What is wrong with a value; None if nothing is."""


def _text(value: str) -> str | None:
    return None


def _flag(value: str) -> str | None:
    try:
        flag(value)
    except ValueError:
        return f"'{value}' is not a valid boolean-like value."
    return None


def _number(least: int | None = None, most: int | None = None) -> Check:
    def check(value: str) -> str | None:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", value.strip()):
            return f"'{value}' is not a valid integer value."
        if most is not None and int(value) > most:
            return f"'{value}' is greater than the max value of '{most}'."
        if least is not None and int(value) < least:
            return f"'{value}' is less than the min value of '{least}'."
        return None

    return check


def _like(pattern: str) -> Check:
    def check(value: str) -> str | None:
        return None if re.fullmatch(pattern, value) else f"'{value}' is not of the format '{pattern}'."

    return check


def _one_of(*values: str) -> Check:
    return lambda value: None if value in values else f"'{value}' is not one of: {', '.join(values)}."


_any_number, _natural, _positive = _number(), _number(0), _number(1)
_cpus = _like(r"\^?\d+(-\d+)?(,\^?\d+(-\d+)?)*")
_group = r"([a-zA-Z0-9_-]{1,64})?"

_HW: dict[str, Check] = {
    **dict.fromkeys(
        ("cpu_realtime", "hide_hypervisor_id", "locked_memory", "boot_menu", "vif_multiqueue_enabled", "mem_encryption", "pmu"),
        _flag,
    ),
    **dict.fromkeys(("virtio_packed_ring", "ephemeral_encryption"), _flag),
    **dict.fromkeys(("numa_nodes", "cpu_sockets", "cpu_cores", "cpu_threads"), _positive),
    **dict.fromkeys(("cpu_max_sockets", "cpu_max_cores", "cpu_max_threads", r"numa_mem\.\d+"), _positive),
    **dict.fromkeys(("cpu_realtime_mask", "cpu_dedicated_mask", r"numa_cpus\.\d+"), _cpus),
    "cpu_policy": _one_of("dedicated", "shared", "mixed"),
    "cpu_thread_policy": _one_of("prefer", "isolate", "require"),
    "emulator_threads_policy": _one_of("isolate", "share"),
    "mem_page_size": _like(r"(large|small|any|\d+([kKMGT]i?)?(b|bit|B)?)"),
    "pci_numa_affinity_policy": _one_of("required", "preferred", "legacy", "socket"),
    "mem_encryption_model": _one_of("amd-sev", "amd-sev-es", "amd-sev-snp"),
    "pmem": _like(r"[a-zA-Z0-9_]+(,[a-zA-Z0-9_]+)*,?"),
    "serial_port_count": _natural,
    "redirected_usb_ports": _number(0, 15),
    "tpm_model": _one_of("tpm-tis", "tpm-crb"),
    "tpm_version": _one_of("1.2", "2.0"),
    "tpm_secret_security": _one_of("user", "host", "deployment"),
    "watchdog_action": _one_of("none", "pause", "poweroff", "reset", "disabled"),
    "viommu_model": _one_of("intel", "smmuv3", "virtio", "auto"),
    "sound_model": _one_of("sb16", "es1370", "pcspk", "ac97", "ich6", "ich9", "usb", "virtio"),
    "usb_model": _one_of("none", "nec-xhci", "qemu-xhci"),
    "ephemeral_encryption_format": _one_of("plain", "luks", "luksv2"),
}
_QUOTA: dict[str, Check] = {
    "(cpu|memory|disk_io|vif)_limit": _natural,
    "(cpu|memory|disk_io|vif)_reservation": _any_number,
    "(cpu|memory|disk_io|vif)_shares_level": _one_of("custom", "high", "normal", "low"),
    "(cpu|memory|disk_io|vif)_shares_share": _natural,
    "cpu_(shares|period)": _natural,
    "cpu_quota": _any_number,
    "disk_(read|write|total)_(bytes|iops)_sec": _natural,
    "vif_(inbound|outbound)_(average|peak|burst)": _natural,
}
_CAPABILITIES = (
    *("id", "uuid", "service_id", "host", "vcpus", "memory_mb", "local_gb", "vcpus_used", "memory_mb_used", "local_gb_used"),
    *("hypervisor_type", "hypervisor_version", "hypervisor_hostname", "free_ram_mb", "free_disk_gb", "current_workload"),
    *("running_vms", "disk_available_least", "host_ip", "mapped", "cpu_allocation_ratio", "ram_allocation_ratio"),
    *("disk_allocation_ratio", "total_usable_ram_mb", "total_usable_disk_gb", "disk_mb_used", "free_disk_mb", "vcpus_total"),
    *("num_instances", "num_io_ops", "failed_builds", "aggregates", "cell_uuid", "updated"),
)
_NESTED = (
    *("cpu_info", "metrics", "stats", "numa_topology", "supported_hv_specs", "pci_device_pools", "nodename", "pci_stats"),
    *("supported_instances", "limits", "instances"),
)
_NAMESPACES: dict[str, dict[str, Check]] = {
    "accel": {"device_profile": _text},
    "aggregate_instance_extra_specs": {".+": _text},
    "capabilities": {"|".join(_CAPABILITIES): _text, f"({'|'.join(_NESTED)})(:\\w+)*": _text},
    "hw": _HW,
    "hw_rng": {"allowed": _flag, "rate_(bytes|period)": _natural},
    "hw_video": {"ram_max_mb": _natural},
    "os": {"secure_boot": _one_of("disabled", "required")},
    "pci_passthrough": {"alias": _like(r"[^:,]+:\d+(\s*,\s*[^:,]+:\d+)*")},
    "quota": _QUOTA,
    f"resources{_group}": {"[A-Z0-9_]+": _any_number},
    f"trait{_group}": {"[A-Z0-9_]+": _one_of("required", "forbidden")},
}
_PLAIN: dict[str, Check] = {"hide_hypervisor_id": _flag, "group_policy": _one_of("isolate", "none")}


def check(specs: dict[str, str]) -> None:
    """Raise Invalid for the first extra spec that is wrong."""
    for name, value in specs.items():
        found = _check_of(name)
        if found is None:
            raise Invalid(f"Validation failed; extra spec '{name}' does not appear to be a valid extra spec.")
        problem = found(value)
        if problem:
            raise Invalid(f"Validation failed; {problem} (extra spec '{name}')")


def _check_of(name: str) -> Check | None:
    """How a value of this name is checked; None if the namespace is known and the name is not."""
    namespace, colon, key = name.partition(":")
    if not colon:
        return _PLAIN.get(name, _text)
    keys = next((keys for pattern, keys in _NAMESPACES.items() if re.fullmatch(pattern, namespace)), None)
    if keys is None:
        return _text
    return next((found for pattern, found in keys.items() if re.fullmatch(pattern, key)), None)


def standard(specs: dict[str, str], namespace: str) -> Iterator[str]:
    """The resource classes (namespace `resources`) or traits (`trait`) that the specs name and nobody made up."""
    for name in specs:
        prefix, _, key = name.partition(":")
        if re.fullmatch(namespace + _group, prefix) and not key.startswith("CUSTOM_"):
            yield key
