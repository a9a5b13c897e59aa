"""The installer, against fake tools and a fake root folder."""

from __future__ import annotations

import os
import sys
import time
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

from cumulet.app.machine import packages
from cumulet.app.machine.packages import BINDING, CannotInstall, Machine

APT = """#!/bin/sh
# Writes down what it was asked, and what maintainer scripts would have seen.
echo "$DEBIAN_FRONTEND $*" >>{log}
cat {root}/usr/sbin/policy-rc.d >>{log}.policy 2>/dev/null
for word; do case $word in APT::Status-Fd=*) fd=${{word#*=}} ;; esac; done
for line in 'dlstatus:1:50.0:Retrieving' 'pmstatus:gcc:10.0:Unpacking' 'pmstatus:gcc:90:Setting up'; do
    echo "$line" >/proc/self/fd/$fd
done
{then}
"""
DPKG_QUERY = (
    '#!/bin/sh\nshift 3\nfor name; do case " {absent} " in *" $name "*) ;; *) echo "$name installed" ;; esac; done\nexit 1\n'
)


class Fakes:
    """A root folder with an os-release, and a folder of tools, of which apt-get writes a log."""

    def __init__(self, folder: Path) -> None:
        self.root, self.tools, self.log = folder / "root", folder / "tools", folder / "apt.log"
        for path in ("etc", "usr/sbin", "var/lib/apt/lists"):
            (self.root / path).mkdir(parents=True)
        self.tools.mkdir()
        (self.root / "etc/os-release").write_text('PRETTY_NAME="Other 1"\nID=other\nID_LIKE="ubuntu debian"\n')
        self.machine = Machine(self.root, uid=0)
        self.tool("apt-get", APT.format(log=self.log, root=self.root, then=""))
        self.absent()

    @property
    def policy(self) -> Path:
        return self.root / "usr/sbin/policy-rc.d"

    def tool(self, name: str, text: str) -> None:
        (self.tools / name).write_text(text)
        (self.tools / name).chmod(0o755)

    def absent(self, *names: str) -> None:
        self.tool("dpkg-query", DPKG_QUERY.format(absent=" ".join(names)))

    def fresh_lists(self) -> None:
        (self.root / "var/lib/apt/lists/mirror_Packages").touch()

    def commands(self) -> list[str]:
        return [next(word for word in line.split() if word in ("update", "install")) for line in self.log.read_text().splitlines()]


@pytest.fixture
def fakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fakes:
    made = Fakes(tmp_path)
    monkeypatch.setenv("PATH", f"{made.tools}:/usr/bin:/bin")
    monkeypatch.setitem(sys.modules, "libvirt", ModuleType("libvirt"))
    return made


def test_only_what_is_not_installed_is_missing(fakes: Fakes) -> None:
    assert packages.missing(fakes.machine) == []
    fakes.absent("ethtool", "qemu-utils")
    assert packages.missing(fakes.machine) == ["qemu-utils", "ethtool"]


def test_a_host_with_root_disks_in_ceph_needs_more(fakes: Fakes) -> None:
    fakes.absent("qemu-block-extra", "librbd1")
    assert packages.missing(fakes.machine) == []
    assert packages.missing(fakes.machine, packages.FOR_ROOT_POOL) == ["librbd1", "qemu-block-extra"]


def test_a_compiler_is_wanted_only_while_the_binding_is_missing(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.absent("gcc")
    assert packages.missing(fakes.machine) == []
    monkeypatch.setitem(sys.modules, "libvirt", None)
    assert packages.missing(fakes.machine) == ["gcc", BINDING]


def test_phases_are_told_once_each_and_nothing_is_recommended(fakes: Fakes) -> None:
    fakes.fresh_lists()
    steps: list[str] = []
    packages.install(["gcc", "ethtool"], steps.append, fakes.machine)
    assert steps == ["downloading packages", "installing packages"]
    (line,) = fakes.log.read_text().splitlines()
    assert line.startswith("noninteractive -y ")
    assert line.endswith("install --no-install-recommends gcc ethtool")


@pytest.mark.parametrize("age", [None, 2 * 24 * 3600])
def test_absent_and_stale_package_lists_are_refreshed_first(fakes: Fakes, age: int | None) -> None:
    if age is not None:
        fakes.fresh_lists()
        old = time.time() - age
        os.utime(fakes.root / "var/lib/apt/lists/mirror_Packages", (old, old))
    steps: list[str] = []
    packages.install(["gcc"], steps.append, fakes.machine)
    assert fakes.commands() == ["update", "install"]
    assert steps[0] == "refreshing package lists"


def test_services_are_forbidden_only_while_apt_runs(fakes: Fakes) -> None:
    fakes.fresh_lists()
    packages.install(["gcc"], machine=fakes.machine)
    assert "exit 101" in Path(f"{fakes.log}.policy").read_text()
    assert not fakes.policy.exists()


def test_a_policy_that_was_there_is_put_back_even_if_apt_fails(fakes: Fakes) -> None:
    fakes.fresh_lists()
    fakes.policy.write_text("#!/bin/sh\nexit 0\n")
    fakes.policy.chmod(0o711)
    fakes.tool("apt-get", APT.format(log=fakes.log, root=fakes.root, then="echo 'E: No space left'; exit 100"))
    with pytest.raises(CannotInstall, match="E: No space left"):
        packages.install(["gcc"], machine=fakes.machine)
    assert fakes.policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert fakes.policy.stat().st_mode & 0o777 == 0o711
    assert [path.name for path in fakes.policy.parent.iterdir()] == ["policy-rc.d"]


def test_a_policy_saved_by_a_killed_installation_is_put_back_by_the_next(fakes: Fakes) -> None:
    fakes.fresh_lists()
    fakes.policy.write_text("theirs")

    packages.install(["gcc"], machine=fakes.machine)
    ours = Path(f"{fakes.log}.policy").read_text()
    fakes.policy.rename(fakes.policy.with_name("policy-rc.d.before-cumulet"))
    fakes.policy.write_text(ours)
    assert packages.forbids_services(fakes.machine)
    packages.install(["gcc"], machine=fakes.machine)
    assert fakes.policy.read_text() == "theirs"


def test_installing_without_root_is_refused_before_anything_happens(fakes: Fakes) -> None:
    with pytest.raises(CannotInstall, match="needs root"):
        packages.install(["gcc"], machine=Machine(fakes.root, uid=1000))
    assert not fakes.log.exists()


def test_another_system_than_debian_is_refused_by_name(fakes: Fakes) -> None:
    (fakes.root / "etc/os-release").write_text('PRETTY_NAME="Fedora Linux 42"\nID=fedora\n')
    with pytest.raises(CannotInstall, match=r"Fedora Linux 42\..*--fake"):
        packages.missing(fakes.machine)


def test_the_binding_is_installed_into_the_running_python(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    there = fakes.tools / "site"
    there.mkdir()
    fakes.tool("python", f'#!/bin/sh\necho "$*" >{fakes.log}\n: >{there}/libvirt.py\n')
    monkeypatch.setattr(sys, "executable", str(fakes.tools / "python"))
    monkeypatch.setattr(sys, "path", [str(there), *sys.path])
    monkeypatch.delitem(sys.modules, "libvirt")
    steps: list[str] = []
    packages.install([BINDING], steps.append, fakes.machine)
    assert steps == ["compiling libvirt-python"]
    assert fakes.log.read_text().startswith("-m pip install")
    assert fakes.log.read_text().strip().endswith(packages.VERSIONS)


def test_the_binding_that_cannot_be_compiled_is_said_with_pips_words(fakes: Fakes, monkeypatch: pytest.MonkeyPatch) -> None:
    fakes.tool("python", "#!/bin/sh\necho 'libvirt.pc not found' >&2\nexit 1\n")
    monkeypatch.setattr(sys, "executable", str(fakes.tools / "python"))
    with pytest.raises(CannotInstall, match=r"libvirt\.pc not found"):
        packages.install([BINDING], machine=fakes.machine)


def test_the_bindings_versions_are_those_of_the_extra() -> None:
    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())
    assert project["project"]["optional-dependencies"]["libvirt"] == [packages.VERSIONS]
