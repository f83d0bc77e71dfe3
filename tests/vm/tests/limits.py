"""Limits are where the kernel reads them, and they bite."""

import json
import re

from container import berth
from harness import test, wait_for
from machine import IDLE, SLOW, Running, assert_one_clear_line, attribute, berth_units, cgroup_of_unit, events_below, job_root, systemctl, wait_up
from process import run
from root import BERTH_INIT

BOMB = "echo up; b() { b | b & }; b; sleep 10000"


@test(timeout=120)
def limits_arrive_in_the_scopes_control_group(t):
    options = ["--memory=128M", "--memory-high=96M", "--tasks=256", "--cpus=0.75", "--cpu-weight=150", "--io-weight=200", "--cpuset=1"]
    container = Running(t, job_root(), *IDLE, options=options, name="web")
    wait_up(container.process)
    group = cgroup_of_unit(t, "berth-web.scope")
    assert attribute(group, "memory.max") == str(128 << 20)
    assert attribute(group, "memory.high") == str(96 << 20)
    assert attribute(group, "pids.max") == "256"
    assert attribute(group, "cpu.max") == "75000 100000"
    assert attribute(group, "cpu.weight") == "150"
    assert attribute(group, "io.weight") == "default 200"
    assert attribute(group, "cpuset.cpus.effective") == "1"


@test(timeout=120)
def a_container_without_limits_has_none(t):
    container = Running(t, job_root(), *IDLE, name="web")
    wait_up(container.process)
    group = cgroup_of_unit(t, "berth-web.scope")
    assert attribute(group, "memory.max") == "max"
    assert attribute(group, "cpu.max") == "max 100000"


@test(timeout=180)
def a_fork_bomb_stops_at_the_limit_of_tasks_and_can_be_stopped(t):
    container = Running(t, job_root(), "sh", "-c", BOMB, options=["--tasks=40"], name="bomb")
    wait_up(container.process)
    group = cgroup_of_unit(t, "berth-bomb.scope")
    wait_for(lambda: events_below(group, "pids.events", "max") > 0, "the limit of tasks to be hit", SLOW)
    assert int(attribute(group, "pids.current")) <= 40
    systemctl(t, "stop", "berth-bomb.scope")
    container.wait(SLOW)


@test(timeout=120)
def a_memory_hog_is_killed_and_reported_as_out_of_memory(t):
    result = berth(t, "run", "--memory=32M", "hog", job_root(), "tail", "/dev/zero", deadline=SLOW)
    assert result.status == 137, repr(result)
    assert "out of memory" in result.err.lower(), repr(result)


@test(timeout=120)
def a_job_of_berth_init_that_dies_of_memory_says_so_and_reports_it(t):
    scope = ["systemd-run", "--scope", "--quiet", "--property=MemoryMax=32M", "--property=MemorySwapMax=0"]
    report = t.dir / "report"
    result = run(t, [*scope, BERTH_INIT, f"--report={report}", "--", "tail", "/dev/zero"], SLOW)
    assert result.status == 137, repr(result)
    assert re.fullmatch(r"berth-init: .* out of memory \(limit 32\.0M, \d+ killed\).*\n", result.err), repr(result)
    told = json.loads(report.read_text())
    assert told["cause"] == "out-of-memory" and told["outOfMemoryKills"] >= 1, told
    assert told["memoryMaxBytes"] == 32 << 20 and told["memorySource"] == "cgroup", told
    assert 16 << 20 < told["memoryPeakBytes"] <= 32 << 20, told


@test(timeout=120)
def what_a_job_leaves_in_a_delegated_unit_is_killed_faster_than_it_forks(t):
    """systemd-run waits until the unit is inactive: until all of its processes are gone."""
    unit = ["systemd-run", "--quiet", "--wait", "--pipe", "--collect", "--property=Delegate=yes", "--property=TasksMax=100",
            "--property=KillMode=none"]
    leave = f"trap '' TERM; cat /proc/self/cgroup; {BOMB} & exit 3"
    result = run(t, [*unit, BERTH_INIT, "--stop-timeout=200ms", "--", "bash", "-c", leave], SLOW)
    assert result.status == 3, repr(result)
    assert re.search(r"^0::/system\.slice/run-\w+\.service/job-\d+$", result.out, re.M), repr(result)


@test(timeout=120)
def a_limit_that_cannot_be_honoured_is_an_error_before_the_start(t):
    (t.dir / "seen").mkdir()
    bind = f"--bind={t.dir / 'seen'}:/tmp"
    result = berth(t, "run", "--cpuset=77", bind, "web", job_root(), "touch", "/tmp/started", deadline=SLOW)
    assert_one_clear_line(result, "cpuset|cpus", "77")
    assert not (t.dir / "seen/started").exists()
    assert berth_units() == []
