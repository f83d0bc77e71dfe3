"""Services in control groups of their own: limits, slices, delegation, OOM kills, accounting."""

import os
import shutil

from harness import test, wait_for
from machine import ROOTS, SLOW, Running, attribute, cgroup_of_unit, event_count
from root import UNIT_DIRECTORY, busybox_root

WWW = 33  # User=www of the root
SLEEP = "ExecStart=/bin/sleep 10000\n"

LIMITED = f"""[Service]
{SLEEP}Slice=a-b.slice
MemoryMax=64M
MemoryHigh=48M
MemorySwapMax=0
TasksMax=20
CPUQuota=50%
CPUQuotaPeriodSec=10ms
CPUWeight=250
AllowedCPUs=0
IOWriteBandwidthMax=/data 5M
IOReadIOPSMax=/data 1K
"""

# Divides its group further: its main process moves down, as a payload with a manager of its own does.
DIVIDING = r"""#!/bin/sh
group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
mkdir "$group/mine" && echo $$ > "$group/mine/cgroup.procs" && echo +memory > "$group/cgroup.subtree_control" || exit 1
touch /tmp/divided
exec sleep 10000
"""

# A child of it eats memory; the main process would go on.
HUNGRY = "#!/bin/sh\ntail /dev/zero\nexec sleep 10000\n"


def container_root():
    return ROOTS / "resources"


def services_root(units, programs):
    """A root in which all services are started."""
    shutil.rmtree(container_root(), ignore_errors=True)
    files = {f"bin/{program}": text for program, text in programs.items()}
    root = busybox_root(container_root(), {**units, "default.target": "[Unit]\nDescription=All\n"}, files)
    for path in files:
        (root / path).chmod(0o755)
    (root / "data").mkdir()
    wants = root / UNIT_DIRECTORY / "default.target.wants"
    wants.mkdir()
    for unit in units:
        if unit.endswith(".service"):
            os.symlink(f"../{unit}", wants / unit)
    return root


def booted(t, units, programs=None):
    """The container, when its boot is over, and the control group that it sees as the root."""
    data = t.dir / "data"
    data.mkdir()
    container = Running(t, services_root(units, programs or {}), name="web", options=[f"--bind={data}:/data", "--overlay=none"])

    def is_up():
        assert container.process.is_running(), f"the container ended: {container.process.err.rest()!r}"
        try:
            return container.call("is-system-running")[1]
        except OSError:
            return None  # PID 1 does not listen yet

    wait_for(is_up, "PID 1 to answer", SLOW)
    for unit in units:
        if unit.endswith(".service") and unit != "hungry.service":
            container.wait_for_unit_state(unit, "active", deadline=SLOW)
    return container, cgroup_of_unit(t, "berth-web.scope") / "payload"


def lines_with(container, text):
    return [line for line in container.log() if text in line]


def has(group, name):
    return (group / name).exists()


@test(timeout=180)
def limits_of_services_and_slices_are_in_their_groups(t):
    units = {
        "a.slice": "[Slice]\nMemoryMax=200M\nDefaultMemoryLow=1M\n",
        "a-b.slice": "[Slice]\nTasksMax=30\nCPUWeight=300\n",
        "limited.service": LIMITED,
        "idle.service": f"[Service]\n{SLEEP}Slice=a.slice\nCPUWeight=idle\nTasksMax=50%\n",
        "startup.service": f"[Service]\n{SLEEP}Slice=a.slice\nStartupCPUWeight=900\nCPUWeight=50\n",
        "plain.service": f"[Service]\n{SLEEP}",
    }
    container, group = booted(t, units)
    outer, inner = group / "a.slice", group / "a.slice/a-b.slice"
    limited = inner / "limited.service"
    assert attribute(outer, "memory.max") == str(200 << 20)
    assert attribute(inner, "pids.max") == "30" and attribute(inner, "cpu.weight") == "300"
    assert attribute(inner, "memory.low") == attribute(limited, "memory.low") == str(1 << 20)
    assert attribute(limited, "memory.max") == str(64 << 20)
    assert attribute(limited, "memory.high") == str(48 << 20)
    assert attribute(limited, "pids.max") == "20"
    assert attribute(limited, "cpu.max") == "5000 10000"
    assert attribute(limited, "cpu.weight") == "250"
    assert attribute(limited, "cpuset.cpus") == attribute(limited, "cpuset.cpus.effective") == "0"
    assert "wbps=5000000 riops=1000" in attribute(limited, "io.max"), attribute(limited, "io.max")
    assert attribute(outer / "idle.service", "cpu.idle") == "1"
    wait_for(lambda: attribute(outer / "startup.service", "cpu.weight") == "50", "the end of the startup's weight", SLOW)
    # Nobody in system.slice asked for more than what all have.
    plain = group / "system.slice/plain.service"
    assert has(plain, "memory.max") and has(plain, "pids.max")
    assert not has(plain, "cpu.max") and not has(plain, "io.max") and not has(plain, "cpuset.cpus")
    usage = container.unit("limited.service")
    assert usage["ControlGroup"] == "/a.slice/a-b.slice/limited.service"
    assert int(usage["MemoryCurrent"]) > 0 and int(usage["CPUUsageNSec"]) > 0 and int(usage["TasksCurrent"]) == 1
    assert "IOReadBytes" in usage and "IOWriteBytes" in usage
    assert container.call("status")[0][0]["Tracking"] == "control groups"
    # What is read anew counts at once, with a controller that nobody had asked for there.
    drop_in = container_root() / UNIT_DIRECTORY / "plain.service.d"
    drop_in.mkdir()
    (drop_in / "limits.conf").write_text("[Service]\nCPUQuota=20%\nTasksMax=9\n")
    container.done("daemon-reload", deadline=SLOW)
    assert attribute(plain, "cpu.max") == "20000 100000" and attribute(plain, "pids.max") == "9"
    (drop_in / "limits.conf").unlink()
    container.done("daemon-reload", deadline=SLOW)
    assert attribute(plain, "cpu.max") == "max 100000" and attribute(plain, "pids.max") == "max"
    assert not lines_with(container, "not applied")


@test(timeout=180)
def a_limit_without_its_controller_is_told_with_file_and_line(t):
    units = {
        "d.slice": "[Slice]\nDisableControllers=memory\n",
        "disabled.service": f"[Service]\n{SLEEP}Slice=d.slice\nMemoryMax=64M\n",
        "device.service": f"[Service]\n{SLEEP}IOReadBandwidthMax=/proc/version 5M\n",
        "-.slice": "[Slice]\nMemoryMax=64M\n",
    }
    container, group = booted(t, units)
    assert not has(group / "d.slice/disabled.service", "memory.max")
    assert attribute(group, "memory.max") == "max"
    for line in (
        "/etc/systemd/system/disabled.service:4: MemoryMax=: not applied: DisableControllers= of a slice keeps the cgroup controller memory away",
        "/etc/systemd/system/device.service:3: IOReadBandwidthMax=: not applied: /proc/version: it lies on no block device",
        "/etc/systemd/system/-.slice:2: MemoryMax=: not applied: the limits of the whole container are set from outside",
    ):
        assert len(lines_with(container, line)) == 1, f"not once: {line!r} in {container.log()!r}"
    container.done("restart", "disabled.service", deadline=SLOW)
    assert len(lines_with(container, "disabled.service:4: MemoryMax=")) == 1


@test(timeout=180)
def an_oom_kill_fails_one_service_and_the_others_live(t):
    units = {
        "hungry.service": "[Service]\nExecStart=/bin/hungry\nMemoryMax=16M\nMemorySwapMax=0\n",
        "other.service": f"[Service]\n{SLEEP}MemoryMax=16M\n",
    }
    container, group = booted(t, units, {"hungry": HUNGRY})
    container.wait_for_unit_state("hungry.service", "failed", deadline=SLOW)
    assert container.unit("hungry.service")["Result"] == "oom-kill"
    other = container.unit("other.service")
    assert other["ActiveState"] == "active" and other["NRestarts"] == "0"
    assert event_count(group, "memory.events", "oom_kill") > 0
    assert event_count(group / "system.slice/other.service", "memory.events", "oom_kill") == 0


@test(timeout=180)
def a_delegated_group_belongs_to_the_services_user(t):
    units = {
        "dividing.service": "[Service]\nExecStart=/bin/dividing\nExecReload=/bin/touch /tmp/reloaded\nUser=www\nDelegate=memory pids\n",
        "sub.service": f"[Service]\n{SLEEP}User=www\nDelegate=yes\nDelegateSubgroup=main\n",
        "plain.service": f"[Service]\n{SLEEP}User=www\n",
    }
    container, group = booted(t, units, {"dividing": DIVIDING})
    dividing, sub = group / "system.slice/dividing.service", group / "system.slice/sub.service"
    wait_for(lambda: attribute(dividing, "cgroup.subtree_control") == "memory", "the service to divide its group", SLOW)
    assert attribute(dividing, "cgroup.procs") == "" and attribute(dividing / "mine", "cgroup.procs") != ""
    for file in (".", "cgroup.procs", "cgroup.subtree_control"):
        assert (dividing / file).stat().st_uid == WWW, file
        assert (group / "system.slice/plain.service" / file).stat().st_uid == 0, file
    assert (dividing / "memory.max").stat().st_uid == 0, "a service cannot lift its own limit"
    assert os.getxattr(dividing, "user.delegate") == b"1"
    # The group itself may hold no process any more, so what is run beside goes into one of its own.
    container.done("reload", "dividing.service", deadline=SLOW)
    assert container.unit("dividing.service")["ActiveState"] == "active"
    assert has(dividing, ".control")
    assert attribute(sub, "cgroup.procs") == "" and attribute(sub / "main", "cgroup.procs") != ""
    assert {"cpu", "memory", "pids"} <= set(attribute(sub, "cgroup.controllers").split())
    container.done("stop", "dividing.service", deadline=SLOW)
    assert not dividing.exists()
