"""daemon-reexec: PID 1 becomes another berth-init, and services, clients and logs notice nothing of it."""

import contextlib
import fcntl
import os
import pathlib
import re
import shutil
import signal

from container import SUBREAPER, USER, USER_PID1, Container, Pid1
from harness import Skip, root, test, wait_for
from host import children, process_stat
from process import Process
from root import BERTH_INIT, NOBODY, PAYLOAD, SPOIL, UNIT_DIRECTORY, boot_root, copied, write_files

WANTED = "\n[Install]\nWantedBy=multi-user.target\n"
STAYS = "[Service]\nExecStart=/bin/payload sleep-forever\n" + WANTED
CHANGING = {"NowMonotonic", "MemoryCurrent", "MemoryPeak", "CPUUsageNSec", "TasksCurrent", "IOReadBytes", "IOWriteBytes"}
ALL_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
MANY = 200


def unit(service, head=""):
    return f"[Unit]\n{head}\n[Service]\n{service}\n{WANTED}"


def shell(script, more=""):
    return unit(f"ExecStart=/bin/sh -c '{script}'\n{more}")


def boot(t, units, *words, **options):
    base = boot_root(t.dir / "root", {"good.service": STAYS, **units})
    init = Pid1(t, "--boot", *words, root=base, **options)
    init.wait_for_unit_state("good.service", "active", "running")
    return init, base


def reexec(init, *words):
    init.done("daemon-reexec", *words)


def refused(init, *words):
    """The reason."""
    _, result = init.call("daemon-reexec", *words)
    assert (result["Result"], result["ExitStatus"]) == ("failed", "1"), result
    return result["Message"]


def seen(init):
    """All that `show` says of all units, but for what changes by itself."""
    names = [record["Id"] for record in init.done("list-units")]
    return {name: {key: value for key, value in init.unit(name).items() if key not in CHANGING} for name in names}


def program(init):
    """Device and inode of what PID 1 executes."""
    info = os.stat(f"/proc/{init.pid()}/exe")
    return info.st_dev, info.st_ino


def open_files(init):
    """What it has open; what it closes meanwhile is left out."""
    found = {}
    for fd in (pathlib.Path("/proc") / str(init.pid()) / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found[int(fd.name)] = os.readlink(fd)
    return found


def memory(init):
    """KiB of PID 1 that are its own."""
    with open(f"/proc/{init.pid()}/smaps_rollup") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith(("Private_Dirty", "Private_Clean")))


# Services notice nothing

@test(needs=[root])
def services_keep_their_processes_and_show_says_the_same(t):
    init, _ = boot(t, {
        "web.service": unit(r"Type=notify" "\n" r"ExecStart=/bin/payload notify READY=1\nSTATUS=serving sleep-forever"),
        "once.service": unit("Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true"),
        "fails.service": unit("Type=oneshot\nExecStart=/bin/sh -c 'exit 7'"),
        "absent.service": unit("Type=exec\nExecStart=/no/such/program"),
        "named.service": "[Service]\nExecStart=/bin/payload sleep-forever\n[Install]\nAlias=other.service\n" + WANTED,
    })
    init.wait_for_unit_state("web.service", "active", "running")
    init.wait_for_unit_state("fails.service", "failed")
    init.wait_for_unit_state("absent.service", "failed")
    before, processes = seen(init), sorted(children(init.pid()))
    for _ in range(3):
        reexec(init)
        assert seen(init) == before
        assert sorted(children(init.pid())) == processes
    assert before["web.service"]["StatusText"] == "serving"


@test(needs=[root])
def service_goes_on_whose_name_has_become_that_of_another(t):
    init, base = boot(t, {"a.service": STAYS, "b.service": STAYS, "c.service.d/x.conf": "[Service]\nNice=3\n"})
    init.wait_for_unit_state("a.service", "active", "running")
    init.wait_for_unit_state("b.service", "active", "running")
    pids = [init.unit(name)["MainPID"] for name in ("a.service", "b.service")]
    config = base / UNIT_DIRECTORY
    os.unlink(config / "b.service")
    for name in ("b.service", "c.service"):
        os.symlink("a.service", config / name)
    for _ in range(2):
        reexec(init)
        assert [init.unit(name)["MainPID"] for name in ("a.service", "b.service")] == pids
        assert set(init.unit("a.service")["Names"].split()) == {"a.service", "c.service"}
    init.done("stop", "b.service")
    init.done("daemon-reload")
    assert set(init.unit("a.service")["Names"].split()) == {"a.service", "b.service", "c.service"}
    assert init.unit("b.service")["MainPID"] == pids[0]


@test(needs=[root])
def what_pid_1_is_stays_the_same(t):
    init, _ = boot(t, {}, "--stop-timeout=7s", env={**os.environ, "PATH": "/bin:/sbin", "GIVEN": "by the container"})
    process = f"/proc/{init.pid()}"

    def identity():
        with open(f"{process}/status") as file:
            kept = ("Name", "Uid", "Gid", "Groups", "SigBlk", "SigIgn", "CapEff", "CapBnd", "CapPrm", "NoNewPrivs", "Umask")
            status = [line for line in file if line.startswith(kept)]
        texts = []
        for name in ("cmdline", "limits", "oom_score_adj"):
            with open(f"{process}/{name}") as file:
                texts.append(file.read())
        return status, texts, os.readlink(f"{process}/cwd"), os.readlink(f"{process}/root"), process_stat(init.pid())[1:4]
    before = identity()
    environment = init.done("show-environment")
    init.done("set-environment", "LATER=on")
    reexec(init)
    reexec(init)
    assert identity() == before
    assert {tuple(record.items()) for record in init.done("show-environment")} > {tuple(record.items()) for record in environment}
    init.done("restart", "good.service")
    with open(f"/proc/{children(init.pid())[0]}/environ") as file:
        variables = file.read().split("\0")
    assert "GIVEN=by the container" in variables and "LATER=on" in variables, variables
    assert not [variable for variable in variables if "HANDOVER" in variable]


@test(needs=[root])
def not_a_line_is_lost_nor_said_twice(t):
    init, _ = boot(t, {"counts.service": shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo n$i; done; echo end; exec payload sleep-forever")})
    for _ in range(30):
        reexec(init)
        init.out.fill_now()
    init.out.expect("counts: end$", deadline=20)
    numbers = [int(n) for n in re.findall(r"(?m)^counts: n(\d+)$", init.out.text())]
    assert numbers == list(range(1, 20001)), "a line is missing, or there twice"
    kept = [line for line in init.log("counts.service") if re.fullmatch(r"n\d+", line)]
    assert kept and kept == [f"n{n}" for n in range(20001 - len(kept), 20001)], kept[:3]


@test(needs=[root])
def unfinished_line_is_finished_by_the_next_pid_1(t):
    init, base = boot(t, {"slow.service": shell("printf \"first half, \"; touch /begun; payload wait-file /go; echo second half; exec payload sleep-forever")})
    wait_for((base / "begun").exists, "the first half")
    init.done("logs", "slow.service")  # PID 1 has had a turn since
    reexec(init)
    write_files(base, {"go": ""})
    init.out.expect("slow: first half, second half$")


@test(needs=[root])
def lines_of_before_are_still_told(t):
    init, _ = boot(t, {"talks.service": shell("echo one; echo \"two\\\\ \\001\"; exec payload sleep-forever", "SyslogIdentifier=other")})
    wait_for(lambda: len(init.log("talks.service")) >= 3, "the lines")
    records = [{**record} for record in init.done("--lines=100", "logs", "talks.service")]
    reexec(init)
    assert init.done("--lines=100", "logs", "talks.service")[:len(records)] == records


@test(needs=[root])
def crashed_service_comes_back_and_its_limit_of_starts_is_remembered(t):
    init, _ = boot(t, {"a.service": unit("Restart=always\nRestartSec=20ms\nExecStart=/bin/payload sleep-forever",
                                         "StartLimitBurst=3\nStartLimitIntervalSec=60")})
    for n in range(3):
        reexec(init)
        pid = init.wait_for_unit_state("a.service", "active", "running")["MainPID"]
        assert init.run_inside("kill", "-9", pid).status == 0
        if n < 2:
            wait_for(lambda: init.unit("a.service")["NRestarts"] == str(n + 1), "the restart")
    record = init.wait_for_unit_state("a.service", "failed")
    assert (record["Result"], record["NRestarts"]) == ("signal", "3"), record


@test(needs=[root])
def restart_that_waits_for_its_time_comes_at_its_time(t):
    init, _ = boot(t, {"a.service": unit("Restart=always\nRestartSec=1500ms\nExecStart=/bin/payload sleep-forever")})
    pid = init.wait_for_unit_state("a.service", "active", "running")["MainPID"]
    assert init.run_inside("kill", "-9", pid).status == 0
    init.wait_for_unit_state("a.service", "activating", "auto-restart")
    reexec(init)
    waiting = init.wait_for_unit_state("a.service", "activating", "auto-restart")
    after = init.wait_for_unit_state("a.service", "active", "running")
    waited = int(after["ActiveEnterTimestampMonotonic"]) - int(waiting["StateChangeTimestampMonotonic"])
    assert 1_500_000 <= waited < 2_500_000, waited


@test(needs=[root])
def stop_that_has_begun_ends_at_its_timeout(t):
    init, _ = boot(t, {"deaf.service": unit("TimeoutStopSec=1s\nExecStart=/bin/payload ignore-term say deaf sleep-forever")})
    init.out.expect("deaf$")
    init.done("--no-block", "stop", "deaf.service")
    begun = init.wait_for_unit_state("deaf.service", "deactivating", "stop-sigterm")
    reexec(init)
    assert init.unit("deaf.service")["SubState"] == "stop-sigterm"
    ended = init.wait_for_unit_state("deaf.service", "failed")
    assert ended["Result"] == "timeout", ended
    took = int(ended["InactiveEnterTimestampMonotonic"]) - int(begun["StateChangeTimestampMonotonic"])
    assert 1_000_000 <= took < 2_000_000, took


@test(needs=[root])
def start_that_has_begun_ends_with_its_readiness(t):
    init, base = boot(t, {
        "slow.service": unit("Type=notify\nExecStart=/bin/payload wait-file /go notify READY=1 sleep-forever"),
        "needs-it.service": unit("ExecStart=/bin/payload sleep-forever", "Requires=slow.service\nAfter=slow.service"),
    })
    init.wait_for_unit_state("slow.service", "activating", "start")
    reexec(init)
    jobs = {record["Unit"]: record["JobType"] for record in init.done("list-jobs")}
    assert jobs["slow.service"] == jobs["needs-it.service"] == "start", jobs
    write_files(base, {"go": ""})
    init.wait_for_unit_state("needs-it.service", "active", "running")
    assert init.done("is-system-running")[0]["SystemState"] == "running"


@test(needs=[root])
def commands_of_a_phase_go_on_with_the_next_one(t):
    init, base = boot(t, {"steps.service": unit(
        "Type=oneshot\nRemainAfterExit=yes\nExecStartPre=/bin/payload wait-file /one\nExecStartPre=/bin/touch /two\n"
        "ExecStart=/bin/payload wait-file /three\nExecStart=/bin/touch /four")})
    init.wait_for_unit_state("steps.service", "activating", "start-pre")
    reexec(init)
    write_files(base, {"one": ""})
    init.wait_for_unit_state("steps.service", "activating", "start")
    assert (base / "two").exists()
    reexec(init)
    write_files(base, {"three": ""})
    init.wait_for_unit_state("steps.service", "active", "exited")
    assert (base / "four").exists()


@test(needs=[root])
def watchdog_of_a_service_goes_on(t):
    barks = "notify WATCHDOG=1 sleep-for 100 " * MANY
    init, _ = boot(t, {"hangs.service": unit(
        "Type=notify\nWatchdogSec=1s\nExecStart=/bin/payload notify READY=1 sleep-forever"),
        "barks.service": unit(f"Type=notify\nWatchdogSec=2s\nExecStart=/bin/payload notify READY=1 {barks} sleep-forever")})
    init.wait_for_unit_state("barks.service", "active", "running")
    init.wait_for_unit_state("hangs.service", "active", "running")
    reexec(init)
    assert init.wait_for_unit_state("hangs.service", "failed")["Result"] == "watchdog"
    assert init.unit("barks.service")["ActiveState"] == "active"


@test(needs=[root])
def notification_that_is_sent_meanwhile_is_heard(t):
    words = " ".join(f"notify STATUS={n} sleep-for 2" for n in range(MANY))
    init, _ = boot(t, {"says.service": unit(
        f"Type=notify\nExecStart=/bin/payload notify READY=1 {words} notify STATUS=last sleep-forever")})
    while init.unit("says.service").get("StatusText") != "last":
        reexec(init)


@test(needs=[root])
def stored_descriptors_are_kept(t):
    init, _ = boot(t, {"keeps.service": unit(
        "Type=notify\nFileDescriptorStoreMax=3\nFileDescriptorStorePreserve=restart\n"
        "ExecStart=/bin/payload say-stored store treasure notify READY=1 sleep-forever")})
    init.out.expect("stored: nothing")
    init.wait_for_unit_state("keeps.service", "active", "running")
    wait_for(lambda: init.unit("keeps.service")["NFileDescriptorStore"] == "1", "the descriptor")
    reexec(init)
    assert init.unit("keeps.service")["NFileDescriptorStore"] == "1"
    init.done("restart", "keeps.service")
    init.out.expect("stored: kept treasure$")


@test(needs=[root])
def ends_of_many_children_are_all_heard(t):
    names = [f"once{n}.service" for n in range(20)]
    # Bounded: what is re-executed without a pause may reap slower than these die, and pids are the whole machine's.
    script = "for turn in $(seq 150); do payload orphans 20 sleep-for 5; done"
    init, _ = boot(t, {"storm.service": shell(script),
                       **{name: unit(f"Type=oneshot\nExecStart=/bin/sh -c 'sleep 0.{n:02}; exit {n + 1}'")
                          for n, name in enumerate(names)}})
    while any(init.unit(name)["ActiveState"] == "activating" for name in names):
        reexec(init)
    for n, name in enumerate(names):
        record = init.unit(name)
        assert (record["Result"], record["ExecMainStatus"]) == ("exit-code", str(n + 1)), record
    init.done("stop", "storm.service")
    wait_for(lambda: len(children(init.pid())) == 1, "the orphans to be reaped")
    assert any("orphaned" in line for line in init.log("storm.service"))


@test(needs=[root])
def order_to_stop_afterwards_stops_everything_in_order(t):
    init, base = boot(t, {"a.service": unit("ExecStart=/bin/payload sleep-forever\nExecStop=/bin/sh -c 'echo a >> /order'", "After=b.service"),
                          "b.service": unit("ExecStart=/bin/payload sleep-forever\nExecStop=/bin/sh -c 'echo b >> /order'")})
    init.wait_for_unit_state("a.service", "active", "running")
    reexec(init)
    init.signal(signal.SIGTERM)
    assert init.wait() == 0
    assert (base / "order").read_text() == "a\nb\n"


@test(needs=[root])
def command_of_the_container_still_ends_it_with_its_code(t):
    base = boot_root(t.dir / "root", {"good.service": STAYS})
    init = Pid1(t, "--boot", "--", "/bin/sh", "-c", "echo ready; read word; exit $word", root=base)
    init.out.expect("^ready$")
    reexec(init)
    assert init.unit("command.service")["ActiveState"] == "active"
    init.process.write("42\n")
    assert init.wait() == 42


@test(needs=[root], timeout=60)
def many_in_a_row_leak_nothing(t):
    init, _ = boot(t, {"web.service": shell("echo hello; exec payload sleep-forever"),
                       "keeps.service": unit("Type=notify\nFileDescriptorStoreMax=3\n"
                                             "ExecStart=/bin/payload store treasure notify READY=1 sleep-forever")})
    init.wait_for_unit_state("keeps.service", "active", "running")
    for _ in range(3):
        reexec(init)
    descriptors, before, processes = open_files(init), memory(init), sorted(children(init.pid()))
    for _ in range(MANY):
        reexec(init)
        init.out.fill_now()
    wait_for(lambda: len(open_files(init)) == len(descriptors), f"as many descriptors as before: {descriptors}")
    assert memory(init) <= before + 64, f"{before} KiB before, {memory(init)} KiB after"
    assert sorted(children(init.pid())) == processes


# Which program

@test(needs=[root])
def another_file_becomes_pid_1_and_stays_the_default(t):
    init, base = boot(t, {})
    (base / "opt").mkdir()
    shutil.copy(BERTH_INIT, base / "opt/new-init")
    before = program(init)
    reexec(init, "/opt/new-init")
    after = program(init)
    assert after != before and os.readlink(f"/proc/{init.pid()}/exe").endswith("/opt/new-init")
    reexec(init)
    assert program(init) == after


@test(needs=[root])
def upgrade_of_its_file_is_what_becomes_pid_1(t):
    init, base = boot(t, {})
    before = program(init)
    shutil.copy(BERTH_INIT, base / "sbin/berth-init.new")
    os.rename(base / "sbin/berth-init.new", base / "sbin/berth-init")
    reexec(init)
    assert program(init) != before and not os.readlink(f"/proc/{init.pid()}/exe").endswith("(deleted)")


@test(needs=[root])
def program_whose_file_is_gone_is_executed_again(t):
    init, base = boot(t, {})
    os.unlink(base / "sbin/berth-init")
    reexec(init)
    reexec(init)
    assert init.unit("good.service")["ActiveState"] == "active"


@test(needs=[root], each=["missing", "directory", "text", "not executable", "another program", "silent", "relative", "talkative"])
def what_cannot_take_over_does_not_become_pid_1(t, kind):
    init, base = boot(t, {})
    files = {"text": ("no program at all", 0o755), "not executable": (BERTH_INIT.read_bytes(), 0o644),
             "talkative": ("#!/bin/sh\nwhile :; do echo berth-init handover; done", 0o755)}
    path = {"directory": "/etc", "another program": "/bin/busybox", "silent": "/bin/true", "relative": "sbin/berth-init"}.get(kind, "/file")
    if kind in files:
        content, mode = files[kind]
        write_files(base, {"file": content})
        (base / "file").chmod(mode)
    before, processes = program(init), children(init.pid())
    why = refused(init, path)
    assert path in why and "\n" not in why, why
    assert program(init) == before
    wait_for(lambda: children(init.pid()) == processes, "the one that was asked to be gone")
    pid = init.unit("good.service")["MainPID"]
    reexec(init)
    assert init.unit("good.service")["MainPID"] == pid


@test(needs=[root])
def systemctl_knows_the_verb(t):
    init, base = boot(t, {})
    os.symlink("/sbin/berth-init", base / "bin/systemctl")
    assert init.run_inside("systemctl", "daemon-reexec").status == 0
    failed = init.run_inside("berthctl", "daemon-reexec", "/nowhere")
    assert failed.status == 1 and failed.err.count("\n") == 1 and "/nowhere" in failed.err, repr(failed)
    denied = init.run_inside("su", "-s", "/bin/sh", "nobody", "-c", "exec berthctl daemon-reexec")
    assert denied.status == 4, repr(denied)


@test(needs=[root])
def at_the_end_of_the_container_pid_1_stays_what_it_is(t):
    init, _ = boot(t, {"deaf.service": unit("TimeoutStopSec=1s\nExecStart=/bin/payload ignore-term say deaf sleep-forever")})
    init.out.expect("deaf$")
    init.signal(signal.SIGTERM)
    init.wait_for_unit_state("deaf.service", "deactivating", "stop-sigterm")
    assert "ending" in refused(init)
    assert init.wait() == 0


# What is handed over by somebody else

def handed(t, base, text, seals=ALL_SEALS):
    """PID 1 that is told of a memfd with this text."""
    fd = os.memfd_create("handover", os.MFD_ALLOW_SEALING)
    os.write(fd, text)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    os.set_inheritable(fd, True)
    init = Pid1(t, "--boot", root=base, pass_fds=[fd], env={"PATH": "/bin:/sbin", "BERTH_HANDOVER_FD": str(fd)})
    os.close(fd)
    init.wait_for_unit_state("good.service", "active", "running")
    return init


@test(needs=[root])
def garbage_that_was_handed_over_is_told_and_the_services_start(t):
    base = boot_root(t.dir / "root", {"good.service": STAYS})
    init = handed(t, base, os.urandom(5000))
    init.out.expect("handed over cannot be read")
    reexec(init)
    assert init.unit("good.service")["ActiveState"] == "active"


def with_spoil(base, how):
    shutil.copy(SPOIL, base / "spoil")
    (base / "how").write_text(how)


@test(needs=[root], each=["cut", *(f"noise {n}" for n in range(1, 9))], timeout=60)
def pid_1_lives_on_whatever_it_is_handed_over(t, how):
    init, base = boot(t, {"a.service": STAYS, "says.service": shell("echo something; exec payload sleep-forever"),
                          "b.service": unit("Type=notify\nWatchdogSec=1h\nExecStart=/bin/payload notify READY=1 sleep-forever")})
    init.wait_for_unit_state("b.service", "active", "running")
    with_spoil(base, how)
    client = Process(t, ["nsenter", f"--target={init.pid()}", "--pid", "--mount", "--root", "--wd=/", "--",
                         "berthctl", "daemon-reexec", "/spoil"])
    init.out.expect("goes on as")
    ended = client.finish()
    assert ended.status == 0, f"it may have been forgotten, and asks anew: {ended}"
    write_files(base, {f"{UNIT_DIRECTORY}/new.service": "[Service]\nExecStart=/bin/payload sleep-forever\n"})
    init.done("daemon-reload")
    init.done("start", "new.service")
    init.done("stop", "new.service")
    reexec(init)
    init.signal(signal.SIGTERM)
    assert init.wait() == 0


@test(needs=[root], timeout=60)
def services_are_known_by_their_control_groups_when_nothing_can_be_read(t):
    base = boot_root(t.dir / "root", {"good.service": STAYS, "other.service": unit("Slice=a-b.slice\nExecStart=/bin/payload sleep-forever")})
    with_spoil(base, "header")
    container = Container(t, base, options=["--boot"])
    container.wait_for_unit_state("other.service", "active", "running")
    if container.call("status")[0][0]["Tracking"] != "control groups":
        raise Skip("no control groups are delegated here")
    names = ("good.service", "other.service")
    before = {name: container.unit(name)["MainPID"] for name in names}
    container.berth("exec", "berthctl", "daemon-reexec", "/spoil")
    container.out.expect("cannot be read; 2 running services")

    def show(name, key):
        return container.exec("berthctl", "show", "--value", "-p", key, name).strip()
    wait_for(lambda: container.berth("exec", "berthctl", "is-active", "good.service").status == 0, "PID 1 to be asked")
    assert {name: show(name, "MainPID") for name in names} == before
    container.exec("berthctl", "restart", "other.service")
    assert show("other.service", "MainPID") != before["other.service"]
    container.berth("exec", "berthctl", "exit", "5")
    assert container.wait() == 5


@test(needs=[root])
def what_is_not_sealed_is_not_believed(t):
    base = boot_root(t.dir / "root", {"good.service": STAYS})
    text = b"berth-handover 1\n[unit good.service]\nSubState=failed\n"
    init = handed(t, base, text, fcntl.F_SEAL_WRITE)
    assert init.unit("good.service")["MainPID"] != "0"
    assert not any("goes on" in line for line in init.log())


# Everywhere

@test(needs=[root], each=[SUBREAPER, USER, USER_PID1])
def also_when_it_is_no_pid_1_or_not_root(t, way):
    runtime, units = t.dir / "run", t.dir / "units"
    units.mkdir()
    runtime.mkdir()
    os.chown(runtime, NOBODY, NOBODY)
    (units / "good.service").write_text(f"[Unit]\nDefaultDependencies=no\n[Service]\nExecStart={copied(t, PAYLOAD)} sleep-forever\n")
    init = Pid1(t, "--boot", f"--unit-path={units}", "--target=good.service", way=way,
                env={"PATH": "/bin:/usr/bin", "BERTH_RUNTIME_DIR": str(runtime)})
    # As root it has the place that every container has.
    init.control = "/run/berth/control" if way == SUBREAPER else str(runtime / "control")
    before = init.wait_for_unit_state("good.service", "active", "running")
    for _ in range(3):
        reexec(init)
    assert init.unit("good.service")["MainPID"] == before["MainPID"]
    init.done("exit", "3")
    assert init.wait() == 3
    if way == SUBREAPER:
        os.unlink(init.control)  # the next one would replace it


@test(needs=[root], timeout=60)
def also_in_a_container_of_berth_run_with_control_groups(t):
    base = boot_root(t.dir / "root", {"good.service": STAYS, "limited.service": unit("MemoryMax=64M\nExecStart=/bin/payload sleep-forever")})
    container = Container(t, base, options=["--boot", "--read-only"])
    container.wait_for_unit_state("limited.service", "active", "running")
    tracking = container.call("status")[0][0]["Tracking"]
    before = seen(container)
    for _ in range(3):
        container.exec("berthctl", "daemon-reexec")
        assert container.call("status")[0][0]["Tracking"] == tracking
        assert seen(container) == before
    container.exec("berthctl", "restart", "limited.service")
    container.wait_for_unit_state("limited.service", "active", "running")
    container.exec("berthctl", "kill", "--signal=KILL", "good.service")
    container.wait_for_unit_state("good.service", "failed")
    container.stop()
