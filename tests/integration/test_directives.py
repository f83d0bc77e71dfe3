"""What the directives of systemd.exec(5) make a service's process see: a boot for each kind of them, with services
that write down what they find."""

import os
import pathlib
import re
import resource

from container import Pid1
from harness import root, test, wait_for
from root import boot_root, write_files

CAP_SYS_RESOURCE = 24
WANTED = "\n[Install]\nWantedBy=multi-user.target\n"


def boot_probes(t, probes, files=None, prepare=None, init_options=()):
    """Boots with a service for each of {name: (directives, script)}; what a script prints goes to /out/NAME. Returns
    PID 1 and the root."""
    units, scripts = {}, {}
    for name, (directives, script) in probes.items():
        units[f"{name}.service"] = (f"[Service]\nType=oneshot\nRemainAfterExit=yes\n{directives}\n"
                                    f"ExecStart=/bin/sh /probe/{name}\n{WANTED}")
        scripts[f"probe/{name}"] = f"exec 9>&1 >/out/{name}.new\n{script}\nmv /out/{name}.new /out/{name}\n"
    base = boot_root(t.dir / "root", units, {**scripts, **(files or {})})
    (base / "out").mkdir()
    (base / "out").chmod(0o1777)
    if prepare:
        prepare(base)
    return Pid1(t, *init_options, "--boot", root=base), base


def seen(t, probes, **options):
    """What each of the probes printed, once all have run."""
    init, base = boot_probes(t, probes, **options)
    said = {}
    for name in probes:
        record = {}

        def ended():
            record.update(init._unit_if_up(f"{name}.service"))
            return record.get("ActiveState") in ("active", "failed")
        wait_for(ended, f"{name} to have run")
        path = base / "out" / name
        said[name] = path.read_text() if path.exists() else f"{record} {init.log(f'{name}.service')}"
    return said


def expect(said, wanted):
    """Compares what was seen with what was wanted, all differences at once."""
    wrong = {name: (said[name], text) for name, text in wanted.items() if said[name].rstrip("\n") != text}
    assert not wrong, "\n".join(f"{name}: saw {saw!r}, wanted {text!r}" for name, (saw, text) in wrong.items())


# Limits and scheduling

LIMITS = {  # directive: (its value, line of /proc/PID/limits, soft, hard)
    "LimitCPU": ("1h:2h", "Max cpu time", "3600", "7200"),
    "LimitFSIZE": ("1G", "Max file size", "1073741824", "1073741824"),
    "LimitDATA": ("512M:1G", "Max data size", "536870912", "1073741824"),
    "LimitSTACK": ("4M:16M", "Max stack size", "4194304", "16777216"),
    "LimitCORE": ("0:1M", "Max core file size", "0", "1048576"),
    "LimitRSS": ("2G", "Max resident set", "2147483648", "2147483648"),
    "LimitNOFILE": ("77:99", "Max open files", "77", "99"),
    "LimitAS": ("4G:infinity", "Max address space", "4294967296", "unlimited"),
    "LimitNPROC": ("4000:5000", "Max processes", "4000", "5000"),
    "LimitMEMLOCK": ("1M", "Max locked memory", "1048576", "1048576"),
    "LimitLOCKS": ("12", "Max file locks", "12", "12"),
    "LimitSIGPENDING": ("34", "Max pending signals", "34", "34"),
    "LimitMSGQUEUE": ("8K", "Max msgqueue size", "8192", "8192"),
    "LimitNICE": ("+2:-3", "Max nice priority", "18", "23"),
    "LimitRTPRIO": ("5:6", "Max realtime priority", "5", "6"),
    "LimitRTTIME": ("1ms:2s", "Max realtime timeout", "1000", "2000000"),
}


def limits_of(text):
    """/proc/PID/limits as {line: (soft, hard)}."""
    return {line[:26].strip(): tuple(line[26:].split()[:2]) for line in text.splitlines()[1:]}


def as_permitted(line, soft, hard):
    """The limits as they can be set by whom this test runs as."""
    ceiling = limits_of(pathlib.Path("/proc/self/limits").read_text())[line][1]
    capabilities = re.search(r"CapEff:\s*(\w+)", pathlib.Path("/proc/self/status").read_text())[1]
    if int(capabilities, 16) & (1 << CAP_SYS_RESOURCE) or ceiling == "unlimited":
        return soft, hard
    return tuple(ceiling if text == "unlimited" else str(min(int(text), int(ceiling))) for text in (soft, hard))


@test(needs=[root])
def limits_are_what_the_unit_says(t):
    settings = "\n".join(f"{name}={value}" for name, (value, *_) in LIMITS.items())
    got = limits_of(seen(t, {"limits": (settings, "cat /proc/self/limits")})["limits"])
    wanted = {line: as_permitted(line, soft, hard) for _, line, soft, hard in LIMITS.values()}
    assert {line: got[line] for line in wanted} == wanted, got


@test(needs=[root])
def limit_above_what_is_permitted_is_set_as_near_as_it_can_be_and_said(t):
    ceiling = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    said_by = ["setpriv", "--bounding-set=-sys_resource", "--inh-caps=-sys_resource"]
    base = boot_root(t.dir / "root", {"high.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
                                      f"LimitNOFILE=100:{ceiling * 2}\n"
                                      "ExecStart=/bin/sh -c 'ulimit -Hn; ulimit -Sn'\n" + WANTED})
    init = Pid1(t, "--boot", root=base, under=said_by)
    init.wait_for_unit_state("high.service", "active", "exited")
    assert init.log("high.service")[-4:-1] == [
        f"LimitNOFILE=: {ceiling * 2} is more than the container permits, {ceiling} is set", str(ceiling), "100"]


@test(needs=[root])
def scheduling_is_what_the_unit_says(t):
    cpu = max(os.sched_getaffinity(0))
    stat = "cut -d' ' -f40,41 /proc/self/stat"
    said = seen(t, {
        "affinity": (f"CPUAffinity={cpu}", "grep Cpus_allowed_list /proc/self/status"),
        "batch": ("CPUSchedulingPolicy=batch", stat),
        "fifo": ("CPUSchedulingPolicy=fifo\nCPUSchedulingPriority=7", stat),
        "reset": ("CPUSchedulingPolicy=rr\nCPUSchedulingResetOnFork=yes", stat),
        "idle": ("IOSchedulingClass=idle", "ionice -p $$"),
        "level": ("IOSchedulingClass=best-effort\nIOSchedulingPriority=6", "ionice -p $$"),
        "slack": ("TimerSlackNSec=123456", "cat /proc/self/timerslack_ns"),
        "nice": ("Nice=7", "cut -d' ' -f19 /proc/self/stat"),
    })
    expect(said, {
        "affinity": f"Cpus_allowed_list:\t{cpu}",
        "batch": "0 3",
        "fifo": "7 1",
        "reset": "0 0",  # what the shell has forked
        "idle": "idle",
        "level": "best-effort: prio 6",
        "slack": "123456",
        "nice": "7",
    })
