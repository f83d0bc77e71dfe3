"""What the tests in the VM use beside tests/lib: systemd's view of a container, its control groups, its roots."""

import functools
import os
import pathlib
import re
import shutil
import subprocess

from container import Container, berth
from harness import wait_for
from host import RUNTIME_DIR, Snapshot
from process import check
from root import UNIT_DIRECTORY, busybox_root

CGROUP = pathlib.Path("/sys/fs/cgroup")
TRANSIENT = pathlib.Path("/run/systemd/transient")
ROOTS = pathlib.Path("/var/tmp")
SLOW = 60  # seconds for one step of a container in an emulated machine
IDLE = ["sh", "-c", "echo up; exec sleep 10000"]  # a job that says when it runs, and ends by SIGTERM

# A service that writes what happens to it, in order, into /log/order of the container.
SERVICE = """#!/bin/sh
note() { echo "$1 $name" >> /log/order; }
name=$2
case $1 in
run)
    trap 'note term; exit 0' TERM
    note start
    sleep 10000 &
    wait
    ;;
stop) note stop ;;
esac
"""


@functools.cache
def job_root():
    """A busybox root for all tests: overlays never write to it."""
    return busybox_root(ROOTS / "job-root")


def chain_units(*names):
    """Services of which each needs the one before; the last is wanted by multi-user.target."""
    units = {}
    for before, name in zip((None, *names), names):
        order = f"Requires={before}.service\nAfter={before}.service\n" if before else ""
        units[f"{name}.service"] = (
            f"[Unit]\nDescription=Part {name} of the chain\n{order}\n[Service]\nExecStart=/bin/service run {name}\n"
            f"ExecStop=/bin/service stop {name}\n\n[Install]\nWantedBy=multi-user.target\n"
        )
    units["multi-user.target"] = "[Unit]\nDescription=Multi-User System\nAllowIsolate=yes\n"
    return units


@functools.cache
def boot_root(*names):
    """A root with a chain of services, enabled."""
    root = busybox_root(ROOTS / f"boot-root-{'-'.join(names)}", units=chain_units(*names), files={"bin/service": SERVICE})
    os.chmod(root / "bin/service", 0o755)
    wants = root / UNIT_DIRECTORY / "multi-user.target.wants"
    wants.mkdir()
    for name in names:
        os.symlink(f"../{name}.service", wants / f"{name}.service")
    os.symlink("multi-user.target", root / UNIT_DIRECTORY / "default.target")
    (root / "log").mkdir()
    return root


class Journal:
    """The order of events that a boot_root's services write, in a directory bound to /log."""

    def __init__(self, t):
        self.directory = t.dir / "log"
        self.directory.mkdir()
        self.option = f"--bind={self.directory}:/log"

    def events(self):
        path = self.directory / "order"
        return path.read_text().splitlines() if path.exists() else []

    def wait_for_all_started(self, container, *names):
        """Type=simple orders the spawns only: what each then writes may come in any order."""
        wanted = sorted(f"start {name}" for name in names)

        def happened():
            assert container.process.is_running(), f"the container ended: {container.process.err.rest()!r}"
            return sorted(self.events()) == wanted

        wait_for(happened, f"the services' events {wanted}", SLOW)


class Running(Container):
    """A container that is ended before its monitor is, so that a test may leave it running."""

    def __init__(self, t, root, *command, **options):
        super().__init__(t, root, *command, **options)
        t.defer(self.end)

    def end(self):
        if self.process.is_running():
            berth(self.t, "kill", "--signal=KILL", self.name, deadline=SLOW)
            self.process.wait(SLOW)


def wait_up(process):
    """Waits until an IDLE job runs: its first line is "up"."""
    line = process.out.line(SLOW)
    assert line == "up", f"the job did not start ({line!r}): {process.err.rest(SLOW)!r}"


# systemd's view


def scope_of(name):
    return f"berth-{name}.scope"


def show(t, unit, *properties):
    """Properties of a unit as systemd says them, as a dictionary."""
    out = check(t, ["systemctl", "show", *(f"--property={name}" for name in properties), "--", unit], SLOW)
    return dict(line.split("=", 1) for line in out.splitlines())


def active_state(t, unit):
    return show(t, unit, "ActiveState")["ActiveState"]


def cgroup_of_unit(t, unit):
    group = show(t, unit, "ControlGroup")["ControlGroup"]
    assert group, f"{unit} has no control group: it does not run"
    return CGROUP / group.lstrip("/")


def machines(t):
    out = check(t, ["machinectl", "list", "--no-legend"], SLOW)
    return [line.split()[0] for line in out.splitlines() if line.strip()]


def systemctl(t, *words):
    return check(t, ["systemctl", *words], SLOW)


# Control groups and processes


def attribute(group, name):
    return (group / name).read_text().strip()


def event_count(group, file, key):
    return int(re.search(rf"^{key} (\d+)", attribute(group, file), re.M)[1])


def events_below(group, file, key):
    """The sum over a tree, for events that older kernels count in the group of the process, not of the limit."""
    return sum(event_count(path.parent, file, key) for path in group.rglob(file))


def processes_below(group):
    return [int(pid) for path in group.rglob("cgroup.procs") for pid in path.read_text().split()]


def cgroup_of_process(pid):
    return CGROUP / pathlib.Path(f"/proc/{pid}/cgroup").read_text().strip().split("::", 1)[1].lstrip("/")


def leader_of(group):
    """The pid on the host of the container's PID 1: the one that is 1 in its own namespace."""

    def find():
        for pid in processes_below(group / "payload"):
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            if re.search(r"^NSpid:.*\t1$", status, re.M):
                return pid
        return None

    return wait_for(find, f"a PID 1 in {group}/payload", SLOW)


# Verdicts


def assert_one_clear_line(result, *words):
    """berth itself failed: 125, and one line that says what and why."""
    assert result.status == 125, repr(result)
    lines = result.err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("berth: "), f"not one line of berth: {result.err!r}"
    for word in words:
        assert re.search(word, lines[0], re.I), f"nothing about {word!r} in {lines[0]!r}"


def berth_units():
    """What systemd has loaded of ours: a transient unit has its file here from its start until it is collected."""
    return [path.name for path in TRANSIENT.glob("berth-*") if path.is_file()]


def end_unit(unit):
    for argv in (["systemctl", "kill", "--signal=KILL", unit], ["systemctl", "reset-failed", unit]):
        subprocess.run(argv, check=False, capture_output=True)


class MachineSnapshot(Snapshot):
    """The machine before and after a test: the host's things, and berth's units and machines."""

    def __init__(self):
        # systemd collects a scope when it hears that its last process has left: soon, not at once.
        try:
            wait_for(lambda: not berth_units(), "systemd to collect the scopes", 15)
        except AssertionError:
            pass  # then they are a difference
        self.units = berth_units()
        super().__init__()
        self.files = [file for file in self.files if "/.seccomp-" not in file]  # compiled once, for all containers
        self.cgroups = [group for group in self.cgroups if group != "machine.slice"]  # stays, as systemd's slices do
        self.mounts = [mount for mount in self.mounts if not mount.startswith(("/run/user/", "/run/credentials/"))]

    def differences(self, before):
        left = [unit for unit in self.units if unit not in before.units]
        return [f"unit left behind: {unit}" for unit in left] + super().differences(before)

    def assert_nothing_left_behind(self, before):
        try:
            super().assert_nothing_left_behind(before)
        finally:
            for unit in self.units:
                end_unit(unit)
            for entry in RUNTIME_DIR.glob("[!.]*"):
                shutil.rmtree(entry)
