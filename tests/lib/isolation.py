"""The suite's own corner of the host, so that it can be run beside others and leaves nothing: a mount
namespace with a /run/berth and /var/lib/berth of its own, and a cgroup that looks like the root of cgroup v2."""

import ctypes
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import traceback

from harness import wait_for
from host import RUNTIME_DIR, STATE_DIR, cgroup2_root

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
MNT_DETACH = 2
MS_REC = 0x4000
MS_PRIVATE = 0x40000

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result, what):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def _mount(source, target, kind, flags=0, data=None):
    _checked(_libc.mount(source.encode(), str(target).encode(), kind.encode() if kind else None, flags, data),
             f"mount {kind or 'propagation'} on {target}")


def _enter(cgroup, cgroup_mount):
    """In the child: everything after this sees the corner only."""
    if cgroup:
        (cgroup / "cgroup.procs").write_text("0")
    _checked(_libc.unshare(CLONE_NEWNS | (CLONE_NEWCGROUP if cgroup else 0)), "unshare")
    _mount("none", "/", None, MS_REC | MS_PRIVATE)
    if cgroup:
        _checked(_libc.umount2(str(cgroup_mount).encode(), MNT_DETACH), f"unmount {cgroup_mount}")
        _mount("cgroup2", cgroup_mount, "cgroup2")
    for directory in (RUNTIME_DIR, STATE_DIR):
        _mount("tmpfs", directory, "tmpfs", data=b"mode=0755")


def _remove(cgroup):
    """Kills what is left in the corner and takes it away."""
    (cgroup / "cgroup.kill").write_text("1")
    wait_for(lambda: "populated 0" in (cgroup / "cgroup.events").read_text(), f"{cgroup} to be empty")
    for directory, _, _ in os.walk(cgroup, topdown=False):
        os.rmdir(directory)


def run_isolated(function):
    """Runs function() in a child in the corner; returns the child's exit status. An ordinary user's child has
    no corner: it can make nothing outside of its own directories."""
    sys.stdout.flush()
    if os.geteuid() != 0:
        return function()
    cgroup_mount = cgroup2_root()
    cgroup = cgroup_mount / f"berth-tests-{os.getpid()}" if cgroup_mount else None
    made = [directory for directory in (RUNTIME_DIR, STATE_DIR) if not directory.exists()]
    tempfile.tempdir = tempfile.mkdtemp(prefix="berth-tests.")
    os.chmod(tempfile.tempdir, 0o755)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # by way of the clean-up below
    if cgroup:
        cgroup.mkdir()
    for directory in made:
        directory.mkdir()
    try:
        child = os.fork()
        if child == 0:
            _child(function, cgroup, cgroup_mount)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        if cgroup:
            _remove(cgroup)
        shutil.rmtree(tempfile.tempdir, ignore_errors=True)
        for directory in made:
            _remove_if_empty(directory)


def _child(function, cgroup, cgroup_mount):
    status = 1
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        _enter(cgroup, cgroup_mount)
        status = function()
    except SystemExit as end:  # --help, a wrong option
        status = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _remove_if_empty(directory: pathlib.Path):
    try:
        directory.rmdir()
    except OSError:
        pass  # somebody else's container lives there by now
