"""A small world with a PID 1 of its own, systemd or berth-init: the same root, the same namespaces, no unit of the
machine's but those that systemd itself needs. Python code runs in it, in a process of its own."""

import os
import pathlib
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
UNSHARE = ["unshare", "--mount", "--propagation=private", "--pid", "--uts", "--ipc", "--net", "--fork", "--kill-child"]
ENTER = ["nsenter", "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup"]
NAMES = ("systemd", "berth")
SYSTEMD = "/lib/systemd/systemd"
VERSION = 252
PROCESSES_MAX = 4000


def cgroup2_root():
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        fields = line.split()
        if fields[2] == "cgroup2":
            return pathlib.Path(fields[1])
    return None


def systemd_version():
    """The first number of `systemd 252 (252.39-1~deb12u2)`."""
    words = subprocess.run([SYSTEMD, "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return int(words[1])


def refusal():
    """What this host says to the namespaces and mounts of a world; None when it lets one be made."""
    with tempfile.TemporaryDirectory(prefix="berth-world-probe.") as work:
        tried = subprocess.run([*UNSHARE, str(HERE / "pid1"), "probe", "", work], stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return None if tried.returncode == 0 else tried.stderr.strip().rpartition("\n")[2]


def why_not():
    """Why there can be no worlds here; None when there can."""
    if os.geteuid() != 0:
        return "needs root"
    if not os.path.exists(SYSTEMD):
        return "needs the package systemd (tests/install-packages all)"
    if systemd_version() != VERSION:
        return f"the scenarios are about systemd {VERSION}, here is {systemd_version()}"
    root = cgroup2_root()
    if not root:
        return "cgroup v2 is not mounted"
    try:
        (root / f"berth-world-probe-{os.getpid()}").mkdir()
        (root / f"berth-world-probe-{os.getpid()}").rmdir()
    except OSError as error:
        return f"no control group can be made: {error}"
    refused = refusal()
    return f"this host does not let a world be made: {refused}" if refused else None


def program_of(pid):
    try:
        return os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except FileNotFoundError:
        return None  # it has ended


def pid1_of(process, deadline):
    """The pid of the process that `unshare --fork` has made, once it is the PID 1 that it shall become."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
    end = time.monotonic() + deadline
    while process.poll() is None and time.monotonic() < end:
        for pid in children.read_text().split():
            if program_of(pid) in ("systemd", "berth-init"):
                return int(pid)
        time.sleep(0.003)
    raise RuntimeError("the world has no PID 1")


class World:
    """`with World("systemd", init) as world: world.start("code.py", "argument"); print(world.output())`"""

    def __init__(self, name, berth_init, deadline=40):
        self.name = name
        self.deadline = deadline
        self.cgroup = cgroup2_root() / f"berth-world-{name}-{os.getpid()}"
        self.work = tempfile.mkdtemp(prefix=f"berth-world-{name}.")
        self.cgroup.mkdir()
        if (self.cgroup / "pids.max").exists():  # whatever goes wrong in it stays in it
            (self.cgroup / "pids.max").write_text(str(PROCESSES_MAX))
        argv = [*UNSHARE, str(HERE / "pid1"), name, str(self.cgroup), self.work, str(berth_init)]
        self.log = open(f"{self.work}.log", "w+b")
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.pid = None
        self.printed = tempfile.TemporaryFile()
        self.program = None

    def __enter__(self):
        try:
            self.pid = pid1_of(self.process, self.deadline)
        except BaseException:
            print(self.messages())
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        (self.cgroup / "cgroup.kill").write_text("1")
        self.process.wait(self.deadline)
        if self.program:
            self.program.wait(self.deadline)
        self.remove_cgroups()
        os.rmdir(self.work)
        self.log.close()
        self.printed.close()
        os.unlink(f"{self.work}.log")

    def remove_cgroups(self):
        end = time.monotonic() + self.deadline
        while "populated 1" in (self.cgroup / "cgroup.events").read_text() and time.monotonic() < end:
            time.sleep(0.003)
        for directory, _, _ in os.walk(self.cgroup, topdown=False):
            os.rmdir(directory)

    def messages(self):
        """What its PID 1 has printed."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def start(self, program, *arguments):
        """Starts a program of this directory in the world."""
        argv = [*ENTER, f"--target={self.pid}", "env", "-i", "PATH=/usr/local/bin:/usr/bin:/usr/sbin:/bin", "LANG=C.UTF-8",
                "PYTHONDONTWRITEBYTECODE=1", "python3", f"/mnt/{program}", *arguments]
        self.program = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.printed)

    def output(self):
        """What the program has printed, once it has ended."""
        if self.program.wait() != 0:
            raise RuntimeError(f"{self.name}: the scenarios could not be carried out; PID 1 said:\n{self.messages()}")
        self.printed.seek(0)
        return self.printed.read()
