"""Services, unit files and surroundings that mean harm: PID 1 stays, does its work, and ends in order."""

import os
import resource
import signal

from container import Pid1
from harness import root, test, wait_for
from host import descendants
from root import boot_root
from test_boot import STAYS, boot, is_alive, stop, unit

GOOD = {"good.service": STAYS}


@test(needs=[root])
def file_that_is_a_fifo_a_directory_or_endless_holds_up_nobody(t):
    base = boot_root(t.dir / "root", {
        **GOOD,
        "environment.service": unit("EnvironmentFile=/fifo\nExecStart=/bin/payload sleep-forever"),
        "folder.service": unit("EnvironmentFile=/folder\nExecStart=/bin/payload sleep-forever"),
        "endless.service": unit("EnvironmentFile=/dev/zero\nExecStart=/bin/payload sleep-forever"),
        "pid.service": unit("Type=forking\nPIDFile=/fifo\nTimeoutStartSec=1\nExecStart=/bin/true"),
        "long.service": unit("EnvironmentFile=/long\nExecStart=/bin/payload sleep-forever"),
        "drop-in.service": unit("ExecStart=/bin/payload sleep-forever"),
        "user.service": unit("User=www\nExecStart=/bin/payload sleep-forever"),
    }, {"folder/file": "", "long": "A=" + "x" * (1 << 20)})
    os.mkfifo(base / "fifo")
    os.mkfifo(base / "etc/systemd/system/fifo.service")
    os.symlink("../fifo.service", base / "etc/systemd/system/multi-user.target.wants/fifo.service")
    (base / "etc/systemd/system/drop-in.service.d").mkdir()
    os.mkfifo(base / "etc/systemd/system/drop-in.service.d/10.conf")
    (base / "etc/group").unlink()
    os.mkfifo(base / "etc/group")
    init = Pid1(t, "--boot", root=base)
    init.wait_for_unit_state("drop-in.service", "active", "running")
    for name in ("folder.service", "endless.service", "long.service"):
        wait_for(lambda name=name: init.unit(name)["ActiveState"] == "failed", f"{name} to fail")
    assert is_alive(init)
    assert stop(init) == 0


def with_limit(which, value):
    return lambda: resource.setrlimit(which, (value, value))


@test(needs=[root])
def more_services_than_descriptors_leave_pid_1_in_control(t):
    names = [f"s{i}.service" for i in range(60)]
    init, _ = boot(t, {name: unit("ExecStart=/bin/payload sleep-forever") for name in names},
                   preexec_fn=with_limit(resource.RLIMIT_NOFILE, 64))
    init.wait_for_unit_state("s0.service", "active", "running")
    wait_for(lambda: "activating" not in [init.unit(name)["ActiveState"] for name in names],
             "all services to be up or failed")
    assert stop(init) == 0


@test(needs=[root])
def stopped_service_is_ended_as_any_other(t):
    init, _ = boot(t, {**GOOD, "frozen.service": unit("TimeoutStopSec=20\nExecStart=/bin/payload sleep-forever")})
    init.wait_for_unit_state("frozen.service", "active", "running")
    os.kill(_pid_on_host(init, "frozen.service"), signal.SIGSTOP)
    init.done("stop", "frozen.service", deadline=5)
    assert stop(init) == 0


def _pid_on_host(init, name):
    inside = init.unit(name)["MainPID"]
    for pid in descendants(init.process.pid):
        status = open(f"/proc/{pid}/status").read()
        line = next(line for line in status.splitlines() if line.startswith("NSpid:"))
        if line.split()[-1] == inside:
            return pid
    raise AssertionError(f"{name} has no process {inside}")


@test(needs=[root])
def flood_of_notifications_holds_up_nobody(t):
    words = " ".join(["notify STATUS=x"] * 200)
    init, _ = boot(t, {"good.service": unit("ExecStart=/bin/payload sleep-forever", "StartLimitIntervalSec=0"), "flood.service": unit(
        f"NotifyAccess=all\nExecStart=/bin/sh -c 'while :; do payload {words} exit 0; done'")})
    init.wait_for_unit_state("flood.service", "active", "running")
    for _ in range(20):
        init.done("restart", "good.service")
    assert stop(init) == 0


@test(needs=[root])
def stranger_that_a_service_calls_its_main_process_is_not_touched(t):
    init, base = boot(t, {
        "victim.service": unit("ExecStart=/bin/sh -c 'payload sleep-forever & echo $! > /victim; wait'"),
        "liar.service": unit("NotifyAccess=main\nExecStart=/bin/sh -c 'until read pid < /victim; do :; done; "
                             "exec payload notify MAINPID=$$pid notify STATUS=said say said sleep-forever'"),
    }, {"dev/null": ""})
    init.wait_for_unit_state("liar.service", "active", "running")
    wait_for(lambda: init.unit("liar.service").get("StatusText") == "said", "the liar to have lied")
    assert init.unit("liar.service")["MainPID"] != (base / "victim").read_text().strip()
    init.done("stop", "liar.service")
    assert init.unit("victim.service")["ActiveState"] == "active"
    assert stop(init) == 0


@test(needs=[root])
def daemon_that_left_its_session_and_parent_twice_is_stopped_with_its_service(t):
    init, base = boot(t, {**GOOD, "away.service": unit(
        "Type=forking\nTimeoutStopSec=5\nGuessMainPID=no\n"  # a guess may meet one of those between
        "ExecStart=/bin/sh -c 'setsid sh -c \"setsid payload close 0 close 1 close 2 sleep-forever &\" &'")},
                   {"dev/null": ""})
    init.wait_for_unit_state("away.service", "active", "running")
    init.done("stop", "away.service")
    assert "sleep-forever" not in init.run_inside("sh", "-c", "ps -o args | grep -v good | grep -v grep | grep 'close 0'").out
    assert stop(init) == 0


@test(needs=[root])
def what_a_killed_daemon_leaves_is_ended_though_its_environment_tells_nothing(t):
    init, base = boot(t, {"hidden.service": unit(
        "Type=forking\nPIDFile=/run/hidden.pid\nExecStart=/bin/sh -c 'env -i setsid /bin/sh /daemon &'")},
                      {"daemon": "/bin/payload sleep-forever & echo $! >/child; echo $$ >/run/hidden.pid; wait\n", "dev/null": ""})
    init.wait_for_unit_state("hidden.service", "active", "running")
    state = f"cat /proc/{(base / 'child').read_text().strip()}/stat"
    assert ") S " in init.run_inside("sh", "-c", state).out
    init.run_inside("kill", "-KILL", init.unit("hidden.service")["MainPID"])
    init.wait_for_unit_state("hidden.service", "failed")
    assert init.run_inside("sh", "-c", state).out.partition(") ")[2][:1] in ("", "Z", "X")
    assert stop(init) == 0
