"""Who is measured: the command lines, all with the same namespaces, root and capabilities where a program can."""

import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import root

PROGRAMS = root.BUILD / "tests" / "bench"
FLOOR = PROGRAMS / "floor"
ORPHANS = PROGRAMS / "orphans"
STAMP = PROGRAMS / "stamp"
LEAST = PROGRAMS / "least"
ANSWER = PROGRAMS / "answer"
PEERS = ("tini", "tini-static", "dumb-init", "catatonit")
NAMESPACES = ("pid", "mount", "uts", "ipc", "network", "cgroup")
CAPABILITIES = ["CAP_" + name for name in (
    "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETGID SETUID SETPCAP NET_BIND_SERVICE NET_RAW SYS_CHROOT MKNOD AUDIT_WRITE "
    "SETFCAP").split()]


@dataclasses.dataclass
class Contender:
    """prefix + [COMMAND...] runs COMMAND. A command is named by its path in the root."""
    name: str
    prefix: list
    monitored: bool = False  # a process stays beside the container
    bundle: pathlib.Path = None
    program: str = None      # the PID 1 that stays beside the command

    def command(self, words):
        if self.bundle:
            write_config(self.bundle, words)
            return self.prefix
        return [*self.prefix, *words]


def write_config(bundle, words):
    """config.json(5) of an OCI bundle that is what berth makes by default."""
    quiet = ["nosuid", "nodev", "noexec"]
    config = {
        "ociVersion": "1.0.2",
        "process": {
            "args": words, "cwd": "/", "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0}, "terminal": False,
            "capabilities": {kind: CAPABILITIES for kind in ("bounding", "effective", "permitted")},
        },
        "root": {"path": str(bundle / "root"), "readonly": False},
        "hostname": "bench",
        "mounts": [
            {"destination": "/proc", "type": "proc", "source": "proc"},
            {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [*quiet, "ro"]},
            {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755", "size=4m"]},
            {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
             "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
            {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [*quiet, "mode=1777", "size=64m"]},
            {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": quiet},
            {"destination": "/run", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=755"]},
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"]},
        ],
        "linux": {
            "namespaces": [{"type": kind} for kind in NAMESPACES],
            "maskedPaths": ["/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys",
                            "/proc/latency_stats", "/proc/sched_debug", "/proc/timer_list", "/proc/timer_stats",
                            "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"],
            "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        },
    }
    (bundle / "config.json").write_text(json.dumps(config))


def unified_cgroups():
    """Whether the OCI runtimes find cgroup v2 where they look; they would use the v1 hierarchies otherwise."""
    return pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists()


class Workshop:
    """The root and the bundles, removed at the end."""

    def __enter__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="berth-bench-", dir="/var/tmp"))
        self.root = root.busybox_root(self.directory / "root")
        os.environ["BERTH_INIT"] = str(self._stripped(root.BERTH_INIT))
        self.berth = self._stripped(root.BERTH)
        return self

    def __exit__(self, *_):
        for bundle in self.directory.glob("bundle-*"):
            subprocess.run(["umount", bundle / "root"], check=True)
        shutil.rmtree(self.directory)

    def _stripped(self, program):
        """As it is installed."""
        copy = self.directory / program.name
        subprocess.run(["strip", "-o", copy, program], check=True)
        return copy

    def _bundle(self, name):
        """A bundle whose root is writable without changing ours: the overlay that berth would make, made once."""
        bundle = self.directory / f"bundle-{name}"
        for part in ("upper", "work", "root"):
            (bundle / part).mkdir(parents=True)
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o",
                        f"lowerdir={self.root},upperdir={bundle}/upper,workdir={bundle}/work", bundle / "root"], check=True)
        return bundle

    def containers(self, skipped):
        found = [
            Contender("floor", [FLOOR, self.root]),
            Contender("berth", [self.berth, "run", "bench", self.root], monitored=True),
            Contender("berth, no cgroup", [self.berth, "run", "--cgroup-manager=none", "bench", self.root],
                      monitored=True),
        ]
        if shutil.which("crun"):
            manager = "cgroupfs" if unified_cgroups() else "disabled"
            bundle = self._bundle("crun")
            found.append(Contender("crun", ["crun", f"--cgroup-manager={manager}", "run", "-b", bundle, "bench-crun"],
                                   monitored=True, bundle=bundle))
            if manager == "disabled":
                skipped["crun's cgroup"] = "this host has cgroup v1, so crun runs with --cgroup-manager=disabled"
        else:
            skipped["crun"] = "not installed"
        if shutil.which("runc") and unified_cgroups():
            bundle = self._bundle("runc")
            found.append(Contender("runc", ["runc", "run", "-b", bundle, "bench-runc"], monitored=True, bundle=bundle))
        else:
            skipped["runc"] = "it cannot be kept from the cgroup v1 hierarchies" if shutil.which("runc") else "not installed"
        if shutil.which("bwrap"):
            found.append(Contender("bwrap", ["bwrap", "--unshare-all", "--ro-bind", self.root, "/", "--proc", "/proc",
                                             "--dev", "/dev", "--"], monitored=True))
        else:
            skipped["bwrap"] = "not installed"
        return found

    def least(self):
        """What every PID 1 costs: it only starts, and forwards and reaps nothing."""
        return Contender("vfork and wait", [FLOOR, "/", LEAST, "--"], program=str(LEAST))

    def inits(self, skipped):
        """The host's own root below the floor's overlay, so that programs with shared libraries run too."""
        programs = {"berth-init": os.environ["BERTH_INIT"]}
        for name in PEERS:
            if shutil.which(name):
                programs[name] = shutil.which(name)
            else:
                skipped[name] = "not installed"
        for name in ("tini", "dumb-init", "catatonit"):
            programs[f"berth-init as {name}"] = self._link(name)
        floor = [FLOOR, "/"]
        return [Contender("no init", floor),
                *(Contender(name, [*floor, program, "--"], program=str(program)) for name, program in programs.items())]

    def _link(self, name):
        """berth-init under a name that it stands in for."""
        link = self.directory / "names" / name
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(os.environ["BERTH_INIT"])
        return link
