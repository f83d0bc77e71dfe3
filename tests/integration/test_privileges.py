"""What the container may do: capabilities, device nodes, --privileged, the system call filter, labels, and that
`berth run` and `berth exec` give the same."""

import os

from container import Container, environment
from harness import root, test, userns
from process import run
from root import BERTH
from test_bad_input import FAILED, refused
from test_run import DOCKER_CAPABILITIES, SLEEP, base, out_of, sh

SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
NO_MKNOD = "00000000a00425fb"
LAST = int(open("/proc/sys/kernel/cap_last_cap").read())
EVERY = f"{(1 << (LAST + 1)) - 1:016x}"
ALL = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("CapBnd"))  # that the tests have


def sets(text):
    """The five sets of /proc/PID/status, by name."""
    return {key: value for key, value in (line.split(":\t") for line in text.splitlines()) if key in SETS}


def in_run_and_exec(t, options, script, exec_options=()):
    """What a script prints in a container of these options, as its job and by berth exec."""
    base_ = t.dir / "root" if (t.dir / "root").exists() else base(t)
    first = out_of(t, base_, script, *options)
    container = Container(t, base_, *SLEEP, options=options, detach=True)
    result = run(t, [BERTH, "exec", *exec_options, container.name, "sh", "-c", script], env=environment())
    assert result.status == 0, repr(result)
    container.stop()
    return first, result.out


# Capabilities

@test(needs=[root, userns], each=["--userns=host", "--userns=auto"])
def five_capability_sets_are_the_same_in_run_and_exec(t, users):
    for options, expected in (((), DOCKER_CAPABILITIES), (("--cap-add=NET_ADMIN", "--cap-drop=all"), f"{1 << 12:016x}"),
                              (("--cap-add=all",), EVERY if users == "--userns=auto" else ALL), (("--cap-drop=all",), "0" * 16)):
        for out in in_run_and_exec(t, [users, *options], "grep ^Cap /proc/self/status"):
            found = sets(out)
            assert {found[key] for key in ("CapPrm", "CapEff", "CapBnd")} == {expected}, f"{options}: {found}"
            assert {found["CapInh"], found["CapAmb"]} == {"0" * 16}, f"{options}: {found}"


@test(needs=[root])
def user_of_a_command_has_no_capability(t):
    for out in in_run_and_exec(t, [], "grep ^Cap /proc/self/status", ["--user=www"])[1:]:
        found = sets(out)
        assert {found[key] for key in SETS if key != "CapBnd"} == {"0" * 16}, found
    assert set(sets(out_of(t, base(t, "other"), "grep -v CapBnd /proc/self/status", "--user=www")).values()) == {"0" * 16}


@test(needs=[root])
def capability_words_that_are_wrong_are_refused(t):
    base_ = base(t)
    refused(t, ["run", "--cap-add=sys_admn", "bad", base_, "true"], FAILED, "--cap-add=sys_admn", "is sys_admin meant?")
    refused(t, ["run", "--cap-add=chown", "--cap-drop=CAP_CHOWN", "bad", base_, "true"], FAILED, "cap_chown", "both")
    refused(t, ["run", "--cap-add=all", "--cap-drop=all", "bad", base_, "true"], FAILED, "do not go together")


# Devices

@test(needs=[root])
def no_node_can_be_made_where_no_cgroup_guards_the_disks(t):
    out = out_of(t, base(t), "grep ^CapBnd /proc/1/status; mknod /dev/disk b 7 0 2>/dev/null && echo made; true",
                 "--cgroup-manager=none")
    assert out.split() == ["CapBnd:", NO_MKNOD], out


@test(needs=[root])
def node_of_an_image_opens_nothing_without_a_cgroup(t):
    base_ = base(t)
    os.mknod(base_ / "zero", 0o20666, os.makedev(1, 5))
    for overlay in ("ephemeral", "none"):
        result = sh(t, base_, "head -c 1 /zero | wc -c", "--cgroup-manager=none", f"--overlay={overlay}")
        assert result.out.strip() == "0" and "Permission denied" in result.err, repr(result)


@test(needs=[root], each=["MKNOD", "all"])
def node_that_nothing_guards_is_refused_when_asked_for(t, name):
    refused(t, ["run", "--cgroup-manager=none", f"--cap-add={name}", "bad", base(t), "true"], FAILED,
            f"--cap-add={name}", "--cgroup-manager=none", "disks")


@test(needs=[root])
def node_that_the_container_makes_opens_nothing_under_its_device_program(t):
    result = sh(t, base(t), "mknod /dev/loop b 7 0 && mknod /dev/mem c 1 1 && head -c 1 /dev/loop; head -c 1 /dev/mem")
    assert result.err.count("Operation not permitted") == 2, repr(result)


# --privileged

@test(needs=[root])
def privileged_has_all_capabilities_no_filter_and_no_masks(t):
    script = """
        grep -E '^(CapEff|Seccomp):' /proc/self/status
        mkdir -p /mnt
        [ -w /proc/sys/kernel/core_pattern ] && echo sysctl
        mount -t tmpfs none /mnt && echo mounts
        grep -E ' /(sys|proc) ' /proc/mounts | grep -c ' rw,'
        unshare -m true && echo unshares"""
    for out in in_run_and_exec(t, ["--privileged"], script):
        assert out.split() == ["CapEff:", ALL, "Seccomp:", "0", "sysctl", "mounts", "2", "unshares"], out


@test(needs=[root])
def privileged_has_the_devices_of_the_host_as_its_own_nodes(t):
    os.mknod("/dev/berth-test", 0o20640, os.makedev(1, 5))
    t.defer(os.unlink, "/dev/berth-test")
    os.chown("/dev/berth-test", 0, 7)
    os.makedirs("/dev/berth-directory/below")
    t.defer(os.removedirs, "/dev/berth-directory/below")
    os.mknod("/dev/berth-directory/below/node", 0o60600, os.makedev(7, 77))
    t.defer(os.unlink, "/dev/berth-directory/below/node")
    script = """
        stat -c %t:%T:%a:%g /dev/berth-test
        stat -c %t:%T:%a /dev/berth-directory/below/node
        head -c 2 /dev/berth-test | wc -c
        chmod 600 /dev/berth-test /dev/null"""
    assert out_of(t, base(t), script, "--privileged").split() == ["1:5:640:7", "7:4d:600", "2"]
    assert os.stat("/dev/berth-test").st_mode == 0o20640
    assert out_of(t, base(t, "other"), "ls /dev | grep berth; true") == ""


@test(needs=[root, userns])
def privileged_in_a_user_namespace_has_all_of_that(t):
    out = out_of(t, base(t), "grep ^CapEff /proc/self/status; mkdir -p /mnt; mount -t tmpfs none /mnt && echo mounts",
                 "--privileged", "--userns=auto")
    assert out.split() == ["CapEff:", EVERY, "mounts"], out


@test(needs=[root])
def privileged_gives_up_what_is_dropped_by_name(t):
    out = out_of(t, base(t), "grep -E '^(CapEff|Seccomp):' /proc/self/status", "--privileged", "--cap-drop=SYS_MODULE",
                 "--seccomp=default")
    assert out.split() == ["CapEff:", f"{int(ALL, 16) & ~(1 << 16):016x}", "Seccomp:", "2"], out
