"""The way from berth run to the job, step by step: a failure at each of them leaves the host as it was."""

import re

from container import Container, berth, environment
from harness import root, test, wait_for
from host import Snapshot, our_processes
from process import run
from root import BERTH, busybox_root

FAILED = 125


def steps(t, base):
    """Names of the steps of a start, as --explain tells them."""
    result = berth(t, "run", "--explain", "explained", base, "true")
    assert result.status == 0, repr(result)
    return re.findall(r"^berth: (\S+) +(?:host|container) ", result.err, re.M)


@test(needs=[root])
def steps_of_a_start_are_told_on_both_sides_when_asked(t):
    names = steps(t, busybox_root(t.dir / "root"))
    assert names[0] == "claim" and {"scope", "clone", "root", "pivot", "privileges"} <= set(names), names


@test(needs=[root], timeout=120)
def failure_at_any_step_is_told_and_leaves_nothing_behind(t):
    base = busybox_root(t.dir / "root")
    before = Snapshot()
    for name in steps(t, base):  # all but exec, which does not come back to fail
        result = run(t, [BERTH, "run", "failing", base, "true"], env=environment(BERTH_FAIL_STEP=name))
        assert result.status == FAILED, f"{name}: {result!r}"
        assert result.err == "berth: failed on demand (BERTH_FAIL_STEP)\n", f"{name}: {result!r}"
        Snapshot().assert_nothing_left_behind(before)
    assert berth(t, "run", "failing", base, "true").status == 0, "the name is not free"


@test(needs=[root])
def failure_of_a_detached_start_reaches_the_caller(t):
    base = busybox_root(t.dir / "root")
    result = run(t, [BERTH, "run", "--detach", "failing", base, "true"], env=environment(BERTH_FAIL_STEP="root"))
    assert result.status == FAILED and "failed on demand" in result.err, repr(result)


@test(needs=[root])
def start_that_takes_too_long_ends_with_one_line(t):
    base = busybox_root(t.dir / "root")
    before = Snapshot()
    result = berth(t, "run", "--start-timeout=0", "late", base, "true")
    assert result.status == FAILED and "--start-timeout" in result.err, repr(result)
    Snapshot().assert_nothing_left_behind(before)


@test(needs=[root])
def killed_monitor_takes_a_container_with_its_own_users_along(t):
    container = Container(t, busybox_root(t.dir / "root"), "/bin/payload", "say", "up", "sleep-forever",
                          options=["--userns=auto"])
    container.out.expect("^up$")
    container.process.signal(9)
    container.process.wait()
    wait_for(lambda: not our_processes(), "the container to end with its monitor")
    assert berth(t, "run", container.name, t.dir / "root", "true").status == 0, "the name is not free again"
