"""The VM is what the other tests take it for: real systemd in charge of real control groups."""

import os
import pathlib

from harness import test
from machine import CGROUP, SLOW, active_state, attribute, job_root, machines
from process import check


@test(timeout=60)
def systemd_is_pid_1_and_no_unit_has_failed(t):
    assert pathlib.Path("/proc/1/comm").read_text() == "systemd\n"
    assert check(t, ["systemctl", "--failed", "--plain", "--no-legend"], SLOW) == ""


@test(timeout=60)
def the_controllers_that_limits_need_are_there(t):
    assert {"cpuset", "cpu", "io", "memory", "pids"} <= set(attribute(CGROUP, "cgroup.controllers").split())


@test(timeout=60)
def machined_answers_and_knows_no_machine(t):
    assert machines(t) == []
    assert active_state(t, "systemd-machined.service") == "active"


@test(timeout=60)
def an_installed_berth_finds_its_init(t):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
    argv = ["berth", "run", "web", job_root(), "echo", "it runs"]
    assert check(t, argv, SLOW, env=environment) == "it runs\n"
