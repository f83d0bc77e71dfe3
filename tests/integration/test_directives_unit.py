"""What the directives of systemd.unit(5) make PID 1 do that a user sees: conditions, and old names of dependencies."""

import os
import pathlib
import re

from container import Pid1
from harness import Skip, root, test, wait_for
from process import run
from root import BERTH_INIT, boot_root, write_files

WANTED = "\n[Install]\nWantedBy=multi-user.target\n"
STAYS = "\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/touch /out-%n\n"

# Each holds in the test's root. Both spellings are tried, ConditionX= and AssertX=, as they are and with "!".
CONDITIONS = {
    "ConditionPathExists=": "/etc/passwd",  # AssertPathExists=
    "ConditionPathExistsGlob=": "/etc/pass*",  # AssertPathExistsGlob=
    "ConditionPathIsDirectory=": "/etc",  # AssertPathIsDirectory=
    "ConditionPathIsSymbolicLink=": "/bin/sh",  # AssertPathIsSymbolicLink=
    "ConditionPathIsMountPoint=": "/proc",  # AssertPathIsMountPoint=
    "ConditionPathIsReadWrite=": "/etc",  # AssertPathIsReadWrite=
    "ConditionDirectoryNotEmpty=": "/etc",  # AssertDirectoryNotEmpty=
    "ConditionFileNotEmpty=": "/etc/passwd",  # AssertFileNotEmpty=
    "ConditionFileIsExecutable=": "/bin/busybox",  # AssertFileIsExecutable=
    "ConditionVirtualization=": "container",  # AssertVirtualization=
    "ConditionCapability=": "CAP_CHOWN",  # AssertCapability=
    "ConditionKernelCommandLine=": pathlib.Path("/proc/cmdline").read_text().split()[0],  # AssertKernelCommandLine=
    "ConditionACPower=": "true",  # AssertACPower=
    "ConditionUser=": "root",  # AssertUser=
    "ConditionGroup=": "root",  # AssertGroup=
    "ConditionArchitecture=": "native",  # AssertArchitecture=
    "ConditionHost=": "*",  # AssertHost=
    "ConditionKernelVersion=": ">=2.6",  # AssertKernelVersion=
    "ConditionEnvironment=": "PATH",  # AssertEnvironment=
    "ConditionMemory=": ">1M",  # AssertMemory=
    "ConditionCPUs=": ">=1",  # AssertCPUs=
    "ConditionOSRelease=": "ID=testos",  # AssertOSRelease=
    # These do not hold: what follows "!" does.
    "ConditionFirmware=": "!uefi",  # AssertFirmware=
    "ConditionCredential=": "!no-such-secret",  # AssertCredential=
    "ConditionSecurity=": "!no-such-module",  # AssertSecurity=
    "ConditionFirstBoot=": "!yes",  # AssertFirstBoot=
    "ConditionNeedsUpdate=": "!/no/such/directory",  # AssertNeedsUpdate=
    "ConditionPathIsEncrypted=": "!/etc",  # AssertPathIsEncrypted=
    "ConditionControlGroupController=": "!no-such-controller",  # AssertControlGroupController=
    "ConditionCPUFeature=": "!no-such-feature",  # AssertCPUFeature=
    "ConditionKernelModuleLoaded=": "!no-such-module",  # AssertKernelModuleLoaded=
    "ConditionMemoryPressure=": "100%/5min",  # AssertMemoryPressure=
    "ConditionCPUPressure=": "100%/5min",  # AssertCPUPressure=
    "ConditionIOPressure=": "100%/5min",  # AssertIOPressure=
}


@test(needs=[root])
def conditions_decide_whether_a_service_runs(t):
    units, runs = {}, set()
    for n, (condition, value) in enumerate(CONDITIONS.items()):
        for kind, key in (("c", condition), ("a", condition.replace("Condition", "Assert"))):
            for sign in ("", "!"):
                name = f"{n}{kind}{'no' if sign else 'yes'}.service"
                setting = (sign + value).removeprefix("!!")
                units[name] = f"[Unit]\n{key}{setting}\n{STAYS}{WANTED}"
                if not sign:
                    runs.add(name)
    base = boot_root(t.dir / "root", units)
    write_files(base, {"etc/os-release": "ID=testos\n", "etc/machine-id": "0123456789abcdef0123456789abcdef\n"})
    init = Pid1(t, "--boot", root=base)
    init.wait_for_unit_state("multi-user.target", "active")
    active = {name for name in units if init.unit(name)["ActiveState"] == "active"}
    assert active == runs, [units[name].splitlines()[1] for name in active ^ runs]
    assert {path.name[4:] for path in base.glob("out-*")} == runs


@test(needs=[root])
def old_names_of_dependencies_are_understood(t):
    base = boot_root(t.dir / "root", {
        "app.service": "[Unit]\nRequiresOverridable=needed.service\nBefore=later.service\nPropagatesStopTo=gone.service\n" + STAYS,
        "needed.service": STAYS,
        "later.service": "[Unit]\nBindTo=app.service\n" + STAYS,
        "gone.service": STAYS,
        "with.service": "[Unit]\nStopPropagatedFrom=app.service\n" + STAYS,
        "only.service": "[Unit]\nRequisiteOverridable=absent.service\n" + STAYS,
        "absent.service": STAYS,
        "by-others.service": "[Unit]\nRefuseManualStart=yes\n" + STAYS,
        "kept.service": "[Unit]\nRefuseManualStop=yes\n" + STAYS,
    })
    init = Pid1(t, "--boot", root=base)
    init.wait_for_unit_state("multi-user.target", "active")
    init.done("start", "later.service", "gone.service", "with.service", "kept.service")
    assert init.unit("needed.service")["ActiveState"] == init.unit("app.service")["ActiveState"] == "active"
    for words in (("start", "only.service"), ("start", "by-others.service"), ("stop", "kept.service")):
        assert init.call(*words)[1]["Result"] != "done", words
    init.done("stop", "app.service")
    for name in ("later.service", "gone.service", "with.service"):
        init.wait_for_unit_state(name, "inactive")
    assert init.unit("needed.service")["ActiveState"] == "active"


@test(needs=[root], each=["Unit", "Service"])
def limit_of_starts_is_also_read_under_its_old_name(t, section):
    limit = "StartLimitInterval=1h\nStartLimitBurst=2\n"
    unit, service = (limit, "") if section == "Unit" else ("", limit)
    base = boot_root(t.dir / "root", {"app.service": (
        f"[Unit]\n{unit}[Service]\n{service}Restart=always\nRestartSec=0\nExecStart=/bin/sh -c 'echo >> /runs'\n{WANTED}")})
    init = Pid1(t, "--boot", root=base)
    init.wait_for_unit_state("app.service", "failed")
    assert (base / "runs").read_text() == "\n\n"
    wait_for(lambda: init.unit("app.service")["Result"] == "start-limit-hit", "the limit to be told")


# Handlers

@test(needs=[root])
def handler_of_a_failure_or_a_success_is_told_whose_and_how(t):
    """$MONITOR_... of systemd.exec(5); not where several loaded units may start it."""
    def task(script, head):
        return f"[Unit]\n{head}\n[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo $INVOCATION_ID >/id-%p; {script}'\n"
    base = boot_root(t.dir / "root", {
        "bad.service": task("exit 7", "OnFailure=handler@%p.service"),
        "shot.service": task("kill -9 $$$$", "OnFailure=handler@%p.service"),
        "good.service": task("exit 0", "OnSuccess=handler@%p.service"),
        "one.service": task("exit 1", "OnFailure=handler@shared.service"),
        "other.service": task("exit 1", "OnFailure=handler@shared.service"),
        "handler@.service": "[Service]\nType=oneshot\nExecStart=/bin/sh -c "
                            "'env | grep ^MONITOR_ | sort >/seen.new; mv /seen.new /seen-%i'\n",
        "ready.service": "[Unit]\nAfter=other.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n" + WANTED,
    })
    init = Pid1(t, "--boot", root=base)
    init.wait_for_unit_state("ready.service", "active")

    def seen(unit, handler=None):
        init.call("start", f"{unit}.service")
        seen = base / f"seen-{handler or unit}"
        wait_for(seen.exists, f"the handler of {unit}")
        return seen.read_text()
    for unit, code, status, result in (("bad", "exited", "7", "exit-code"), ("shot", "killed", "KILL", "signal"),
                                       ("good", "exited", "0", "success")):
        told = seen(unit)
        assert told == (f"MONITOR_EXIT_CODE={code}\nMONITOR_EXIT_STATUS={status}\n"
                        f"MONITOR_INVOCATION_ID={(base / f'id-{unit}').read_text().strip()}\n"
                        f"MONITOR_SERVICE_RESULT={result}\nMONITOR_UNIT={unit}.service\n"), (unit, told)
    assert seen("one", "shared") == ""


SYSTEMD = "/lib/systemd/systemd"


@test(needs=[root])
def every_setting_that_the_installed_systemd_knows_is_known(t):
    if not os.path.exists(SYSTEMD):
        raise Skip("no systemd is installed")
    items = run(t, [SYSTEMD, "--dump-configuration-items"]).out
    known = {name: body for name, body in re.findall(r"(?m)^\[(\w+)\]\n((?:\w+=.*\n)+)", items)}
    for section, kind in (("Unit", "service"), ("Install", "service"), ("Service", "service"), ("Slice", "slice")):
        names = re.findall(r"(?m)^(\w+)=", known[section])
        assert len(names) >= 5, section
        text = f"[{section}]\n" + "".join(f"{name}=\n" for name in [*names, "NoSuchSetting"])
        write_files(t.dir, {f"all.{kind}": text})
        told = run(t, [BERTH_INIT, "verify", f"{t.dir}/all.{kind}"]).out
        unknown = re.findall(r"unknown directive (\w+)=", told)
        assert unknown == ["NoSuchSetting"], told
