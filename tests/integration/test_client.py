"""berthctl, and berth-init under the name systemctl: verbs, exit statuses and output that scripts rely on."""

import json
import os
import re
import shutil
import xml.dom.minidom

from container import Pid1
from harness import root, test, wait_for
from host import children
from process import Process, Terminal, run
from root import BERTH_INIT, NOBODY, TOP, UNIT_DIRECTORY, boot_root, write_files

STAYS = "[Service]\nExecStart=/bin/payload sleep-forever\n"
ENABLED = "\n[Install]\nWantedBy=multi-user.target\n"
RELOADS = "[Service]\nExecStart=/bin/payload sleep-forever\nExecReload=/bin/touch /reloaded\n"


class Client:
    """A booted root and its berthctl."""

    def __init__(self, t, units, files=None, name="berthctl", options=()):
        self.t = t
        self.base = boot_root(t.dir / "root", {"good.service": STAYS + ENABLED, **units}, files)
        if name != "berthctl":
            os.symlink("/sbin/berth-init", self.base / "bin" / name)
        self.name = name
        self.init = Pid1(t, "--boot", *options, root=self.base)
        self.init.wait_for_unit_state("good.service", "active", "running")

    def run(self, *words, status=0):
        result = self.init.run_inside(self.name, *words)
        assert result.status == status, repr(result)
        return result

    def __call__(self, *words, status=0):
        return self.run(*words, status=status).out

    def state(self, name):
        return self.init.unit(name)["ActiveState"]

    def begin(self, *words):
        """A client that is not waited for."""
        enter = ["nsenter", f"--target={self.init.pid()}", "--pid", "--mount", "--root", "--wd=/"]
        return Process(self.t, [*enter, "--", self.name, *words])


# States and jobs

@test(needs=[root])
def reload_or_restart_reloads_what_can_be_reloaded(t):
    ctl = Client(t, {"can.service": RELOADS + ENABLED})
    ctl.init.wait_for_unit_state("can.service", "active", "running")
    pids = [ctl.init.unit(name)["MainPID"] for name in ("can.service", "good.service")]
    ctl("reload-or-restart", "can", "good")
    assert (ctl.base / "reloaded").exists()
    assert ctl.init.unit("can.service")["MainPID"] == pids[0]
    assert ctl.init.unit("good.service")["MainPID"] != pids[1]
    ctl("stop", "can")
    ctl("try-reload-or-restart", "can")
    assert ctl.state("can.service") == "inactive"
    ctl("reload-or-restart", "can")
    assert ctl.state("can.service") == "active"


@test(needs=[root])
def end_of_the_boot_can_be_waited_for(t):
    ctl = Client(t, {"slow.service": "[Service]\nType=oneshot\nExecStart=/bin/payload wait-file /go exit 1\n" + ENABLED})
    assert ctl("is-system-running", status=1) == "starting\n"
    waits = ctl.begin("is-system-running", "--wait")
    (ctl.base / "go").touch()
    assert waits.finish().out == "degraded\n"
    assert waits.wait() == 1
    assert ctl("is-system-running", "--wait", status=1) == "degraded\n"
    ctl("reset-failed")
    assert ctl("is-system-running", "--wait") == "running\n"


@test(needs=[root])
def patterns_stand_for_the_units_that_are_loaded(t):
    ctl = Client(t, {"a-1.service": STAYS + ENABLED, "a-2.service": STAYS + ENABLED})
    ctl.init.wait_for_unit_state("a-2.service", "active", "running")
    assert ctl("is-active", "a-*").split() == ["active", "active"]
    ctl("stop", "a-?.service")
    assert (ctl.state("a-1.service"), ctl.state("a-2.service"), ctl.state("good.service")) == \
        ("inactive", "inactive", "active")
    ctl("start", "nothing-*")


@test(needs=[root])
def exit_statuses_are_those_of_systemctl(t):
    ctl = Client(t, {"bad.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n", "down.service": STAYS})
    for words, status in (
            (["is-active", "good"], 0), (["is-active", "down"], 3), (["is-active", "nobody"], 4),
            (["status", "good"], 0), (["status", "down"], 3), (["status", "nobody"], 4),
            (["start", "bad"], 1), (["start", "nobody"], 5), (["is-failed", "bad"], 0), (["is-failed", "good"], 1),
            (["is-system-running"], 1), (["reset-failed", "bad"], 0), (["is-failed", "bad"], 1),
            (["is-system-running"], 0), (["reload", "good"], 3), (["stop", "nobody"], 5), (["dance"], 1), (["start"], 1), (["--dance"], 1)):
        ctl(*words, status=status)


@test(needs=[root])
def jobs_are_listed_and_cancelled(t):
    ctl = Client(t, {"slow.service": "[Service]\nType=notify\nExecStart=/bin/payload sleep-forever\n"})
    assert ctl("list-jobs") == "No jobs running.\n"
    start = ctl.begin("start", "slow")
    ctl.init.wait_for_unit_state("slow.service", "activating", "start")
    number, name, kind, state = ctl("list-jobs", "--no-legend").split()
    assert (name, kind, state) == ("slow.service", "start", "running")
    assert json.loads(ctl("list-jobs", "--json"))[0]["Unit"] == "slow.service"
    ctl("cancel", number)
    assert start.wait() == 1
    assert ctl("list-jobs", "--no-legend") == ""
    ctl("cancel", number, status=1)


@test(needs=[root])
def start_with_wait_lasts_until_the_unit_is_down_and_tells_how_it_ended(t):
    ctl = Client(t, {
        "task.service": "[Service]\nExecStart=/bin/payload wait-file /go\n",
        "bad.service": "[Service]\nExecStart=/bin/payload wait-file /go exit 3\n",
    })
    good, bad = ctl.begin("start", "--wait", "task"), ctl.begin("start", "--wait", "bad")
    ctl.init.wait_for_unit_state("task.service", "active", "running")
    ctl.init.wait_for_unit_state("bad.service", "active", "running")
    assert good.is_running() and bad.is_running()
    write_files(ctl.base, {"go": ""})
    assert (good.wait(), bad.wait()) == (0, 1)


@test(needs=[root])
def client_waits_as_long_as_the_unit_takes(t):
    ctl = Client(t, {"slow.service": "[Service]\nType=notify\nTimeoutStartSec=infinity\n"
                     r"ExecStart=/bin/payload wait-file /go notify READY=1 sleep-forever" "\n"})
    start = ctl.begin("start", "slow")
    ctl.init.wait_for_unit_state("slow.service", "activating", "start")
    assert start.is_running()
    write_files(ctl.base, {"go": ""})
    assert start.wait() == 0
    assert ctl.state("slow.service") == "active"


@test(needs=[root])
def isolate_stops_what_the_target_does_not_need(t):
    ctl = Client(t, {
        "only.target": "[Unit]\nAllowIsolate=yes\nWants=keep.service\nAfter=keep.service\n",
        "keep.service": STAYS,
    })
    ctl("isolate", "only.target")
    ctl.init.wait_for_unit_state("good.service", "inactive")
    assert ctl.state("keep.service") == "active"
    ctl("default")
    ctl.init.wait_for_unit_state("good.service", "active", "running")


# What is printed

@test(needs=[root])
def show_prints_what_scripts_ask_for(t):
    ctl = Client(t, {"web.service": "[Unit]\nRequires=good.service\nAfter=good.service\n" + RELOADS})
    assert ctl("show", "-p", "ActiveState,SubState", "good") == "ActiveState=active\nSubState=running\n"
    assert ctl("show", "-P", "ActiveState", "web") == "inactive\n"
    assert ctl("show", "--property=CanReload", "--value", "web", "good") == "yes\n\nno\n"
    assert "good.service" in ctl("show", "-pRequires", "--value", "web").split()
    assert "web.service" in ctl("show", "-pRequiredBy", "--value", "good").split()
    assert ctl("show", "-p", "LoadState", "--value", "nobody") == "not-found\n"
    assert ctl("show", "-p", "StatusText", "good") in ("StatusText=\n", "")
    assert ctl("show", "-p", "SystemState") == "SystemState=running\n"
    shown = json.loads(ctl("show", "--json", "good"))[0]
    assert shown["Id"] == "good.service" and shown["ActiveEnterTimestamp"]
    assert ctl("show", "-p", "ActiveEnterTimestamp", "--value", "web") == "\n"


@test(needs=[root])
def everything_that_prints_prints_json_too(t):
    ctl = Client(t, {})
    for words in (["status"], ["status", "good"], ["list-units"], ["list-jobs"], ["show", "good"], ["show"], ["cat", "good"],
                  ["is-active", "good"], ["is-system-running"], ["list-unit-files"], ["get-default"],
                  ["is-enabled", "good"], ["list-dependencies"], ["analyze"], ["analyze", "critical-chain"]):
        printed = ctl(*words, "--json")
        assert json.loads(printed) is not None and not printed.endswith("\n\n"), repr(printed)
    for line in ctl("logs", "--json").splitlines() + ctl("show-environment", "--json").splitlines():
        assert json.loads(line)
    assert {json.loads(line)["Level"] for line in ctl("logs", "--json").splitlines()} == {"info"}
    assert json.loads(ctl("cat", "--json", "good"))["Text"] == STAYS + ENABLED


@test(needs=[root])
def colours_are_for_terminals_that_want_them(t):
    ctl = Client(t, {})
    assert "\033[" not in ctl("status", "good")

    def on_terminal(*settings):
        enter = ["nsenter", f"--target={ctl.init.pid()}", "--pid", "--mount", "--root", "--wd=/"]
        client = Terminal(t, [*enter, "--", "env", "TERM=xterm", *settings, "berthctl", "status", "good"])
        client.tty.expect("Active: .*since")
        assert client.wait() == 0
        return client.tty.text()
    assert "\033[1;32m" in on_terminal()
    assert "\033[" not in on_terminal("NO_COLOR=1")


@test(needs=[root])
def status_of_a_unit_has_the_lines_that_scripts_look_for(t):
    ctl = Client(t, {"web.service": "[Unit]\nDescription=The web\nDocumentation=man:web(8)\n[Service]\n"
                                    "ExecStart=/bin/payload say hello sleep-forever\n"})
    ctl("start", "web")
    lines = wait_for(lambda: (text := ctl("status", "web")) and "hello" in text and text, "its line").splitlines()
    assert lines[0].endswith("web.service - The web")
    assert f"     Loaded: loaded (/{UNIT_DIRECTORY}/web.service" in lines[1]
    assert lines[2].startswith("     Active: active (running) since ")
    assert any(line.startswith("   Main PID: ") for line in lines)
    assert lines[-1].endswith("web: hello")
    assert "hello" not in ctl("status", "--lines=0", "web")
    assert "good.service" in ctl("status") and "Loaded:" not in ctl("status")


@test(needs=[root])
def status_counts_services_and_what_failed(t):
    """What makes no sense in a container counts as started, and is no service that is up."""
    unit = "[Unit]\nWants=systemd-udevd.service dev-sda.device bad.service\n" + STAYS
    ctl = Client(t, {"web.service": unit, "bad.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n"})
    ctl("start", "web")
    wait_for(lambda: ctl.state("bad.service") == "failed", "it to fail")
    assert ctl("is-active", "systemd-udevd") == "active\n"
    text = ctl("status")
    assert text.startswith("* degraded, 2 of 3 services up, 1 failed, "), text
    assert "udevd" not in text and "dev-sda" not in text, text
    assert "    Not run: part of systemd itself" in ctl("status", "systemd-udevd")


@test(needs=[root])
def list_units_can_be_filtered(t):
    ctl = Client(t, {"bad.service": "[Service]\nType=oneshot\nExecStart=/bin/false\n", "down.service": STAYS})
    ctl("start", "bad", status=1)

    def names(*words):
        return [line.split()[0] for line in ctl("list-units", "--plain", "--no-legend", *words).splitlines()]
    assert {"good.service", "bad.service", "multi-user.target"} <= set(names())
    assert names("--failed") == names("--state=failed") == ["bad.service"]
    assert names("--type=service") == ["bad.service", "good.service"]
    assert names("good*") == ["good.service"]
    ctl("show", "down")
    assert "down.service" not in names() and "down.service" in names("--all")


@test(needs=[root])
def list_dependencies_draws_a_tree_in_each_direction(t):
    ctl = Client(t, {"web.service": "[Unit]\nRequires=good.service\nAfter=good.service\n" + STAYS + ENABLED})
    tree = ctl("list-dependencies", "multi-user.target").splitlines()
    assert tree[0] == "multi-user.target" and "* |-web.service" in tree, tree
    assert "  good.service" in ctl("list-dependencies", "--plain", "web").splitlines()
    assert "  web.service" in ctl("list-dependencies", "--plain", "--reverse", "good").splitlines()
    assert "  good.service" in ctl("list-dependencies", "--plain", "--after", "web").splitlines()
    assert "  web.service" in ctl("list-dependencies", "--plain", "--before", "good").splitlines()
    listed = json.loads(ctl("list-dependencies", "--json", "web"))
    assert listed["Id"] == "web.service" and "good.service" in [unit["Id"] for unit in listed["Dependencies"]]


@test(needs=[root])
def analyze_tells_where_the_time_of_a_boot_went(t):
    slow = r"[Service]" "\n" r"Type=notify" "\n" r"ExecStart=/bin/payload wait-file /go notify READY=1 sleep-forever" "\n"
    ctl = Client(t, {"slow.service": slow, "late.service": "[Unit]\nAfter=slow.service\nWants=slow.service\n" + STAYS})
    start = ctl.begin("start", "late")
    ctl.init.wait_for_unit_state("slow.service", "activating", "start")
    write_files(ctl.base, {"go": ""})
    assert start.wait() == 0
    times = {unit["Id"]: unit for unit in json.loads(ctl("analyze", "blame", "--json"))}
    slow, late = times["slow.service"], times["late.service"]
    assert 0 < slow["DurationUSec"] == slow["ReadyUSec"] - slow["BeginUSec"]
    assert slow["ReadyUSec"] <= late["BeginUSec"]
    assert any(line.endswith(" slow.service") for line in ctl("analyze", "blame").splitlines())
    chain = ctl("analyze", "critical-chain", "late").splitlines()
    assert chain[0].startswith("late.service @") and chain[1].startswith("`-slow.service @"), chain
    assert " +" in chain[1]
    assert ctl("analyze").startswith("Startup finished in ")
    assert json.loads(ctl("analyze", "--json"))["Target"] == "multi-user.target"
    picture = xml.dom.minidom.parseString(ctl("analyze", "plot"))
    drawn = " ".join(text.firstChild.data for text in picture.getElementsByTagName("text"))
    assert "slow.service (" in drawn and "good.service (" in drawn
    ctl("analyze", "nonsense", status=1)
    ctl("analyze", "critical-chain", "nobody", status=1)


@test(needs=[root])
def analyze_speaks_of_the_target_that_was_started(t):
    units = {"mine.target": "[Unit]\nWants=good.service\nAfter=good.service\n"}
    ctl = Client(t, units, options=["--target=mine.target"])
    ctl("is-system-running", "--wait")
    assert ctl("analyze", "critical-chain").startswith("mine.target @")
    assert json.loads(ctl("analyze", "--json"))["Target"] == "mine.target"
    assert "* `-good.service" in ctl("list-dependencies").splitlines()
    ctl("daemon-reexec")
    assert ctl("analyze", "critical-chain").startswith("mine.target @")


@test
def every_verb_and_option_is_in_the_manual(t):
    shutil.copy(BERTH_INIT, t.dir / "berthctl")
    listed = run(t, [t.dir / "berthctl", "--help"]).out.split("\n\n")
    verbs = [line.split()[0] for line in listed[1].splitlines()]
    options = [word.split("=")[0] for line in listed[2].splitlines() for word in line.split()[:2] if word.startswith("--")]
    manual = (TOP / "docs/berthctl.1").read_text().replace("\\-", "-")
    assert len(verbs) > 45 and len(options) > 25
    missing = [word for word in verbs + options if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", manual)]
    assert not missing, missing


# Environment and directories

@test(needs=[root])
def variables_reach_what_starts_later(t):
    ctl = Client(t, {"env.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo x${COLOUR}x'\n"})
    ctl("set-environment", "COLOUR=red", "OTHER=a b")
    assert {"COLOUR=red", "OTHER=a b"} <= set(ctl("show-environment").splitlines())
    ctl("start", "env")
    ctl("unset-environment", "COLOUR")
    assert "COLOUR" not in ctl("show-environment")
    ctl("start", "env")
    wait_for(lambda: "xx" in ctl.init.log("env.service"), "its second line")
    assert ctl.init.log("env.service").count("xredx") == 1
    ctl("set-environment", "GOOD=1", "bad name=2", status=1)
    assert "GOOD" not in ctl("show-environment")
    imported = ctl.init.run_inside("env", "MINE=yes", "berthctl", "import-environment", "MINE")
    assert imported.status == 0 and "MINE=yes" in ctl("show-environment").splitlines(), repr(imported)


@test(needs=[root])
def clean_removes_the_directories_of_what_is_down(t):
    ctl = Client(t, {"web.service": STAYS + "RuntimeDirectory=web\n"})
    ctl("start", "web")
    ctl("clean", "web", status=1)
    wait_for((ctl.base / "run/web").is_dir, "the directory of the service")  # it is the child that makes it
    ctl("stop", "web")
    write_files(ctl.base, {"run/web/left": ""})
    ctl("clean", "--what=state", "web")
    assert (ctl.base / "run/web/left").exists()
    ctl("clean", "web")
    assert not (ctl.base / "run/web").exists()
    ctl("clean", "nobody", status=1)


# Unit files

def offline(t, base, *words, status=0):
    """berthctl --root= on a root in which nothing runs."""
    result = run(t, [os.path.join(t.dir, "berthctl"), f"--root={base}", *words])
    assert result.status == status, repr(result)
    return result


def offline_root(t, units):
    """A root with these unit files, none of them enabled."""
    shutil.copy(BERTH_INIT, t.dir / "berthctl")
    base = t.dir / "image"
    write_files(base, {f"usr/lib/systemd/system/{name}": text for name, text in units.items()})
    return base


@test(needs=[root])
def enable_and_disable_work_on_the_files_of_another_root(t):
    base = offline_root(t, {"web.service": STAYS + ENABLED + "Alias=www.service\n", "plain.service": STAYS})
    config = base / UNIT_DIRECTORY
    enabled = offline(t, base, "enable", "web")
    assert f"Created symlink {config}/multi-user.target.wants/web.service → /usr/lib/systemd/system/web.service." \
        in enabled.err.splitlines(), enabled.err
    assert os.readlink(config / "www.service") == "/usr/lib/systemd/system/web.service"
    assert offline(t, base, "is-enabled", "web").out == "enabled\n"
    assert offline(t, base, "is-enabled", "www").out == "alias\n"
    assert offline(t, base, "is-enabled", "plain").out == "static\n"
    assert offline(t, base, "is-enabled", "nobody", status=1).out == ""
    assert f'Removed "{config}/multi-user.target.wants/web.service".' in offline(t, base, "disable", "web").err
    assert list(config.iterdir()) == []
    assert offline(t, base, "is-enabled", "web", status=1).out == "disabled\n"
    offline(t, base, "enable", "nobody", status=1)
    offline(t, base, "enable", "--now", "web", status=1)
    offline(t, base, "start", "web", status=1)
    assert offline(t, base, "mask", "web").err == f"Created symlink {config}/web.service → /dev/null.\n"
    offline(t, base, "enable", "web", status=1)
    offline(t, base, "unmask", "web")
    assert offline(t, base, "--quiet", "enable", "--runtime", "web").err == ""
    assert os.path.islink(base / "run/systemd/system/multi-user.target.wants/web.service")


@test(needs=[root])
def nothing_outside_of_the_root_is_read_or_written(t):
    base = offline_root(t, {"web.service": STAYS + ENABLED, "out.service": STAYS + ENABLED})
    outside = t.dir / "outside"
    write_files(outside, {"secret.service": STAYS + ENABLED})
    (base / "etc/systemd").mkdir(parents=True)
    os.symlink(outside, base / "etc/systemd/system")
    offline(t, base, "enable", "web", status=1)
    assert [path.name for path in outside.iterdir()] == ["secret.service"]
    os.unlink(base / "etc/systemd/system")
    os.symlink("../" * 12 + str(outside).lstrip("/"), base / "etc/systemd/system")
    offline(t, base, "enable", "web", status=1)
    assert [path.name for path in outside.iterdir()] == ["secret.service"]
    os.unlink(base / "etc/systemd/system")
    os.symlink("/usr/lib/systemd", base / "etc/systemd/system")
    offline(t, base, "enable", "web")
    assert os.path.islink(base / "usr/lib/systemd/multi-user.target.wants/web.service")
    os.symlink(outside / "secret.service", base / "usr/lib/systemd/system/secret.service")
    offline(t, base, "enable", "secret", status=1)


@test(needs=[root])
def default_target_and_list_of_unit_files(t):
    base = offline_root(t, {"web.service": STAYS + ENABLED, "app.target": "[Unit]\n"})
    assert offline(t, base, "get-default").out == "multi-user.target\n"
    offline(t, base, "set-default", "app.target")
    assert offline(t, base, "get-default").out == "app.target\n"
    listed = offline(t, base, "list-unit-files", "--no-legend", "--type=service").out
    assert listed.split() == ["web.service", "disabled", "enabled"]
    write_files(base, {"usr/lib/systemd/system-preset/50.preset": "disable *\n"})
    assert json.loads(offline(t, base, "list-unit-files", "--json", "web*").out) == \
        [{"unit_file": "web.service", "state": "disabled", "preset": "disabled"}]
    offline(t, base, "enable", "web")
    offline(t, base, "preset-all")
    assert offline(t, base, "is-enabled", "web", status=1).out == "disabled\n"


@test(needs=[root])
def verify_checks_the_install_section(t):
    base = offline_root(t, {"web.service": STAYS + "[Install]\nWantedBy=multi-user.target nonsense\nWanted=x.target\n"})
    told = run(t, [BERTH_INIT, "verify", f"--root={base}", "web.service"]).out.splitlines()
    assert any("web.service:4: WantedBy=: nonsense is not the name of a unit" in line for line in told), told
    assert any("web.service:5: unknown directive Wanted=" in line for line in told), told


@test(needs=[root])
def enable_and_disable_now_start_and_stop(t):
    ctl = Client(t, {}, {"usr/lib/systemd/system/web.service": STAYS})
    write_files(ctl.base, {f"{UNIT_DIRECTORY}/late.service": STAYS + ENABLED})
    ctl("enable", "--now", "late")
    assert ctl.state("late.service") == "active"
    assert "late.service" in ctl("show", "-pWants", "--value", "multi-user.target").split()
    assert "late.service" in ctl("show", "-pNames", "--value", "late").split()
    assert ctl("show", "-PUnitFileState", "late") == "enabled\n"
    assert "/late.service; enabled; preset: enabled)" in ctl("status", "late")
    ctl("disable", "--now", "late")
    assert ctl.state("late.service") == "inactive"
    ctl("mask", "--now", "web")
    ctl("start", "web", status=1)
    ctl("unmask", "web")
    ctl("start", "web")


# daemon-reload

@test(needs=[root])
def daemon_reload_takes_changed_new_and_removed_units_over_and_stops_nothing(t):
    ctl = Client(t, {"web.service": STAYS, "old.service": STAYS, "gone.service": STAYS + "ExecStop=/bin/touch /stopped\n"})
    ctl("start", "web", "gone")
    ctl("show", "old")
    pids = [ctl.init.unit(name)["MainPID"] for name in ("web.service", "gone.service")]
    config = ctl.base / UNIT_DIRECTORY
    write_files(config, {"web.service": "[Unit]\nDescription=The new web\nWants=new.service\n" + STAYS, "new.service": STAYS})
    for name in ("old.service", "gone.service"):
        os.unlink(config / name)
    os.symlink("new.service", config / "other.service")
    ctl("daemon-reload")
    assert [ctl.init.unit(name)["MainPID"] for name in ("web.service", "gone.service")] == pids
    assert ctl("show", "-PDescription", "web") == "The new web\n"
    assert ctl("show", "-PLoadState", "old") == ctl("show", "-PLoadState", "gone") == "not-found\n"
    assert ctl.state("new.service") == "inactive"
    ctl("restart", "web")
    assert ctl.state("new.service") == "active"
    ctl("stop", "gone")
    assert (ctl.base / "stopped").exists()
    assert ctl("is-active", "other") == "active\n"
    os.unlink(config / "other.service")
    os.symlink("web.service", config / "other.service")
    ctl("daemon-reload")
    assert ctl("show", "-PId", "other") == "web.service\n"
    assert "gone.service" not in ctl("list-units", "--all")


@test(needs=[root])
def daemon_reload_takes_other_names_over_that_come_go_and_move(t):
    says = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'echo $NAME >>/said'\n"
    ctl = Client(t, {"a.service": says + "Environment=NAME=a\n", "b.service": says + "Environment=NAME=b\n",
                     "other.service.d/name.conf": "[Service]\nEnvironment=NAME=other\n"})
    other = ctl.base / UNIT_DIRECTORY / "other.service"

    def names(unit):
        return set(ctl("show", "-PNames", unit).split())
    ctl("start", "a", "b")
    assert names("a") == {"a.service"}
    os.symlink("a.service", other)
    ctl("daemon-reload")
    assert names("a") == {"a.service", "other.service"} and names("b") == {"b.service"}
    ctl("restart", "a")
    os.unlink(other)
    os.symlink("b.service", other)
    ctl("daemon-reload")
    assert names("a") == {"a.service"} and names("b") == {"b.service", "other.service"}
    ctl("restart", "other")
    os.unlink(other)
    ctl("daemon-reload")
    assert names("b") == {"b.service"}
    ctl("restart", "b")
    assert ctl("is-active", "other", status=4) == "inactive\n"
    assert (ctl.base / "said").read_text().split() == ["a", "b", "other", "other", "b"]


@test(needs=[root])
def daemon_reload_lets_a_start_go_on(t):
    ctl = Client(t, {"slow.service": "[Service]\nType=notify\n"
                     r"ExecStart=/bin/payload wait-file /go notify READY=1 sleep-forever" "\n"})
    start = ctl.begin("start", "slow")
    ctl.init.wait_for_unit_state("slow.service", "activating", "start")
    ctl("daemon-reload")
    assert start.is_running()
    write_files(ctl.base, {"go": ""})
    assert start.wait() == 0


# Who may what

@test(needs=[root])
def a_stranger_may_look_at_everything_and_change_nothing(t):
    ctl = Client(t, {"web.service": RELOADS})
    ctl("start", "web")

    def as_nobody(*words):
        return ctl.init.run_inside("su", "-s", "/bin/sh", "nobody", "-c", " ".join(["exec", "berthctl", *words]))
    for words in (["status"], ["status", "web"], ["show", "web"], ["cat", "web"], ["list-units"], ["list-jobs"],
                  ["list-dependencies"], ["is-active", "web"], ["logs", "web"], ["is-enabled", "web"], ["show"]):
        looked = as_nobody(*words)
        assert looked.status in (0, 3) and looked.out, repr(looked)
    for words in (["start", "web"], ["stop", "web"], ["restart", "web"], ["reload", "web"], ["kill", "web"],
                  ["reload-or-restart", "web"], ["isolate", "multi-user.target"], ["daemon-reload"], ["cancel"],
                  ["reset-failed"], ["poweroff"], ["reboot"], ["exit", "3"], ["disable", "good"], ["mask", "sysinit.target"],
                  ["set-default", "basic.target"]):
        refused = as_nobody(*words)
        assert refused.status != 0 and refused.err, repr(refused)
    assert ctl("is-active", "web") == "active\n" and not (ctl.base / "reloaded").exists()


@test(needs=[root])
def the_user_of_pid_1_may_change_things(t):
    base = boot_root(t.dir / "root", {"good.service": STAYS + ENABLED})
    (base / "run/berth").mkdir()
    os.chown(base / "run/berth", NOBODY, NOBODY)
    init = Pid1(t, "-s", "/bin/sh", "nobody", "-c", "exec /sbin/berth-init --boot", root=base, init="/bin/su")
    init.wait_for_unit_state("good.service", "active", "running")

    def as_user(name, *words):
        # The root on disk is not berth-init's own: it has executed /bin/su before.
        enter = ["nsenter", f"--target={children(init.process.pid)[0]}", "--pid", "--mount", "--root", "--wd=/"]
        return run(t, [*enter, "--", "su", "-s", "/bin/sh", name, "-c", " ".join(["exec", "berthctl", *words])])
    assert as_user("www", "stop", "good").status == 4
    assert init.unit("good.service")["ActiveState"] == "active"
    stopped = as_user("nobody", "stop", "good")
    assert stopped.status == 0, repr(stopped)
    assert init.unit("good.service")["ActiveState"] == "inactive"
    assert as_user("root", "start", "good").status == 0


# Without a PID 1 of ours, by the name of systemctl

def systemctl(t, base, *words, env=None):
    return run(t, ["unshare", "--fork", "--pid", "--mount-proc", f"--root={base}", "--", "/usr/bin/env",
                   *(env or []), "/bin/systemctl", *words])


@test(needs=[root])
def systemctl_in_the_build_of_an_image_answers_as_package_scripts_expect(t):
    base = boot_root(t.dir / "root", {"good.service": STAYS})
    os.symlink("/sbin/berth-init", base / "bin/systemctl")
    started = systemctl(t, base, "start", "good")
    assert started.status == 1 and "System has not been booted with systemd" in started.err, repr(started)
    reloaded = systemctl(t, base, "--system", "daemon-reload")
    assert reloaded.status == 0 and "System has not been booted with systemd" in reloaded.err, repr(reloaded)
    offline = systemctl(t, base, "restart", "good", env=["SYSTEMD_OFFLINE=1"])
    assert offline.status == 0 and "ignoring command 'restart'" in offline.err, repr(offline)
    assert systemctl(t, base, "is-system-running").out == "offline\n"
    assert systemctl(t, base, "--version").out.startswith("systemd 252 ")


@test(needs=[root])
def systemctl_enables_in_the_build_of_an_image(t):
    base = boot_root(t.dir / "root", {"good.service": STAYS})
    os.symlink("/sbin/berth-init", base / "bin/systemctl")
    write_files(base, {f"{UNIT_DIRECTORY}/web.service": STAYS + ENABLED})
    enabled = systemctl(t, base, "enable", "web")
    assert enabled.status == 0 and enabled.err.startswith("Created symlink /etc/systemd/system/multi-user.target.wants/"), \
        repr(enabled)
    assert systemctl(t, base, "is-enabled", "web").out == "enabled\n"
    init = Pid1(t, "--boot", root=base)
    init.wait_for_unit_state("web.service", "active", "running")


@test(needs=[root])
def systemctl_talks_to_our_pid_1(t):
    ctl = Client(t, {"web.service": STAYS}, name="systemctl")
    ctl("start", "web")
    assert ctl("is-active", "web") == "active\n"
    ctl("--quiet", "is-active", "sysinit.target")
    assert "web.service" in ctl("--no-legend", "--plain")
