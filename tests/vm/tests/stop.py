"""Whoever stops it, the container ends in order; and its name is free at once, whatever it died of."""

import os
import signal

from container import berth
from harness import test, wait_for
from machine import (
    CGROUP,
    IDLE,
    SLOW,
    Journal,
    Running,
    active_state,
    boot_root,
    cgroup_of_unit,
    event_count,
    job_root,
    leader_of,
    scope_of,
    show,
    systemctl,
    wait_up,
)
from process import check, run

ROUNDS = 50
REVERSED = ["stop three", "term three", "stop two", "term two", "stop one", "term one"]


def booted(t, name="web"):
    """A container with three services that need each other."""
    journal = Journal(t)
    container = Running(t, boot_root("one", "two", "three"), name=name, options=[journal.option])
    journal.wait_for_all_started(container, "one", "two", "three")
    return container, journal


def assert_ended_in_order(container, journal, status=0):
    assert container.wait(SLOW) == status
    assert journal.events()[3:] == REVERSED, journal.events()


@test(timeout=120)
def systemctl_stop_of_the_scope_stops_the_services_in_reverse_order(t):
    container, journal = booted(t)
    invocation = show(t, "berth-web.scope", "InvocationID")["InvocationID"]
    systemctl(t, "stop", "berth-web.scope")
    assert_ended_in_order(container, journal)
    assert active_state(t, "berth-web.scope") == "inactive"
    log = check(t, ["journalctl", "--no-pager", "--output=cat", "_PID=1", f"INVOCATION_ID={invocation}"], SLOW)
    assert "Stopped berth-web.scope" in log, log
    assert "SIGKILL" not in log and "timed out" not in log, log


@test(timeout=120)
def berth_stop_stops_the_services_in_reverse_order(t):
    container, journal = booted(t)
    container.stop(SLOW)
    assert_ended_in_order(container, journal)


@test(timeout=120)
def machinectl_poweroff_stops_the_services_in_reverse_order(t):
    container, journal = booted(t)
    check(t, ["machinectl", "poweroff", "web"], SLOW)
    assert_ended_in_order(container, journal)


@test(timeout=120)
def machinectl_terminate_stops_the_services_in_reverse_order(t):
    container, journal = booted(t)
    check(t, ["machinectl", "terminate", "web"], SLOW)
    assert_ended_in_order(container, journal)


@test(timeout=120)
def a_job_that_ignores_sigterm_is_killed_after_its_time_to_stop(t):
    script = "trap '' TERM; echo up; while :; do sleep 1000; done"
    container = Running(t, job_root(), "sh", "-c", script, name="web", options=["--stop-timeout=2s"])
    wait_up(container.process)
    systemctl(t, "stop", "berth-web.scope")
    assert container.wait(SLOW) == 137


# The ways to die. Each gets a running container and its scope's control group; returns the expected status of
# `berth run`, or None where the monitor itself is killed.


def by_stop(t, container, group):
    systemctl(t, "stop", scope_of(container.name))
    return 143


def by_berth_stop(t, container, group):
    container.stop(SLOW)
    return 143


def by_kill_of_pid_1(t, container, group):
    os.kill(leader_of(group), signal.SIGKILL)
    return 137


def by_kill_of_the_monitor(t, container, group):
    os.kill(container.process.pid, signal.SIGKILL)
    return None


def by_systemctl_kill(t, container, group):
    run(t, ["systemctl", "kill", "--signal=KILL", scope_of(container.name)], SLOW)
    return None


def by_exit(t, container, group):
    container.process.close_stdin()
    return 7


def by_out_of_memory(t, container, group):
    container.process.write("hog\n")
    return 137


DEATHS = (by_exit, by_kill_of_pid_1, by_kill_of_the_monitor, by_out_of_memory, by_systemctl_kill, by_stop, by_berth_stop)
# Ends with 7 when its input ends; when a line comes, it eats all memory.
MORTAL = "echo up; read line || exit 7; exec tail /dev/zero"


def die_once(t, death, name):
    options = ["--interactive", "--memory=24M"]
    container = Running(t, job_root(), "sh", "-c", MORTAL, name=name, options=options)
    wait_up(container.process)
    expected = death(t, container, CGROUP / "machine.slice" / scope_of(name))
    status = container.wait(SLOW)
    assert expected in (None, status), f"{death.__name__}: status {status}, not {expected}: {container.process.err.rest()!r}"


@test(timeout=900)
def the_same_name_starts_again_at_once_after_any_death_50_times_in_a_row(t):
    for number in range(ROUNDS):
        die_once(t, DEATHS[number % len(DEATHS)], "phoenix")
    result = berth(t, "run", "phoenix", job_root(), "true", deadline=SLOW)
    assert result.status == 0, repr(result)


@test(timeout=120)
def a_killed_monitor_takes_its_container_with_it(t):
    container = Running(t, job_root(), *IDLE, name="web")
    wait_up(container.process)
    group = cgroup_of_unit(t, "berth-web.scope")
    by_kill_of_the_monitor(t, container, group)
    wait_for(lambda: not group.exists(), "the scope of a killed monitor to vanish", SLOW)
    assert "running" not in berth(t, "list", deadline=SLOW).out
    result = berth(t, "run", "web", job_root(), "true", deadline=SLOW)  # takes over what the dead one left
    assert result.status == 0, repr(result)


@test(timeout=120)
def an_oom_kill_in_a_service_leaves_the_others_running(t):
    container, journal = booted(t)
    group = cgroup_of_unit(t, "berth-web.scope")
    service = group / "payload/system.slice/two.service"
    systemctl(t, "set-property", "--runtime", "berth-web.scope", "MemoryMax=40M")
    result = container.berth("exec", "sh", "-c", "tail /dev/zero", deadline=SLOW)
    assert result.status == 137, repr(result)
    assert event_count(group, "memory.events", "oom_kill") > 0
    assert (service / "cgroup.procs").read_text() != ""
    systemctl(t, "stop", "berth-web.scope")
    assert_ended_in_order(container, journal)
