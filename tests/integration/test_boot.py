"""berth-init as PID 1 of several services that are declared in unit files, without berth around it."""

import os
import pathlib
import random
import signal

from container import Container, Pid1, control_connect
from harness import Skip, root, test, wait_for
from host import children
from root import NOBODY, UNIT_DIRECTORY, boot_root, write_files

WANTED = "\n[Install]\nWantedBy=multi-user.target\n"
STAYS = "[Service]\nExecStart=/bin/payload sleep-forever\n" + WANTED
GARBAGE_CLIENTS = 200


def unit(service, head=""):
    """A unit file's text with these lines in [Unit] and [Service], wanted by multi-user.target."""
    return f"[Unit]\n{head}\n[Service]\n{service}\n{WANTED}"


def boot(t, units, files=None, **options):
    """PID 1 with these units, running."""
    base = boot_root(t.dir / "root", units, files)
    return Pid1(t, "--boot", root=base, **options), base


def stop(init):
    """The order to stop from outside; returns the exit status."""
    init.signal(signal.SIGTERM)
    return init.wait()


def is_alive(init):
    """PID 1 still does its work: it starts a service that did not run."""
    init.done("restart", "good.service")
    init.wait_for_unit_state("good.service", "active", "running")
    return init.process.is_running()


# Start and stop

def program_pages(pid):
    """KiB of the program's code: mapped, and in memory."""
    size = rss = 0
    code = False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0]:
            code = "x" in words[1] and words[-1].endswith("berth-init")
        elif code and words[0] in ("Size:", "Rss:"):
            size += int(words[1]) * (words[0] == "Size:")
            rss += int(words[1]) * (words[0] == "Rss:")
    return size, rss


def is_at_rest(pid):
    size, rss = program_pages(pid)
    return size > 0 and rss < size * 3 / 4


@test(needs=[root])
def supervisor_at_rest_gives_back_the_pages_of_the_boot(t):
    init, _ = boot(t, {"a.service": STAYS})
    init.out.expect("Started a.service")
    wait_for(lambda: is_at_rest(init.pid()), "the program's pages to be given back")  # a request would need some again
    assert init.unit("a.service")["ActiveState"] == "active"


@test(needs=[root])
def pid_1_shows_programs_that_it_manages_services(t):
    """sd_booted(3)."""
    init, base = boot(t, {"good.service": STAYS})
    init.wait_for_unit_state("good.service", "active", "running")
    assert (base / "run/systemd/system").is_dir()
    assert stop(init) == 0


@test(needs=[root])
def services_start_in_the_order_of_their_dependencies_and_stop_in_reverse(t):
    def noted(name):
        return ("Type=oneshot\nRemainAfterExit=yes\n"
                f"ExecStart=/bin/sh -c 'echo start {name} >> /order'\nExecStop=/bin/sh -c 'echo stop {name} >> /order'")
    init, base = boot(t, {
        "app.service": unit(noted("app"), "Requires=db.service cache.service\nAfter=db.service cache.service"),
        "cache.service": unit(noted("cache"), "After=db.service"),
        "db.service": unit(noted("db")),
    })
    init.wait_for_unit_state("app.service", "active", "exited")
    assert (base / "order").read_text() == "start db\nstart cache\nstart app\n"
    assert stop(init) == 0
    assert (base / "order").read_text().splitlines()[3:] == ["stop app", "stop cache", "stop db"]


@test(needs=[root])
def service_that_others_require_is_pulled_in_without_being_enabled(t):
    init, _ = boot(t, {
        "web.service": unit("ExecStart=/bin/payload sleep-forever", "Requires=store.service\nAfter=store.service"),
        "store.service": "[Service]\nExecStart=/bin/payload sleep-forever\n",
        "other.service": "[Service]\nExecStart=/bin/payload sleep-forever\n",
    })
    init.wait_for_unit_state("web.service", "active", "running")
    assert init.unit("store.service")["ActiveState"] == "active"
    assert init.unit("other.service")["ActiveState"] == "inactive"


@test(needs=[root])
def a_limit_that_cannot_be_is_told_once_with_its_place(t):
    limited = "ExecStart=/bin/payload sleep-forever\nMemoryMax=64M\nTasksMax=infinity"
    init, _ = boot(t, {"limited.service": unit(limited)})
    init.wait_for_unit_state("limited.service", "active", "running")
    if init.call("status")[0][0]["Tracking"] == "control groups":
        raise Skip("control groups are delegated here")
    told = "limited.service:5: MemoryMax=: not applied: no cgroup v2 tree is delegated to the container"
    init.done("restart", "limited.service")
    lines = [line for line in init.log() if "not applied" in line]
    assert len(lines) == 1 and lines[0].endswith(told), lines
    verified = init.run_inside("/sbin/berth-init", "verify", "limited.service")
    assert verified.status == 0 and told in verified.out, repr(verified)


@test(needs=[root])
def readiness_is_awaited_before_dependents_start(t):
    ready = r"ExecStart=/bin/payload wait-file /go notify READY=1\nSTATUS=serving sleep-forever"
    init, base = boot(t, {
        "slow.service": unit("Type=notify\n" + ready),
        "needs-it.service": unit("ExecStart=/bin/payload sleep-forever", "Requires=slow.service\nAfter=slow.service"),
    })
    init.wait_for_unit_state("slow.service", "activating", "start")
    assert init.unit("needs-it.service")["ActiveState"] == "inactive"
    write_files(base, {"go": ""})
    init.wait_for_unit_state("needs-it.service", "active", "running")
    assert init.unit("slow.service")["StatusText"] == "serving"


@test(needs=[root])
def readiness_of_a_stranger_does_not_count(t):
    init, base = boot(t, {
        "slow.service": unit("Type=notify\nExecStart=/bin/payload sleep-forever"),
        "liar.service": unit("Type=oneshot\nExecStart=/bin/sh -c 'NOTIFY_SOCKET=/run/berth/notify payload notify READY=1'"),
    })
    init.wait_for_unit_state("slow.service", "activating", "start")
    wait_for(lambda: init.unit("liar.service")["ActiveState"] in ("inactive", "failed"), "the liar to end")
    assert init.unit("slow.service")["ActiveState"] == "activating"


@test(needs=[root], each=["SIGTERM", "SIGRTMIN+3", "SIGRTMIN+4", "SIGPWR"])
def order_to_stop_comes_as_the_signals_that_runtimes_send(t, name):
    number = {"SIGTERM": signal.SIGTERM, "SIGPWR": signal.SIGPWR,
              "SIGRTMIN+3": signal.SIGRTMIN + 3, "SIGRTMIN+4": signal.SIGRTMIN + 4}[name]
    init, base = boot(t, {"a.service": unit("ExecStart=/bin/payload sleep-forever\nExecStop=/bin/touch /stopped")})
    init.wait_for_unit_state("a.service", "active", "running")
    init.signal(number)
    assert init.wait() == 0
    assert (base / "stopped").exists()


@test(needs=[root])
def order_to_stop_while_services_start_is_obeyed(t):
    init, _ = boot(t, {"slow.service": unit("Type=notify\nExecStart=/bin/payload sleep-forever")})
    init.wait_for_unit_state("slow.service", "activating", "start")
    assert stop(init) == 0


@test(needs=[root])
def service_that_ignores_sigterm_is_killed_after_its_timeout(t):
    init, _ = boot(t, {"deaf.service": unit("TimeoutStopSec=200ms\n"
                                            "ExecStart=/bin/payload ignore-term say deaf sleep-forever")})
    init.out.expect("deaf$")
    assert stop(init) == 0


@test(needs=[root])
def stop_reaches_a_service_that_has_not_come_to_its_session(t):
    init, _ = boot(t, {"a.service": "[Service]\nExecStart=/bin/payload sleep-forever\n", "good.service": STAYS})
    init.wait_for_unit_state("good.service", "active", "running")
    stopped = init.stop_before_it_runs("a.service", init.pid())
    assert (stopped["ActiveState"], stopped["Result"]) == ("inactive", "success"), stopped
    assert stopped["ExecMainStatus"] == str(signal.SIGTERM.value), f"PID 1 did not wait for its end: {stopped}"
    assert len(children(init.pid())) == 1, "it runs on"


@test(needs=[root])
def exit_verb_ends_the_container_with_its_code(t):
    init, _ = boot(t, {"a.service": STAYS})
    init.wait_for_unit_state("a.service", "active", "running")
    init.call("exit", "42")
    assert init.wait() == 42


@test(needs=[root])
def container_starts_again_over_the_files_of_a_killed_one(t):
    init, base = boot(t, {"a.service": STAYS})
    init.wait_for_unit_state("a.service", "active", "running")
    init.signal(signal.SIGKILL)
    init.wait()
    again = Pid1(t, "--boot", root=base)
    again.wait_for_unit_state("a.service", "active", "running")
    assert stop(again) == 0


# Failures of services

@test(needs=[root])
def crashed_service_comes_back(t):
    init, _ = boot(t, {"a.service": unit("Restart=on-failure\nRestartSec=50ms\nExecStart=/bin/payload sleep-forever")})
    before = init.wait_for_unit_state("a.service", "active", "running")
    assert init.run_inside("kill", "-9", before["MainPID"]).status == 0
    wait_for(lambda: init.unit("a.service")["NRestarts"] == "1", "the restart")
    after = init.wait_for_unit_state("a.service", "active", "running")
    assert after["MainPID"] != before["MainPID"]


@test(needs=[root])
def service_that_always_crashes_stops_being_restarted(t):
    init, _ = boot(t, {"a.service": unit("Restart=always\nRestartSec=1ms\nExecStart=/bin/payload abort",
                                         "StartLimitBurst=3\nStartLimitIntervalSec=60"),
                       "good.service": STAYS})
    failed = init.wait_for_unit_state("a.service", "failed")
    assert failed["Result"] == "start-limit-hit" or failed["NRestarts"] == "3", failed
    assert is_alive(init)


@test(needs=[root])
def program_that_is_not_there_fails_its_service_and_is_named(t):
    init, _ = boot(t, {"a.service": unit("Type=exec\nExecStart=/no/such/program"), "good.service": STAYS})
    failed = init.wait_for_unit_state("a.service", "failed")
    assert failed["Result"] == "exit-code" and failed["ExecMainStatus"] == "203", failed
    assert "/no/such/program" in "\n".join(init.log("a.service"))
    assert is_alive(init)


@test(needs=[root])
def user_of_a_service_is_applied_and_an_unknown_one_is_named(t):
    init, _ = boot(t, {"a.service": unit("User=www\nExecStart=/bin/sh -c 'id -u; id -g; exec payload sleep-forever'"),
                       "b.service": unit("User=nosuchuser\nExecStart=/bin/true")})
    init.out.expect("33$")
    init.out.expect("33$")
    failed = init.wait_for_unit_state("b.service", "failed")
    assert failed["ExecMainStatus"] == "217", failed
    assert "nosuchuser" in "\n".join(init.log("b.service"))


@test(needs=[root])
def orphans_of_a_service_are_reaped(t):
    init, _ = boot(t, {"a.service": unit("ExecStart=/bin/payload orphans 300 say done sleep-forever")})
    init.out.expect("done$", deadline=20)
    wait_for(lambda: len(children(init.pid())) == 1, "the orphans to be reaped")


# Bad unit files

@test(needs=[root])
def cyclic_units_are_reported_and_the_others_boot(t):
    init, _ = boot(t, {
        "a.service": unit("ExecStart=/bin/payload sleep-forever", "After=b.service"),
        "b.service": unit("ExecStart=/bin/payload sleep-forever", "After=a.service"),
        "good.service": STAYS,
    })
    init.wait_for_unit_state("good.service", "active", "running")
    assert is_alive(init)
    assert any("cycle" in line for line in init.out.text().splitlines() + init.err.text().splitlines() + init.log())
    assert stop(init) == 0


@test(needs=[root])
def unit_with_a_missing_requirement_does_not_start_and_says_which(t):
    init, _ = boot(t, {
        "a.service": unit("ExecStart=/bin/payload sleep-forever", "Requires=nowhere.service\nAfter=nowhere.service"),
        "b.service": unit("ExecStart=/bin/payload sleep-forever", "Wants=nowhere.service\nAfter=nowhere.service"),
        "good.service": STAYS,
    })
    init.wait_for_unit_state("b.service", "active", "running")
    assert init.unit("a.service")["ActiveState"] == "inactive"
    _, result = init.call("start", "a.service")
    assert result["Result"] != "done" and "nowhere.service" in result.get("Message", ""), result
    assert is_alive(init)


@test(needs=[root])
def start_of_a_unit_that_does_not_exist_is_refused_by_name(t):
    init, _ = boot(t, {"good.service": STAYS})
    init.wait_for_unit_state("good.service", "active", "running")
    _, result = init.call("start", "nowhere.service")
    assert result["Result"] == "no-such-unit" and "nowhere.service" in result["Message"], result
    assert is_alive(init)


@test(needs=[root])
def unit_files_of_random_bytes_harm_only_themselves(t):
    rng = random.Random(20)
    noise = {f"noise{n}.service": rng.randbytes(rng.choice((1, 100, 5000, 100000))) for n in range(20)}
    mixed = {f"mixed{n}.service": b"[Service]\nExecStart=" + rng.randbytes(300) + b"\n" for n in range(20)}
    wants = "Wants=" + " ".join([*noise, *mixed])
    init, _ = boot(t, {**noise, **mixed, "good.service": unit("ExecStart=/bin/payload sleep-forever", wants)})
    init.wait_for_unit_state("good.service", "active", "running")
    assert is_alive(init)
    assert stop(init) == 0


@test(needs=[root])
def error_in_a_unit_file_is_told_with_file_and_line(t):
    init, _ = boot(t, {"a.service": unit("ExecStart=not/absolute"), "good.service": STAYS})
    init.wait_for_unit_state("good.service", "active", "running")
    record = init.unit("a.service")
    assert record["LoadState"] == "bad-setting", record
    _, result = init.call("start", "a.service")
    assert "/etc/systemd/system/a.service:4" in result["Message"], result


@test(needs=[root])
def error_of_a_whole_unit_file_is_told_without_a_line(t):
    init, _ = boot(t, {"good.service": STAYS, "empty.service": "[Service]\nType=simple\n" + WANTED})
    init.out.expect(r"/etc/systemd/system/empty\.service: the service has neither")


# Other names

@test(needs=[root])
def what_was_written_for_the_old_name_of_a_service_counts(t):
    """mysql.service is mariadb.service by now, and whoever starts it: the drop-in of mysql.service.d is in force."""
    base = boot_root(t.dir / "root", {
        "mariadb.service": unit("ExecStart=/bin/sh -c 'echo data in $DATA; exec payload sleep-forever'"),
        "mysql.service.d/data.conf": "[Service]\nEnvironment=DATA=/srv/mysql\n",
        "backup.service": "[Service]\nExecStart=/bin/payload sleep-forever\n",
        "good.service": STAYS,
    })
    config = base / UNIT_DIRECTORY
    (config / "mysql.service.wants").mkdir()
    os.symlink("../backup.service", config / "mysql.service.wants/backup.service")
    os.symlink("/usr/lib/systemd/system/mariadb.service", config / "mysqld.service")
    (base / "usr/lib/systemd/system").mkdir(parents=True)
    os.symlink("mariadb.service", base / "usr/lib/systemd/system/mysql.service")
    init = Pid1(t, "--boot", root=base)
    init.out.expect("data in /srv/mysql")
    init.wait_for_unit_state("backup.service", "active", "running")
    record = init.unit("mariadb.service")
    assert set(record["Names"].split()) == {"mariadb.service", "mysql.service", "mysqld.service"}, record
    assert record["DropInPaths"] == "/etc/systemd/system/mysql.service.d/data.conf", record
    assert init.unit("mysqld.service")["MainPID"] == record["MainPID"]


@test(needs=[root])
def link_that_can_be_no_name_of_a_unit_is_told_with_its_path(t):
    base = boot_root(t.dir / "root", {"good.service": STAYS, "a.target": "[Unit]\nDescription=x\n",
                                      "b.service": unit("ExecStart=/bin/payload sleep-forever", "Wants=c.service")})
    os.symlink("a.target", base / UNIT_DIRECTORY / "c.service")
    (base / UNIT_DIRECTORY / "b.service.wants").mkdir()
    (base / UNIT_DIRECTORY / "b.service.wants/good.service").write_text(STAYS)
    init = Pid1(t, "--boot", root=base)
    init.out.expect(r"/etc/systemd/system/b\.service\.wants/good\.service: ignored: not a symbolic link")
    init.out.expect(r"/etc/systemd/system/c\.service: ignored: a symbolic link to a\.target")
    init.wait_for_unit_state("b.service", "active", "running")


# The control socket

def _garbage(rng, n):
    """What client number n sends: nothing, noise, words without an end, too many, too long, half verbs."""
    return [b"", rng.randbytes(rng.randrange(1, 4000)), b"status", b"\0" * 500, b"start\0" + b"x" * 60000 + b"\0",
            b"a\0" * 1500, b"--lines=-99999999999999999999\0logs\0", b"kill\0\0\0", b"start\0../../etc/passwd\0",
            b"exit\0nan\0"][n % 10]


@test(needs=[root])
def garbage_on_the_control_socket_does_not_end_pid_1(t):
    init, _ = boot(t, {"good.service": STAYS})
    init.wait_for_unit_state("good.service", "active", "running")
    rng = random.Random(200)
    clients = []
    t.defer(lambda: [client.close() for client in clients])
    for n in range(GARBAGE_CLIENTS):
        client = control_connect(init.control)
        clients.append(client)
        try:
            client.setblocking(False)
            client.send(_garbage(rng, n))
        except (BrokenPipeError, ConnectionResetError, BlockingIOError):
            pass  # PID 1 may turn them away
        if n % 3 == 0:
            clients.pop().close()
    assert init.unit("good.service")["ActiveState"] == "active", "those that stay hold up the others"
    while clients:
        clients.pop().close()
    assert is_alive(init)
    assert stop(init) == 0


@test(needs=[root])
def client_that_never_reads_holds_up_nobody(t):
    noisy = "ExecStart=/bin/sh -c 'while :; do echo a line of some length that fills every buffer; done'"
    init, _ = boot(t, {"noisy.service": unit(noisy), "good.service": STAYS})
    init.wait_for_unit_state("good.service", "active", "running")
    follower = control_connect(init.control)
    t.defer(follower.close)
    follower.send(b"--follow\0logs\0noisy.service\0")
    for _ in range(20):
        init.out.fill_now()
        assert init.unit("good.service")["ActiveState"] == "active"
    init.done("stop", "noisy.service")


@test(needs=[root])
def stranger_may_look_but_not_touch(t):
    init, base = boot(t, {"good.service": STAYS})
    init.wait_for_unit_state("good.service", "active", "running")

    def as_nobody(*words):
        return init.run_inside("su", "-s", "/bin/sh", "nobody", "-c", "exec " + " ".join(words))
    assert as_nobody("berthctl", "is-active", "good.service").status == 0
    refused = as_nobody("berthctl", "stop", "good.service")
    assert refused.status != 0 and refused.err.strip(), repr(refused)
    assert init.unit("good.service")["ActiveState"] == "active"


# berthctl inside

@test(needs=[root])
def berthctl_starts_stops_restarts_and_shows(t):
    init, _ = boot(t, {"good.service": STAYS, "other.service": "[Service]\nExecStart=/bin/payload say hello sleep-forever\n"})
    init.wait_for_unit_state("good.service", "active", "running")

    def berthctl(*words, status=0):
        result = init.run_inside("berthctl", *words)
        assert result.status == status, repr(result)
        return result.out
    assert "good.service" in berthctl("status")
    assert "good.service" in berthctl("list-units")
    assert berthctl("is-active", "other.service", status=3).strip() == "inactive"
    berthctl("start", "other")
    assert berthctl("is-active", "other.service").strip() == "active"
    wait_for(lambda: "hello" in berthctl("logs", "other.service"), "the service's line")
    pid = init.unit("other.service")["MainPID"]
    berthctl("restart", "other.service")
    assert init.unit("other.service")["MainPID"] != pid
    berthctl("stop", "other.service")
    berthctl("is-active", "other.service", status=3)
    result = init.run_inside("berthctl", "start", "nowhere.service")
    assert result.status in (4, 5) and "nowhere.service" in result.err, repr(result)


@test(needs=[root])
def berthctl_without_a_pid_1_to_talk_to_says_so(t):
    base = boot_root(t.dir / "root", {})
    result = Pid1(t, "--", "/bin/berthctl", "status", root=base).finish()
    assert result.status not in (0, 126, 127) and "/run/berth/control" in result.err, repr(result)
    assert len(result.err.splitlines()) == 1, repr(result)


# Without root

@test(needs=[root])
def ordinary_user_boots_services(t):
    base = boot_root(t.dir / "root", {"good.service": STAYS})
    runtime = base / "run/berth"
    runtime.mkdir()
    os.chown(runtime, NOBODY, NOBODY)
    words = ["-s", "/bin/sh", "nobody", "-c", "exec /sbin/berth-init --boot"]
    init = Pid1(t, *words, root=base, init="/bin/su")
    init.wait_for_unit_state("good.service", "active", "running")
    assert os.stat(f"/proc/{children(init.process.pid)[0]}").st_uid == NOBODY


DIVIDE = r"group=/sys/fs/cgroup$$(sed -n s/0:://p /proc/self/cgroup); mkdir $$group/inner $${group%%/main}/other && echo divided"


@test(needs=[root])
def delegated_group_is_that_of_a_dynamic_user_and_its_subgroup_has_the_main_process(t):
    delegated = "Delegate=yes\nDelegateSubgroup=main\n"
    base = boot_root(t.dir / "root", {
        "dynamic.service": unit(f"{delegated}DynamicUser=yes\nExecStart=/bin/sh -c '{DIVIDE}; payload sleep-forever'"),
        "forks.service": unit(f"{delegated}Type=forking\nExecStart=/bin/sh -c 'payload sleep-forever & echo $! >/pid'"),
    })
    container = Container(t, base, options=["--boot"])
    container.wait_for_unit_state("dynamic.service", "active", "running")
    if "ControlGroup" not in container.unit("dynamic.service"):
        raise Skip("no control groups are delegated here")
    wait_for(lambda: container.log("dynamic.service")[1:], "the service to divide its group")
    assert "divided" in container.log("dynamic.service"), container.log()
    record = container.wait_for_unit_state("forks.service", "active", "running")
    assert record["MainPID"] == container.exec("cat", "/pid").strip(), record
    container.stop()
