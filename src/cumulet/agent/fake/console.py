"""What a small Linux guest would write on its serial console while it boots."""

from __future__ import annotations

from cumulet.contract.guests import GuestSpec


def boot_lines(spec: GuestSpec) -> list[str]:
    """One boot, from the kernel's first line to the login prompt."""
    pages = spec.memory_mb * 1024
    disks = [f"virtio_blk virtio{at}: [{disk.device}] serial {disk.serial}" for at, disk in enumerate(spec.disks)]
    nics = [f"virtio_net virtio{len(disks) + at}: eth{at}: {port.mac} mtu {port.mtu}" for at, port in enumerate(spec.ports)]
    kernel = [
        "Linux version 6.1.0-28-cloud-amd64 (debian-kernel@lists.debian.org)",
        "Command line: BOOT_IMAGE=/vmlinuz root=/dev/vda1 ro console=ttyS0,115200",
        "Hypervisor detected: KVM",
        f"Memory: {pages - 40960}K/{pages}K available",
        f"smp: Brought up 1 node, {spec.vcpus} CPU{'s' if spec.vcpus > 1 else ''}",
        *disks,
        *nics,
        "EXT4-fs (vda1): mounted filesystem with ordered data mode",
        "random: crng init done",
    ]
    booted = [f"[{0.15 * at:12.6f}] {line}" for at, line in enumerate(kernel)]
    services = [f"[  OK  ] Started {name}." for name in ("udev", "networking", "cloud-init", "OpenSSH server")]
    return [*booted, *services, "", f"Debian GNU/Linux 12 {spec.name} ttyS0", "", f"{spec.name} login: "]
