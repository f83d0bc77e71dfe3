"""What is on the host: taken before and after a test to see what was left behind."""

import contextlib
import os
import pathlib
import select
import signal
import time

RUNTIME_DIR = pathlib.Path("/run/berth")
STATE_DIR = pathlib.Path("/var/lib/berth")
NETNS_DIR = pathlib.Path("/run/netns")


def cgroup2_root():
    """Where cgroup v2 is mounted, None when it is not."""
    mounts = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    found = [pathlib.Path(fields[1]) for fields in mounts if fields[2] == "cgroup2"]
    return found[-1] if found else None


def mounts():
    """The mounts of this mount namespace, without their ids: "mount point, type, source"."""
    found = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        mount, _, filesystem = line.partition(" - ")
        found.append(f"{mount.split()[4]} ({' '.join(filesystem.split()[:2])})")
    return sorted(found)


def cgroups():
    root = cgroup2_root()
    if not root:
        return []
    return sorted(str(path.relative_to(root)) for path in (root / "machine.slice").glob("**/") if path.is_dir())


def process_stat(pid):
    """The fields of /proc/PID/stat behind the name: state first, then the parent's pid. None: no such pid."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def context_switches(pid):
    """How often a process gave the processor up, or had to: while the numbers stay, it did not run."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return [line for line in status.splitlines() if "ctxt_switches" in line]


def children(pid):
    """Pids of the processes whose parent is pid, zombies too."""
    found = []
    for entry in os.listdir("/proc"):
        stat = process_stat(entry) if entry.isdigit() else None
        if stat and int(stat[1]) == pid:
            found.append(int(entry))
    return found


def descendants(pid):
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return found


def our_processes():
    """What descends from this process, but for the zombies that wait for us to reap them."""
    us = os.getpid()

    def waits_for_us(pid):
        stat = process_stat(pid)
        return not stat or (stat[0] == "Z" and int(stat[1]) == us)
    return [pid for pid in descendants(us) if not waits_for_us(pid)]


def describe(pid):
    try:
        words = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        state = (process_stat(pid) or ["?"])[0]
        return f"{pid} {state} {b' '.join(words).decode(errors='replace').strip()}"
    except (FileNotFoundError, ProcessLookupError):
        return f"{pid} (gone)"


def files_below(directory):
    """All but the compiled system call filters, which are kept for the next run on purpose."""
    found = directory.rglob("*") if directory.is_dir() else []
    return sorted(str(path) for path in found if not path.name.startswith(".seccomp-"))


def entries(directory):
    return sorted(os.listdir(directory)) if directory.is_dir() else []


class Snapshot:
    """The host at one moment. Two of them compare."""

    def __init__(self):
        self.mounts = mounts()
        self.cgroups = cgroups()
        self.files = files_below(RUNTIME_DIR) + files_below(STATE_DIR)
        self.network_namespaces = entries(NETNS_DIR)
        self.processes = our_processes()
        self.hostname = os.uname().nodename

    def differences(self, before):
        found = []
        for kind in ("mounts", "cgroups", "files", "network_namespaces"):
            was, now = getattr(before, kind), getattr(self, kind)
            found += [f"{kind}: left behind: {thing}" for thing in _minus(now, was)]
            found += [f"{kind}: taken away: {thing}" for thing in _minus(was, now)]
        found += [f"process left behind: {describe(pid)}" for pid in _minus(self.processes, before.processes)]
        if self.hostname != before.hostname:
            found.append(f"the host's name was changed to {self.hostname}")
        return found

    def wait_for_later_ones(self):
        """Waits for what was started since and is about to end: nobody is told of the end of a detached monitor."""
        wait_for_ends(_minus(our_processes(), self.processes))

    def assert_nothing_left_behind(self, before):
        found = self.differences(before)
        kill_all(_minus(self.processes, before.processes))
        assert not found, "\n".join(found)


def _minus(some, others):
    others = list(others)
    rest = []
    for thing in some:
        if thing in others:
            others.remove(thing)
        else:
            rest.append(thing)
    return rest


@contextlib.contextmanager
def _pidfds(pids):
    """Descriptors of those that are still there."""
    with contextlib.ExitStack() as stack:
        found = []
        for pid in pids:
            try:
                found.append(os.pidfd_open(pid))
                stack.callback(os.close, found[-1])
            except ProcessLookupError:
                pass
        yield found


def _wait_for_ends(pidfds, deadline):
    """Whether all have ended after at most that many seconds."""
    end = time.monotonic() + deadline
    for pidfd in pidfds:
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        if not poll.poll(max(0, end - time.monotonic()) * 1000):
            return False
    return True


def wait_for_ends(pids, deadline=5):
    with _pidfds(pids) as pidfds:
        return _wait_for_ends(pidfds, deadline)


def kill_all(pids, deadline=10):
    """SIGKILL to each, and waits until the last has ended. Whose child it is, reaps it."""
    with _pidfds(pids) as pidfds:
        for pidfd in pidfds:
            try:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if not _wait_for_ends(pidfds, deadline):
            raise AssertionError(f"one of the processes {pids} cannot be killed")


def reap():
    """Takes the exit statuses of the orphans that became ours."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
