"""D-Bus away, stuck or restarted: a fallback or a clear error, never a hang, and nothing left behind. The last
module, because the machine's other daemons lose their bus here too."""

import os
import signal
import time

from container import berth
from harness import test, wait_for
from machine import IDLE, SLOW, Journal, Running, active_state, assert_one_clear_line, berth_units, boot_root, job_root, show, systemctl, wait_up
from process import check

BUS_SOCKET = "/run/dbus/system_bus_socket"
START_TIMEOUT = 5  # over everything until the container runs


def restart_bus(t):
    systemctl(t, "start", "dbus.socket", "dbus.service")
    wait_for(lambda: os.path.exists(BUS_SOCKET), "the bus to be back", SLOW)
    systemctl(t, "restart", "systemd-logind.service")


def assert_runs_or_says_why(result, *words):
    """Either way is fine (systemd's private socket is a fallback); silence, a hang or a riddle is not."""
    if result.status == 0:
        assert result.out == "it runs\n", repr(result)
    else:
        assert_one_clear_line(result, *words)
    assert [unit for unit in berth_units() if "web" in unit] == [] or wait_for(lambda: not berth_units(), "the scope to go", SLOW)


@test(timeout=180)
def without_dbus_a_container_starts_or_one_line_says_why_not(t):
    t.defer(restart_bus, t)
    systemctl(t, "stop", "dbus.socket", "dbus.service")
    result = berth(t, "run", "web", job_root(), "echo", "it runs", deadline=SLOW)
    assert_runs_or_says_why(result, "bus")


@test(timeout=240)
def a_bus_that_does_not_answer_ends_within_the_deadline(t):
    bus = int(show(t, "dbus.service", "MainPID")["MainPID"])
    os.kill(bus, signal.SIGSTOP)
    t.defer(os.kill, bus, signal.SIGCONT)
    began = time.monotonic()
    timeout = f"--start-timeout={START_TIMEOUT}s"
    result = berth(t, "run", timeout, "web", job_root(), "echo", "it runs", deadline=START_TIMEOUT + SLOW)
    assert time.monotonic() - began < START_TIMEOUT + 15
    assert_runs_or_says_why(result, "bus|systemd", "answer|time")


def booted(t):
    """A container with two services."""
    journal = Journal(t)
    container = Running(t, boot_root("one", "two"), name="web", options=[journal.option])
    journal.wait_for_all_started(container, "one", "two")
    return container, journal


def booted_before_a_restart_of_the_bus(t):
    """A container whose bus was restarted under it: systemd's Controller= of it is stale."""
    container, journal = booted(t)
    t.defer(restart_bus, t)
    systemctl(t, "restart", "dbus.service")
    assert active_state(t, "berth-web.scope") == "active" and container.process.is_running()
    return container, journal


def assert_ended_in_order(container, journal):
    status = container.wait(SLOW)
    assert status == 0, f"berth run ended with {status}; the services wrote {journal.events()}"
    assert journal.events()[2:] == ["stop two", "term two", "stop one", "term one"], journal.events()


@test(timeout=240)
def after_a_restart_of_the_bus_berth_stop_ends_it_in_order(t):
    container, journal = booted_before_a_restart_of_the_bus(t)
    container.stop(SLOW)
    assert_ended_in_order(container, journal)


@test(timeout=240)
def after_a_restart_of_the_bus_systemctl_stop_ends_it_in_order(t):
    container, journal = booted_before_a_restart_of_the_bus(t)
    systemctl(t, "stop", "berth-web.scope")
    assert_ended_in_order(container, journal)


@test(timeout=240)
def without_dbus_systemctl_stop_ends_it_in_order_and_a_reexec_of_systemd_changes_nothing(t):
    t.defer(restart_bus, t)
    systemctl(t, "stop", "dbus.socket", "dbus.service")
    container, journal = booted(t)
    systemctl(t, "daemon-reexec")  # which closes the monitor's connection to systemd
    systemctl(t, "stop", "berth-web.scope")
    assert_ended_in_order(container, journal)


@test(timeout=240)
def berth_stop_needs_no_bus(t):
    container = Running(t, job_root(), *IDLE, name="web")
    wait_up(container.process)
    t.defer(restart_bus, t)
    systemctl(t, "stop", "dbus.socket", "dbus.service")
    container.stop(SLOW)
    assert container.wait(SLOW) == 143
    assert check(t, ["systemctl", "list-units", "--plain", "--no-legend", "berth-web.scope"], SLOW) == ""
