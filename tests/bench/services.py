"""Many services below one supervisor: who is measured, and how."""

import contextlib
import dataclasses
import os
import pathlib
import select
import shutil
import signal
import stat
import statistics
import struct
import subprocess
import time

import contenders
import measure
from harness import wait_for
from host import cgroup2_root

SERVICE = contenders.PROGRAMS / "service"
STAMP = struct.Struct("qq")
START_SECONDS = 60      # until all services must run
RESTART_SECONDS = 5     # the time for the restarts of one supervisor, however slow it is
WORLD = pathlib.Path("/run/bench")

# Namespaces of its own, /proc and /run to match, and its own control group as the root of all.
STAGE = """
mount -t proc proc /proc
mount --bind "$1" /mnt && mount -t tmpfs tmpfs /run && mkdir /run/bench && mount --bind /mnt /run/bench && umount /mnt
if [ "$2" = cgroup ]; then mount -t cgroup2 cgroup2 /sys/fs/cgroup; else mount -t tmpfs tmpfs /sys/fs/cgroup; fi
[ ! -d /run/bench/etc ] || mount -t overlay -o lowerdir=/run/bench/etc:/etc overlay /etc
shift 2
exec "$@"
"""


@dataclasses.dataclass
class Supervisor:
    name: str
    needs: str        # the program that must be installed
    write: callable   # (directory, n): its configuration of n services
    words: list
    cgroup: bool = False
    environment: dict = dataclasses.field(default_factory=dict)
    most: int = 1000  # services; beyond that it takes too long


UNIT = f"""[Unit]
DefaultDependencies=no
StartLimitIntervalSec=0
[Service]
ExecStart={WORLD}/service
Restart=always
RestartSec=0
"""


def write_units(directory, n):
    wants = directory / "units" / "bench.target.wants"
    wants.mkdir(parents=True)
    (directory / "units" / "bench.target").write_text("[Unit]\nDefaultDependencies=no\n")
    for i in range(n):
        (directory / "units" / f"bench-{i}.service").write_text(UNIT)
        (wants / f"bench-{i}.service").symlink_to(f"../bench-{i}.service")


def write_service_directories(directory, n):
    for i in range(n):
        service = directory / "services" / f"bench-{i}"
        service.mkdir(parents=True)
        (service / "run").symlink_to(WORLD / "service")


def write_inittab(directory, n):
    (directory / "etc").mkdir()
    (directory / "etc" / "inittab").write_text(
        "".join(f"::respawn:{WORLD}/service {i}\n" for i in range(n)))  # the same line twice counts once


def write_finit(directory, n):
    """Without what the machine's own finit.d starts, gettys above all. A command needs an ID to run twice."""
    (directory / "etc").mkdir()
    os.mknod(directory / "etc" / "finit.d", stat.S_IFCHR, os.makedev(0, 0))  # to an overlay: there is none
    (directory / "etc" / "finit.conf").write_text("runlevel 2\n" + "".join(
        f"service [2345] :{i + 1} respawn restart_sec:0 log:null {WORLD}/service -- bench\n" for i in range(n)))


def write_supervisord(directory, n):
    programs = "".join(f"[program:bench-{i}]\ncommand={WORLD}/service\nautorestart=true\nstartsecs=0\n"
                       "stdout_logfile=NONE\nstderr_logfile=NONE\n" for i in range(n))
    (directory / "supervisord.conf").write_text(
        f"[supervisord]\nnodaemon=true\nlogfile=/dev/null\npidfile={WORLD}/pid\nminfds=8192\nuser=root\n{programs}")


def supervisors(berth_init):
    boot = [berth_init, "--boot", "--unit-path", WORLD / "units", "--target", "bench.target"]
    systemd = {"container": "bench", "SYSTEMD_UNIT_PATH": f"{WORLD}/units", "SYSTEMD_LOG_TARGET": "null"}
    return [
        Supervisor("berth-init", berth_init, write_units, boot),
        Supervisor("berth-init, cgroups", berth_init, write_units, boot, cgroup=True),
        Supervisor("s6-svscan", "s6-svscan", write_service_directories, ["s6-svscan", "-c", "2000", WORLD / "services"]),
        Supervisor("runsvdir", "runsvdir", write_service_directories, ["runsvdir", WORLD / "services"]),
        Supervisor("finit", "finit", write_finit, ["finit"]),
        Supervisor("busybox init", "busybox", write_inittab, ["busybox", "init"]),
        Supervisor("supervisord", "supervisord", write_supervisord,
                   ["supervisord", "-c", WORLD / "supervisord.conf"], most=100),
        Supervisor("systemd", "/lib/systemd/systemd", write_units,
                   ["/lib/systemd/systemd", "--system", "--unit=bench.target"], cgroup=True, environment=systemd),
    ]


class World:
    """One supervisor and its services, from the start to the end."""

    def __init__(self, supervisor, n, directory):
        self.n, self.supervisor = n, supervisor
        self.directory = directory / "world"
        self.directory.mkdir()
        shutil.copy(SERVICE, self.directory / "service")
        supervisor.write(self.directory, n)
        os.mkfifo(self.directory / "starts")
        self.starts = os.open(self.directory / "starts", os.O_RDWR | os.O_NONBLOCK)
        self.cgroup = cgroup2_root() / "bench"
        self.cgroup.mkdir()

    def __enter__(self):
        words = ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--cgroup", "sh", "-c", STAGE,
                 "stage", self.directory, "cgroup" if self.supervisor.cgroup else "none", *self.supervisor.words]
        enter = ["sh", "-c", 'echo 0 > "$1/cgroup.procs"; shift; exec "$@"', "enter", self.cgroup, *words]
        environment = {"PATH": os.environ["PATH"], **self.supervisor.environment}
        self.began = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self.process = subprocess.Popen([str(word) for word in enter], env=environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, *_):
        (self.cgroup / "cgroup.kill").write_text("1")
        self.process.wait()
        wait_for(lambda: "populated 0" in (self.cgroup / "cgroup.events").read_text(), "the services to end")
        for inner, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(inner)
        os.close(self.starts)
        shutil.rmtree(self.directory)

    def next_start(self, what, seconds=START_SECONDS):
        """CLOCK_MONOTONIC in ns at the first instruction of the next service."""
        assert select.select([self.starts], [], [], seconds)[0], f"{self.supervisor.name}: no sign of {what}"
        took = STAMP.unpack(os.read(self.starts, STAMP.size))
        return took[0] * 10**9 + took[1]

    def processes(self):
        """(supervision, services): pids, PID 1 first."""
        pids = [int(pid) for file in sorted(self.cgroup.rglob("cgroup.procs")) for pid in file.read_text().split()]
        pids = [pid for pid in sorted(set(pids)) if pid != self.process.pid]
        services = [pid for pid in pids if is_service(pid)]
        return [pid for pid in pids if pid not in set(services)], services

    def cpu_ms(self):
        lines = (self.cgroup / "cpu.stat").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("usage_usec")) / 1000


def is_service(pid):
    """Its own name may be that of a link to it."""
    try:
        return os.readlink(f"/proc/{pid}/exe").endswith("/service")
    except OSError:
        return False


def page_tables_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmPTE"))


def restarts(world, kills):
    """Median time from kill -9 to the first instruction of the new process, and the supervision's CPU for each."""
    times, end = [], time.monotonic() + RESTART_SECONDS
    supervision = world.processes()[0]
    before = sum(measure.cpu_us(pid) for pid in supervision)
    while len(times) < kills and (not times or time.monotonic() < end):
        victims = world.processes()[1]
        begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        os.kill(victims[len(times) * 7 % len(victims)], signal.SIGKILL)
        times.append((world.next_start("a restart") - begin) / 1e6)
    with contextlib.suppress(OSError):  # a process for each service comes and goes with some
        cpu = (sum(measure.cpu_us(pid) for pid in supervision) - before) / len(times)
        return {"restart_ms": statistics.median(times), "restart_cpu_us": cpu}
    return {"restart_ms": statistics.median(times), "restart_cpu_us": float("nan")}


def numbers(supervisor, n, directory, kills, idle):
    """What one supervisor costs with n services."""
    with World(supervisor, n, directory) as world:
        last = max(world.next_start(f"{i} of {n} services to start") for i in range(n))
        supervision, services = world.processes()
        assert len(services) == n, f"{supervisor.name}: {len(services)} of {n} services"
        time.sleep(0.2)  # part of the measurement: what it does when all have started belongs to the start
        result = {"wall_ms": (last - world.began) / 1e6, "cpu_ms": sum(measure.cpu_us(pid) for pid in supervision) / 1000,
                  "all_cpu_ms": world.cpu_ms()}
        before = sum(measure.switches(pid) for pid in supervision)
        time.sleep(idle)  # the measurement itself
        result["wakeups"] = sum(measure.switches(pid) for pid in supervision) - before
        result["pss_kib"] = sum(measure.memory(pid)["pss_kib"] for pid in supervision)
        result["tables_kib"] = sum(page_tables_kib(pid) for pid in supervision)
        result["processes"] = len(supervision)
        return {**result, **restarts(world, kills)}


def try_numbers(supervisor, n, directory, options, skipped):
    try:
        return numbers(supervisor, n, directory, options.kills, options.idle)
    except AssertionError as error:
        if supervisor.name.startswith("berth"):
            raise
        skipped[f"{supervisor.name} with {n} services"] = str(error)
        return None


def installed(berth_init, skipped):
    found = []
    for supervisor in supervisors(berth_init):
        if shutil.which(supervisor.needs):
            found.append(supervisor)
        else:
            skipped[supervisor.name] = "not installed"
    return found
