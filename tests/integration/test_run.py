"""berth run and the verbs around it, end to end: what a user of the command line sees."""

import json
import os
import pathlib
import re
import shutil
import signal

from container import Container, berth, environment
from harness import Skip, root, test, userns, wait_for
from host import RUNTIME_DIR, STATE_DIR, Snapshot, cgroup2_root, our_processes
from process import Process, run
from root import BERTH, BERTH_INIT, NOBODY, boot_root, busybox_root, tree_state, write_files

DOCKER_CAPABILITIES = "00000000a80425fb"
SLEEP = ("/bin/payload", "sleep-forever")
STAYS = "[Service]\nExecStart=/bin/payload sleep-forever\n[Install]\nWantedBy=multi-user.target\n"


def base(t, name="root", files=None):
    return busybox_root(t.dir / name, files=files)


def sh(t, base_, script, *options, **popen):
    """`berth run` of a shell script to its end; returns its Result."""
    return Container(t, base_, "sh", "-c", script, options=options, **popen).process.finish()


def out_of(t, base_, script, *options):
    """As sh(), and it must succeed; what it printed."""
    result = sh(t, base_, script, *options)
    assert result.status == 0, repr(result)
    return result.out


def one_line(text):
    lines = text.splitlines()
    assert len(lines) == 1, f"not one line: {text!r}"
    return lines[0]


# How it ends

@test(needs=[root])
def programs_see_a_manager_of_services_where_there_is_one(t):
    """sd_booted(3), and its client."""
    look = "ls -d /run/systemd/system; command -v systemctl; systemctl is-active basic.target"
    job, boot = sh(t, base(t), look), sh(t, base(t, "other"), look, "--boot")
    tool = "/run/berth/bin/systemctl\n"
    assert job.out == tool, repr(job)
    assert f"/run/systemd/system\n{tool}active\n" in boot.out, repr(boot)


@test(needs=[root])
def exit_status_of_the_job_is_that_of_run(t):
    base_ = base(t)
    for status in (0, 1, 77, 255):
        assert Container(t, base_, "/bin/payload", "exit", str(status)).wait() == status


@test(needs=[root])
def job_killed_by_a_signal_is_128_plus_its_number(t):
    base_ = base(t)
    for number in (signal.SIGKILL, signal.SIGABRT, signal.SIGTERM):
        assert Container(t, base_, "/bin/payload", "raise", str(int(number))).wait() == 128 + number


@test(needs=[root])
def nothing_is_left_behind_by_any_end(t):
    base_ = base(t)
    before = Snapshot()
    for payload in (("exit", "0"), ("exit", "3"), ("raise", "9"), ("abort",)):
        Container(t, base_, "/bin/payload", *payload).wait()
        Snapshot().assert_nothing_left_behind(before)
    container = Container(t, base_, *SLEEP)
    wait_for(lambda: (RUNTIME_DIR / container.name).exists(), "the container's state")
    container.process.signal(signal.SIGTERM)
    container.wait()
    Snapshot().assert_nothing_left_behind(before)


@test(needs=[root])
def killed_monitor_takes_its_container_along(t):
    container = Container(t, base(t), "/bin/payload", "say", "up", "sleep-forever")
    container.out.expect("^up$")
    container.process.signal(signal.SIGKILL)
    container.process.wait()
    wait_for(lambda: not our_processes(), "the container to end with its monitor")
    assert berth(t, "run", container.name, t.dir / "root", "/bin/true").status == 0, "the name is not free again"


@test(needs=[root])
def killed_pid_1_ends_the_run_with_137(t):
    container = Container(t, base(t), "/bin/payload", "say", "up", "sleep-forever")
    container.out.expect("^up$")
    os.kill(container.leader(), signal.SIGKILL)
    assert container.wait() == 137


@test(needs=[root], each=["INT", "TERM", "HUP", "USR1", "USR2"])
def signal_to_run_reaches_the_job(t, name):
    number = signal.Signals[f"SIG{name}"]
    container = Container(t, base(t), "/bin/payload", "print-signals", "1")
    container.out.expect("^ready$")
    container.process.signal(number)
    assert container.out.expect(r"^signal (\d+) ")[1] == str(int(number))
    assert container.wait() == 0


@test(needs=[root])
def interrupt_key_is_sigint_to_the_job(t):
    container = Container(t, base(t), "/bin/payload", "print-signals", "1", terminal=True)
    container.process.tty.expect("^ready$")
    container.process.type("\x03")
    assert container.process.tty.expect(r"signal (\d+) ")[1] == "2"
    assert container.wait() == 0


@test(needs=[root])
def third_interrupt_within_a_second_kills(t):
    container = Container(t, base(t), "/bin/payload", "print-signals", "100")
    container.out.expect("^ready$")
    for _ in range(3):
        container.process.signal(signal.SIGINT)
        if container.process.is_running():
            container.out.line()
    assert container.wait() == 137


@test(needs=[root])
def double_dash_before_the_command_is_not_the_command(t):
    result = berth(t, "run", "dashed", base(t), "--", "/bin/payload", "exit", "4")
    assert result.status == 4, repr(result)
    container = Container(t, t.dir / "root", *SLEEP, detach=True)
    assert container.berth("exec", "--", "/bin/payload", "exit", "4").status == 4


# Output and input

@test(needs=[root])
def output_and_errors_of_the_job_stay_apart(t):
    result = sh(t, base(t), "echo out; echo err >&2")
    assert (result.out, result.err) == ("out\n", "err\n")


@test(needs=[root])
def standard_input_is_closed_without_interactive(t):
    container = Container(t, base(t), "cat")
    container.process.write("not seen\n")
    assert container.process.finish().out == ""


@test(needs=[root])
def standard_input_comes_through_with_interactive(t):
    container = Container(t, base(t), "cat", options=["-i"])
    container.process.write("through\n")
    assert container.out.line() == "through"
    assert container.process.finish().status == 0


@test(needs=[root])
def large_output_arrives_whole(t):
    result = sh(t, base(t), "dd if=/dev/zero bs=1M count=8 2>/dev/null | tr '\\0' x")
    assert len(result.out) == 8 << 20


@test(needs=[root])
def terminal_of_tty_is_the_containers_own_and_has_the_right_size(t):
    container = Container(t, base(t), "sh", "-c", "tty; stty size; read x; stty size",
                          options=["-i", "-t"], terminal=True)
    assert container.process.tty.expect("^(/dev/.*)$")[1] in ("/dev/console", "/dev/pts/0")
    container.process.tty.expect("^24 80$")
    container.process.resize(50, 132)
    container.process.type("\n")
    container.process.tty.expect("^50 132$")
    assert container.wait() == 0


# The root

@test(needs=[root])
def changes_vanish_and_the_lower_is_never_written(t):
    base_ = base(t, files={"etc/motd": "as it was\n"})
    before = tree_state(base_)
    out_of(t, base_, "echo new > /etc/motd; rm /etc/group; mkdir /made; echo x > /made/file; chmod 700 /bin; touch /")
    assert tree_state(base_) == before
    assert out_of(t, base_, "cat /etc/motd; ls /made 2>/dev/null || :") == "as it was\n"


@test(needs=[root])
def persistent_changes_stay_and_the_lower_is_never_written(t):
    base_ = base(t)
    before = tree_state(base_)
    t.defer(shutil.rmtree, STATE_DIR / "keeper")
    for wanted in ("1\n", "1\n1\n"):
        result = berth(t, "run", "--overlay=persistent", "keeper", base_, "sh", "-c", "echo 1 >> /log; cat /log")
        assert (result.status, result.out) == (0, wanted), repr(result)
    assert tree_state(base_) == before
    assert (STATE_DIR / "keeper").exists()


@test(needs=[root])
def overlay_none_writes_the_root_itself(t):
    base_ = base(t)
    out_of(t, base_, "echo here > /written", "--overlay=none")
    assert (base_ / "written").read_text() == "here\n"


@test(needs=[root])
def upper_and_work_of_the_users_choice_are_used(t):
    base_ = base(t)
    for name in ("upper", "work"):
        (t.dir / name).mkdir()
    out_of(t, base_, "echo here > /written", f"--upper={t.dir}/upper", f"--work={t.dir}/work")
    assert (t.dir / "upper/written").read_text() == "here\n"


@test(needs=[root])
def topmost_of_several_lowers_wins(t):
    base_ = base(t, files={"etc/which": "bottom\n", "etc/only": "bottom\n"})
    for name in ("top", "middle"):
        write_files(t.dir / name, {"etc/which": f"{name}\n"})
    assert out_of(t, f"{t.dir}/top:{t.dir}/middle:{base_}", "cat /etc/which /etc/only") == "top\nbottom\n"


@test(needs=[root], each=["with space", "com,ma", "back\\slash", "quo\"te", "new\nline", "ümlaut", "octal\\054", "-dash"])
def odd_names_of_lowers_work(t, name):
    base_ = base(t, name, files={"here": "yes\n"})
    assert out_of(t, base_, "cat /here; echo x > /w; cat /w") == "yes\nx\n"


@test(needs=[root])
def colon_in_the_name_of_a_lower_works_escaped(t):
    base(t, "with:colon", files={"here": "yes\n"})
    assert out_of(t, f"{t.dir}/with\\:colon", "cat /here") == "yes\n"


@test(needs=[root])
def relative_root_works(t):
    base(t, files={"here": "yes\n"})
    assert sh(t, "root", "cat /here", cwd=t.dir).out == "yes\n"


@test(needs=[root])
def read_only_root_refuses_writes_and_run_stays_writable(t):
    out = out_of(t, base(t), "touch /x 2>/dev/null || echo refused; touch /run/x /tmp/x && echo writable", "--read-only")
    assert out == "refused\nwritable\n"


@test(needs=[root])
def bind_mounts_arrive_and_read_only_ones_refuse_writes(t):
    base_ = base(t)
    write_files(t.dir, {"data/file": "host\n", "fixed/file": "host\n"})
    out = out_of(t, base_, "cat /mnt/data/file; echo in > /mnt/data/file; echo in 2>/dev/null > /mnt/fixed/file || echo refused",
                 f"--bind={t.dir}/data:/mnt/data", "-v", f"{t.dir}/fixed:/mnt/fixed:ro")
    assert out == "host\nrefused\n"
    assert (t.dir / "data/file").read_text() == "in\n" and (t.dir / "fixed/file").read_text() == "host\n"


@test(needs=[root])
def links_in_the_root_do_not_lead_mounts_to_the_host(t):
    base_ = base(t)
    victim = t.dir / "victim"
    victim.mkdir()
    for name in ("mnt", "tmp", "run", "dev", "sys", "proc"):
        if (base_ / name).is_dir():
            (base_ / name).rmdir()
        os.symlink(victim, base_ / name)
    write_files(t.dir, {"data/file": "x"})
    before = Snapshot()
    sh(t, base_, "true", f"--bind={t.dir}/data:/mnt/here")
    assert list(victim.iterdir()) == []
    Snapshot().assert_nothing_left_behind(before)


# What a container looks like from inside

@test(needs=[root])
def pid_1_is_a_copy_of_berth_init(t):
    container = Container(t, base(t), "sh", "-c", "echo $PPID; cat /proc/1/comm; exec payload sleep-forever")
    assert container.out.line() == "1"
    assert container.out.line() == "berth-init"
    executable = os.stat(f"/proc/{container.leader()}/exe")
    for program in (BERTH_INIT, BERTH):
        host = program.stat()
        assert (executable.st_dev, executable.st_ino) != (host.st_dev, host.st_ino), "PID 1 executes the host's file"


@test(needs=[root])
def only_the_containers_processes_are_seen(t):
    pids = out_of(t, base(t), "echo /proc/[0-9]*").split()
    assert len(pids) == 2 and "/proc/1" in pids, pids


@test(needs=[root])
def hostname_is_the_name_or_the_asked_one_and_the_hosts_stays(t):
    base_ = base(t)
    container = Container(t, base_, "hostname", name="hosttest")
    assert container.process.finish().out == "hosttest\n"
    assert out_of(t, base_, "hostname", "--hostname=other") == "other\n"
    before = os.uname().nodename
    out_of(t, base_, "hostname changed || :", "--cap-add=SYS_ADMIN")
    assert os.uname().nodename == before


@test(needs=[root])
def network_is_a_loopback_that_is_up(t):
    out = out_of(t, base(t), "ls /sys/class/net; ping -c 1 -W 1 127.0.0.1 >/dev/null && echo up")
    assert out.split() == ["lo", "up"], out


@test(needs=[root])
def host_network_on_request(t):
    inside = out_of(t, base(t), "readlink /proc/self/ns/net", "--network=host").strip()
    assert inside == os.readlink("/proc/self/ns/net")


@test(needs=[root], each=["pid", "mnt", "uts", "ipc", "net", "cgroup"])
def namespace_is_the_containers_own(t, name):
    inside = out_of(t, base(t), f"readlink /proc/self/ns/{name}").strip()
    assert inside != os.readlink(f"/proc/self/ns/{name}")


@test(needs=[root])
def dangerous_parts_of_proc_are_masked_or_read_only(t):
    script = """
        for f in /proc/kcore /proc/keys /proc/timer_list /proc/sched_debug; do
            [ ! -e $f ] || [ -z "$(head -c 1 $f 2>/dev/null)" ] || echo "readable $f"
        done
        for d in /proc/acpi /proc/scsi /sys/firmware; do [ -z "$(ls -A $d 2>/dev/null)" ] || echo "full $d"; done
        for f in /proc/sysrq-trigger /proc/irq/default_smp_affinity /proc/sys/kernel/core_pattern; do
            [ ! -e $f ] || ! (: >> $f) 2>/dev/null || echo "writable $f"
        done
        touch /sys/x 2>/dev/null && echo "writable /sys"
        true"""
    assert out_of(t, base(t), script) == ""


@test(needs=[root])
def devices_are_the_minimal_ones_and_work(t):
    script = """
        for n in null zero full random urandom tty; do [ -c /dev/$n ] || echo "no $n"; done
        [ "$(stat -c %t:%T:%a /dev/null)" = 1:3:666 ] || echo "null is $(stat -c %t:%T:%a /dev/null)"
        echo x > /dev/null && [ "$(head -c 3 /dev/zero | wc -c)" = 3 ] || echo broken
        for d in pts shm mqueue; do [ -d /dev/$d ] || echo "no $d"; done
        for l in fd stdin stdout stderr ptmx; do [ -e /dev/$l ] || [ -L /dev/$l ] || echo "no $l"; done
        touch /dev/shm/x || echo "shm"
        ls /dev | grep -vE '^(null|zero|full|random|urandom|tty|pts|shm|mqueue|fd|stdin|stdout|stderr|ptmx|console|core)$'
        true"""
    assert out_of(t, base(t), script) == ""


@test(needs=[root])
def null_of_the_host_is_not_the_containers(t):
    before = os.stat("/dev/null")
    out_of(t, base(t), "chmod 600 /dev/null; chown 33 /dev/zero; true")
    after = os.stat("/dev/null")
    assert (after.st_mode, after.st_uid) == (before.st_mode, before.st_uid)


@test(needs=[root])
def new_terminals_can_be_opened_inside(t):
    assert out_of(t, base(t), "payload open-terminal").startswith("/dev/pts/")


@test(needs=[root])
def capabilities_are_dockers_and_nothing_is_inheritable(t):
    base_ = base(t)
    status = dict(line.split(":\t") for line in out_of(t, base_, "grep ^Cap /proc/self/status").splitlines())
    assert status["CapBnd"] == status["CapPrm"] == status["CapEff"] == DOCKER_CAPABILITIES, status
    assert int(status["CapInh"], 16) == int(status["CapAmb"], 16) == 0, status
    bounding = out_of(t, base_, "grep ^CapBnd /proc/1/status").split()[1]
    assert bounding == DOCKER_CAPABILITIES, "PID 1 has more"


@test(needs=[root])
def capabilities_can_be_added_and_dropped(t):
    bounding = out_of(t, base(t), "grep ^CapBnd /proc/self/status", "--cap-drop=all", "--cap-add=NET_ADMIN").split()[1]
    assert int(bounding, 16) == 1 << 12


@test(needs=[root])
def no_descriptor_of_the_host_is_inherited(t):
    leak = os.open("/", os.O_RDONLY)
    t.defer(os.close, leak)
    container = Container(t, base(t), "sh", "-c", "ls /proc/self/fd; echo --; ls -l /proc/1/fd", pass_fds=[leak])
    result = container.process.finish()
    assert result.status == 0 and result.out.split("--")[0].split() == ["0", "1", "2", "3"], result.out  # 3 is ls's own
    assert not re.search(r"-> /(?!dev/|proc/|run/)", result.out), f"a path of the host: {result.out}"


@test(needs=[root])
def pid_1_says_that_it_is_in_a_container(t):
    assert "container=berth" in out_of(t, base(t), "tr '\\0' '\\n' < /proc/1/environ")


@test(needs=[root])
def environment_user_and_directory_are_as_asked_for(t):
    out = out_of(t, base(t), "echo $NAME; id -un; id -gn; pwd; echo ${LEAK-none}", "-e", "NAME=two words", "--user=www", "-w", "/var/www")
    assert out == "two words\nwww\nwww\n/var/www\nnone\n"


@test(needs=[root])
def environment_of_the_caller_does_not_leak_in(t):
    result = Container(t, base(t), "env", env=environment(SECRET_OF_THE_HOST="1")).process.finish()
    assert result.status == 0 and "SECRET_OF_THE_HOST" not in result.out and "BERTH_" not in result.out, repr(result)


@test(needs=[root])
def container_lives_in_a_cgroup_of_its_own(t):
    if not cgroup2_root():
        raise Skip("this host has no cgroup v2")
    container = Container(t, base(t), "sh", "-c", "cat /proc/self/cgroup; exec payload sleep-forever")
    assert container.out.expect(r"^0::(.*)$")[1].count("..") == 0
    path = pathlib.Path(f"/proc/{container.leader()}/cgroup").read_text().split("0::")[1].strip()
    assert f"berth-{container.name}.scope/payload" in path, path
    supervisor = f"berth-{container.name}.scope/supervisor\n"
    monitor = pathlib.Path(f"/proc/{container.process.pid}/cgroup")
    wait_for(lambda: monitor.read_text().endswith(supervisor), f"the monitor in {supervisor}")


# Names and verbs

@test(needs=[root])
def name_of_a_running_container_is_taken(t):
    base_ = base(t)
    container = Container(t, base_, "/bin/payload", "say", "up", "sleep-forever")
    container.out.expect("^up$")
    result = berth(t, "run", container.name, base_, "/bin/true")
    assert result.status == 125 and container.name in one_line(result.err), repr(result)
    assert container.process.is_running()


@test(needs=[root], timeout=60)
def same_name_starts_again_at_once_after_any_end(t):
    base_ = base(t)
    for n in range(20):
        payload = (("exit", "0"), ("exit", "1"), ("raise", "9"), ("abort",))[n % 4]
        result = berth(t, "run", "again", base_, "/bin/payload", *payload)
        assert result.status == (0, 1, 137, 134)[n % 4], f"run {n}: {result}"


@test(needs=[root])
def detached_container_is_listed_shown_stopped_and_gone(t):
    container = Container(t, base(t), *SLEEP, detach=True)
    assert container.name in berth(t, "list").out
    status = container.berth("status")
    assert status.status == 0 and container.name in status.out, repr(status)
    container.stop()
    assert container.name not in berth(t, "list").out
    assert container.berth("status").status != 0
    assert not our_processes()


@test(needs=[root])
def list_and_status_are_json_when_asked(t):
    container = Container(t, base(t), *SLEEP, detach=True)
    for words in (["list", "--json"], ["status", "--json", container.name]):
        printed = berth(t, *words).out
        assert container.name in json.dumps(json.loads(printed)), printed
        assert printed.endswith("\n") and "\n\n" not in printed, repr(printed)


@test(needs=[root])
def detached_run_reports_a_command_that_is_not_there(t):
    result = berth(t, "run", "--detach", "nothere", base(t), "/no/such/command")
    assert result.status == 127 and "/no/such/command" in one_line(result.err), repr(result)


@test(needs=[root])
def detached_run_holds_no_descriptor_of_its_caller(t):
    reader, writer = os.pipe()
    t.defer(os.close, reader)
    Container(t, base(t), *SLEEP, detach=True, pass_fds=[writer])
    os.close(writer)
    assert os.read(reader, 1) == b""


@test(needs=[root])
def stop_gives_the_job_its_time_and_then_kills(t):
    deaf = Container(t, base(t), "/bin/payload", "ignore-term", "say", "deaf", "sleep-forever",
                     options=["--stop-timeout=300ms"])
    deaf.out.expect("^deaf$")
    deaf.stop()
    deaf.process.err.expect("did not stop within 300ms and was killed")
    assert deaf.wait() == 137
    polite = Container(t, t.dir / "root", "sh", "-c", "trap 'exit 5' TERM; echo up; while :; do sleep 0.05; done")
    polite.out.expect("^up$")
    polite.stop()
    assert polite.wait() == 5


@test(needs=[root])
def kill_sends_the_asked_signal(t):
    container = Container(t, base(t), "/bin/payload", "print-signals", "2")
    container.out.expect("^ready$")
    assert container.berth("kill", "--signal=USR1").status == 0
    container.out.expect("^signal 10 ")
    assert container.berth("kill").status == 0
    container.out.expect("^signal 15 ")
    assert container.wait() == 0


@test(needs=[root])
def exec_runs_inside_and_passes_the_exit_status(t):
    container = Container(t, base(t), *SLEEP, detach=True)
    assert container.exec("hostname") == f"{container.name}\n"
    assert container.berth("exec", "sh", "-c", "exit 9").status == 9
    assert container.exec("sh", "-c", "grep ^CapBnd /proc/self/status").split()[1] == DOCKER_CAPABILITIES
    missing = container.berth("exec", "/no/such/command")
    assert missing.status == 127 and "/no/such/command" in missing.err, repr(missing)
    killed = container.berth("exec", "/bin/payload", "raise", "9")
    assert killed.status == 137


@test(needs=[root])
def exec_reads_input_and_holds_nothing_of_the_host(t):
    container = Container(t, base(t), *SLEEP, detach=True)
    inside = Process(t, [BERTH, "exec", "-i", container.name, "cat"], env=environment())
    inside.write("through\n")
    assert inside.out.line() == "through"
    assert inside.finish().status == 0
    assert container.exec("ls", "/proc/self/fd").split() == ["0", "1", "2", "3"], "3 is ls's own"


@test(needs=[root])
def verbs_on_a_container_that_does_not_exist_name_it(t):
    for verb in ("status", "stop", "kill", "logs"):
        result = berth(t, verb, "nobody-made-me")
        assert result.status != 0 and "nobody-made-me" in one_line(result.err), f"{verb}: {result}"
    result = berth(t, "exec", "nobody-made-me", "true")
    assert result.status == 125 and "nobody-made-me" in one_line(result.err), repr(result)


@test(needs=[root])
def list_of_nothing_is_no_error(t):
    assert berth(t, "list").status == 0


# Services

@test(needs=[root])
def root_without_any_unit_file_boots_and_stops(t):
    (t.dir / "empty").mkdir()
    container = Container(t, t.dir / "empty", detach=True)
    container.wait_for_unit_state("multi-user.target", "active")
    container.stop()


@test(needs=[root])
def services_boot_and_answer_from_outside_and_inside(t):
    base_ = boot_root(t.dir / "root", {"a.service": STAYS, "b.service": STAYS.replace("sleep", "say hello sleep", 1)})
    container = Container(t, base_, detach=True)
    pid = container.wait_for_unit_state("a.service", "active", "running")["MainPID"]
    container.wait_for_unit_state("b.service", "active", "running")
    assert "a.service" in container.berth("status").out
    assert container.berth("restart", "a.service").status == 0
    assert container.unit("a.service")["MainPID"] != pid
    assert container.berth("stop", "a.service").status == 0
    stopped = container.unit("a.service")
    assert stopped["ActiveState"] == "inactive", stopped
    assert container.berth("start", "a.service").status == 0
    assert "a.service" in container.exec("berthctl", "status")
    assert "hello" in container.berth("logs", "b.service").out
    container.stop()


@test(needs=[root])
def stop_reaches_a_service_that_has_not_come_to_its_cgroup(t):
    container = Container(t, boot_root(t.dir / "root", {"a.service": STAYS.partition("[Install]")[0]}), detach=True)
    stopped = container.stop_before_it_runs("a.service", container.leader())
    assert (stopped["ActiveState"], stopped["Result"]) == ("inactive", "success"), stopped
    assert stopped["ExecMainStatus"] == str(signal.SIGTERM.value), f"PID 1 did not wait for its end: {stopped}"


@test(needs=[root])
def each_service_has_its_own_cgroup(t):
    if not cgroup2_root():
        raise Skip("this host has no cgroup v2")
    container = Container(t, boot_root(t.dir / "root", {"a.service": STAYS}), detach=True)
    pid = container.wait_for_unit_state("a.service", "active", "running")["MainPID"]
    assert container.exec("cat", f"/proc/{pid}/cgroup").split("0::")[1].strip().endswith("/system.slice/a.service")


@test(needs=[root], each=["SIGHUP", "daemon-reload"])
def limit_that_is_read_anew_counts_at_once(t, way):
    if not cgroup2_root():
        raise Skip("this host has no cgroup v2")
    container = Container(t, boot_root(t.dir / "root", {"a.service": STAYS}), detach=True)
    container.wait_for_unit_state("a.service", "active", "running")
    container.exec("sh", "-c", "mkdir /run/systemd/system/a.service.d && "
                   "printf '[Service]\\nMemoryMax=64M\\n' >/run/systemd/system/a.service.d/limits.conf")
    if way == "SIGHUP":
        os.kill(container.leader(), signal.SIGHUP)
    else:
        container.done(way)
    limit = "cat /sys/fs/cgroup/system.slice/a.service/memory.max || :"  # there is none without the controller
    told = "limits.conf:2: MemoryMax=: not applied: "
    wait_for(lambda: container.exec("sh", "-c", limit) == f"{64 << 20}\n" or any(told in line for line in container.log("a.service")),
             "the limit to be applied, or told")


@test(needs=[root])
def logs_of_a_detached_job_have_their_last_lines_and_go_on(t):
    script = "seq 1 100; until [ -e /go ]; do sleep 0.05; done; echo the end; until [ -e /stop ]; do sleep 0.05; done"
    container = Container(t, base(t), "sh", "-c", script, detach=True)
    wait_for(lambda: container.berth("logs").out.endswith("100\n"), "the job's hundred lines")
    assert container.berth("logs", "--lines=2").out == "99\n100\n"
    assert container.berth("logs", "--lines=0").out == ""
    assert len(container.berth("logs").out.splitlines()) == 100
    follower = Process(t, [BERTH, "logs", "--follow", "--lines=1", container.name], env=environment())
    follower.out.expect("^100$")
    container.exec("touch", "/go")
    follower.out.expect("^the end$")
    container.exec("touch", "/stop")
    assert follower.wait() == 0, "it does not end with the container"


@test(needs=[root])
def unit_files_can_be_added_from_the_host(t):
    write_files(t.dir, {"extra.service": STAYS})
    container = Container(t, base(t), options=[f"--unit-file={t.dir}/extra.service"], detach=True)
    container.wait_for_unit_state("extra.service", "active", "running")


@test(needs=[root])
def main_unit_ends_the_container_with_its_exit_code(t):
    main = "[Service]\nExecStart=/bin/payload wait-file /go exit 33\n[Install]\nWantedBy=multi-user.target\n"
    base_ = boot_root(t.dir / "root", {"main.service": main, "a.service": STAYS})
    container = Container(t, base_, options=["--main=main.service"])
    container.wait_for_unit_state("main.service", "active", "running")
    container.exec("touch", "/go")
    assert container.wait() == 33


@test(needs=[root])
def interrupt_of_a_booted_container_stops_it_in_order(t):
    noted = STAYS.replace("[Install]", "ExecStop=/bin/sh -c 'echo stopping in order'\n[Install]")
    container = Container(t, boot_root(t.dir / "root", {"a.service": noted}))
    container.wait_for_unit_state("a.service", "active", "running")
    container.process.signal(signal.SIGINT)
    container.out.expect("stopping in order")
    assert container.wait() == 0


# Users

@test(needs=[root, userns])
def automatic_user_namespace_maps_root_to_nobody_special(t):
    base_ = base(t)
    container = Container(t, base_, "sh", "-c", "id -u; cat /proc/self/uid_map; touch /x && ls -ln /x; exec payload sleep-forever",
                          options=["--userns=auto"])
    assert container.out.line() == "0"
    inside, outside, _ = container.out.expect(r"^\s*(\d+)\s+(\d+)\s+(\d+)$").groups()
    assert inside == "0" and outside != "0"
    assert container.out.expect(r" 1 +0 +0 ")
    assert os.stat(f"/proc/{container.leader()}").st_uid == int(outside)


@test(needs=[root])
def ordinary_user_runs_a_container(t):
    base_ = base(t)
    runtime = t.dir / "runtime"
    programs = t.dir / "programs"
    for directory in (runtime, programs):
        directory.mkdir()
        os.chown(directory, NOBODY, NOBODY)
    as_nobody = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    for program in (BERTH, BERTH_INIT):
        copy = programs / program.name
        copy.write_bytes(program.read_bytes())
        copy.chmod(0o755)
    if run(t, [*as_nobody, "unshare", "--user", "--map-root-user", "true"]).status != 0:
        raise Skip("ordinary users get no user namespace on this host")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(runtime), "XDG_RUNTIME_DIR": str(runtime), "XDG_STATE_HOME": str(runtime),
           "BERTH_INIT": str(programs / "berth-init")}
    result = run(t, [*as_nobody, programs / "berth", "run", "mine", base_, "sh", "-c", "id -u; touch /x && echo $$"],
                 env=env)
    assert result.status == 0 and result.out.splitlines()[0] == "0", repr(result)
