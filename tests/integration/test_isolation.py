"""What a container has of its own and what it shares: namespaces that are made, the host's or joined, clocks, sysctls,
names, limits of its processes, keys. By berth run and by berth exec."""

import ctypes
import os
import re
import subprocess

from container import Container, berth, environment
from harness import Skip, root, test, userns
from host import Snapshot
from process import Process, run
from root import BERTH, BERTH_INIT, NOBODY, copied
from test_bad_input import FAILED, refused
from test_privileges import in_run_and_exec
from test_run import SLEEP, base, out_of, sh

USERS = ["--userns=host", "--userns=auto"]
ID = "0123456789abcdef0123456789abcdef"


def both(t, options, script, expected):
    for out in in_run_and_exec(t, options, script):
        assert out.split() == expected.split(), f"{options}: {out!r}"


def monitor_of(container):
    return re.search(r"^PPid:\s+(\d+)", open(f"/proc/{container.leader()}/status").read(), re.M)[1]


# Processes

@test(needs=[root, userns], each=USERS)
def settings_of_processes_are_the_same_in_run_and_exec(t, users):
    script = """
        ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -Su
        cat /proc/self/oom_score_adj; umask; uname -m; cat /proc/self/personality"""
    both(t, [users, "--rlimit=NOFILE=100:200", "--rlimit=RLIMIT_CORE=0", "--rlimit=LimitNPROC=77", "--oom-score-adj=321",
             "--umask=027", "--personality=linux32,addr-no-randomize"], script,
         "100 200 0 77 321 0027 i686 00040008")


@test(needs=[root])
def settings_of_processes_reach_services(t):
    unit = "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'ulimit -n; cat /proc/self/oom_score_adj'\n[Install]\nWantedBy=multi-user.target\n"
    base_ = base(t, files={"etc/systemd/system/x.service": unit})
    out = out_of(t, base_, "berthctl start x.service; berthctl logs x.service", "--boot", "--rlimit=nofile=99", "--oom-score-adj=5")
    assert re.search(r"\b99$", out, re.M) and re.search(r"\b5$", out, re.M), out


@test(needs=[root])
def monitor_keeps_its_own_score(t):
    container = Container(t, base(t), *SLEEP, options=["--oom-score-adj=400"], detach=True)
    assert open(f"/proc/{monitor_of(container)}/oom_score_adj").read() == open("/proc/self/oom_score_adj").read()
    assert open(f"/proc/{container.leader()}/oom_score_adj").read() == "400\n"


@test(needs=[root], each=["--rlimit=nofiles=1", "--rlimit=nofile", "--rlimit=nofile=x", "--rlimit=nofile=5:4", "--rlimit=nofile=",
                          "--oom-score-adj=1001", "--oom-score-adj=", "--umask=8", "--umask=01000", "--personality=vax",
                          "--personality=", "--keyring=mine", "--machine-id=12", "--machine-id=" + "0" * 32,
                          "--machine-id=" + "g" * 32, "--time-offset=noon", "--time-offset=boottime:soon", "--time=later",
                          "--pid=-1", "--ipc=", "--network=ns:", "--network=ns:x", "--userns=x", "--uts=0"])
def isolation_option_without_sense_is_refused(t, option):
    refused(t, ["run", option, "bad", base(t), "true"], FAILED, option.split("=")[0] + "=")


@test(needs=[root])
def limits_that_the_host_does_not_grant_are_refused(t):
    prefix = ["setpriv", "--bounding-set=-sys_resource", "--inh-caps=-all", "prlimit", "--nofile=500:500", "--"]
    refused(t, ["run", "--rlimit=nofile=501", "bad", base(t), "true"], FAILED, "--rlimit=nofile", "500", "CAP_SYS_RESOURCE",
            prefix=prefix)
    refused(t, ["run", "--oom-score-adj=-1000", "bad", t.dir / "root", "true"], FAILED, "--oom-score-adj=-1000",
            "CAP_SYS_RESOURCE", prefix=prefix)


@test(needs=[root, userns], each=USERS)
def keys_of_the_caller_are_not_found_inside(t, users):
    number = {"x86_64": (248, 250), "aarch64": (217, 219)}.get(os.uname().machine)
    if not number:
        raise Skip("the numbers of add_key() and keyctl() are not known for this machine")
    add_key, keyctl = number
    libc = ctypes.CDLL(None)

    def take_key():
        libc.syscall(keyctl, 1, None)  # KEYCTL_JOIN_SESSION_KEYRING
        libc.syscall(add_key, b"user", b"berth-test", b"secret", 6, -3)

    def found(*options):
        container = Container(t, base_, "sh", "-c", "payload find-key berth-test; exec payload sleep-forever",
                              options=[users, "--seccomp=off", *options], preexec_fn=take_key)
        return container.out.line(), container.exec("/bin/payload", "find-key", "berth-test").strip()

    base_ = base(t)
    assert found("--keyring=host") == ("found", "found")
    assert found() == ("Required key not available",) * 2


# Names

@test(needs=[root, userns], each=USERS)
def names_and_machine_id_are_as_asked_for(t, users):
    script = "cat /proc/sys/kernel/domainname /etc/machine-id /run/host/container-uuid; touch /etc/machine-id 2>/dev/null && echo writable; true"
    both(t, [users, "--domainname=example.org", f"--machine-id={ID[:8]}-{ID[8:].upper()}"], script, f"example.org {ID} {ID}")
    assert not (t.dir / "root/etc/machine-id").exists(), "the root itself was changed"


@test(needs=[root])
def machine_id_covers_that_of_the_root(t):
    base_ = base(t, files={"etc/machine-id": "f" * 32 + "\n"})
    assert out_of(t, base_, "cat /etc/machine-id", f"--machine-id={ID}", "--overlay=none") == f"{ID}\n"
    assert (base_ / "etc/machine-id").read_text() == "f" * 32 + "\n"


@test(needs=[root])
def machine_id_that_is_a_link_stays_inside(t):
    base_ = base(t)
    target = t.dir / "outside"
    target.write_text("host")
    os.symlink(target, base_ / "etc/machine-id")
    sh(t, base_, "true", f"--machine-id={ID}")
    assert target.read_text() == "host"


@test(needs=[root])
def environment_comes_from_files_in_their_order(t):
    (t.dir / "env").write_text("# comment\n\nA=1\n  B=two words # no comment\nFROM_CALLER\nNOT_THERE\nC=\"q\"\r\n")
    options = ["-e", "A=0", "-e", "B=0", f"--env-file={t.dir}/env", "-e", "C=3"]
    env = environment(FROM_CALLER="x")
    script = 'echo "$A|$B|$C|$FROM_CALLER|${NOT_THERE-unset}"'
    expected = "1|two words # no comment|3|x|unset\n"
    assert sh(t, base(t), script, *options, env=env).out == expected
    container = Container(t, t.dir / "root", *SLEEP, detach=True)
    result = run(t, [BERTH, "exec", *options, container.name, "sh", "-c", script], env=env)
    assert result.out == expected, repr(result)


@test(needs=[root])
def environment_file_that_is_wrong_is_named_with_its_line(t):
    base_ = base(t)
    (t.dir / "env").write_text("A=1\nno name=2\n")
    (t.dir / "binary").write_bytes(b"A=\0\n")
    refused(t, ["run", f"--env-file={t.dir}/env", "bad", base_, "true"], FAILED, f"{t.dir}/env", "line 2")
    refused(t, ["run", f"--env-file={t.dir}/none", "bad", base_, "true"], FAILED, f"{t.dir}/none", "No such file")
    refused(t, ["run", f"--env-file={t.dir}/binary", "bad", base_, "true"], FAILED, f"{t.dir}/binary", "NUL")


# Settings of the kernel

@test(needs=[root, userns], each=USERS)
def sysctls_are_set_in_the_namespaces_and_nowhere_else(t, users):
    keys = {"net.ipv4.ip_forward": "1", "kernel/shmmni": "111", "fs.mqueue.msg_max": "7", "kernel.msgmni": "222",
            "net.ipv4.conf.lo.forwarding": "1"}
    paths = [f"/proc/sys/{key.replace('.', '/')}" for key in keys]
    before = [open(path).read() for path in paths]
    both(t, [users, *[f"--sysctl={key}={value}" for key, value in keys.items()]], f"cat {' '.join(paths)}", " ".join(keys.values()))
    assert [open(path).read() for path in paths] == before


@test(needs=[root], each=["kernel.core_pattern=|/x", "vm.swappiness=1", "kernel.hostname=x", "net/../kernel/core_pattern=x",
                          "kernel.shmmni", "=1", "", "fs.mqueuex=1", "kernel.sem_next_id=1", "net..x=1"])
def sysctl_of_the_host_is_refused(t, assignment):
    before = open("/proc/sys/kernel/core_pattern").read()
    refused(t, ["run", f"--sysctl={assignment}", "bad", base(t), "true"], FAILED, f"--sysctl={assignment.partition('=')[0]}")
    assert open("/proc/sys/kernel/core_pattern").read() == before


@test(needs=[root])
def sysctl_of_a_namespace_that_is_shared_is_refused(t):
    base_ = base(t)
    refused(t, ["run", "--ipc=host", "--sysctl=kernel.shmmni=1", "bad", base_, "true"], FAILED, "kernel.shmmni", "--ipc")
    refused(t, ["run", "--network=host", "--sysctl=net.ipv4.ip_forward=1", "bad", base_, "true"], FAILED, "--network")
    refused(t, ["run", "--sysctl=net.no.such=1", "bad", base_, "true"], FAILED, "net.no.such", "No such file")
    refused(t, ["run", "--sysctl=kernel.shmmni=many", "bad", base_, "true"], FAILED, "kernel.shmmni=many", "Invalid argument")


# Namespaces

KINDS = {"pid": "pid", "ipc": "ipc", "uts": "uts", "network": "net", "cgroupns": "cgroup", "time": "time"}


def inode(name, pid="self"):
    return os.readlink(f"/proc/{pid}/ns/{name}")


@test(needs=[root], each=list(KINDS))
def namespace_of_the_host_is_shared_on_request(t, option):
    both(t, [f"--{option}=host"], f"readlink /proc/self/ns/{KINDS[option]}", inode(KINDS[option]))


@test(needs=[root], each=list(KINDS))
def namespace_of_another_container_is_joined_by_process_and_by_path(t, option):
    name = KINDS[option]
    first = Container(t, base(t), *SLEEP, options=["--time=private"] if option == "time" else [], detach=True)
    leader = first.leader()
    expected = inode(name, leader)
    assert expected != inode(name)
    prefix = "ns:" if option == "network" else ""
    both(t, [f"--{option}={prefix}{leader}"], f"readlink /proc/self/ns/{name}", expected)
    bound = t.dir / "bound"
    bound.write_text("")
    subprocess.run(["mount", "--bind", f"/proc/{leader}/ns/{name}", bound], check=True)
    t.defer(subprocess.run, ["umount", bound], check=True)
    assert out_of(t, t.dir / "root", f"readlink /proc/self/ns/{name}", f"--{option}={prefix}{bound}").strip() == expected


@test(needs=[root, userns])
def container_joins_all_namespaces_of_another(t):
    first = Container(t, base(t), *SLEEP, options=["--userns=auto", "--time=private"], detach=True)
    leader = first.leader()
    options = [f"--{option}={'ns:' if option == 'network' else ''}{leader}" for option in KINDS if option != "cgroupns"]
    names = ["user", "pid", "ipc", "uts", "net", "time"]
    both(t, [f"--userns={leader}", *options], f"for n in {' '.join(names)}; do readlink /proc/self/ns/$n; done; id -u; touch /x && stat -c %u /x",
         " ".join(inode(name, leader) for name in names) + " 0 0")


@test(needs=[root])
def processes_of_a_joined_namespace_see_each_other_and_end_apart(t):
    first = Container(t, base(t), "/bin/payload", "say", "up", "sleep-forever")
    first.out.expect("^up$")
    second = Container(t, t.dir / "root", "sh", "-c", "cat /proc/1/comm; ps -o args; exec payload sleep-forever",
                       options=[f"--pid={first.leader()}"], name="second")
    second.out.expect("^berth-init$")
    second.out.expect("payload say up sleep-forever")
    second.stop()
    assert first.process.is_running()


@test(needs=[root])
def monitor_stays_in_its_own_namespaces(t):
    first = Container(t, base(t), *SLEEP, detach=True)
    second = Container(t, t.dir / "root", *SLEEP, detach=True,
                       options=[f"--pid={first.leader()}", f"--network=ns:{first.leader()}", f"--ipc={first.leader()}"])
    monitor = monitor_of(second)
    for name in ("pid", "pid_for_children", "net", "ipc", "mnt"):
        assert inode(name, monitor) == inode(name)


@test(needs=[root])
def hostname_of_a_joined_namespace_is_not_touched(t):
    first = Container(t, base(t), *SLEEP, options=["--hostname=first"], detach=True)
    assert out_of(t, t.dir / "root", "hostname", f"--uts={first.leader()}") == "first\n"
    assert first.exec("hostname") == "first\n"
    refused(t, ["run", "--uts=host", "--hostname=x", "bad", t.dir / "root", "true"], FAILED, "--hostname", "--uts")
    refused(t, ["run", "--uts=host", "--domainname=x", "bad", t.dir / "root", "true"], FAILED, "--domainname", "--uts")


@test(needs=[root])
def what_is_no_namespace_of_the_kind_is_refused(t):
    base_ = base(t)
    (t.dir / "file").write_text("")
    os.mkfifo(t.dir / "fifo")
    for path, words in ((f"{t.dir}/file", "is no namespace"), (f"{t.dir}/fifo", "is no namespace"),
                        ("/proc/self/ns/net", "is a namespace of kind network, not ipc"), (f"{t.dir}/none", "No such file"),
                        ("/dev/null", "is no namespace")):
        refused(t, ["run", f"--ipc={path}", "bad", base_, "true"], FAILED, f"--ipc: {path}", words)
    refused(t, ["run", "--pid=4194304", "bad", base_, "true"], FAILED, "--pid", "No such file")
    refused(t, ["run", "--userns=/proc/self/ns/user", "bad", base_, "true"], FAILED, "--userns=host")


@test(needs=[root])
def failed_join_leaves_nothing_behind(t):
    base_ = base(t)
    first = Container(t, base_, *SLEEP, detach=True)
    before = Snapshot()
    result = run(t, [BERTH, "run", f"--ipc={first.leader()}", "bad", base_, "true"], env=environment(BERTH_FAIL_STEP="root"))
    assert result.status == FAILED, repr(result)
    Snapshot().assert_nothing_left_behind(before)
    assert berth(t, "run", "bad", base_, "true").status == 0


@test(needs=[root])
def ordinary_user_joins_what_belongs_to_the_own_user_namespace(t):
    base_ = base(t)
    runtime = t.dir / "runtime"
    runtime.mkdir()
    os.chown(runtime, NOBODY, NOBODY)
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    if run(t, [*as_nobody, "unshare", "--user", "--map-root-user", "true"]).status != 0:
        raise Skip("ordinary users get no user namespace on this host")
    program, init = copied(t, BERTH), copied(t, BERTH_INIT)
    env = {"PATH": "/usr/bin:/bin", "HOME": str(runtime), "XDG_RUNTIME_DIR": str(runtime), "XDG_STATE_HOME": str(runtime),
           "BERTH_INIT": str(init)}
    first = Process(t, [*as_nobody, program, "run", "first", base_, "/bin/payload", "say", "up", "sleep-forever"], env=env)
    first.out.expect("^up$")
    leader = (runtime / "berth/first/state").read_text()
    leader = re.search(r"(?im)^leader\S*=(\d+)", leader)[1]
    joined = [f"--userns={leader}", f"--network=ns:{leader}", f"--ipc={leader}"]
    names = ("user", "net", "ipc")
    result = run(t, [*as_nobody, program, "run", *joined, "second", base_, "sh", "-c",
                     f"for n in {' '.join(names)}; do readlink /proc/self/ns/$n; done; id -u"], env=env)
    assert result.out.split() == [*(inode(name, leader) for name in names), "0"], repr(result)
    alone = run(t, [*as_nobody, program, "run", joined[1], "third", base_, "true"], env=env)
    assert alone.status == FAILED and "--userns=PATH" in alone.err, repr(alone)
    first.signal(15)
    first.wait()


# Clocks

@test(needs=[root, userns], each=USERS)
def clocks_of_a_time_namespace_are_moved_on(t, users):
    host = float(open("/proc/uptime").read().split()[0])
    for out in in_run_and_exec(t, [users, "--time-offset=boottime:1000d,monotonic:500.25s"],
                               "cut -d' ' -f1 /proc/uptime; cat /proc/self/timens_offsets"):
        uptime, *offsets = out.split()
        assert float(uptime) - host >= 86400 * 1000, out
        assert offsets == ["monotonic", "500", "250000000", "boottime", "86400000", "0"], out


@test(needs=[root])
def clock_before_its_start_is_refused(t):
    refused(t, ["run", "--time-offset=boottime:-9000d", "bad", base(t), "true"], FAILED, "--time-offset", "boottime")
    refused(t, ["run", "--time-offset=boottime:1d", "--time=host", "bad", t.dir / "root", "true"], FAILED, "--time")
