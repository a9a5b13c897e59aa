"""Packages that were downloaded once are not asked for again."""

from __future__ import annotations

from pathlib import Path

import pytest

from cumulet.app.tiny import packages

DEBS = ("busybox_1_amd64.deb", "busybox-static_1_amd64.deb", "netcat-traditional_1_amd64.deb")
KERNEL = "linux-image-6.1.0-9-cloud-amd64_6.1_amd64.deb"


def test_packages_in_the_work_folder_are_used_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    for name in (*DEBS, KERNEL):
        (tmp_path / name).touch()
    assert [path.name for path in packages.fetch(tmp_path)] == [*DEBS, KERNEL]


def test_a_missing_package_and_no_apt_is_said_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("apt-get", "apt-cache"):
        (tools / name).write_text("#!/bin/sh\necho 'E: Unable to locate package' >&2\nexit 100\n")
        (tools / name).chmod(0o700)
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(packages.CannotFetch, match=r"busybox .*Unable to locate.*apt-get update"):
        packages.fetch(tmp_path / "debs")
    assert list((tmp_path / "debs").iterdir()) == []
