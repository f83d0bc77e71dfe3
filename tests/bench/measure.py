"""Taking the numbers."""

import contextlib
import os
import pathlib
import signal
import subprocess
import time

from contenders import ORPHANS
from harness import wait_for
from host import children

NULL = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1)]


def milliseconds(contender):
    """Wall time of one run of true, from the spawn to the end; it must succeed."""
    words = [str(word) for word in contender.command(["/bin/true"])]
    begin = time.perf_counter_ns()
    pid = os.posix_spawnp(words[0], words, os.environ, file_actions=NULL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    took = time.perf_counter_ns() - begin
    assert status == 0, f"{contender.name}: exit status {status} of {' '.join(words)}"
    return took / 1e6


@contextlib.contextmanager
def running(contender, words, **options):
    """The process that was started, while its container runs words."""
    process = subprocess.Popen([str(word) for word in contender.command(words)], stdin=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        for pid in [*below(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if pid != process.pid else signal.SIGTERM)
        process.wait()


def below(pid):
    """The processes below pid, the innermost last."""
    found = children(pid)
    return found + [inner for child in found for inner in below(child)]


def name_of(pid):
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()


def wait_for_program(process, name):
    """The pids below the process, once one of them executes that program."""
    wait_for(lambda: name in [name_of(pid) for pid in below(process.pid)], f"{name} below {process.args[0]}")
    return below(process.pid)


def memory(pid):
    fields = {}
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        key, value = line.split(":")
        fields[key] = int(value.split()[0])
    return {"pss_kib": fields["Pss"], "private_kib": fields["Private_Clean"] + fields["Private_Dirty"]}


def switches(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("voluntary_ctxt_switches"))


def idle_numbers(pid, seconds):
    before = switches(pid)
    time.sleep(seconds)  # the measurement itself: wake-ups in that time
    return {**memory(pid), "wakeups": switches(pid) - before}


def standing(contender, seconds):
    """What the process that waits beside a sleeping container holds."""
    with running(contender, ["/bin/sleep", "1000"]) as process:
        wait_for_program(process, "sleep")
        return idle_numbers(process.pid, seconds)


def cpu_us(pid):
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1000


def init_standing(contender, seconds, orphans):
    """What PID 1 holds beside a sleeping job, and what it pays for an orphan."""
    with running(contender, ["/bin/sleep", "1000"]) as process:
        numbers = idle_numbers(wait_for_program(process, "sleep")[0], seconds)
    with running(contender, [str(ORPHANS), str(orphans)], stdout=subprocess.PIPE) as process:
        pid1 = wait_for_program(process, "orphans")[0]
        assert process.stdout.readline() == b"done\n", f"{contender.name}: no orphans"
        wait_for(lambda: len(below(pid1)) == 1, f"{contender.name} to reap its orphans")
        numbers["reap_us"] = round(cpu_us(pid1) / orphans, 1)
    return numbers
