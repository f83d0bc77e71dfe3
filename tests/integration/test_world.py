"""Debian packages in a container with their own unit files, unchanged: nginx, redis and cron, with systemd's package in
the root and without. The roots are made by debian-root, once."""

import functools
import pathlib
import re
import subprocess

from container import Container
from harness import root, test, wait_for
from root import TOP, write_files

WAYS = {  # how a container is run: its root, its options
    "plain": ("plain", ()),
    "systemd": ("systemd", ()),
    "plain, no cgroups": ("plain", ("--cgroup-manager=none",)),
    "systemd, no cgroups": ("systemd", ("--cgroup-manager=none",)),
}
DAEMONS = ("nginx.service", "redis-server.service", "cron.service")
CANNOT_BE_MADE = 77  # debian-root's exit status
SLOW = 20  # seconds until a daemon is up, on a busy machine

# Where a user's own files go, above the packages': a layer of its own.
LAYER = {"etc/cron.d/once": "@reboot root echo done >/root/reboot-job\n"}


@functools.cache
def debian_roots():
    """The directory with the roots, and why there cannot be one."""
    made = subprocess.run([TOP / "tests/integration/debian-root"], capture_output=True, text=True)
    if made.returncode == CANNOT_BE_MADE:
        said = [line for line in made.stderr.splitlines() if line.strip()]
        return None, f"needs Debian's packages, a mirror or a cache of them: {said[-1] if said else made.returncode}"
    return pathlib.Path(made.stdout.strip() or f"/debian-root failed: {made.stderr}"), None


def debian():
    return debian_roots()[1]


class World(Container):
    """A container of one of the roots, which has come up."""

    def __init__(self, t, way="plain", files=None, links=None):
        name, options = WAYS[way]
        layer = t.dir / "layer"
        write_files(layer, {**LAYER, **(files or {})})
        for path, target in (links or {}).items():
            (layer / path).parent.mkdir(parents=True, exist_ok=True)
            (layer / path).symlink_to(target)
        super().__init__(t, f"{layer}:{debian_roots()[0] / name}", options=["--boot", *options])
        for daemon in DAEMONS:
            self.wait_for_unit_state(daemon, "active", "running", SLOW)

    def shell(self, script):
        return self.exec("bash", "-c", script)

    def berthctl(self, *words):
        return self.exec("berthctl", *words)

    def main(self, unit):
        return int(self.unit(unit)["MainPID"])

    def page(self, port=80):
        """What nginx answers, by the shell's own means: the root has no other client."""
        return self.shell(f"exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3")

    def workers(self):
        """Pids of nginx's workers, in the container."""
        nginx = self.main("nginx.service")
        return set(self.shell(f"cat /proc/{nginx}/task/{nginx}/children").split())

    def alive(self, pids):
        """Those of them that still do something: not the ones that only wait to be reaped."""
        files = " ".join(f"/proc/{pid}/stat" for pid in pids)
        return re.findall(r"(?m)^(\d+) .*\) [^ZX] ", self.shell(f"cat {files} 2>&- || :"))

    def kill_main(self, unit):
        pid = self.main(unit)
        self.shell(f"kill -9 {pid}")
        return pid


def comes_back(world, unit, killed):
    wait_for(lambda: world.main(unit) not in (0, killed), f"{unit} to come back")
    record = world.wait_for_unit_state(unit, "active", "running")
    assert record["NRestarts"] == "1", record


def each_way(function):
    return test(needs=[root, debian], timeout=60, each=WAYS)(function)


def each_plain(function):
    return test(needs=[root, debian], timeout=60, each=[way for way in WAYS if "plain" in way])(function)


@each_way
def packages_of_debian_boot_with_their_own_units(t, way):
    world = World(t, way)
    page = world.page()
    assert page.startswith("HTTP/1.1 200 OK") and "Welcome to nginx!" in page, page
    assert world.exec("redis-cli", "ping") == "PONG\n"
    wait_for(lambda: "done" in world.shell("cat /root/reboot-job 2>&1 || :"), "cron to run a job")
    assert world.exec("redis-cli", "set", "key", "value") == "OK\n"
    tracking = "process groups" if "no cgroups" in way else "control groups"
    assert f"tracking: {tracking}" in world.berthctl("status")
    world.stop()
    assert world.wait() == 0
    said = world.out.rest()
    for unit, description in (("nginx", "A high performance web server and a reverse proxy server"),
                              ("redis-server", "Advanced key-value store"),
                              ("cron", "Regular background program processing daemon")):
        assert re.search(rf"(?m)^{unit}: Stopped {description}$", said), said
    assert not re.search("(?i)timed out|SIGKILL|fail", said), said


@each_way
def nothing_of_debian_fails_at_boot(t, way):
    world = World(t, way)
    assert world.berthctl("is-system-running", "--wait") == "running\n"
    assert world.berthctl("list-units", "--failed", "--no-legend") == ""
    assert world.berthctl("list-jobs", "--no-legend") == ""


@each_way
def a_killed_daemon_comes_back_where_its_unit_says_so(t, way):
    world = World(t, way)
    for unit in ("redis-server.service", "cron.service"):
        comes_back(world, unit, world.kill_main(unit))
    assert world.exec("redis-cli", "ping") == "PONG\n"
    workers = world.workers()
    world.kill_main("nginx.service")
    record = world.wait_for_unit_state("nginx.service", "failed")
    assert (record["Result"], record["NRestarts"], record["MainPID"]) == ("signal", "0", "0"), record
    assert workers and not world.alive(workers), "what the main process of nginx leaves behind runs on"
    assert "nginx.service" in world.berthctl("list-units", "--failed", "--no-legend")
    assert world.berth("exec", "berthctl", "is-system-running").out == "degraded\n"
    world.berthctl("reset-failed", "nginx")
    world.berthctl("start", "nginx")
    assert "Welcome to nginx!" in world.page()


@each_way
def nginx_reloads_without_an_end(t, way):
    world = World(t, way)
    main, workers = world.main("nginx.service"), world.workers()
    world.shell("echo 'server { listen 81; return 200 new; }' >/etc/nginx/conf.d/new.conf")
    world.berthctl("reload", "nginx")
    wait_for(lambda: workers.isdisjoint(world.workers()) and world.workers(), "new workers of nginx")
    assert world.main("nginx.service") == main
    assert world.page(81).endswith("new")
    world.shell("echo nonsense >/etc/nginx/conf.d/new.conf")
    failed = world.berth("exec", "berthctl", "reload", "nginx")
    assert failed.status == 1, repr(failed)
    assert "nginx.service failed: the command that reloads it: exit code 1" in failed.err, repr(failed)
    assert world.main("nginx.service") == main and "Welcome to nginx!" in world.page()


@each_way
def the_tools_show_the_daemons(t, way):
    world = World(t, way)
    units = world.berthctl("list-units", "--type=service", "--no-legend")
    for daemon, description in (("nginx.service", "A high performance web server and a reverse proxy server"),
                                ("redis-server.service", "Advanced key-value store"),
                                ("cron.service", "Regular background program processing daemon")):
        assert re.search(rf"(?m)^\s*{daemon} +loaded +active +running +{description}$", units), units
        status = world.berthctl("status", daemon)
        assert f"Loaded: loaded (/usr/lib/systemd/system/{daemon}; enabled" in status, status
        assert "Active: active (running) since" in status and f"Main PID: {world.main(daemon)}\n" in status, status
    assert "Ready to accept connections" in world.berthctl("status", "redis-server")
    outside = world.berth("status").out
    assert all(daemon in outside for daemon in DAEMONS), outside
    assert world.berthctl("is-enabled", *DAEMONS).split() == ["enabled"] * 3
    assert world.unit("redis.service")["Id"] == "redis-server.service"
    assert "multi-user.target" in world.berthctl("list-dependencies", "--reverse", "nginx.service")


# Installing and removing, with our own systemctl

LINKS = {f"usr/{name}": "/run/berth/berth-init" for name in ("bin/systemctl", "sbin/init")}


def apt(world, *words):
    return world.exec("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "--yes", *words, deadline=SLOW)


def install_at(world):
    apt(world, "install", world.shell("ls /srv/packages/at_*.deb").strip())


def is_up(world, unit):
    return world.berth("exec", "systemctl", "is-active", "--quiet", unit).status == 0


@each_plain
def package_that_is_installed_starts_and_stops_when_it_is_removed(t, way):
    world = World(t, way, links=LINKS)
    assert world.berth("exec", "systemctl", "status", "atd").status == 4
    install_at(world)
    record = world.wait_for_unit_state("atd.service", "active", "running")
    assert "atd" in world.shell(f"cat /proc/{record['MainPID']}/comm")
    assert world.exec("systemctl", "is-enabled", "atd") == "enabled\n"
    apt(world, "remove", "at")
    assert not is_up(world, "atd") and not world.alive([record["MainPID"]])
    apt(world, "purge", "at")
    assert world.berth("exec", "systemctl", "is-enabled", "atd").status == 1
    install_at(world)
    world.wait_for_unit_state("atd.service", "active", "running")


@each_plain
def policy_rc_d_decides_what_packages_may_start(t, way):
    world = World(t, way, {"usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n"}, LINKS)
    world.shell("chmod +x /usr/sbin/policy-rc.d")
    install_at(world)
    assert not is_up(world, "atd")
    main = world.main("cron.service")
    world.exec("deb-systemd-invoke", "restart", "cron.service")
    world.exec("invoke-rc.d", "cron", "restart")
    assert world.main("cron.service") == main
    world.shell("rm /usr/sbin/policy-rc.d")
    world.exec("deb-systemd-invoke", "start", "atd.service")
    assert is_up(world, "atd")
    world.exec("deb-systemd-invoke", "restart", "cron.service")
    assert world.main("cron.service") not in (0, main)


@each_plain
def debians_helpers_work(t, way):
    world = World(t, way, links=LINKS)
    main, workers = world.main("nginx.service"), world.workers()
    world.exec("invoke-rc.d", "nginx", "reload")
    wait_for(lambda: workers.isdisjoint(world.workers()) and world.workers(), "new workers of nginx")
    assert world.main("nginx.service") == main
    world.exec("invoke-rc.d", "nginx", "restart")
    assert world.main("nginx.service") not in (0, main)
    assert "active (running)" in world.exec("invoke-rc.d", "nginx", "status")
    world.exec("service", "redis-server", "stop")
    assert world.berth("exec", "service", "redis-server", "status").status == 3
    world.exec("service", "redis-server", "start")
    assert is_up(world, "redis-server")
    assert world.berth("exec", "service", "nothing", "start").status == 5
    assert " [ + ]  nginx\n" in world.exec("service", "--status-all")
    world.exec("update-rc.d", "cron", "disable")
    assert world.berth("exec", "systemctl", "is-enabled", "cron").out == "disabled\n"
    assert "not starting it" in world.berth("exec", "deb-systemd-invoke", "start", "cron").err
    world.exec("update-rc.d", "cron", "enable")
    assert world.exec("systemctl", "is-enabled", "cron") == "enabled\n"


# Daemons that use libsystemd

NOTIFIES = """[Service]
Type=notify
NotifyAccess=all
User=%s
ExecStart=/bin/sh -c 'systemd-notify --status=loading && systemd-notify --ready --status=up && echo told && exec sleep 1d'
ExecReload=/bin/sh -c 'systemd-notify RELOADING=1 && systemd-notify --ready --status=again'
ExecStop=systemd-notify STOPPING=1
"""


@test(needs=[root, debian], timeout=60, each=[way for way in WAYS if "systemd" in way])
def systemds_own_notifier_is_heard(t, way):
    units = {f"etc/systemd/system/{user}.service": NOTIFIES % user for user in ("root", "www-data")}
    world = World(t, way, units)
    for user in ("root", "www-data"):
        world.berthctl("start", user)
        record = world.unit(f"{user}.service")
        assert (record["SubState"], record["StatusText"]) == ("running", "up"), record
        wait_for(lambda: "told" in world.log(f"{user}.service"), "the answer to its barrier")
        world.berthctl("reload", user)
        assert world.unit(f"{user}.service")["StatusText"] == "again"
        world.berthctl("stop", user)
        assert world.unit(f"{user}.service")["Result"] == "success"
    assert world.shell("systemd-notify --booted && echo yes") == "yes\n"
