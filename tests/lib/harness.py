"""A small test runner for tests that look at a whole machine: processes, mounts, cgroups, terminals.

A test is a function with one argument, registered by the decorator `test`:

    @test(needs=[root], timeout=20)
    def a_killed_service_comes_back(t):
        ...

`t` is the test's world: `t.dir` is a directory of its own, `t.defer(function, ...)` is called at the end, last
one first, whatever happened. What a test leaves behind on the host fails it (see host.py).

main() prints one line a test, `ok NAME (0.12s)`, `not ok NAME` or `skip NAME: reason`, then the count.
"""

import argparse
import ctypes
import fnmatch
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time
import traceback

import host

DEADLINE = 10  # seconds that a wait takes at most where the test says nothing
POLL_INTERVAL = 0.003  # seconds between two looks at a file that has no event
PR_SET_CHILD_SUBREAPER = 36

_tests = []
_libc = ctypes.CDLL(None, use_errno=True)


class Skip(Exception):
    """Raised by a test that cannot run here; its text says why."""


class TimedOut(Exception):
    """The test did not end within its own time."""


class Test:
    def __init__(self, function, needs, timeout, arguments):
        self.function = function
        self.needs = needs
        self.timeout = timeout
        self.arguments = arguments
        self.name = f"{function.__module__.removeprefix('test_')}.{function.__name__}"
        if arguments:
            self.name += f"[{arguments[0]}]"


def test(function=None, *, needs=(), timeout=30, each=None):
    """Registers a test. needs: functions that return None, or why the test cannot run. timeout: seconds.
    each: values; the test runs once for each and gets it as second argument."""
    def register(function):
        for arguments in [()] if each is None else [(value,) for value in each]:
            _tests.append(Test(function, needs, timeout, arguments))
        return function
    return register(function) if function else register


def registered():
    return list(_tests)


# What tests can need. Each returns None when it is there, else the reason for the `skip` line.

def root():
    return None if os.geteuid() == 0 else "needs root"


def userns():
    child = os.fork()
    if child == 0:
        CLONE_NEWUSER = 0x10000000
        os._exit(0 if _libc.unshare(CLONE_NEWUSER) == 0 else 1)
    _, status = os.waitpid(child, 0)
    return None if status == 0 else "this host gives no user namespaces"


def program(name):
    def need():
        return None if shutil.which(name) else f"needs the program {name}"
    return need


# Waiting

def wait_for(predicate, what, deadline=DEADLINE):
    """Looks every few milliseconds until predicate() is true, and returns what it returned. For kernel files
    and the like, where no event exists."""
    end = time.monotonic() + deadline
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline} s in vain for {what}")
        time.sleep(POLL_INTERVAL)


class World:
    """What a test function gets."""

    def __init__(self, name):
        self.name = name
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="berth-test."))
        self.dir.chmod(0o755)
        self._deferred = []

    def defer(self, function, *args, **kwargs):
        self._deferred.append((function, args, kwargs))

    def close(self):
        """Runs what was deferred; returns the tracebacks of what failed in it."""
        failures = []
        while self._deferred:
            function, args, kwargs = self._deferred.pop()
            try:
                function(*args, **kwargs)
            except Exception:
                failures.append(traceback.format_exc())
        shutil.rmtree(self.dir, ignore_errors=True)
        if self.dir.exists():
            failures.append(f"{self.dir} could not be removed\n")
        return failures


class Capture:
    """Standard output and error of this process and its children go to a file while a test runs."""

    def __enter__(self):
        sys.stdout.flush()
        sys.stderr.flush()
        self.file = tempfile.TemporaryFile()
        self.saved = [os.dup(1), os.dup(2)]
        os.dup2(self.file.fileno(), 1)
        os.dup2(self.file.fileno(), 2)
        return self

    def __exit__(self, *_):
        sys.stdout.flush()
        sys.stderr.flush()
        for target, saved in zip((1, 2), self.saved):
            os.dup2(saved, target)
            os.close(saved)

    def text(self):
        self.file.seek(0)
        return self.file.read().decode(errors="replace")


def _indented(text):
    return "".join(f"    {line}\n" for line in text.splitlines())


def _on_alarm(_signal, _frame):
    raise TimedOut("the test did not end in its time")


def _run_body(case, world, failures):
    """Runs the function under its alarm; returns the reason when it skips itself."""
    signal.setitimer(signal.ITIMER_REAL, case.timeout)
    try:
        case.function(world, *case.arguments)
    except Skip as reason:
        return str(reason)
    except (Exception, KeyboardInterrupt):
        failures.append(traceback.format_exc())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return None


def _run_test(case, snapshot):
    """Returns (result, text): "ok", "not ok" with what went wrong, or "skip" with the reason."""
    for need in case.needs:
        reason = need()
        if reason:
            return "skip", reason
    failures = []
    before = snapshot() if snapshot else None
    with Capture() as capture:
        world = World(case.name)
        reason = _run_body(case, world, failures)
        failures += world.close()
        if snapshot:
            try:
                before.wait_for_later_ones()
                snapshot().assert_nothing_left_behind(before)
            except AssertionError:
                failures.append(traceback.format_exc())
        host.reap()
    if failures:
        return "not ok", "".join(failures) + "output:\n" + _indented(capture.text())
    return ("skip", reason) if reason else ("ok", "")


def _select(patterns):
    return [case for case in _tests
            if not patterns or any(fnmatch.fnmatch(case.name, f"*{pattern}*") for pattern in patterns)]


def main(snapshot=None, argv=None):
    """Runs the registered tests that the command line selects; returns the exit status. snapshot: a function
    that takes stock of the host before and after each test (host.Snapshot)."""
    parser = argparse.ArgumentParser(description="Runs tests; a pattern is a part of MODULE.NAME, or a glob.")
    parser.add_argument("--list", action="store_true", help="print the names and run nothing")
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first that fails")
    parser.add_argument("pattern", nargs="*")
    options = parser.parse_args(argv)
    selected = _select(options.pattern)
    if options.list:
        print("\n".join(case.name for case in selected))
        return 0
    if not selected:
        print("no test has a name like that", file=sys.stderr)
        return 1

    # What loses its parent in a test becomes ours, so that it is seen when it stays behind.
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    signal.signal(signal.SIGALRM, _on_alarm)
    count = {"ok": 0, "not ok": 0, "skip": 0}
    for case in selected:
        started = time.monotonic()
        result, text = _run_test(case, snapshot)
        count[result] += 1
        if result == "ok":
            print(f"ok {case.name} ({time.monotonic() - started:.2f}s)", flush=True)
        elif result == "skip":
            print(f"skip {case.name}: {text}", flush=True)
        else:
            print(f"not ok {case.name}\n{_indented(text)}", end="", flush=True)
            if options.fail_fast:
                break
    print(f"{count['ok']} passed, {count['not ok']} failed, {count['skip']} skipped", flush=True)
    return 1 if count["not ok"] else 0
