"""berth-init for one job: what a user sees, as PID 1 of a fresh pid namespace, as an ordinary process of root
and of nobody, and as PID 1 without root."""

import os
import signal
import time

from container import PID1, SUBREAPER, USER, USER_PID1, WAYS, Pid1
from harness import root, test, wait_for
from host import children, descendants
from process import run
from root import PAYLOAD, busybox_root, copied, write_files

NOT_PID1 = (SUBREAPER, USER)
SIGNALS_NOBODY_CAN_FORWARD = {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
FORWARDED = [n for n in [*range(1, 32), *range(34, 65)] if n not in SIGNALS_NOBODY_CAN_FORWARD]
# How runtimes ask a container to stop. To PID 1 they are that order, and the job gets a SIGTERM.
ORDERS_TO_STOP = {signal.SIGRTMIN + 3, signal.SIGRTMIN + 4, signal.SIGPWR}


def job(t, way, *payload, **options):
    """berth-init with the payload's verbs as its job."""
    return Pid1(t, "--", copied(t, PAYLOAD), *payload, way=way, **options)


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
def job_killed_by_a_signal_is_128_plus_its_number(t, way):
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
def every_signal_reaches_the_job(t, way):
    numbers = [number for number in FORWARDED if way in NOT_PID1 or number not in ORDERS_TO_STOP]
    init = job(t, way, "print-signals", str(len(numbers)))
    init.out.expect("^ready$")
    for number in numbers:
        init.signal(number)
        assert init.out.expect(r"^signal (\d+) ")[1] == str(number)
    assert init.wait() == 0


@test(needs=[root], each=(PID1, USER_PID1))
def order_to_stop_from_a_runtime_is_sigterm_to_the_job(t, way):
    for number in sorted(ORDERS_TO_STOP):
        init = job(t, way, "print-signals", "1")
        init.out.expect("^ready$")
        init.signal(number)
        init.out.expect(f"^signal {signal.SIGTERM.value} ")
        assert init.wait() == 0


@test(needs=[root], each=WAYS)
def signals_reach_the_whole_process_group_of_the_job(t, way):
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
def interrupt_key_stops_a_shell_and_what_it_runs(t, way):
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
def peer_sees_the_end_of_output_when_the_job_closes_it(t, way):
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
def directory_of_pid_1_is_the_root_and_the_job_keeps_its_own(t, way):
    init = Pid1(t, "--", "sh", "-c", f"pwd; exec {copied(t, PAYLOAD)} sleep-forever", way=way, cwd=t.dir)
    assert init.out.line() == str(t.dir)
    assert os.readlink(f"/proc/{init.pid()}/cwd") == "/"


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
def read_only_root_without_proc_is_enough(t):
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
