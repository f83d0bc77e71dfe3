"""berth's two programs as tests use them: a container of `berth run`, and berth-init on its own."""

import contextlib
import os
import re
import signal
import socket
import struct

from harness import DEADLINE, wait_for
from host import RUNTIME_DIR, children, process_stat
from process import Process, Terminal, run
from root import BERTH, BERTH_INIT, NOBODY, copied

STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CONTROL_PACKET_MAX = 64 * 1024  # include/berth/control.h


def environment(**extra):
    """The environment for `berth`: the caller's, and the init of this build."""
    return {**os.environ, "BERTH_INIT": str(BERTH_INIT), **extra}


def berth(t, *words, deadline=DEADLINE, **options):
    """Runs one verb to its end; returns its Result."""
    options.setdefault("env", environment())
    return run(t, [BERTH, *words], deadline, **options)


# The control protocol, spoken from here

def _record(packet):
    """One packet of "Key=value" lines as a dictionary."""
    lines = packet.decode(errors="replace").splitlines()
    return dict(line.partition("=")[::2] for line in lines if "=" in line)


def control_connect(path, deadline=DEADLINE):
    """Connects to the control socket at path, which may be longer than a socket's address."""
    directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY)
    try:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # Not settimeout(): connect() then fails at once when there is a queue, instead of waiting in it.
        for timeout in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
            client.setsockopt(socket.SOL_SOCKET, timeout, struct.pack("@ll", int(deadline), 0))
        client.connect(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
        return client
    finally:
        os.close(directory)


def control_call(path, *words, deadline=DEADLINE):
    """One request; returns (records, last record with Result=)."""
    with control_connect(path, deadline) as client:
        client.send(b"".join(word.encode() + b"\0" for word in words))
        records = []
        while True:
            packet = client.recv(CONTROL_PACKET_MAX)
            if not packet:
                raise AssertionError(f"{' '.join(words)}: the answer broke off after {records}")
            if packet.startswith(b"Result="):
                return records, _record(packet)
            records.append(_record(packet))


def _send(path, *words):
    client = control_connect(path)
    client.send(b"".join(word.encode() + b"\0" for word in words))
    return client


@contextlib.contextmanager
def held(pid):
    """PID 1 stands still; what is asked of it in the block is carried out afterwards, all in one go. From then on it
    shares one CPU with its children, which only get it when PID 1 has nothing left to do."""
    os.sched_setscheduler(pid, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    os.sched_setaffinity(pid, {min(os.sched_getaffinity(pid))})
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: process_stat(pid)[0] == "T", f"process {pid} to stand still")
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


class Services:
    """What runs under a PID 1 in boot mode, through its control socket: self.control."""

    def call(self, *words, deadline=DEADLINE):
        return control_call(self.control, *words, deadline=deadline)

    def done(self, *words, deadline=DEADLINE):
        """A request that must succeed; returns its records."""
        records, result = self.call(*words, deadline=deadline)
        assert result["Result"] == "done", f"{' '.join(words)}: {result}"
        return records

    def unit(self, name):
        """The unit's record: Id, ActiveState, SubState, MainPID, Result, NRestarts …"""
        records, result = self.call("show", name)
        assert records, f"nothing is said about {name}: {result}"
        return records[0]

    def wait_for_unit_state(self, name, active, sub=None, deadline=DEADLINE):
        """Waits until ActiveState (and SubState) are as asked for; returns the unit's record."""
        last = {}

        def reached():
            last.update(self._unit_if_up(name))
            return last.get("ActiveState") == active and sub in (None, last.get("SubState"))
        try:
            wait_for(reached, f"{name} to be {active}", deadline)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {last}") from None
        return last

    def stop_before_it_runs(self, name, pid):
        """A start and a stop that find the service's process forked, but not yet in its group or session. Returns the
        unit's record after the stop. pid: PID 1's."""
        with held(pid):
            start = _send(self.control, "--no-block", "start", name)
            stop = _send(self.control, "stop", name)
        with start, stop:
            result = _record(stop.recv(CONTROL_PACKET_MAX))
        assert result.get("Result") == "done", result
        return self.unit(name)

    def _unit_if_up(self, name):
        try:
            return self.unit(name)
        except (FileNotFoundError, ConnectionRefusedError, ConnectionResetError):
            return {}  # PID 1 does not listen yet

    def log(self, unit=None, lines=1000):
        records = self.done("--lines=%d" % lines, "logs", *([unit] if unit else []))
        return [record["Line"] for record in records if record.get("Record") == "log"]


class Container(Services):
    """A container of `berth run`, stopped at the end of the test. under: the words of a program that runs it."""

    _count = 0

    def __init__(self, t, root, *command, options=(), name=None, detach=False, terminal=False, under=(),
                 **popen):
        Container._count += 1
        self.t = t
        self.name = name or f"t{os.getpid()}-{Container._count}"
        self.control = str(RUNTIME_DIR / self.name / "control")
        words = [*under, BERTH, "run", *(["--detach"] if detach else []), *options, self.name, root, *command]
        popen.setdefault("env", environment())
        self.process = (Terminal if terminal else Process)(t, words, **popen)
        t.defer(self.kill)
        if detach:
            self.started = self.process.finish()
            assert self.started.status == 0, repr(self.started)

    @property
    def out(self):
        return self.process.out

    def berth(self, verb, *words, **options):
        """`berth VERB [--OPTION...] NAME WORD...`"""
        first = [word for word in words if word.startswith("--") and word != "--"] if verb != "exec" else []
        return berth(self.t, verb, *first, self.name, *[word for word in words if word not in first], **options)

    def exec(self, *command, **options):
        """Runs a command inside; it must succeed. Returns what it printed."""
        result = self.berth("exec", *command, **options)
        assert result.status == 0, repr(result)
        return result.out

    def leader(self):
        """Pid of the container's PID 1 on the host."""
        match = re.search(r"(?im)^\s*(?:leader|pid)\S*\s+(\d+)", self.berth("status").out)
        assert match, "berth status says no leader"
        return int(match[1])

    def stop(self, deadline=DEADLINE):
        result = self.berth("stop", deadline=deadline)
        assert result.status == 0, repr(result)
        return result

    def wait(self, deadline=DEADLINE):
        return self.process.wait(deadline)

    def kill(self):
        """At the end of a test: no container survives it."""
        if (RUNTIME_DIR / self.name).exists():
            self.berth("kill", "--signal=KILL")
            wait_for(lambda: not (RUNTIME_DIR / self.name).exists(), f"the end of {self.name}")


# berth-init without berth

PID1 = "pid1"  # of a fresh pid namespace
SUBREAPER = "subreaper"  # an ordinary process of root
USER = "user"  # an ordinary process of nobody
USER_PID1 = "user-pid1"  # of a fresh pid namespace, as nobody
WAYS = (PID1, SUBREAPER, USER, USER_PID1)

_UNSHARE = ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child"]
_LEADER = ["setsid", "--ctty"]  # executes in place: unshare's child leads no group
_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]


def init_argv(way, words, init=BERTH_INIT, root=None, leader=False):
    """The command line that runs berth-init in one of the WAYS. leader: PID 1 leads a session with the terminal,
    as runtimes start it."""
    first = [*(_LEADER if leader else [])]
    prefix = {
        PID1: [*_UNSHARE, *([f"--root={root}"] if root else []), "--", *first],
        SUBREAPER: [],
        USER: [*_NOBODY, "--"],
        USER_PID1: [*_UNSHARE, "--", *first, *_NOBODY, "--"],
    }[way]
    return [*prefix, init, *words]


class Pid1(Services):
    """berth-init, started in one of the WAYS. `signal` reaches berth-init itself, not what started it. under: the words
    of a program that runs it."""

    def __init__(self, t, *words, way=PID1, root=None, init=None, terminal=False, leader=False, under=(), **popen):
        self.t = t
        self.way = way
        self.control = str(root / "run/berth/control") if root else None
        init = init or ("/sbin/berth-init" if root else copied(t, BERTH_INIT))
        popen.setdefault("env", {**os.environ, "PATH": STANDARD_PATH})
        self.process = (Terminal if terminal else Process)(
            t, [*under, *init_argv(way, words, init, root, leader)], **popen)
        self._pid = None
        self._init_name = os.path.basename(os.path.realpath(init))  # it may be a link with another name

    @property
    def out(self):
        return self.process.out

    @property
    def err(self):
        return self.process.err

    def pid(self):
        """berth-init's pid on the host: the process itself, or the first below unshare that has executed it."""
        if not self._pid:
            self._pid = wait_for(self._find_pid, "berth-init to run")
        return self._pid

    def _find_pid(self):
        if self.way in (SUBREAPER, USER):
            return self.process.pid
        return next(filter(self._is_init, children(self.process.pid)), None)

    def _is_init(self, pid):
        try:
            return os.path.basename(os.readlink(f"/proc/{pid}/exe")) == self._init_name
        except (FileNotFoundError, ProcessLookupError):
            return False

    def signal(self, number):
        descriptor = os.pidfd_open(self.pid())
        try:
            signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)

    def run_inside(self, *command, **options):
        """Runs a command in the namespaces and the root of PID 1; returns its Result."""
        enter = ["nsenter", f"--target={self.pid()}", "--pid", "--mount", "--root", "--wd=/"]
        return run(self.t, [*enter, "--", *command], **options)

    def wait(self, deadline=DEADLINE):
        return self.process.wait(deadline)

    def finish(self, deadline=DEADLINE):
        return self.process.finish(deadline)
