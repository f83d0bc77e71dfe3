"""berth-init for one job: what a user sees, as PID 1 of a fresh pid namespace, as an ordinary process of root
and of nobody, and as PID 1 without root."""

import ctypes
import os
import re
import resource
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path

from container import NOBODY, PID1, SUBREAPER, USER, USER_PID1, WAYS, Pid1
from harness import Skip, root, test, wait_for
from host import cgroup2_root, children, context_switches, descendants, kill_all, process_stat
from process import Process, check, run
from root import BERTH_INIT, PAYLOAD, busybox_root, copied, write_files

NOT_PID1 = (SUBREAPER, USER)
AS_PID1 = (PID1, USER_PID1)
SIGNALS_NOBODY_CAN_FORWARD = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
FORWARDED = [n for n in [*range(1, 32), *range(34, 65)] if n not in SIGNALS_NOBODY_CAN_FORWARD]
# How runtimes ask a container to stop. To PID 1 they are that order, and the job gets a SIGTERM.
ORDERS_TO_STOP = {signal.SIGRTMIN + 3, signal.SIGRTMIN + 4, signal.SIGPWR}


def job(t, way, *payload, **options):
    """berth-init with the payload's verbs as its job."""
    return Pid1(t, "--", copied(t, PAYLOAD), *payload, way=way, **options)


def options_job(t, way, flags, *payload, **options):
    """The same with options."""
    return Pid1(t, *flags, "--", copied(t, PAYLOAD), *payload, way=way, **options)


def shell(t, way, script, *flags, **options):
    """berth-init with a shell as its job; $payload is the payload."""
    return Pid1(t, *flags, "--", "sh", "-c", f"payload={copied(t, PAYLOAD)}; {script}", way=way, **options)


def queue(pid, number, value):
    """sigqueue(3)."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.sigqueue(pid, number, ctypes.c_void_p(value)) == 0, os.strerror(ctypes.get_errno())


def next_signal(stream):
    return int(stream.expect(r"^(?:\^.)?signal (\d+) ")[1])


def holders(pipe, init):
    """Which of berth-init and its children have the other end of the pipe open."""
    inode = os.fstat(pipe).st_ino
    return [pid for pid in (init.pid(), *children(init.pid()))
            if any(os.stat(f"/proc/{pid}/fd/{fd}").st_ino == inode for fd in os.listdir(f"/proc/{pid}/fd"))]


def one_line(text):
    lines = text.splitlines()
    assert len(lines) == 1, f"not one line: {text!r}"
    return lines[0]


@test(needs=[root], each=WAYS)
def exit_code_of_the_job_is_passed_on(t, way):
    for status in (0, 1, 42, 255):
        assert job(t, way, "exit", str(status)).wait() == status


@test(needs=[root], each=WAYS)
def job_killed_by_a_signal_is_128_plus_its_number(t, way):  # Yelp/dumb-init#59, #60
    for number in (signal.SIGKILL, signal.SIGABRT, signal.SIGUSR1, signal.SIGTERM):
        assert job(t, way, "raise", str(int(number))).finish().status == 128 + number


@test(needs=[root], each=WAYS)
def command_that_is_not_there_is_127_and_named(t, way):
    for command in ("no-such-command", "/no/such/command"):
        result = Pid1(t, "--", command, way=way).finish()
        assert result.status == 127, repr(result)
        assert command in one_line(result.err)


@test(needs=[root], each=WAYS)
def command_that_cannot_be_executed_is_126_and_named(t, way):
    write_files(t.dir, {"plain": "just text\n"})
    (t.dir / "folder").mkdir()
    for name in ("plain", "folder"):
        result = Pid1(t, "--", t.dir / name, way=way).finish()
        assert result.status == 126, repr(result)
        assert str(t.dir / name) in one_line(result.err)


@test(needs=[root])
def missing_interpreter_is_told_from_a_missing_command(t):
    write_files(t.dir, {"script": "#!/no/such/interpreter\n"})
    (t.dir / "script").chmod(0o755)
    result = Pid1(t, "--", t.dir / "script").finish()
    assert result.status in (126, 127), repr(result)
    assert str(t.dir / "script") in one_line(result.err) and "interpreter" in result.err.replace("/no/such/interpreter", "")


@test(needs=[root], each=WAYS)
def every_signal_reaches_the_job(t, way):  # NVIDIA/pyxis#129, snakemake/snakemake-executor-plugin-slurm#242
    numbers = [number for number in FORWARDED if way in NOT_PID1 or number not in ORDERS_TO_STOP]
    init = job(t, way, "print-signals", str(len(numbers)))
    init.out.expect("^ready$")
    for number in numbers:
        init.signal(number)
        assert init.out.expect(r"^signal (\d+) ")[1] == str(number)
    assert init.wait() == 0


@test(needs=[root], each=AS_PID1)
def order_to_stop_from_a_runtime_is_sigterm_to_the_job(t, way):  # opencontainers/runc#1766, moby/moby#36787
    for number in sorted(ORDERS_TO_STOP):
        init = job(t, way, "print-signals", "1")
        init.out.expect("^ready$")
        init.signal(number)
        init.out.expect(f"^signal {signal.SIGTERM.value} ")
        assert init.wait() == 0


@test(needs=[root], each=WAYS)
def signals_reach_the_whole_process_group_of_the_job(t, way):  # krallin/tini#15, open-mpi/ompi#3773
    payload = copied(t, PAYLOAD)
    init = Pid1(t, "--", "sh", "-c", f"trap : TERM; {payload} print-signals 1; exit 9", way=way)
    init.out.expect("^ready$")
    init.signal(signal.SIGTERM)
    init.out.expect("^signal 15 ")
    assert init.wait() == 9


@test(needs=[root], each=WAYS)
def thousand_orphans_are_reaped(t, way):
    init = job(t, way, "orphans", "1000", "sleep-forever")
    init.out.expect("^orphaned$", deadline=20)
    wait_for(lambda: len(children(init.pid())) == 1, "the orphans to be reaped")
    assert children(os.getpid()) == [init.process.pid], "orphans went past berth-init"
    init.signal(signal.SIGTERM)
    assert init.wait() == 143


@test(needs=[root], each=WAYS)
def orphans_do_not_end_the_job_or_change_its_exit_code(t, way):
    assert job(t, way, "orphans", "50", "exit", "7").finish().status == 7


@test(needs=[root], each=WAYS)
def interrupt_key_stops_a_shell_and_what_it_runs(t, way):  # krallin/tini#15, #16, #207
    script = f"{copied(t, PAYLOAD)} say started sleep-forever; echo not reached"
    init = Pid1(t, "--", "sh", "-c", script, way=way, terminal=True)
    init.process.tty.expect("started")
    init.process.type("\x03")
    assert init.wait() == 130
    assert "not reached" not in init.process.tty.rest()


@test(needs=[root], each=WAYS)
def interrupt_key_reaches_the_job_once(t, way):
    init = job(t, way, "print-signals", "2", terminal=True)
    init.process.tty.expect("^ready$")
    init.process.type("\x03")
    assert init.process.tty.expect(r"^(?:\^C)?signal (\d+) ")[1] == "2"
    init.signal(signal.SIGUSR1)
    assert init.process.tty.expect(r"^signal (\d+) ")[1] == str(int(signal.SIGUSR1)), "the interrupt came twice"
    assert init.wait() == 0


@test(needs=[root], each=WAYS)
def job_on_a_terminal_has_job_control(t, way):
    init = Pid1(t, "--", "sh", "-c", "ps -o tpgid=,pgid= -p $$; tty", way=way, terminal=True)
    foreground, group = init.process.tty.expect(r"^\s*(\d+)\s+(\d+)$").groups()
    assert foreground == group, "the job is not the terminal's foreground"
    init.process.tty.expect("^/dev/pts/")
    assert init.wait() == 0


@test(needs=[root], each=WAYS)
def peer_sees_the_end_of_output_when_the_job_closes_it(t, way):  # openSUSE/catatonit#12
    reader, writer = os.pipe()
    t.defer(os.close, reader)
    init = job(t, way, "say", "last words", "close", "1", "close", str(writer), "sleep-forever",
               pass_fds=[writer])
    os.close(writer)
    init.out.expect("^last words$")
    for pipe in (init.out.fd, reader):
        wait_for(lambda: not holders(pipe, init), "the job to close its ends")
    if way in NOT_PID1:  # else unshare(1) still holds them
        assert init.out.rest() == "" and os.read(reader, 1) == b""


@test(needs=[root], each=WAYS)
def directory_of_pid_1_is_the_root_and_the_job_keeps_its_own(t, way):  # openSUSE/catatonit#28
    init = Pid1(t, "--", "sh", "-c", f"pwd; exec {copied(t, PAYLOAD)} sleep-forever", way=way, cwd=t.dir)
    assert init.out.line() == str(t.dir)
    wait_for(lambda: os.readlink(f"/proc/{init.pid()}/cwd") == "/", "PID 1 to leave the directory")


@test(needs=[root], each=WAYS)
def job_starts_with_the_original_signal_mask_and_ignored_signals(t, way):
    def before():
        signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR1, signal.SIGRTMIN + 1])
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    filtered = ["grep", "-E", "^Sig(Blk|Ign|Cgt):", "/proc/self/status"]
    plain = run(t, filtered, preexec_fn=before)
    inside = Pid1(t, "--", *filtered, way=way, preexec_fn=before).finish()
    assert inside.status == 0 and inside.out == plain.out, f"{inside.out} instead of {plain.out}"


@test(needs=[root], each=NOT_PID1)
def ignored_sigchld_on_entry_does_not_hide_the_end_of_the_job(t, way):
    init = job(t, way, "exit", "7", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    assert init.wait() == 7


@test(needs=[root], each=WAYS)
def job_gets_the_environment_as_it_was(t, way):
    given = {"PATH": os.environ["PATH"], "EMPTY": "", "NAME": "two words", "PWD": "/somewhere"}
    inside = Pid1(t, "--", "env", way=way, env=given).finish()
    assert dict(line.split("=", 1) for line in inside.out.splitlines()) == given


@test(needs=[root], each=WAYS)
def job_reads_standard_input(t, way):
    init = Pid1(t, "--", "cat", way=way)
    init.process.write("through\n")
    assert init.out.line() == "through"
    assert init.finish().status == 0


@test(needs=[root], each=WAYS)
def closed_standard_streams_are_no_obstacle(t, way):
    init = job(t, way, "exit", "6", preexec_fn=lambda: os.closerange(0, 3))
    assert init.wait() == 6


@test(needs=[root])
def read_only_root_without_proc_is_enough(t):  # just-containers/s6-overlay#578, #397, #450
    base = busybox_root(t.dir / "root")
    init = copied(t, PAYLOAD).parent / "berth-init"
    Pid1(t, "--", "true").wait()  # brings the copy
    (base / "berth-init").write_bytes(init.read_bytes())
    (base / "berth-init").chmod(0o755)
    script = ('mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && '
              'exec chroot "$0" /berth-init -- /bin/sh -c "echo x > /file || exit 5"')
    result = run(t, ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, base])
    assert result.status == 5, repr(result)


@test(needs=[root], each=NOT_PID1, timeout=60)
def term_at_every_moment_of_the_start_ends_it(t, way):
    for step in range(60):
        init = job(t, way, "sleep-forever")
        moment = time.monotonic() + step * 50e-6
        while time.monotonic() < moment:
            pass
        init.signal(signal.SIGTERM)
        assert init.wait() == 143, f"TERM {step * 50} µs after the start"
        init.process.close()


@test(needs=[root])
def end_of_pid_1_leaves_no_process(t):
    init = Pid1(t, "--", "sh", "-c", "sleep 1000 & sleep 1000 & echo up; wait")
    init.out.expect("up")
    init.signal(signal.SIGTERM)
    assert init.wait() == 143
    assert not descendants(init.process.pid)


@test(needs=[root], each=WAYS)
def kill_signal_to_the_job_is_seen_by_its_exit_code(t, way):
    init = job(t, way, "say", "up", "sleep-forever")
    init.out.expect("up")
    os.kill(children(init.pid())[0], signal.SIGKILL)
    assert init.wait() == 137


# Signals

@test(needs=[root], each=WAYS)
def value_of_a_queued_signal_arrives(t, way):
    numbers = (signal.SIGUSR1, signal.SIGRTMIN + 1, signal.SIGRTMAX)
    for flags in ([], ["--single"]):
        init = options_job(t, way, flags, "print-signals", str(len(numbers)))
        init.out.expect("^ready$")
        for number in numbers:
            queue(init.pid(), number, 4711)
            init.out.expect(f"^signal {int(number)} code -1 .* value 4711$")
        assert init.wait() == 0


@test(needs=[root], each=WAYS)
def queued_signals_arrive_each_and_in_order(t, way):
    init = job(t, way, "print-signals", "100")
    init.out.expect("^ready$")
    for value in range(1, 101):
        queue(init.pid(), signal.SIGRTMIN + 5, value)
    for value in range(1, 101):
        assert init.out.expect(r"^signal 39 .* value (\d+)$")[1] == str(value)
    assert init.wait() == 0


@test(needs=[root], each=WAYS)
def stop_signals_that_a_process_sends_reach_the_job(t, way):  # podman-container-tools/podman#18095
    init = job(t, way, "print-signals", "3")
    init.out.expect("^ready$")
    for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU):
        init.signal(number)
        assert next_signal(init.out) == number
    assert init.wait() == 0


@test(needs=[root], each=WAYS)
def signal_from_a_child_is_not_sent_back_to_it(t, way):  # open-mpi/ompi#3943, openpmix/prrte#2136
    init = job(t, way, "print-signals", "1", "signal-parent", str(int(signal.SIGUSR1)), "print-signals", "1")
    init.out.expect("^ready$")
    init.signal(signal.SIGHUP)
    assert next_signal(init.out) == signal.SIGHUP
    init.out.expect("^ready$")
    init.signal(signal.SIGUSR2)  # a greater number: it cannot overtake the other
    assert next_signal(init.out) == signal.SIGUSR2
    assert init.wait() == 0


@test(needs=[root], each=AS_PID1)
def signal_that_a_process_inside_sends_to_pid_1_reaches_the_job(t, way):
    init = job(t, way, "print-signals", "1", "read-line")
    init.out.expect("^ready$")
    assert init.run_inside("sh", "-c", "kill -USR1 1").status == 0
    assert next_signal(init.out) == signal.SIGUSR1
    init.process.write("\n")
    assert init.wait() == 0


@test(needs=[root], each=WAYS)
def single_signals_the_command_only(t, way):  # krallin/tini#15: the group is the default, this the way out
    for flags, environment in ((["--single"], {}), (["-c"], {}), (["--single-child"], {}), ([], {"BERTH_SINGLE": "1"})):
        init = shell(t, way, "$payload as member print-signals 2 & exec $payload as job print-signals 1 read-line",
                     *flags, env={**os.environ, **environment})
        init.out.expect("ready$")
        init.out.expect("ready$")
        job_pid = children(init.pid())[0]
        init.signal(signal.SIGUSR1)
        init.out.expect("^job signal 10 ")
        os.kill(children(job_pid)[0], signal.SIGUSR2)
        assert init.out.expect(r"^member signal (\d+) ")[1] == "12", (flags, environment)
        init.process.write("\n")
        assert init.wait() == 0  # the member takes the SIGTERM for what is left


@test(needs=[root], timeout=60)
def signals_are_neither_lost_nor_late_while_orphans_die(t):
    init = shell(t, PID1, "($payload many-orphans 20000 &); exec $payload print-signals 300")
    init.out.expect("^ready$")
    for value in range(300):
        queue(init.pid(), signal.SIGRTMIN + 5, value)
    seen = []
    while len(seen) < 300:
        line = init.out.line()
        seen += re.findall(r"^signal 39 .* value (\d+)$", line)
    assert seen == [str(value) for value in range(300)]
    assert init.wait(deadline=20) == 0


@test(needs=[root], each=NOT_PID1)
def signal_that_is_pending_at_entry_reaches_the_job(t, way):
    def before():
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        sender = os.fork()
        if sender == 0:
            os.kill(os.getppid(), signal.SIGTERM)
            os._exit(0)
        os.waitpid(sender, 0)
    init = job(t, way, "print-signals", "1", preexec_fn=before)
    assert next_signal(init.out) == signal.SIGTERM
    assert init.wait() == 0
    assert options_job(t, way, ["--clear-signals"], "sleep-forever", preexec_fn=before).wait() == 143


@test(needs=[root], timeout=60)
def term_right_after_the_start_is_never_lost(t):
    """200 starts. The job ends of the signal, or hears it."""
    program, payload = copied(t, BERTH_INIT), copied(t, PAYLOAD)
    for turn in range(200):
        verbs = ["sleep-forever"] if turn % 2 else ["print-signals", "1"]
        pid = os.posix_spawn(program, [program, "--", payload, *verbs], os.environ,
                             setsigmask=[signal.SIGTERM] if verbs[0] == "print-signals" else [])
        descriptor = os.pidfd_open(pid)
        t.defer(os.close, descriptor)
        os.kill(pid, signal.SIGTERM)
        status = reap_within(pid, descriptor)
        # Before it has blocked signals it dies as any program does; then there is no job, either.
        assert status in ({-signal.SIGTERM, 143} if turn % 2 else {0}), f"turn {turn}: {status}"


def reap_within(pid, descriptor, deadline=10):
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(deadline * 1000):
        kill_all([pid, *descendants(pid)])
        os.waitpid(pid, 0)
        raise AssertionError(f"berth-init (pid {pid}) still runs {deadline} s after SIGTERM")
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# Terminals

@test(needs=[root], each=(*WAYS, "leader"))
def terminal_is_handed_over_without_a_stray_hangup(t, way):  # Yelp/dumb-init#136
    leader = way == "leader"  # PID 1 leads its session, as in a container; else unshare(1) does
    init = job(t, PID1 if leader else way, "print-signals", "2", terminal=True, leader=leader)
    init.process.tty.expect("^ready$")
    for number in (signal.SIGUSR2, signal.SIGHUP):
        init.signal(number)
        assert next_signal(init.process.tty) == number
    assert init.wait() == 0


@test(needs=[root], each=(*WAYS, "leader"))
def shell_on_a_terminal_has_job_control(t, way):  # Yelp/dumb-init#51, #78, #122
    leader = way == "leader"
    init = Pid1(t, "--", "bash", "--norc", "--noprofile", "-i", way=PID1 if leader else way, terminal=True,
                leader=leader, env={**os.environ, "PS1": "prompt> "})
    tty = init.process.tty
    tty.expect_text("prompt> ")
    init.process.type("cat\r")
    tty.expect_text("cat\r\n")
    wait_for(lambda: is_foreground(init, "cat"), "cat to be in the foreground")
    init.process.type("\x1a")
    tty.expect_text("Stopped.*\n.*prompt> ")
    assert process_stat(init.pid())[0] != "T"
    init.process.type("fg\r")
    tty.expect_text("cat\r\n")
    wait_for(lambda: is_foreground(init, "cat"), "cat to be in the foreground again")
    init.process.type("\x03")
    tty.expect_text("prompt> ")
    init.process.type("exit 9\r")
    assert init.wait() == 9
    assert "no job control" not in tty.text()


def is_foreground(init, name):
    """A process of that name below berth-init is in its terminal's foreground group, and sleeps in its read."""
    for pid in descendants(init.pid()):
        stat = process_stat(pid)
        if stat and stat[2] == stat[5] and stat[0] == "S" and open(f"/proc/{pid}/comm").read().strip() == name:
            return True
    return False


@test(needs=[root], each=(*WAYS, "leader"))
def suspend_key_does_not_suspend_the_init(t, way):  # Yelp/dumb-init#184
    leader = way == "leader"
    init = job(t, PID1 if leader else way, "print-signals", "3", terminal=True, leader=leader)
    tty = init.process.tty
    tty.expect("^ready$")
    init.process.type("\x1a")
    assert next_signal(tty) == signal.SIGTSTP
    init.process.type("\x03")
    assert next_signal(tty) == signal.SIGINT, "^C does nothing any more"
    init.signal(signal.SIGUSR1)
    assert next_signal(tty) == signal.SIGUSR1
    assert init.wait() == 0


@test(needs=[root], each=(*WAYS, "leader"))
def new_size_of_the_terminal_reaches_the_job_once(t, way):
    leader = way == "leader"
    init = job(t, PID1 if leader else way, "window", "print-signals", "2", "window", terminal=True, leader=leader)
    tty = init.process.tty
    tty.expect("^24 rows 80 columns$")
    tty.expect("^ready$")
    init.process.resize(50, 132)
    assert next_signal(tty) == signal.SIGWINCH
    init.signal(signal.SIGRTMIN + 1)  # a greater number: it cannot overtake another SIGWINCH
    assert next_signal(tty) == signal.SIGRTMIN + 1, "the change came twice"
    tty.expect("^50 rows 132 columns$")
    assert init.wait() == 0


# What the job leaves behind

@test(needs=[root], each=WAYS)
def what_the_job_leaves_is_told_to_end(t, way):  # krallin/tini#111
    """In its own group, in a session of its own, and stopped; the exit code stays the job's."""
    init = shell(t, way, "$payload as near print-signals 1 & setsid $payload as far print-signals 1 & "
                         "setsid $payload say halted raise 19 & read line; exit 7")
    for _ in range(3):
        init.out.expect("ready$|^halted$")
    init.process.write("\n")
    said = {init.out.expect(r"^(\w+) signal 15 ")[1], init.out.expect(r"^(\w+) signal 15 ")[1]}
    assert said == {"near", "far"}
    assert init.wait(deadline=5) == 7  # and the stopped one has not to be waited for
    assert not descendants(init.process.pid)


@test(needs=[root], each=WAYS)
def what_does_not_end_is_killed_after_the_stop_timeout(t, way):
    init = shell(t, way, "$payload ignore-term say deaf sleep-forever & setsid $payload ignore-term say deaf "
                         "sleep-forever & read line; exit 8", "--stop-timeout=100ms")
    init.out.expect("^deaf$")
    init.out.expect("^deaf$")
    init.process.write("\n")
    assert init.wait(deadline=5) == 8
    wait_for(lambda: not descendants(init.process.pid), "the rest to be gone")
    assert not [pid for pid in children(os.getpid()) if pid != init.process.pid], "the rest went past berth-init"


def has_cgroup():
    return None if cgroup2_root() else "no cgroup v2 is mounted"


class Group:
    """A control group that is nobody's, as systemd delegates it to a unit; `under` runs a program in it."""

    def __init__(self, t, delegated=True):
        self.path = cgroup2_root() / t.dir.name
        self.path.mkdir()
        t.defer(self._remove)
        for path in (self.path, *(self.path / f"cgroup.{name}" for name in ("procs", "threads", "subtree_control"))):
            os.chown(path, NOBODY, NOBODY)
        if delegated:
            os.setxattr(self.path, "user.delegate", b"1")
        mount = f"[ {cgroup2_root()} = /sys/fs/cgroup ] || mount --bind {cgroup2_root()} /sys/fs/cgroup"
        self.under = ["unshare", "--mount", "sh", "-c",
                      f'echo $$ >{self.path}/cgroup.procs && {{ {mount}; }} && exec "$@"', "sh"]

    def _remove(self):
        (self.path / "cgroup.kill").write_text("1")
        wait_for(lambda: "populated 0" in (self.path / "cgroup.events").read_text(), "the group to be empty")
        for directory, _, _ in os.walk(self.path, topdown=False):
            os.rmdir(directory)

    def below(self):
        return [str(path.relative_to(self.path)) for path in self.path.glob("**/*/")]


@test(needs=[root, has_cgroup], each=NOT_PID1)
def job_has_a_group_of_its_own_in_one_that_is_delegated(t, way):
    """It is empty of what the job made there when berth-init has ended, and gone."""
    group = Group(t)
    init = shell(t, way, "own=/sys/fs/cgroup$(sed -n s/^0:://p /proc/self/cgroup); mkdir -p $own/below/more; "
                         "echo in $own; read line", under=group.under)
    own = init.out.expect(r"^in (/\S+)$")[1]
    assert own.endswith(f"/{t.dir.name}/job-{init.pid()}"), own
    assert (group.path / "cgroup.procs").read_text().split() == [str(init.pid())]
    assert sorted(group.below()) == [Path(own).name + rest for rest in ("", "/below", "/below/more")]
    init.process.write("\n")
    assert init.wait() == 0
    assert not group.below()


@test(needs=[root, has_cgroup], each=NOT_PID1)
def job_stays_in_a_group_that_is_not_delegated(t, way):
    group = Group(t, delegated=False)
    assert shell(t, way, "grep -q '^0::.*/job-' /proc/self/cgroup || exit 4", under=group.under).wait() == 4
    assert not group.below()


@test(needs=[root, has_cgroup], each=WAYS)
def command_that_cannot_be_run_leaves_no_group(t, way):
    group = Group(t)
    init = Pid1(t, "--", "/no/such/command", way=way, under=group.under)
    assert init.wait() == 127
    assert not group.below()


@test(needs=[root, has_cgroup])
def what_the_job_leaves_is_killed_also_as_another_user(t):
    """berth-init is nobody's and may not signal what became root."""
    group = Group(t)
    setpriv = t.dir / "setpriv"
    shutil.copy(shutil.which("setpriv"), setpriv)
    setpriv.chmod(0o4755)
    init = shell(t, USER, f"setsid {setpriv} --reuid=0 --regid=0 --clear-groups $payload ignore-term say deaf "
                          "sleep-forever & read line; exit 9", "--stop-timeout=100ms", under=group.under)
    init.out.expect("^deaf$")
    rest = [pid for pid in descendants(init.pid()) if os.stat(f"/proc/{pid}").st_uid == 0]
    assert len(rest) == 1, rest
    init.process.write("\n")
    assert init.wait() == 9
    assert not group.below() and (process_stat(rest[0]) or ["Z"])[0] == "Z", "root's process outlived berth-init"


@test(needs=[root], each=WAYS)
def exit_at_once_leaves_the_rest_alone(t, way):
    for flags, environment in ((["--exit-at-once"], {}), ([], {"BERTH_EXIT_AT_ONCE": "1"})):
        init = shell(t, way, "$payload as member print-signals 1 & read line; exit 6", *flags,
                     env={**os.environ, **environment})
        init.out.expect("^member ready$")
        member = children(children(init.pid())[0])[0]
        init.process.write("\n")
        assert init.wait(deadline=5) == 6
        if way in NOT_PID1:  # else the kernel has ended it
            os.kill(member, signal.SIGWINCH)  # a greater number: it does not overtake a SIGTERM
            assert init.out.expect(r"^member signal (\d+) ")[1] == "28"
            wait_for(lambda: (process_stat(member) or ["Z"])[0] == "Z", "the member to end")


@test(needs=[root], each=NOT_PID1)
def strangers_are_not_touched_when_it_is_not_pid_1(t, way):  # moby/moby#12015, #11087
    payload = copied(t, PAYLOAD)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if way == USER else []
    stranger = Process(t, [*nobody, payload, "print-signals", "1"])
    stranger.out.expect("^ready$")
    init = shell(t, way, "setsid $payload ignore-term say deaf sleep-forever & read line", "--stop-timeout=50ms")
    init.out.expect("^deaf$")
    init.process.write("\n")
    assert init.wait(deadline=5) == 0
    stranger.signal(signal.SIGUSR1)
    assert next_signal(stranger.out) == signal.SIGUSR1
    assert stranger.wait() == 0


# Orphans

@test(needs=[root], each=NOT_PID1)
def orphans_come_to_it_without_being_pid_1(t, way):  # krallin/tini#141, just-containers/s6-overlay#383 and many more
    init = job(t, way, "orphan-parent", "read-line")
    assert int(init.out.expect(r"^orphan of (\d+)$")[1]) == init.pid()
    init.process.write("\n")
    result = init.finish()
    assert result.status == 0 and not result.err, f"it need not be told: {result!r}"


@test(needs=[root], each=NOT_PID1)
def being_a_subreaper_is_told_when_asked_for_more(t, way):  # krallin/tini#141
    for flags, environment in ((["-v"], {}), ([], {"BERTH_VERBOSE": "1"})):
        init = options_job(t, way, flags, "exit", "0", env={**os.environ, **environment})
        assert "subreaper" in init.finish().err


@test(needs=[root], timeout=60)
def hundred_thousand_orphans_are_reaped(t):
    init = job(t, PID1, "many-orphans", "100000", "read-line")
    init.out.expect("^orphaned$", deadline=40)
    wait_for(lambda: len(children(init.pid())) == 1, "the orphans to be reaped")
    init.process.write("\n")
    assert init.wait() == 0


@test(needs=[root], each=(PID1, SUBREAPER), timeout=60)
def twenty_thousand_that_die_in_one_instant_are_reaped(t, way):
    init = job(t, way, "dying-flock", "20000", "read-line")
    init.out.expect("^dead$", deadline=40)
    wait_for(lambda: len(children(init.pid())) == 1, "the dead to be reaped")
    init.process.write("\n")
    assert init.wait() == 0


@test(needs=[root])
def nothing_wakes_it_while_nothing_happens(t):
    limits = ["--time-limit=1h", "--warn=USR1@30min", "--stop-timeout=10min"]
    inits = []
    for way, flags in ((PID1, []), (PID1, limits), (SUBREAPER, []), (SUBREAPER, limits)):
        init = options_job(t, way, flags, "print-signals", "1", "sleep-for", "1100", "say", "slept", "read-line")
        init.out.expect("^ready$")
        init.signal(signal.SIGUSR2)
        assert next_signal(init.out) == signal.SIGUSR2
        wait_for(lambda: process_stat(init.pid())[0] == "S", "it to sleep")
        inits.append((init, context_switches(init.pid())))
    for init, before in inits:
        init.out.expect("^slept$")
        assert context_switches(init.pid()) == before, "it woke up"
        init.process.write("\n")
        assert init.wait() == 0


@test(needs=[root], each=("berth-init", "tini", "dumb-init", "catatonit"))
def one_job_maps_nothing_of_the_supervisor(t, name):
    shutil.copy(BERTH_INIT, t.dir / name)
    init = Pid1(t, "--", copied(t, PAYLOAD), "say", "up", "read-line", init=t.dir / name)
    init.out.expect("^up$")
    wait_for(lambda: process_stat(init.pid())[0] == "S", "it to sleep")
    smaps = Path(f"/proc/{init.pid()}/smaps").read_text()
    written = [int(kib) for kib in re.findall(r"rw-p .*\n(?<!\[stack\]\n)Size:.*\n(?:.*\n){2}Rss: +(\d+) kB", smaps)]
    mapped = [int(kib) for kib in re.findall(r"r-xp .* /.*\nSize:.*\n(?:.*\n){2}Rss: +(\d+) kB", smaps)]
    if len(mapped) == 1:
        raise Skip("this build is not laid out in segments (init/layout.ld)")
    assert mapped[0] > 0 and mapped[1:] == [0], f"KiB of the job's and of the supervisor's segment: {mapped}"
    assert sum(written) == 4, f"KiB of written pages beside the stack: {written}"
    init.process.write("\n")
    assert init.wait() == 0


# What it is given, and what it keeps

@test(needs=[root], each=WAYS)
def peer_sees_the_end_of_input_when_the_job_closes_it(t, way):  # openSUSE/catatonit#12
    reader, writer = os.pipe()
    init = job(t, way, "say", "up", "close", "0", "say", "closed", "sleep-forever", stdin=reader)
    os.close(reader)
    init.out.expect("^closed$")
    wait_for(lambda: not holders(writer, init), "the input to be closed")
    os.close(writer)


@test(needs=[root])
def directory_of_the_start_is_not_pinned(t):  # openSUSE/catatonit#28
    (t.dir / "mount").mkdir()
    check(t, ["mount", "-t", "tmpfs", "tmpfs", t.dir / "mount"])
    t.defer(run, t, ["umount", "--lazy", "--quiet", t.dir / "mount"])
    init = shell(t, SUBREAPER, "cd /; echo moved; read line", cwd=t.dir / "mount")
    init.out.expect("^moved$")
    wait_for(lambda: os.readlink(f"/proc/{init.pid()}/cwd") == "/", "berth-init to leave")
    check(t, ["umount", t.dir / "mount"])
    init.process.write("\n")
    assert init.wait() == 0


@test(needs=[root], each=WAYS)
def passed_sockets_are_the_jobs(t, way):  # openSUSE/catatonit#12
    """LISTEN_PID names the process that is to take them; another process's is left alone."""
    script = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" -- sh -c \'echo $LISTEN_FDS $((LISTEN_PID == $$))\''
    if way in AS_PID1:
        words = ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child", "--"]
    else:
        words = []
    if way in (USER, USER_PID1):
        words += ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    program = copied(t, BERTH_INIT)
    assert check(t, [*words, "sh", "-c", script, program]) == "1 1\n"
    other = script.replace("=$$;", "=1234567;").replace("$((LISTEN_PID == $$))", "$LISTEN_PID")
    assert check(t, [*words, "sh", "-c", other, program]) == "1 1234567\n"


@test(needs=[root], each=WAYS)
def non_blocking_input_is_left_as_it_was(t, way):
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    init = job(t, way, "stdin-mode", "say", "up", "sleep-forever", stdin=reader)
    init.out.expect("^non-blocking$")
    init.out.expect("^up$")
    assert not os.get_blocking(reader)
    init.signal(signal.SIGTERM)
    assert init.wait() == 143
    os.close(reader)
    os.close(writer)


@test(needs=[root], each=(PID1, SUBREAPER))
def closed_standard_stream_stays_closed_for_the_job(t, way):
    for number in (0, 1, 2):
        init = Pid1(t, "--", "sh", "-c", f"[ ! -e /proc/self/fd/{number} ]", way=way,
                    preexec_fn=lambda: os.close(number))
        assert init.wait() == 0, f"{number} is open"


@test(needs=[root], each=(PID1, SUBREAPER))
def few_descriptors_are_enough_and_the_limits_stay_the_jobs(t, way):
    def before():
        resource.setrlimit(resource.RLIMIT_NOFILE, (10, 12))
    init = shell(t, way, "ulimit -Sn; ulimit -Hn; exit 3", preexec_fn=before)
    result = init.finish()
    assert (result.status, result.out) == (3, "10\n12\n"), repr(result)


@test(needs=[root])
def stopped_parent_holds_up_nobody(t):
    words = [copied(t, BERTH_INIT), "--", copied(t, PAYLOAD), "print-signals", "2"]
    parent = Process(t, ["sh", "-c", '"$@" & kill -STOP $$; wait $!', "sh", *words])
    parent.out.expect("^ready$")
    wait_for(lambda: process_stat(parent.pid)[0] == "T", "the parent to be stopped")
    init = children(parent.pid)[0]
    os.kill(init, signal.SIGUSR1)
    assert next_signal(parent.out) == signal.SIGUSR1
    parent.signal(signal.SIGCONT)
    os.kill(init, signal.SIGUSR2)
    assert next_signal(parent.out) == signal.SIGUSR2
    assert parent.wait() == 0


@test(needs=[root], each=NOT_PID1)
def parents_death_is_told_as_a_signal(t, way):  # codalab/codalab-worksheets#2252, #1908
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if way == USER else []
    for flags, environment in ((["-p", "SIGUSR1"], {}), (["--parent-death-signal=USR1"], {}),
                               ([], {"BERTH_PARENT_DEATH_SIGNAL": "USR1"})):
        words = [*user, copied(t, BERTH_INIT), *flags, "--", copied(t, PAYLOAD), "print-signals", "1"]
        parent = Process(t, ["sh", "-c", 'exec 3<&0; "$@" 3<&- & read line <&3', "sh", *words],
                         env={**os.environ, **environment})
        parent.out.expect("^ready$")
        parent.close_stdin()
        assert next_signal(parent.out) == signal.SIGUSR1
        assert parent.out.rest() == ""
        parent.wait()


@test(needs=[root])
def one_file_is_enough_at_any_path(t):  # podman-container-tools/podman#1670, #2045, coreos/fedora-coreos-tracker#478
    base = busybox_root(t.dir / "root")
    (base / "dev/init").write_bytes(BERTH_INIT.read_bytes())
    (base / "dev/init").chmod(0o755)
    words = ["unshare", "--fork", "--pid", "--kill-child", f"--root={base}", "--"]
    assert run(t, [*words, "/dev/init", "--", "/bin/sh", "-c", "exit 4"]).status == 4
    version = run(t, [*words, "/dev/init", "--version"])
    assert version.status == 0 and re.match(r"\S+ .*\d", version.out), repr(version)


@test(needs=[root], each=WAYS)
def options_stop_at_the_first_word_that_is_none(t, way):
    result = Pid1(t, "sh", "-c", "echo -v --single; exit 3", way=way).finish()
    assert (result.status, result.out, result.err) == (3, "-v --single\n", "")


# Pause

@test(needs=[root], each=WAYS)
def pause_reaps_until_it_is_told_to_end(t, way):  # openSUSE/catatonit#17
    for flags, environment, number in ((["--pause"], {}, signal.SIGTERM), (["-P"], {}, signal.SIGINT),
                                       ([], {"BERTH_PAUSE": "1"}, signal.SIGTERM)):
        init = Pid1(t, *flags, way=way, env={**os.environ, **environment}, stdin=subprocess.DEVNULL)
        pid = init.pid()
        wait_for(lambda: re.search(r"SigBlk:\s*[1-9a-f]", open(f"/proc/{pid}/status").read()), "signals to be blocked")
        if way in AS_PID1:
            init.run_inside(copied(t, PAYLOAD), "orphans", "20")
            wait_for(lambda: not children(pid), "the orphans to be reaped")
        for other in (signal.SIGUSR1, signal.SIGHUP, signal.SIGTSTP):
            init.signal(other)
        init.signal(number)
        assert init.wait(deadline=5) == 0
