"""Taking the numbers."""

import contextlib
import os
import pathlib
import signal
import statistics
import struct
import subprocess
import time

from contenders import ANSWER, ORPHANS, STAMP
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


def start_milliseconds(contender):
    """From the spawn to the first instruction of the command, without namespaces and below this process."""
    words = [*([contender.program, "--"] if contender.program else []), str(STAMP)]
    read_end, write_end = os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, write_end, 1), (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)]
    begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    pid = os.posix_spawn(words[0], words, os.environ, file_actions=actions)
    seconds, nanoseconds = struct.unpack("qq", os.read(read_end, 16))
    os.waitpid(pid, 0)
    os.close(read_end)
    os.close(write_end)
    return (seconds * 10**9 + nanoseconds - begin) / 1e6


@contextlib.contextmanager
def running(contender, words, **options):
    """The process that was started, while its container runs words."""
    options.setdefault("stdin", subprocess.DEVNULL)
    process = subprocess.Popen([str(word) for word in contender.command(words)], **options)
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


def size_kib(contender):
    return round(os.stat(contender.program).st_size / 1024, 1)


def reap_us(contender, orphans, *how):
    """CPU time of PID 1 for an orphan."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with running(contender, [str(ORPHANS), str(orphans), *how], **pipes) as process:
        assert process.stdout.readline() == b"ready\n", f"{contender.name}: no orphans"
        pid1 = children(process.pid)[0]
        before = cpu_us(pid1)
        os.write(process.stdin.fileno(), b"x")
        assert process.stdout.readline() == b"done\n", f"{contender.name}: no orphans"
        wait_for(lambda: len(children(pid1)) == 1, f"{contender.name} to reap its orphans")
        return (cpu_us(pid1) - before) / orphans


def signal_numbers(contender, signals):
    """Median microseconds from a signal for PID 1 to the answer of the job, and CPU time of PID 1 for one."""
    with running(contender, [str(ANSWER)], stdout=subprocess.PIPE) as process:
        pid1 = wait_for_program(process, "answer")[0]
        output = process.stdout.fileno()
        assert os.read(output, 1) == b"r"
        before, times = cpu_us(pid1), []
        for _ in range(signals):
            begin = time.perf_counter_ns()
            os.kill(pid1, signal.SIGUSR1)
            assert os.read(output, 1) == b"a"
            times.append((time.perf_counter_ns() - begin) / 1000)
        numbers = {"answer_us": round(statistics.median(times), 1)}
        if contender.program:
            numbers["signal_us"] = round((cpu_us(pid1) - before) / signals, 1)
        return numbers


def init_standing(contender, seconds):
    """What PID 1 holds beside a sleeping job."""
    with running(contender, ["/bin/sleep", "1000"]) as process:
        return {"disk_kib": size_kib(contender), **idle_numbers(wait_for_program(process, "sleep")[0], seconds)}


def init_work(contender, orphans, signals):
    """What PID 1 does, each time it is called once for all contenders: the machine's moods meet all of them."""
    numbers = signal_numbers(contender, signals)
    if contender.program:
        numbers["reap_us"] = reap_us(contender, orphans)
        numbers["burst_us"] = reap_us(contender, orphans, "together")
    return numbers
