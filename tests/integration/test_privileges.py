"""What the container may do: capabilities, device nodes, --privileged, the system call filter, labels, and that
`berth run` and `berth exec` give the same."""

import json
import os
import re
import shutil

from container import Container, berth, environment
from harness import Skip, root, test, userns
from host import RUNTIME_DIR
from process import Terminal, check, run
from root import BERTH, TOP
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


# The system call filter

def profile(t, *rules, name="profile.json", **more):
    """A filter that allows all but what the rules say, or as more has it; its path."""
    path = t.dir / name
    path.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": list(rules), **more}))
    return path


def deny(*names, **more):
    return {"names": names, "action": "SCMP_ACT_ERRNO", **more}


NATIVE = {"archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}]}


@test(needs=[root, userns], each=["--userns=host", "--userns=auto"])
def filter_of_a_file_holds_in_run_and_exec(t, users):
    path = profile(t, deny("mkdir", "mkdirat", errnoRet=28), deny("sethostname", includes={"caps": ["CAP_CHOWN"]}, errnoRet=5),
                   deny("chmod", "fchmodat", excludes={"caps": ["CAP_CHOWN"]}), deny("no_such_call"), **NATIVE)
    script = "mkdir /x; chmod 700 /tmp && echo changed; hostname x; grep ^Seccomp: /proc/self/status"
    for out in in_run_and_exec(t, [users, f"--seccomp={path}"], f"({script}) 2>&1"):
        assert "No space left" in out and "changed" in out and "Input/output error" in out and "Seccomp:\t2" in out, out
    assert "No space left" not in out_of(t, t.dir / "root", f"({script}) 2>&1; true", "--seccomp=off")


@test(needs=[root])
def filter_looks_at_arguments(t):
    mode = {"index": 1, "value": 0o700, "valueTwo": 0, "op": "SCMP_CMP_EQ"}
    path = profile(t, deny("chmod", args=[mode]), deny("fchmodat", args=[{**mode, "index": 2}]))
    out = out_of(t, base(t), "chmod 711 /tmp && echo one; chmod 700 /tmp || echo two", f"--seccomp={path}")
    assert out.split() == ["one", "two"], out


def ordinary_calls():
    """The names that the built-in profile allows to everybody, out of its source."""
    text = (TOP / "launcher/seccomp-profile.c").read_text()
    group = text[text.index('.names = "'):]
    return re.findall(r'"([a-z_0-9]+)(?:\\0)?"', group[:group.index("},")]) + ["arch_prctl", "clone", "personality", "socket"]


@test(needs=[root])
def calls_that_are_newer_than_a_filter_do_not_exist(t):
    path = profile(t, {"names": ordinary_calls(), "action": "SCMP_ACT_ALLOW"}, defaultAction="SCMP_ACT_ERRNO", defaultErrnoRet=13)
    out = out_of(t, base(t), "payload call 165; payload call 900; payload call 39", f"--seccomp={path}")
    assert out.splitlines() == ["Permission denied", "Function not implemented", "Success"], out


@test(needs=[root])
def filter_is_made_once_per_content(t):
    def kept():
        return {path.name for path in RUNTIME_DIR.glob(".seccomp-file-*")}

    base_ = base(t)
    path = profile(t, deny("mkdir"))
    before = kept()
    out_of(t, base_, "true", f"--seccomp={path}")
    first = kept() - before
    t.defer(lambda: [(RUNTIME_DIR / name).unlink() for name in kept() - before])
    assert len(first) == 1, first
    copy = profile(t, deny("mkdir"), name="copy.json")
    out_of(t, base_, "true", f"--seccomp={copy}")
    assert kept() - before == first
    profile(t, deny("mkdir"), deny("chmod"))
    out_of(t, base_, "true", f"--seccomp={path}")
    assert len(kept() - before) == 2


@test(needs=[root])
def filter_that_is_wrong_is_named_with_file_line_and_field(t):
    base_ = base(t)
    path = t.dir / "wrong.json"
    for text, words in (('{"defaultAction":\n"SCMP_ACT_NO"}', ["line 2", "defaultAction"]), ("", ["line 1"]),
                        ('{"defaultAction": "SCMP_ACT_ALLOW", "sycalls": []}', ["sycalls", "unknown field"]),
                        ('{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_VAX"]}', ["SCMP_ARCH_VAX"]),
                        (" " * 300_000, ["File too large"])):
        path.write_text(text)
        refused(t, ["run", f"--seccomp={path}", "bad", base_, "true"], FAILED, f"--seccomp={path}", *words)
    refused(t, ["run", "--seccomp=/no/such/file", "bad", base_, "true"], FAILED, "--seccomp=/no/such/file", "No such file")
    refused(t, ["run", f"--seccomp={t.dir}", "bad", base_, "true"], FAILED, f"--seccomp={t.dir}", "directory")


@test(needs=[root])
def filter_that_forbids_the_start_is_told(t):
    refused(t, ["run", f"--seccomp={profile(t, deny('execveat'))}", "bad", base(t), "true"], FAILED, "executing berth-init")


# Labels

@test(needs=[root])
def label_that_the_host_has_no_module_for_is_refused(t):
    base_ = base(t)
    if not os.path.exists("/sys/module/apparmor/parameters/enabled"):
        refused(t, ["run", "--apparmor=web", "bad", base_, "true"], FAILED, "--apparmor=web", "no AppArmor")
    else:
        refused(t, ["run", "--apparmor=no-such-profile", "bad", base_, "true"], FAILED, "--apparmor=no-such-profile")
    if not os.path.exists("/sys/fs/selinux/enforce"):
        refused(t, ["run", "--selinux-label=a:b:c", "bad", base_, "true"], FAILED, "--selinux-label=a:b:c", "no SELinux")
    refused(t, ["run", "--apparmor=two words", "bad", base_, "true"], FAILED, "--apparmor", "one word")


@test(needs=[root])
def label_is_written_where_the_kernel_reads_it(t):
    """On a host that has neither, a module that says so is laid over /sys; the kernel's answer is then told."""
    if os.path.exists("/proc/self/attr/exec") and os.path.exists("/sys/fs/selinux/enforce"):
        raise Skip("this host has SELinux")
    (t.dir / "enabled").write_text("Y\n")
    script = ("mount -t tmpfs none /sys/module && mkdir -p /sys/module/apparmor/parameters && "
              f"cp {t.dir}/enabled /sys/module/apparmor/parameters/enabled && exec \"$@\"")
    refused(t, ["run", "--apparmor=web", "bad", base(t), "true"], FAILED, "--apparmor=web",
            prefix=["unshare", "--mount", "sh", "-c", script, "sh"])


# Nothing of the host leaks

@test(needs=[root])
def program_of_the_host_is_never_executed_inside(t):
    """CVE-2019-5736: what leads to /proc/self/exe must not meet the file of berth, which could be overwritten then."""
    base_ = base(t)
    for library in re.findall(r"(/\S+) \(0x", check(t, ["ldd", BERTH])):  # so that it would run there
        (base_ / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, base_ / library[1:])
    os.symlink("/proc/self/exe", base_ / "link")
    (base_ / "script").write_text("#!/proc/self/exe --help\n")
    (base_ / "script").chmod(0o755)
    container = Container(t, base_, *SLEEP, detach=True)
    for command in ("/link", "/script", "/proc/self/exe"):
        result = container.berth("exec", command, "--help")
        assert "run [OPTIONS]" not in result.out + result.err, f"{command} is the host's berth: {result!r}"


@test(needs=[root])
def directory_of_the_host_is_never_the_working_directory(t):
    """CVE-2024-21626: a working directory that leads to a descriptor of the host's."""
    base_ = base(t)
    for number in range(3, 30):
        os.symlink(f"/proc/self/fd/{number}", base_ / f"fd{number}")
    os.symlink("/proc/self/cwd", base_ / "cwd")
    container = Container(t, base_, *SLEEP, detach=True)
    for name in [f"fd{number}" for number in range(3, 30)] + ["cwd"]:
        result = run(t, [BERTH, "exec", f"--workdir=/{name}", container.name, "sh", "-c", "ls .. ."], env=environment())
        assert result.status == FAILED and f"/{name}" in result.err, repr(result)
        result = berth(t, "run", f"--workdir=/{name}", f"bad{name}", base_, "/bin/busybox", "pwd")
        assert result.status != 0 or result.out == "/\n", repr(result)
    assert container.exec("readlink", "/proc/self/cwd").strip() == container.exec("readlink", "/proc/1/cwd").strip() == "/"


@test(needs=[root])
def terminal_of_the_caller_is_not_handed_in(t):
    """CVE-2017-5226: who holds a terminal can type into it."""
    script = "for n in 0 1 2; do [ -t $n ] && echo holds $n; done; (: </dev/tty) 2>/dev/null && echo opens; ls -l /proc/self/fd; echo end"
    container = Container(t, base(t), "sh", "-c", f"{script}; exec payload sleep-forever", options=["-i"], terminal=True)
    inside = Terminal(t, [BERTH, "exec", "-i", container.name, "sh", "-c", script], env=environment())
    for terminal in (container.process.tty, inside.tty):
        lines = []
        while not lines or lines[-1] != "end":
            lines.append(terminal.line().strip())
        assert not [line for line in lines if line.startswith(("holds", "opens")) or "/dev/pts" in line], lines
    container.stop()


@test(needs=[root, userns], each=["--userns=host", "--userns=auto"])
def start_opens_nothing_that_an_executed_program_would_inherit(t, users):
    """Every descriptor of the launcher and of the container's side is close-on-exec from birth."""
    if not shutil.which("strace"):
        raise Skip("needs strace")
    calls = ("open,openat,openat2,socket,socketpair,pipe,pipe2,dup,memfd_create,epoll_create1,signalfd4,eventfd2,accept,accept4,"
             "timerfd_create,fsopen,fsmount,open_tree,inotify_init1,execve,execveat")
    trace = t.dir / "trace"
    check(t, ["strace", "-f", "-qq", "-o", trace, "-e", f"trace={calls}", BERTH, "run", users, "traced", base(t), "true"],
          env=environment())
    lines = [line.split(maxsplit=1) for line in trace.read_text().splitlines()]
    executed = set()  # processes whose program is the container's by now
    leaks = []
    for pid, call in lines[1:]:
        if "execveat(" in call:
            executed.add(pid)
        elif not executed and not re.search(r"CLOEXEC| = -1 |resumed>|^[+-]", call):
            leaks.append(call)
    assert executed and not leaks, leaks
