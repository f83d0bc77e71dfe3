"""A container is a scope like any other."""

import re

from container import berth
from harness import test
from machine import (
    IDLE,
    SLOW,
    Journal,
    Running,
    active_state,
    assert_one_clear_line,
    attribute,
    boot_root,
    cgroup_of_process,
    cgroup_of_unit,
    job_root,
    leader_of,
    machines,
    scope_of,
    show,
    systemctl,
    wait_up,
)
from process import Process, check, run


def running_job(t, name, *options):
    """A container with a job that runs; returns it and the scope's control group."""
    container = Running(t, job_root(), *IDLE, options=options, name=name)
    wait_up(container.process)
    return container, cgroup_of_unit(t, scope_of(name))


@test(timeout=120)
def the_container_is_a_delegated_scope_in_machine_slice(t):
    running_job(t, "web")
    unit = show(t, "berth-web.scope", "ActiveState", "Slice", "ControlGroup", "Description", "Delegate", "CollectMode", "Transient")
    assert unit["ActiveState"] == "active"
    assert unit["Slice"] == "machine.slice"
    assert unit["ControlGroup"] == "/machine.slice/berth-web.scope"
    assert "web" in unit["Description"] and unit["Description"] != "berth-web.scope"
    assert unit["Delegate"] == "yes"
    assert unit["CollectMode"] == "inactive-or-failed"
    assert unit["Transient"] == "yes"


@test(timeout=120)
def the_scope_has_the_monitor_and_the_payload_in_a_group_each(t):
    container, group = running_job(t, "web")
    assert cgroup_of_process(container.process.pid) == group / "supervisor"
    leader = leader_of(group)
    assert cgroup_of_process(leader).is_relative_to(group / "payload")
    assert attribute(group, "cgroup.procs") == "", "an inner group may hold no process"


@test(timeout=120)
def every_service_is_a_group_of_its_own(t):
    journal = Journal(t)
    container = Running(t, boot_root("one", "two"), name="web", options=[journal.option])
    journal.wait_for_all_started(container, "one", "two")
    payload = cgroup_of_unit(t, "berth-web.scope") / "payload"
    assert attribute(payload / "init.scope", "cgroup.procs") != ""
    for name in ("one", "two"):
        assert attribute(payload / f"system.slice/{name}.service", "cgroup.procs") != ""
    assert "two.service" in check(t, ["systemd-cgls", "--no-pager", "--unit", "berth-web.scope"], SLOW)


@test(timeout=120)
def the_slice_of_the_users_choice_is_used(t):
    running_job(t, "web", "--slice=workload.slice")
    assert show(t, "berth-web.scope", "ControlGroup")["ControlGroup"] == "/workload.slice/berth-web.scope"


@test(timeout=120)
def machinectl_lists_the_container_once_while_it_runs(t):
    container, group = running_job(t, "web")
    assert machines(t).count("web") == 1 and len(machines(t)) == 1
    machine = dict(line.split("=", 1) for line in check(t, ["machinectl", "show", "web"], SLOW).splitlines() if "=" in line)
    assert machine["Unit"] == "berth-web.scope"
    assert int(machine["Leader"]) == leader_of(group)
    assert machine["Class"] == "container"
    container.stop(SLOW)
    container.wait(SLOW)
    assert machines(t) == []


@test(timeout=120)
def a_container_of_the_same_name_that_runs_is_a_clear_error(t):
    running_job(t, "web")
    assert_one_clear_line(berth(t, "run", "web", job_root(), "true", deadline=SLOW), "web", "run")
    assert active_state(t, "berth-web.scope") == "active"


@test(timeout=120)
def a_foreign_unit_of_the_scopes_name_is_a_clear_error_and_stays(t):
    argv = ["systemd-run", "--scope", "--quiet", "--unit=berth-web.scope", "sh", "-c", "echo up; exec sleep 1000"]
    foreign = Process(t, argv)
    wait_up(foreign)
    assert_one_clear_line(berth(t, "run", "web", job_root(), "true", deadline=SLOW), r"berth-web\.scope")
    assert foreign.is_running()
    systemctl(t, "stop", "berth-web.scope")


@test(timeout=120)
def a_failed_leftover_of_the_name_is_reset_and_used(t):
    # A scope fails when its stop needs SIGKILL; with CollectMode=inactive it then stays loaded.
    script = "trap '' TERM; echo up; while :; do sleep 1000; done"
    argv = ["systemd-run", "--scope", "--quiet", "--unit=berth-web.scope", "--property=CollectMode=inactive"]
    leftover = Process(t, [*argv, "--property=TimeoutStopSec=1", "sh", "-c", script])
    wait_up(leftover)
    run(t, ["systemctl", "stop", "berth-web.scope"], SLOW)
    assert active_state(t, "berth-web.scope") == "failed"
    result = berth(t, "run", "web", job_root(), "echo", "it runs", deadline=SLOW)
    assert (result.status, result.out) == (0, "it runs\n"), repr(result)


@test(timeout=240)
def daemon_reload_and_reexec_change_nothing_for_a_running_container(t):
    journal = Journal(t)
    options = [journal.option, "--memory=200M", "--tasks=100", "--cpus=0.5"]
    container = Running(t, boot_root("one", "two"), name="web", options=options)
    journal.wait_for_all_started(container, "one", "two")
    group = cgroup_of_unit(t, "berth-web.scope")

    def state():
        files = {name: attribute(group, name) for name in ("memory.max", "pids.max", "cpu.max", "cgroup.subtree_control")}
        services = {path.parent.name: path.read_text() for path in group.glob("payload/system.slice/*/cgroup.procs")}
        return files, services, leader_of(group), container.process.is_running()

    before = state()
    assert before[0]["memory.max"] == str(200 << 20) and before[0]["pids.max"] == "100" and len(before[1]) == 2
    for verb in ("daemon-reload", "daemon-reexec"):
        systemctl(t, verb)
        assert state() == before, f"after {verb}"
    systemctl(t, "stop", "berth-web.scope")
    assert container.wait(SLOW) == 0
    assert journal.events()[-4:] == ["stop two", "term two", "stop one", "term one"]


@test(timeout=120)
def set_property_changes_a_limit_of_a_running_container(t):
    _, group = running_job(t, "web", "--tasks=100")
    systemctl(t, "set-property", "--runtime", "berth-web.scope", "TasksMax=50", "MemoryMax=100M")
    assert attribute(group, "pids.max") == "50"
    assert attribute(group, "memory.max") == str(100 << 20)


@test(timeout=120)
def list_and_status_know_the_container_and_its_unit(t):
    container, group = running_job(t, "web")
    assert re.search(r"^web\b.*running", berth(t, "list", deadline=SLOW).out, re.M)
    status = container.berth("status", deadline=SLOW).out
    assert "berth-web.scope" in status and str(leader_of(group)) in status
