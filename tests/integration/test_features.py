"""A kernel, or a system call filter around berth, that lacks something: one line says what, why and what to do,
the exit status is 125, and nothing is left behind. What can be done without is done without."""

import os
import shutil

from container import Container, Pid1, environment
from harness import program, root, test, userns
from host import descendants, describe
from process import check
from root import BERTH, BERTH_INIT, NOBODY, REFUSE, boot_root, busybox_root, copied, write_files
from test_bad_input import FAILED, refused

NEEDED = "berth needs Linux 5.12 or newer"
FILTER = "the system call filter around berth refuses"
PRIVILEGED = "--privileged"
WITHOUT_DEVICES = "--cgroup-manager=none"

# What every start needs.
REQUIRED = ["clone3", "openat2", "fsopen", "fsconfig", "fsmount", "move_mount", "open_tree", "mount_setattr",
            "unshare", "pivot_root", "umount2"]


def base(t):
    root_directory = t.dir / "root"
    return root_directory if root_directory.exists() else busybox_root(root_directory)


def refused_under(t, filters, *named, options=(), prefix=()):
    """`berth run` with these calls refused ("clone3=ENOSYS") ends as a failure should. Returns the line."""
    return refused(t, ["run", *options, "bad", base(t), "true"], FAILED, *named, prefix=[*prefix, REFUSE, *filters])


def out_under(t, filters, *options):
    """What a container prints that runs with these calls refused."""
    return check(t, [REFUSE, *filters, BERTH, "run", *options, "good", base(t), "echo", "ran"], env=environment())


def has_cgroup():
    return None if os.path.exists("/sys/fs/cgroup/cgroup.controllers") or \
        os.path.exists("/sys/fs/cgroup/unified/cgroup.controllers") else "needs cgroup v2"


# Calls

@test(needs=[root], each=REQUIRED)
def kernel_without_a_call_is_told_which_one_is_new_enough(t, call):
    refused_under(t, [f"{call}=ENOSYS"], "Function not implemented", NEEDED, f"({call})", os.uname().release,
                  PRIVILEGED)


@test(needs=[root], each=REQUIRED)
def filter_that_refuses_a_call_is_named_as_the_cause(t, call):
    line = refused_under(t, [f"{call}=EPERM"], "Operation not permitted", f"{FILTER} {call}:", PRIVILEGED)
    assert "CAP_SYS_ADMIN" not in line and "Linux 5" not in line, line


@test(needs=[root])
def old_kernel_that_lacks_many_calls_gets_one_line(t):
    refused_under(t, [f"{call}=ENOSYS" for call in REQUIRED + ["close_range", "pidfd_open"]], NEEDED)


@test(needs=[root], each=["ENOSYS", "EPERM"])
def detached_run_says_the_same(t, error):
    refused_under(t, [f"mount_setattr={error}"], NEEDED if error == "ENOSYS" else FILTER, "mount_setattr",
                  options=["--detach"])


@test(needs=[root, has_cgroup])
def kernel_without_device_programs_is_told_what_goes_without(t):
    for error in ("ENOSYS", "EINVAL"):
        refused_under(t, [f"bpf={error}"], "device program", "CONFIG_CGROUP_BPF", WITHOUT_DEVICES)
    refused_under(t, ["bpf=EPERM"], "device program", f"{FILTER} bpf", WITHOUT_DEVICES)
    assert out_under(t, ["bpf=ENOSYS"], *WITHOUT_DEVICES.split()) == "ran\n"


@test(needs=[root], each=["ENOSYS", "EINVAL", "EPERM"])
def kernel_without_system_call_filters_is_told_what_goes_without(t, error):
    refused_under(t, [f"seccomp={error}"], "system call filter", "--seccomp=off")
    assert out_under(t, [f"seccomp={error}"], "--seccomp=off") == "ran\n"


@test(needs=[root], each=["ENOSYS", "EPERM"])
def close_range_and_pidfd_open_are_not_needed_to_run(t, error):
    assert out_under(t, [f"close_range={error}", f"pidfd_open={error}"]) == "ran\n"


@test(needs=[root], each=["ENOSYS", "EPERM"])
def detached_run_without_close_range_lets_go_of_what_the_caller_holds(t, error):
    read, write = os.pipe()
    Container(t, base(t), "sleep", "1000", detach=True, under=[REFUSE, f"close_range={error}"], pass_fds=[write])
    os.close(write)
    os.set_blocking(read, False)
    assert os.read(read, 1) == b""  # fails while anybody has the other end
    os.close(read)


# berth exec: the monitor does it, under the filter that it was started with

@test(needs=[root], each=["pidfd_open", "setns"])
def exec_without_a_call_is_told_and_leaves_nothing(t, call):
    for error, hint in (("ENOSYS", NEEDED), ("EPERM", FILTER)):
        container = Container(t, base(t), "payload", "say", "up", "sleep-forever", under=[REFUSE, f"{call}={error}"])
        container.out.expect("up$")
        result = container.berth("exec", "sleep", "1000")
        assert result.status == FAILED and hint in result.err and call in result.err, repr(result)
        assert len(result.err.splitlines()) == 1, repr(result)
        left = [describe(pid) for pid in descendants(container.process.pid)]
        assert not any("sleep 1000" in line for line in left), left
        container.stop()
        container.wait()


# File systems

@test(needs=[root])
def file_system_that_the_kernel_does_not_know_is_named_with_its_remedy(t):
    refused_under(t, ["fsopen=ENODEV"], "mount of tmpfs: this kernel does not know it", "CONFIG_TMPFS")


# Namespaces

def kernel_with_namespaces(t, kinds):
    """A prefix: /proc/self/ns of the program shows these kinds of namespaces only."""
    script = 'mount -t tmpfs tmpfs /proc/$$/ns && cd /proc/$$/ns && touch $0 && cd / && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, " ".join(kinds)]


KINDS = {"user": "--userns=host", "pid": "--pid=host", "ipc": "--ipc=host", "uts": "--uts=host",
         "net": "--network=host", "cgroup": "--cgroupns=host"}


@test(needs=[root], each=["user", "pid", "ipc", "uts", "net"])
def kernel_without_a_kind_of_namespace_is_told_what_goes_without(t, kind):
    others = [other for other in [*KINDS, "mnt"] if other != kind]
    refused_under(t, ["clone3=EINVAL"], f"no {kind} namespaces", "CONFIG_", KINDS[kind],
                  options=["--userns=auto"], prefix=kernel_with_namespaces(t, others))


@test(needs=[root])
def kernel_that_cannot_clone_into_a_cgroup_is_too_old(t):
    refused_under(t, ["clone3=EINVAL"], NEEDED)


@test(needs=[root])
def namespaces_that_are_used_up_are_told(t):
    refused_under(t, ["clone3=ENOSPC"], "too many namespaces", "/proc/sys/user/max_")


@test(needs=[root, userns], each=["net", "uts", "cgroup"])
def limit_of_namespaces_is_named(t, kind):
    # In a user namespace with its own limits; berth is root of it.
    script = f'echo 0 > /proc/sys/user/max_{kind}_namespaces && mount -t tmpfs -o mode=0755 tmpfs /run/berth && exec "$@"'
    refused(t, ["run", "--cgroup-manager=none", "bad", base(t), "true"], FAILED, "No space left on device",
            f"/proc/sys/user/max_{kind}_namespaces is 0", KINDS[kind],
            prefix=["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])


# berth-init alone, under another runtime

@test(needs=[root], each=["ENOSYS", "EPERM"])
def berth_init_does_without_every_call_that_is_young(t, error):
    filters = [f"{call}={error}" for call in ("clone3", "openat2", "close_range", "pidfd_open", "pidfd_send_signal")]
    result = Pid1(t, *filters, copied(t, BERTH_INIT), "--", "sh", "-c", "exit 7", init=REFUSE).finish()
    assert result.status == 7, repr(result)
    unit = "[Service]\nExecStart=/bin/payload say alive sleep-forever\n[Install]\nWantedBy=multi-user.target\n"
    services = boot_root(t.dir / "root", {"alive.service": unit})
    shutil.copy(REFUSE, services / "bin/refuse")
    init = Pid1(t, *filters, "/sbin/berth-init", "--boot", root=services, init="/bin/refuse")
    init.out.expect("alive")
    init.wait_for_unit_state("alive.service", "active", "running")
    init.done("stop", "alive.service")
    init.wait_for_unit_state("alive.service", "inactive")


# Ordinary users

def refused_to_nobody(t, filters, *named, prefix=()):
    runtime = t.dir / "runtime"
    runtime.mkdir()
    os.chown(runtime, NOBODY, NOBODY)
    line = refused(t, ["run", "bad", base(t), "true"], FAILED, *named, program=copied(t, BERTH),
                   prefix=[*prefix, REFUSE, *filters, "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                           "--clear-groups", "--"],
                   env=environment(XDG_RUNTIME_DIR=str(runtime), XDG_STATE_HOME=str(runtime),
                                   BERTH_INIT=str(copied(t, BERTH_INIT))))
    left = [path for path in runtime.rglob("*") if path.name == "bad"]
    assert not left, f"left behind: {left}"
    return line


@test(needs=[root, userns, program("setpriv")],
      each=["fsopen", "fsconfig", "fsmount", "move_mount", "mount_setattr", "openat2", "open_tree"])
def container_of_an_ordinary_user_says_what_is_missing(t, call):
    refused_to_nobody(t, [f"{call}=ENOSYS"], NEEDED, f"({call})")


@test(needs=[root, userns, program("setpriv")])
def container_of_an_ordinary_user_says_what_a_filter_refuses(t):
    refused_to_nobody(t, ["mount_setattr=EPERM"], f"{FILTER} mount_setattr", PRIVILEGED)


@test(needs=[root, program("setpriv")])
def container_of_an_ordinary_user_without_user_namespaces(t):
    refused_to_nobody(t, ["clone3=EINVAL"], "no user namespaces", "CONFIG_USER_NS", "as root",
                      prefix=kernel_with_namespaces(t, [kind for kind in KINDS if kind != "user"]))


# Closed, open, and what fails.
SWITCHES = {"unprivileged_userns_clone": (0, 1, "clone3"), "apparmor_restrict_unprivileged_userns": (1, 0, "unshare")}


@test(needs=[root, program("setpriv")], each=[*SWITCHES])
def host_that_keeps_user_namespaces_for_root_is_told_which_switch(t, name):
    closed, opened, call = SWITCHES[name]
    script = f'mount -t tmpfs tmpfs /proc/sys/kernel && echo {closed} >/proc/sys/kernel/{name} && exec "$@"'
    refused_to_nobody(t, [f"{call}=EPERM"], f"write {opened} to /proc/sys/kernel/{name}", "as root",
                      prefix=["unshare", "--mount", "sh", "-c", script, "sh"])


@test(needs=[root, userns, program("chroot")])
def process_in_a_chroot_is_told_why_it_gets_no_user_namespace(t):
    (t.dir / "host").mkdir()
    refused(t, ["run", "--userns=auto", "bad", base(t), "true"], FAILED, "no user namespace", "chroot", "--userns=host",
            prefix=["unshare", "--mount", "sh", "-c", 'mount --rbind / "$0" && exec chroot "$0" "$@"',
                    t.dir / "host"])
