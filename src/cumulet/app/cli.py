"""The command line."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ..kernel import log
from ..kernel.daemons import DaemonFailed
from . import findings
from .config import Config
from .identity import admin_app, audit_log, bootstrap, keys_app, policy_app
from .images import image_app
from .importing import import_app
from .inspection.commands import audit, explain_app, overcommit_app
from .inspection.stock_commands import quarantine_app, restore_check
from .operator import clouds_yaml, process
from .operator.client import Client, RequestFailed
from .operator.progress import Steps
from .state.commands import backup, restore
from .terminal import ConfigOption, StateOption, configuration, console, failure

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="The OpenStack core in one program."
)
app.add_typer(image_app, name="image")
app.add_typer(explain_app, name="explain")
app.add_typer(overcommit_app, name="overcommit")
app.command("audit")(audit)
app.add_typer(import_app, name="import")
app.add_typer(keys_app, name="keys")
app.add_typer(policy_app, name="policy")
app.add_typer(admin_app, name="admin")
app.command("audit-log")(audit_log)
app.command("bootstrap")(bootstrap)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("restore-check")(restore_check)
app.add_typer(quarantine_app, name="quarantine")
FakeOption = Annotated[bool, typer.Option("--fake", help="Hosts in memory instead of libvirt and OVN: no root, no packages.")]


@app.command()
def up(
    state: StateOption = None,
    config: ConfigOption = None,
    fake: FakeOption = False,
    foreground: Annotated[bool, typer.Option("--foreground", help="Serve in this process, log to standard error.")] = False,
    install: Annotated[bool, typer.Option("--install", help="Install missing Debian packages first.")] = False,
) -> None:
    """Start the cloud. Done already if it runs."""
    settings = configuration(config, state, fake)
    if foreground:
        _serve(settings)
        return
    if process.answers(settings):
        if not clouds_yaml.known(settings):
            raise failure(
                f"Another cloud than the one in {settings.state} answers at {settings.url}. Set another port with CUMULET_PORT."
            )
        where = "" if process.daemon(settings).alive() else ", in the foreground of the process that serves it"
        console.print(f"The cloud is up already{where}: {settings.url}/identity/v3")
        return
    if not settings.fake:
        _prepare_host(settings, install)
    given = [*(["--fake"] if fake else []), *(["--config", str(config.absolute())] if config else [])]
    began = time.time()
    try:
        asyncio.run(_start(settings, tuple(given)))
    except DaemonFailed as problem:
        raise failure(str(problem)) from None
    except OSError as problem:
        why = f"{problem.filename or settings.state}: {problem.strerror}"
        raise failure(f"The state folder cannot be used: {why}. Name another one with --state.") from None
    _summary(settings)
    for finding in findings.recent(settings, began):
        if finding.at >= began:
            console.print(f"[yellow]![/yellow] {finding.text}", highlight=False, soft_wrap=True)


def _serve(settings: Config) -> None:
    # Thousands of objects are made now that live as long as the process; looking for garbage among them is a tenth of the start.
    gc.disable()
    from .server import serve, settle

    log.configure(settings.log_level, settings.log_json)
    steps = process.steps_file(settings)
    steps.parent.mkdir(parents=True, exist_ok=True)

    def on_step(name: str) -> None:
        with steps.open("ab") as file:
            file.write(msgspec.json.encode(process.Step(name, time.time())) + b"\n")
        if name == process.READY:
            clouds_yaml.write(settings)
            settle()

    serve(settings, on_step)


def _prepare_host(settings: Config, install: bool) -> None:
    from .machine import packages

    if os.geteuid() != 0:
        raise failure("A cloud with real guests needs root. Without root: cumulet up --fake")
    missing = packages.missing(more=packages.FOR_ROOT_POOL if settings.host_ceph.root_pool else ())
    if missing and not install:
        named = " ".join(missing)
        raise failure(
            f"These Debian packages are missing: {named}\nInstall them with: cumulet up --install\nOr do without: cumulet up --fake"
        )
    if missing:
        try:
            with Steps(console) as steps:
                packages.install(missing, steps)
        except packages.CannotInstall as problem:
            raise failure(str(problem)) from None


async def _start(settings: Config, given: tuple[str, ...]) -> None:
    with Steps(console) as steps:
        async for step in process.start(settings, given):
            if step.name != process.READY:
                steps(step.name)


def _summary(settings: Config) -> None:
    path = clouds_yaml.write(settings)
    console.print(f"\nThe cloud is up: [bold]{settings.url}/identity/v3[/bold]")
    console.print(f"Credentials: {path} (clouds: {', '.join(clouds_yaml.NAMES)})", soft_wrap=True)
    console.print(f"Try next:\n  export OS_CLIENT_CONFIG_FILE={path} OS_CLOUD=cumulet", soft_wrap=True, highlight=False)
    console.print("  openstack server list\n  openstack console log show hello", highlight=False)


@app.command()
def hello(
    state: StateOption = None,
    config: ConfigOption = None,
    fake: FakeOption = False,
    image: Annotated[
        Path | None, typer.Option(help="A bootable qcow2. Default: the tiny guest, built from Debian packages.")
    ] = None,
) -> None:
    """The main job: from an image to ssh into the guest `hello`, through the API."""
    settings = configuration(config, state, fake)
    if not process.answers(settings):
        raise failure(f"No cloud answers at {settings.url}. Start one with: cumulet up")
    if not clouds_yaml.known(settings):
        raise failure(f"The cloud that answers at {settings.url} is not the one in {settings.state}: name its folder with --state.")
    from .tiny import Failed

    try:
        asyncio.run(_hello(settings, image))
    except (RequestFailed, Failed) as problem:
        raise failure(str(problem)) from None


async def _hello(settings: Config, image: Path | None) -> None:
    from .operator.main_job import MainJob

    demo = await Client.log_in(settings.url, clouds_yaml.credentials(settings, "demo"))
    admin = await Client.log_in(settings.url, clouds_yaml.credentials(settings, "admin"))
    with Steps(console) as steps:
        file = image or await _tiny(settings, steps)
        job = MainJob(settings, demo, admin, file)
        address = await job.run(steps)
    if not demo.changes + admin.changes:
        console.print("\nNothing was left to do.", end="")
    if settings.fake:
        console.print(f"\nhello is ACTIVE. It is a guest in memory: nobody answers at {address}.", highlight=False)
        return
    console.print(
        f"\nhello is ACTIVE and answers at {address}. Log in:\n  {' '.join(job.ssh(address))}", highlight=False, soft_wrap=True
    )


async def _tiny(settings: Config, steps: Steps) -> Path:
    from . import tiny

    if settings.fake:
        path = settings.state / "tiny.raw"
        path.write_bytes(bytes(1 << 20))
        return path
    return await asyncio.to_thread(tiny.build, settings.state / "tiny", settings.state / "tiny" / "tiny.qcow2", steps)


@app.command()
def down(
    state: StateOption = None,
    config: ConfigOption = None,
    remove_state: Annotated[bool, typer.Option("--remove-state", help="Remove all data too: databases, images, disks.")] = False,
) -> None:
    """Stop every process, and remove every namespace and tap. The state stays: `up` brings the servers back."""
    from ..agent.refusals import Refusal
    from .operator.taking_down import take_down

    settings = configuration(config, state)
    try:
        with Steps(console) as steps:
            found = asyncio.run(take_down(settings, steps, remove_state))
    except Refusal as problem:
        raise failure(f"{problem.message} {problem.internal}".strip()) from None
    console.print("The cloud is down." if found else "The cloud was down already.")


@app.command()
def status(state: StateOption = None, config: ConfigOption = None) -> None:
    """Whether the cloud runs, its hosts, and what needs an operator. Ends with 1 if anything does."""
    from .operator.status import show

    raise typer.Exit(asyncio.run(show(configuration(config, state), console)))


@app.command()
def doctor(state: StateOption = None, config: ConfigOption = None, fake: FakeOption = False) -> None:
    """What works here, what is missing, and the command to get it."""
    from .machine import doctor as checks

    found = asyncio.run(checks.checks(configuration(config, state, fake)))
    console.print(checks.render(found))
    raise typer.Exit(checks.exit_code(found))


@app.command()
def agent(state: StateOption = None, config: ConfigOption = None) -> None:
    """Run this machine's agent in a process of its own; the cloud must run with `own_agent = false`."""
    from .agent_process import serve

    settings = configuration(config, state)
    if settings.own_agent:
        raise failure("The cloud runs this machine's agent itself. Set own_agent = false in its configuration, and here.")
    log.configure(settings.log_level, settings.log_json)
    serve(settings)


@image_app.command("build-tiny")
def build_tiny(out: Path, state: StateOption = None, config: ConfigOption = None) -> None:
    """Build the tiny guest, a bootable qcow2 of about 20 MB, from Debian packages."""
    from . import tiny

    settings = configuration(config, state)
    try:
        _build(settings, out)
    except tiny.Failed as problem:
        raise failure(str(problem)) from None


def _build(settings: Config, out: Path) -> None:
    from . import tiny

    with Steps(console) as steps:
        tiny.build(settings.state / "tiny", out, steps)


def main() -> None:
    """The console script."""
    app()


if __name__ == "__main__":
    main()
