"""An ordinary user's containers are scopes of the user's own manager."""

import os
import pathlib
import pwd

from container import environment
from harness import test, wait_for
from machine import IDLE, SLOW, assert_one_clear_line, attribute, job_root, wait_up
from process import Process, check, run
from root import BERTH

USER = "tester"
UID = pwd.getpwnam(USER).pw_uid if USER in {entry.pw_name for entry in pwd.getpwall()} else 1000
RUNTIME = pathlib.Path(f"/run/user/{UID}")


def linger(t):
    """The user's manager runs without a login, as for services of a user, from here on: it takes a while."""
    check(t, ["loginctl", "enable-linger", USER], SLOW)
    check(t, ["systemctl", "start", f"user@{UID}.service"], SLOW)
    wait_for(lambda: (RUNTIME / "bus").exists(), "the user's bus", SLOW)


def as_user(*argv):
    """The command line that runs argv as the user, in a session as a login has it, with pipes."""
    properties = [f"--property=User={USER}", "--property=PAMName=login", f"--setenv=XDG_RUNTIME_DIR={RUNTIME}"]
    return ["systemd-run", "--quiet", "--pipe", "--wait", "--collect", *properties, *map(str, argv)]


def user_systemctl(t, *words):
    return check(t, as_user("systemctl", "--user", *words), SLOW)


@test(timeout=180)
def a_user_without_a_user_manager_is_told_what_is_missing(t):
    assert not RUNTIME.exists(), "this test comes before those that start the user's manager"
    argv = ["setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups", "--", BERTH, "run", "--memory=64M", "mine", job_root(), "true"]
    values = environment()
    for name in ("XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        values.pop(name, None)
    assert_one_clear_line(run(t, argv, SLOW, env=values), "MemoryMax", "systemd")


@test(timeout=180)
def a_lingering_user_has_a_manager_that_answers(t):
    linger(t)
    assert run(t, as_user("id", "-u"), SLOW).out == f"{UID}\n"
    assert user_systemctl(t, "is-active", "basic.target") == "active\n"


@test(timeout=180)
def a_lingering_user_runs_a_container(t):
    linger(t)
    result = run(t, as_user(BERTH, "run", "mine", job_root(), "sh", "-c", "id -u; echo hello"), SLOW)
    assert (result.status, result.out) == (0, "0\nhello\n"), repr(result)


@test(timeout=180)
def the_users_container_is_a_scope_on_the_users_bus(t):
    linger(t)
    container = Process(t, as_user(BERTH, "run", "--memory=64M", "--tasks=50", "mine", job_root(), *IDLE))
    wait_up(container)
    shown = user_systemctl(t, "show", "--property=ControlGroup", "--property=ActiveState", "berth-mine.scope")
    values = dict(line.split("=", 1) for line in shown.splitlines())
    assert values["ActiveState"] == "active"
    group = pathlib.Path("/sys/fs/cgroup") / values["ControlGroup"].lstrip("/")
    assert f"user@{UID}.service" in values["ControlGroup"]
    assert attribute(group, "memory.max") == str(64 << 20) and attribute(group, "pids.max") == "50"
    assert os.stat(group / "payload").st_uid == UID
    user_systemctl(t, "stop", "berth-mine.scope")
    container.wait(SLOW)


@test(timeout=180)
def a_limit_whose_controller_the_user_lacks_is_an_error_before_the_start(t):
    linger(t)
    result = run(t, as_user(BERTH, "run", "--cpuset=0", "mine", job_root(), "true"), SLOW)
    assert_one_clear_line(result, "cpuset", "Delegate")
