"""How a boot ends: on order, by itself, in time; and what PID 1 needs from where it runs."""

import signal

from container import Pid1
from harness import root, test
from process import run
from root import BERTH_INIT, boot_root, write_files

WANTED = "\n[Install]\nWantedBy=multi-user.target\n"
NOTES_ITS_STOP = "[Service]\nExecStart=/bin/payload sleep-forever\nExecStop=/bin/touch /stopped\n" + WANTED
DEAF = "[Service]\nTimeoutStopSec=1h\nExecStart=/bin/payload ignore-term say deaf sleep-forever\n" + WANTED
REBOOT = 133


def service(command, head=""):
    return f"[Unit]\n{head}\n[Service]\nExecStart={command}\n{WANTED}"


def boot(t, units, *words, **options):
    base = boot_root(t.dir / "root", units)
    return Pid1(t, "--boot", *words, root=base, **options), base


# Who ends it, and with which status

@test(needs=[root], each=["SIGINT", "SIGRTMIN+5", "SIGRTMIN+6", "berthctl"])
def order_to_reboot_stops_in_order_and_asks_to_be_started_again(t, way):
    init, base = boot(t, {"a.service": NOTES_ITS_STOP})
    init.wait_for_unit_state("a.service", "active", "running")
    if way == "berthctl":
        assert init.run_inside("/bin/berthctl", "reboot").status == 0
    else:
        name, _, more = way.partition("+")
        init.signal(getattr(signal, name) + int(more or 0))
    assert init.wait() == REBOOT
    assert (base / "stopped").exists()


@test(needs=[root], each=[(13, 0), (14, 0), (15, REBOOT)])
def order_to_end_at_once_waits_for_nobody(t, order):
    number, status = order
    init, base = boot(t, {"a.service": NOTES_ITS_STOP, "deaf.service": DEAF})
    init.out.expect("deaf$")
    init.wait_for_unit_state("a.service", "active", "running")
    init.signal(signal.SIGRTMIN + number)
    assert init.wait() == status
    assert not (base / "stopped").exists()


@test(needs=[root])
def container_ends_when_its_last_service_has_ended(t):
    init, base = boot(t, {"short.service": service("/bin/true"),
                          "long.service": service("/bin/payload wait-file /go exit 0")}, "--exit-when-idle")
    init.wait_for_unit_state("long.service", "active", "running")
    init.wait_for_unit_state("short.service", "inactive", "dead")
    assert init.process.is_running()
    write_files(base, {"go": ""})
    assert init.wait() == 0


@test(needs=[root])
def without_that_option_a_container_without_services_goes_on(t):
    init, _ = boot(t, {"short.service": service("/bin/true")})
    init.out.expect("Started short.service")
    init.wait_for_unit_state("short.service", "inactive", "dead")
    init.done("start", "short.service")
    assert init.process.is_running()


@test(needs=[root])
def stop_timeout_is_over_the_whole_shutdown_and_who_overran_is_named(t):
    init, _ = boot(t, {"deaf.service": DEAF, "first.service": DEAF.replace("[Service]", "[Unit]\nAfter=deaf.service\n[Service]"),
                       "good.service": NOTES_ITS_STOP}, "--stop-timeout=300ms")
    init.wait_for_unit_state("first.service", "active", "running")
    init.wait_for_unit_state("good.service", "active", "running")
    init.signal(signal.SIGTERM)
    status, out, err = init.wait(), init.out.rest(), init.err.rest()
    assert status == 0
    assert "first: first.service: had not stopped when the container's stop timeout was over, killed with SIGKILL" in out, out
    assert "deaf.service: still had to wait for others when" in out, out
    assert "good.service:" not in out, (out, err)


# Where units come from

@test(needs=[root])
def units_come_from_the_given_folder_first_and_from_our_own_last(t):
    base = boot_root(t.dir / "root", {"etc.service": service("/bin/payload say etc sleep-forever"),
                                      "both.service": service("/bin/payload say etc sleep-forever")})
    wanted = "[Service]\nExecStart=/bin/payload say {} sleep-forever\n"
    write_files(base, {"my/both.service": wanted.format("mine"), "my/own.service": wanted.format("own"),
                       "etc/berth/units/etc.service": wanted.format("berth"),
                       "etc/berth/units/last.service": wanted.format("last")})
    init = Pid1(t, "--boot", "--unit-path=/my", root=base)
    init.wait_for_unit_state("both.service", "active", "running")
    init.done("start", "own.service", "last.service")
    paths = {name: init.done("show", f"{name}.service")[0]["FragmentPath"] for name in ("both", "etc", "own", "last")}
    assert paths == {"both": "/my/both.service", "etc": "/etc/systemd/system/etc.service", "own": "/my/own.service",
                     "last": "/etc/berth/units/last.service"}


@test(needs=[root])
def verify_looks_where_a_boot_would(t):
    base = boot_root(t.dir / "root", {"both.service": service("/bin/payload sleep-forever")})
    write_files(base, {"my/both.service": "[Service]\nExecStart=/bin/payload\nNice=much\n"})
    plain = run(t, [BERTH_INIT, "verify", f"--root={base}", "both.service"])
    assert "Nice" not in plain.out, repr(plain)
    mine = run(t, [BERTH_INIT, "verify", f"--root={base}", "--unit-path=/my", "both.service"])
    assert "/my/both.service:3: Nice=" in mine.out, repr(mine)


# Nothing writable

BIND = 'mount -o bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'


@test(needs=[root])
def read_only_root_is_enough_for_services_that_notify_and_for_berthctl(t):
    ready = "[Service]\nType=notify\nExecStart=/bin/payload notify READY=1 sleep-forever\n" + WANTED
    base = boot_root(t.dir / "root", {"ready.service": ready})
    # Abstract addresses are those of a network namespace.
    init = Pid1(t, "--boot", root=base, under=["unshare", "--mount", "--net", "sh", "-c", BIND, "sh", base])
    init.out.expect("Started ready.service")
    enter = ["nsenter", f"--target={init.pid()}", "--pid", "--mount", "--net", "--root", "--wd=/", "--"]
    assert run(t, [*enter, "/bin/berthctl", "is-active", "ready.service"]).out == "active\n"
    assert run(t, [*enter, "/bin/berthctl", "exit", "7"]).status == 0
    assert init.wait() == 7
    assert not (base / "run/berth/control").exists()
