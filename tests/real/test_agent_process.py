"""The agent in a process of its own: killed in the middle of things it goes on where it was, and guests do not notice."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from support.inventory import inventory, registrations
from support.killing import kill_9
from support.real_cloud import RealCloud, real_cloud, until
from support.real_project import Project

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


class AgentProcess:
    """`cumulet agent` with the cloud's configuration."""

    def __init__(self, cloud: RealCloud, file: Path) -> None:
        self.cloud, self.file = cloud, file
        self.child: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it, and wait until the control plane has recognised it."""
        before = registrations(self.cloud.config)
        words = ("agent", "--config", str(self.file), "--state", str(self.cloud.state))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("CUMULET_")}
        log = self.cloud.state / "log" / "agent.log"
        with log.open("ab") as said:
            argv = (sys.executable, "-m", "cumulet.app.cli", *words)
            self.child = await asyncio.create_subprocess_exec(*argv, env=environment, stdout=said, stderr=said)

        async def is_recognised() -> bool:
            return registrations(self.cloud.config) > before

        await until(is_recognised, f"the agent recognised: {log.read_text()[-2000:]}", 60)

    async def kill(self) -> None:
        """As a crash would."""
        assert self.child is not None
        kill_9(self.child.pid)
        await self.child.wait()

    async def stop(self) -> None:
        """End it in an orderly way."""
        if self.child is not None and self.child.returncode is None:
            self.child.terminate()
            await self.child.wait()


@asynccontextmanager
async def running_agent(cloud: RealCloud) -> AsyncIterator[AgentProcess]:
    agent = AgentProcess(cloud, cloud.state / "cumulet.toml")
    options = {"port": cloud.config.port, "namespace": f'"{cloud.config.namespace}"', "own_agent": "false"}
    agent.file.write_text("".join(f"{name} = {value}\n" for name, value in options.items()))
    cloud.options = {}
    cloud.file = agent.file
    try:
        yield agent
    finally:
        await agent.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agent(image: Path) -> AsyncIterator[AgentProcess]:
    async with real_cloud(image) as cloud, running_agent(cloud) as made:
        await cloud.up()
        await made.start()
        await cloud.hello()
        yield made


async def a_server(agent: AgentProcess) -> tuple[Project, str]:
    project = Project(agent.cloud.demo, agent.cloud.admin)
    network = (await project.first("/network/v2.0/networks?name=private"))["id"]
    return project, await project.server("crashed", network)


async def test_a_killed_agent_goes_on_where_it_was(agent: AgentProcess) -> None:
    cloud = agent.cloud
    uptime = float((await cloud.ssh("cat /proc/uptime")).split()[0])
    async with cloud.session() as say:
        await agent.kill()
        assert await say("without an agent") == "without an agent"
        await agent.start()
        assert await say("with one") == "with one"
    project, server = await a_server(agent)
    await project.becomes(server, "ACTIVE", 120)
    assert float((await cloud.ssh("cat /proc/uptime")).split()[0]) > uptime
    await project.delete(server)
    assert (await inventory(cloud.config)).differences() == []


async def test_a_server_whose_agent_dies_while_it_is_built_is_there_or_says_why_it_is_not(agent: AgentProcess) -> None:
    project, server = await a_server(agent)
    await agent.kill()
    await agent.start()

    async def is_settled() -> dict[str, Any] | None:
        found = await project.show(server)
        return found if found is not None and found["status"] in ("ACTIVE", "ERROR") else None

    found = await until(is_settled, "the server built, or not", 120)
    assert found["status"] == "ACTIVE" or "The host does not answer" in found["fault"]["message"]

    async def fits() -> bool:
        return (await inventory(agent.cloud.config)).differences() == []

    await until(fits, "nothing leaks", 60)
    await project.delete(server)
    assert (await inventory(agent.cloud.config)).differences() == []


async def test_an_agent_finds_its_cloud_again(agent: AgentProcess) -> None:
    cloud = agent.cloud
    cloud.kill()
    await cloud.up()
    project, server = await a_server(agent)
    await project.becomes(server, "ACTIVE", 120)
    await project.delete(server)
    assert await cloud.ssh("hostname") == "hello"


async def test_a_second_agent_and_down_are_refused_while_it_runs(agent: AgentProcess) -> None:
    for words in (("agent",), ("down",)):
        said = await agent.cloud.command(*words)
        assert said.status == 1
        assert "Another agent uses the folder" in said.text
        assert "Traceback" not in said.text
    await agent.cloud.up()
    assert await agent.cloud.ssh("hostname") == "hello"
