"""What the directives of systemd.exec(5) make a service's process see: a boot for each kind of them, with services
that write down what they find."""

import os
import pathlib
import re
import resource
import select
import shutil
import subprocess
import termios
import tty

from container import Pid1
from harness import root, test, wait_for
from root import NOBODY, boot_root, write_files

CAP_SYS_RESOURCE = 24
WANTED = "\n[Install]\nWantedBy=multi-user.target\n"


def boot_probes(t, probes, files=None, prepare=None, **options):
    """Boots with a service for each of {name: (directives, script)}; what a script prints goes to /out/NAME. Returns
    PID 1 and the root."""
    units, scripts = {}, {}
    for name, (directives, script) in probes.items():
        units[f"{name}.service"] = (f"[Service]\nType=oneshot\nRemainAfterExit=yes\n{directives}\n"
                                    f"ExecStart=/bin/sh /probe/{name}\n{WANTED}")
        scripts[f"probe/{name}"] = f"exec 9>&1 >/out/{name}.new\n{script}\nmv /out/{name}.new /out/{name}\n"
    base = boot_root(t.dir / "root", units, {**scripts, **(files or {})})
    (base / "out").mkdir()
    (base / "out").chmod(0o1777)
    if prepare:
        prepare(base)
    return Pid1(t, "--boot", root=base, **options), base


def seen(t, probes, **options):
    """What each of the probes printed, once all have run."""
    init, base = boot_probes(t, probes, **options)
    said = {}
    for name in probes:
        record = {}

        def ended():
            record.update(init._unit_if_up(f"{name}.service"))
            return record.get("ActiveState") in ("active", "failed")
        wait_for(ended, f"{name} to have run")
        path = base / "out" / name
        said[name] = path.read_text() if path.exists() else f"{record} {init.log(f'{name}.service')}"
    return said


def expect(said, wanted):
    """Compares what was seen with what was wanted, all differences at once."""
    wrong = {name: (said[name], text) for name, text in wanted.items() if said[name].rstrip("\n") != text}
    assert not wrong, "\n".join(f"{name}: saw {saw!r}, wanted {text!r}" for name, (saw, text) in wrong.items())


# Limits and scheduling

LIMITS = {  # directive: (its value, line of /proc/PID/limits, soft, hard)
    "LimitCPU": ("1h:2h", "Max cpu time", "3600", "7200"),
    "LimitFSIZE": ("1G", "Max file size", "1073741824", "1073741824"),
    "LimitDATA": ("512M:1G", "Max data size", "536870912", "1073741824"),
    "LimitSTACK": ("4M:16M", "Max stack size", "4194304", "16777216"),
    "LimitCORE": ("0:1M", "Max core file size", "0", "1048576"),
    "LimitRSS": ("2G", "Max resident set", "2147483648", "2147483648"),
    "LimitNOFILE": ("77:99", "Max open files", "77", "99"),
    "LimitAS": ("4G:infinity", "Max address space", "4294967296", "unlimited"),
    "LimitNPROC": ("4000:5000", "Max processes", "4000", "5000"),
    "LimitMEMLOCK": ("1M", "Max locked memory", "1048576", "1048576"),
    "LimitLOCKS": ("12", "Max file locks", "12", "12"),
    "LimitSIGPENDING": ("34", "Max pending signals", "34", "34"),
    "LimitMSGQUEUE": ("8K", "Max msgqueue size", "8192", "8192"),
    "LimitNICE": ("+2:-3", "Max nice priority", "18", "23"),
    "LimitRTPRIO": ("5:6", "Max realtime priority", "5", "6"),
    "LimitRTTIME": ("1ms:2s", "Max realtime timeout", "1000", "2000000"),
}


def limits_of(text):
    """/proc/PID/limits as {line: (soft, hard)}."""
    return {line[:26].strip(): tuple(line[26:].split()[:2]) for line in text.splitlines()[1:]}


def as_permitted(line, soft, hard):
    """The limits as they can be set by whom this test runs as."""
    ceiling = limits_of(pathlib.Path("/proc/self/limits").read_text())[line][1]
    capabilities = re.search(r"CapEff:\s*(\w+)", pathlib.Path("/proc/self/status").read_text())[1]
    if int(capabilities, 16) & (1 << CAP_SYS_RESOURCE) or ceiling == "unlimited":
        return soft, hard
    return tuple(ceiling if text == "unlimited" else str(min(int(text), int(ceiling))) for text in (soft, hard))


@test(needs=[root])
def limits_are_what_the_unit_says(t):
    settings = "\n".join(f"{name}={value}" for name, (value, *_) in LIMITS.items())
    got = limits_of(seen(t, {"limits": (settings, "cat /proc/self/limits")})["limits"])
    wanted = {line: as_permitted(line, soft, hard) for _, line, soft, hard in LIMITS.values()}
    assert {line: got[line] for line in wanted} == wanted, got


@test(needs=[root])
def what_is_not_permitted_is_set_as_near_as_it_can_be_and_said(t):
    ceiling = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    base = boot_root(t.dir / "root", {
        "high.service": "[Service]\nType=oneshot\nRemainAfterExit=yes\n"
                        f"LimitNOFILE=100:{ceiling * 2}\nNice=-5\nOOMScoreAdjust=-999\n"
                        "ExecStart=/bin/sh -c 'ulimit -Hn; ulimit -Sn; cut -d\" \" -f19 /proc/self/stat'\n" + WANTED})
    init = Pid1(t, "--boot", root=base, under=["setpriv", "--bounding-set=-sys_resource,-sys_nice"])
    init.wait_for_unit_state("high.service", "active", "exited")
    assert init.log("high.service")[:-1] == [
        "OOMScoreAdjust=: -999 is not permitted in the container, and not set",
        "Nice=: -5 is not permitted in the container, 0 is set",
        f"LimitNOFILE=: {ceiling * 2} is more than the container permits, {ceiling} is set", str(ceiling), "100", "0"]


@test(needs=[root])
def attributes_of_a_process_are_what_the_unit_says(t):
    cpu = max(os.sched_getaffinity(0))
    stat = "cut -d' ' -f40,41 /proc/self/stat"
    said = seen(t, {
        "affinity": (f"CPUAffinity={cpu}", "grep Cpus_allowed_list /proc/self/status"),
        "batch": ("CPUSchedulingPolicy=batch", stat),
        "fifo": ("CPUSchedulingPolicy=fifo\nCPUSchedulingPriority=7", stat),
        "reset": ("CPUSchedulingPolicy=rr\nCPUSchedulingResetOnFork=yes", stat),
        "idle": ("IOSchedulingClass=idle", "ionice -p $$"),
        "level": ("IOSchedulingClass=best-effort\nIOSchedulingPriority=6", "ionice -p $$"),
        "slack": ("TimerSlackNSec=123456", "cat /proc/self/timerslack_ns"),
        "pipe": ("IgnoreSIGPIPE=no", "grep SigIgn /proc/self/status | cut -f2"),
        "oom": ("OOMScoreAdjust=77", "cat /proc/self/oom_score_adj"),
        "umask": ("UMask=0027", "umask"),
        "place": ("WorkingDirectory=/var", "pwd"),
        "home": ("User=www\nWorkingDirectory=~", "pwd"),
        "no-place": ("WorkingDirectory=-/no/where", "pwd"),
        "group": ("User=www\nGroup=nobody\nSupplementaryGroups=www 77", "id -g; id -G"),
        "nice": ("Nice=7", "cut -d' ' -f19 /proc/self/stat"),
    })
    expect(said, {
        "affinity": f"Cpus_allowed_list:\t{cpu}",
        "batch": "0 3",
        "fifo": "7 1",
        "reset": "0 0",  # what the shell has forked
        "idle": "idle",
        "level": "best-effort: prio 6",
        "slack": "123456",
        "nice": "7",
        "pipe": "0000000000000000",
        "oom": "77",
        "umask": "0027",
        "place": "/var",
        "home": "/var/www",
        "no-place": "/",
        "group": f"{NOBODY}\n{NOBODY} 33 77",
    })


# Directories

KINDS = {"Runtime": "/run", "State": "/var/lib", "Cache": "/var/cache", "Logs": "/var/log", "Configuration": "/etc"}
STAT = "stat -c '%n %U:%G %a'"


@test(needs=[root])
def directories_are_made_for_the_user_with_their_modes_and_named_in_the_environment(t):
    # RuntimeDirectory= StateDirectory= CacheDirectory= LogsDirectory= ConfigurationDirectory=
    settings = "".join(f"{kind}Directory=%p/deep {kind.lower()}\n{kind}DirectoryMode=27{n}0\n"
                       for n, kind in enumerate(KINDS))
    # RuntimeDirectoryMode= StateDirectoryMode= CacheDirectoryMode= LogsDirectoryMode= ConfigurationDirectoryMode=
    said = seen(t, {"app": (f"User=www\n{settings}", "\n".join(
        f"echo ${kind.upper()}_DIRECTORY; {STAT} {place}/app {place}/app/deep {place}/{kind.lower()}"
        for kind, place in KINDS.items()))})
    expect(said, {"app": "\n".join(
        f"{place}/app/deep:{place}/{kind.lower()}\n{place}/app root:root 755\n"
        f"{place}/app/deep www:www 27{n}0\n{place}/{kind.lower()} www:www 27{n}0"
        for n, (kind, place) in enumerate(KINDS.items()))})


@test(needs=[root])
def directory_that_is_there_is_handed_over_with_all_in_it_unless_its_top_belongs_to_the_user(t):
    def prepare(base):
        for name in ("var/lib/other/sub", "var/lib/own/sub", "etc/conf"):
            (base / name).mkdir(parents=True)
            (base / name / "file").touch()
            os.chown(base / name / "file", 7, 7)
        os.symlink("/etc/passwd", base / "var/lib/other/link")
        os.chown(base / "var/lib/own", 33, 33)
        (base / "etc/conf").chmod(0o750)
    said = seen(t, {"app": ("User=www\nStateDirectory=other own\nConfigurationDirectory=conf",
                            "cd /var/lib; stat -c '%n %u %a' other other/sub other/sub/file own own/sub/file /etc/conf\n"
                            "stat -c '%n %u' other/link /etc/passwd")}, prepare=prepare)
    expect(said, {"app": "other 33 755\nother/sub 33 755\nother/sub/file 33 644\nown 33 755\nown/sub/file 7 644\n"
                         "/etc/conf 0 750\nother/link 33\n/etc/passwd 0"})


@test(needs=[root])
def runtime_directories_go_with_their_service_unless_they_are_preserved(t):
    def service(preserve):
        return (f"[Service]\nRuntimeDirectory=%p %p:link-%p\nRuntimeDirectoryPreserve={preserve}\n"
                "ExecStartPre=/bin/sh -c 'ls /run/%p >> /seen-%p'\nExecStart=/bin/payload sleep-forever\n"
                "ExecStartPost=/bin/touch /run/link-%p/mark\n" + WANTED)
    names = {"gone": "no", "stays": "yes", "again": "restart"}
    base = boot_root(t.dir / "root", {f"{name}.service": service(preserve) for name, preserve in names.items()})
    init = Pid1(t, "--boot", root=base)
    for name in names:
        init.wait_for_unit_state(f"{name}.service", "active", "running")
        init.done("restart", f"{name}.service")
    assert {name: (base / f"seen-{name}").read_text() for name in names} == {
        "gone": "", "stays": "mark\n", "again": "mark\n"}
    for name in names:
        init.done("stop", f"{name}.service")
    assert sorted(os.listdir(base / "run")) == ["berth", "link-stays", "stays", "systemd"]


@test(needs=[root])
def service_cannot_lead_pid_1_out_of_its_directory(t):
    def prepare(base):
        (base / "var/lib/app").mkdir(parents=True)
        os.chown(base / "var/lib/app", 33, 33)
        os.symlink("/etc", base / "var/lib/app/trap")
        (base / "data").mkdir()
        os.symlink("../../data", base / "var/lib/volume")
    init, base = boot_probes(t, {
        "trapped": ("User=www\nStateDirectory=app app/trap", "true"),
        "linked": ("User=www\nStateDirectory=volume", f"{STAT} /data"),
    }, prepare=prepare)
    init.wait_for_unit_state("trapped.service", "failed")
    assert "STATE_DIRECTORY" in "".join(init.log("trapped.service"))
    assert (base / "etc").stat().st_uid == 0
    init.wait_for_unit_state("linked.service", "active")
    assert (base / "out/linked").read_text() == "/data www:www 755\n"


# Environment

@test(needs=[root])
def environment_comes_from_the_container_the_unit_and_its_files(t):
    said = seen(t, {"app": (
        'Environment=A=unit B=unit "C=two words"\nEnvironmentFile=/etc/env/*.conf\nEnvironmentFile=-/no/such/file\n'
        "EnvironmentFile=-/no/such/*\nPassEnvironment=GIVEN\nUnsetEnvironment=GONE B=unit C=other",
        'for v in A "${B-unset}" "$C" "$D" "$E" "$F" "$GIVEN" "${GONE-unset}" "${K-unset}"; do echo "[$v]"; done; echo $A')},
        files={"etc/env/1.conf": "# comment\n; comment\nA=file  # kept\nD='single\nquoted'\nexport K=V\nA B=c\n",
               "etc/env/2.conf": 'E="a\\"b" \\\nF=no\nF=x\\\ny\n'},
        env={**os.environ, "GIVEN": "by the container", "GONE": "too"})
    assert said["app"].splitlines() == ["[A]", "[unset]", "[two words]", "[single", "quoted]", '[a"bF=no]', "[xy]",
                                        "[by the container]", "[unset]", "[unset]", "file # kept"], said


OWN_ENVIRONMENT = "tr '\\0' '\\n' </proc/$$/environ | grep -v ^INVOCATION_ID= | sort"


@test(needs=[root])
def clean_environment_is_what_systemd_gives(t):
    """PassEnvironment= then counts, also for an empty value, and loses to the unit's own settings."""
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/berth/bin"
    given = {"PATH": "/bin:/usr/bin:/usr/sbin", "GIVEN": "by the container", "EMPTY": "", "B": "container"}
    expect(seen(t, {
        "plain": ("UnsetEnvironment=SYSTEMD_EXEC_PID", OWN_ENVIRONMENT),
        "passed": ("PassEnvironment=GIVEN EMPTY NONE B PATH\nEnvironment=B=unit\nUnsetEnvironment=SYSTEMD_EXEC_PID", OWN_ENVIRONMENT),
        "other": ("[Unit]\nConditionEnvironment=!GIVEN\nConditionEnvironment=LANG=de_DE.UTF-8\n[Service]", "echo met"),
    }, files={"etc/default/locale": 'LANG="de_DE.UTF-8"\nLC_TIME=C\nOTHER=no\n'},
        env={**os.environ, **given, "BERTH_CLEAN_ENV": "yes"}), {
        "plain": f"LANG=de_DE.UTF-8\nLC_TIME=C\n{path}",
        "passed": f"B=unit\nEMPTY=\nGIVEN=by the container\nLANG=de_DE.UTF-8\nLC_TIME=C\nPATH={given['PATH']}",
        "other": "met",
    })


@test(needs=[root])
def command_keeps_its_environment_beside_clean_services(t):
    base = boot_root(t.dir / "root", {"app.service": "[Service]\nExecStart=/bin/payload sleep-forever\n" + WANTED})
    init = Pid1(t, "--boot", "--clean-env", "--", "sh", "-c", "echo $GIVEN; berthctl show-environment", root=base,
                env={**os.environ, "PATH": "/bin:/usr/bin:/usr/sbin", "GIVEN": "to the command"})
    init.out.expect("^to the command$")
    assert "GIVEN=" not in init.out.rest()  # the line that it has started may come late
    assert init.wait() == 0


# Identity and privileges

CAPS = "grep -E 'Cap(Inh|Prm|Eff|Amb)|CapBnd|NoNew' /proc/self/status | cut -f2 | sed 's/^0*//' | paste -sd' '"
CHOWN, KILL, BIND = "1", "20", "400"


@test(needs=[root])
def capabilities_are_those_that_the_unit_leaves(t):
    said = seen(t, {
        "bounding": ("CapabilityBoundingSet=CAP_CHOWN", CAPS),
        "ambient": ("User=www\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"
                    "CapabilityBoundingSet=CAP_NET_BIND_SERVICE", CAPS),
        "as-root": ("AmbientCapabilities=CAP_KILL\nCapabilityBoundingSet=CAP_KILL CAP_CHOWN", CAPS),
        "outside": ("User=www\nAmbientCapabilities=CAP_KILL CAP_CHOWN\nCapabilityBoundingSet=CAP_KILL", CAPS),
        "user": ("User=www\nCapabilityBoundingSet=CAP_KILL\nNoNewPrivileges=yes", CAPS),
        "noroot": ("SecureBits=noroot noroot-locked\nCapabilityBoundingSet=CAP_KILL", CAPS),
        "bits-and-user": ("User=www\nSecureBits=noroot\nAmbientCapabilities=CAP_KILL\n"
                          "CapabilityBoundingSet=CAP_KILL", CAPS),
    })
    expect(said, {  # inheritable, permitted, effective, bounding, ambient, no_new_privs
        "bounding": f" {CHOWN} {CHOWN} {CHOWN}  ",
        "ambient": f"{BIND} {BIND} {BIND} {BIND} {BIND} ",
        "as-root": f"{KILL} 21 21 21 {KILL} ",
        "outside": f"{KILL} {KILL} {KILL} {KILL} {KILL} ",
        "user": f"   {KILL}  1",
        "noroot": f"   {KILL}  ",
        "bits-and-user": f"{KILL} {KILL} {KILL} {KILL} {KILL} ",
    })


@test(needs=[root])
def prefixes_of_a_command_decide_whose_privileges_it_has(t):
    who = "echo $(id -u) $(grep CapBnd /proc/self/status | cut -f2 | sed \'s/^0*//\') $(ulimit -n)"
    prefixes = {"": "33 1 77", "+": "0 all other", "!": "0 1 77", "!!": "33 1 77", "-": "33 1 77", ":": "33 1 77"}
    commands = "".join(f'ExecStartPre={prefix}/bin/sh -c ". /who >> /out/{n}"\n'
                       for n, prefix in enumerate(prefixes))
    base = boot_root(t.dir / "root", {"app.service": (
        f"[Service]\nType=oneshot\nRemainAfterExit=yes\nUser=www\nCapabilityBoundingSet=CAP_CHOWN\nLimitNOFILE=77\n"
        f"{commands}ExecStartPre=-/bin/false\nExecStartPre=-/no/such/program\n"
        "ExecStartPre=@/bin/busybox touch /out/name\n"
        "ExecStartPre=:/bin/sh -c 'echo $USER >> /out/raw'\n"
        "ExecStart=|echo $USER 'two  words'\nExecStart=|@. /shell\n" + WANTED)},
        {"who": who.replace("\\'", "'"), "shell": "echo $0 >> /out/shell"})
    passwd = (base / "etc/passwd").read_text().replace("/var/www:/bin/sh", "/var/www:/bin/ash")
    (base / "etc/passwd").write_text(passwd)
    (base / "out").mkdir()
    (base / "out").chmod(0o1777)
    init = Pid1(t, "--boot", root=base)
    init.wait_for_unit_state("app.service", "active", "exited")
    bounding = re.search(r"CapBnd:\s*0*(\w+)", pathlib.Path("/proc/self/status").read_text())[1]
    files = str(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    got = [(base / "out" / str(n)).read_text().rstrip() for n in range(len(prefixes))]
    assert got == [text.replace("all", bounding).replace("other", files) for text in prefixes.values()], got
    assert (base / "out/raw").read_text() == "www\n"
    assert (base / "out/name").exists()
    assert "www two  words" in init.log("app.service")
    assert (base / "out/shell").read_text() == "-ash\n"


@test(needs=[root])
def dynamic_users_are_of_the_pool_and_own_their_directories(t):
    def probe(extra=""):
        return (f"DynamicUser=yes\nStateDirectory=%p\n{extra}",
                f"id -u; id -g; echo $USER $LOGNAME $HOME; {STAT.replace('U:%G', 'u:%g')} $STATE_DIRECTORY;"
                "grep NoNewPrivs /proc/self/status | cut -f2")
    said = seen(t, {"one": probe(), "two": probe(), "named": probe("User=someone"), "static": probe("User=www"),
                    "groups": ("DynamicUser=yes\nSupplementaryGroups=www", "id -G | cut -d' ' -f2")})
    numbers = {name: int(text.splitlines()[0]) for name, text in said.items() if name != "groups"}
    assert all(61184 <= numbers[name] <= 65519 for name in ("one", "two", "named")), said
    assert len(set(numbers.values())) == 4 and numbers["static"] == 33, said
    users = {"one": "one one", "two": "two two", "named": "someone someone", "static": "www www /var/www"}
    for name, user in users.items():
        uid = numbers[name]
        assert said[name] == f"{uid}\n{uid}\n{user}\n/var/lib/{name} {uid}:{uid} 755\n1\n", said[name]
    assert said["groups"] == "33\n"


@test(needs=[root])
def login_variables_are_set_for_users_or_as_asked_for(t):
    say = "echo ${HOME-unset} ${USER-unset}"
    expect(seen(t, {
        "user": ("User=www", say),
        "never": ("User=www\nSetLoginEnvironment=no\nUnsetEnvironment=HOME USER", say),
        "root": ("SetLoginEnvironment=yes", say),
    }), {"user": "/var/www www", "never": "unset unset", "root": "/root root"})


@test(needs=[root])
def programs_are_found_along_the_search_path(t):
    base = boot_root(t.dir / "root", {"app.service": (
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecSearchPath=/opt/first:/opt/%p\nExecSearchPath=/bin\n"
        "ExecStart=tool\nExecStart=sh -c 'echo $$PATH'\n" + WANTED)},
        {"opt/app/tool": "#!/bin/sh\necho the tool\n"})
    (base / "opt/app/tool").chmod(0o755)
    init = Pid1(t, "--boot", root=base)
    init.wait_for_unit_state("app.service", "active", "exited")
    assert init.log("app.service")[:2] == ["the tool", "/opt/first:/opt/app:/bin"]


@test(needs=[root])
def service_with_a_root_directory_sees_nothing_else(t):
    def jailed(extra):
        return ("[Service]\nType=oneshot\nRemainAfterExit=yes\nRootDirectory=/jail\nWorkingDirectory=/work\n"
                f"User=www\nStateDirectory=%p\n{extra}ExecStart=/bin/sh -c 'pwd; cat /where; ls -d $STATE_DIRECTORY'\n"
                "ExecStartPost=/bin/sh -c 'pwd; cat /where'\n" + WANTED)
    base = boot_root(t.dir / "root", {"all.service": jailed(""), "only.service": jailed("RootDirectoryStartOnly=yes\n"),
                                      "lost.service": "[Service]\nRootDirectory=/no/where\nExecStart=/bin/true\n" + WANTED},
                     {"where": "outside\n", "jail/where": "inside\n", "jail/work/x": ""})
    (base / "jail/bin").mkdir()
    for name in ("busybox", "sh"):
        shutil.copy(base / "bin/busybox", base / "jail/bin" / name)
    os.symlink("sh", base / "jail/bin/cat")
    os.symlink("sh", base / "jail/bin/ls")
    init = Pid1(t, "--boot", root=base)
    for name, post in (("all", ["/work", "inside"]), ("only", ["/jail/work", "outside"])):
        init.wait_for_unit_state(f"{name}.service", "active", "exited")
        assert init.log(f"{name}.service")[:5] == ["/work", "inside", f"/var/lib/{name}", *post], init.log()
    init.wait_for_unit_state("lost.service", "failed")
    assert "CHROOT: /no/where" in "\n".join(init.log("lost.service"))


# Streams

@test(needs=[root])
def input_comes_from_where_the_unit_says(t):
    expect(seen(t, {
        "null": ("StandardInput=null", "cat | wc -c"),
        "text": ("StandardInputText=one\\ttwo %p\nStandardInputText=three", "cat"),
        "data": ("StandardInput=data\nStandardInputData=AAEC\nStandardInputData=/w==", "od -An -tx1"),
        "file": ("StandardInput=file:/etc/words", "cat"),
        "both": ("StandardInput=file:/tmp/both\nStandardOutput=file:/tmp/both\nStandardError=inherit",
                 "echo written >&9; readlink /proc/$$/fd/0; readlink /proc/$$/fd/9"),
    }, files={"etc/words": "words\n"}), {
        "null": "0", "text": "one\ttwo text\nthree", "data": " 00 01 02 ff", "file": "words",
        "both": "/tmp/both\n/tmp/both",
    })


@test(needs=[root])
def output_goes_where_the_unit_says(t):
    def say(directives):
        return ("[Service]\nType=oneshot\nRemainAfterExit=yes\nUMask=0077\n" + directives +
                "ExecStart=/bin/sh -c 'echo out; echo err >&2'\n" + WANTED)
    units = {
        "file": "StandardOutput=file:/tmp/file\n",
        "append": "StandardOutput=append:/tmp/append\nStandardError=append:/tmp/append\n",
        "truncate": "StandardOutput=truncate:/tmp/truncate\nStandardError=null\n",
        "apart": "StandardOutput=null\nStandardError=file:/tmp/apart\n",
        "journal": "StandardOutput=journal+console\nStandardError=inherit\nSyslogIdentifier=other-%p\n",
        "lost": "StandardOutput=file:/no/where/at/all\n",
    }
    base = boot_root(t.dir / "root", {f"{name}.service": say(text) for name, text in units.items()},
                     {f"tmp/{name}": "a longer old text\n" for name in ("file", "append", "truncate")})
    init = Pid1(t, "--boot", root=base)
    for name in units:
        init.wait_for_unit_state(f"{name}.service", "failed" if name == "lost" else "active")
    assert {name: (base / "tmp" / name).read_text() for name in ("file", "append", "truncate", "apart")} == {
        "file": "out\nerr\n old text\n", "append": "a longer old text\nout\nerr\n", "truncate": "out\n", "apart": "err\n"}
    assert (base / "tmp/apart").stat().st_mode & 0o777 == 0o600
    assert init.log("journal.service")[:2] == ["out", "err"]
    init.out.expect("other-journal: out")
    assert "STDOUT: /no/where/at/all" in "".join(init.log("lost.service"))


@test(needs=[root])
def lines_of_the_log_have_levels(t):
    def service(directives):
        return (f"[Service]\nType=oneshot\nRemainAfterExit=yes\n{directives}\nStandardInputText=<3>error\\n<7>debug\\nplain\n"
                f"StandardInputText=<x>\\n<30>info\nExecStart=/bin/cat\n{WANTED}")
    units = {"usual": "", "raw": "SyslogLevelPrefix=no", "quiet": "LogLevelMax=notice\nSyslogLevel=warning",
             "silent": "LogLevelMax=err"}
    base = boot_root(t.dir / "root", {f"{name}.service": service(text) for name, text in units.items()})
    init = Pid1(t, "--boot", root=base)
    for name in units:
        init.wait_for_unit_state(f"{name}.service", "active")
    assert {name: init.log(f"{name}.service")[:-1] for name in units} == {
        "usual": ["error", "debug", "plain", "<x>", "info"],
        "raw": ["<3>error", "<7>debug", "plain", "<x>", "<30>info"],
        "quiet": ["error", "plain", "<x>"],
        "silent": ["error"],
    }


def terminal(t, base):
    """A terminal of this host that is in the root as well: its master, its slave, and its name."""
    master, slave = os.openpty()
    for descriptor in (master, slave):
        t.defer(lambda descriptor=descriptor: os.close(descriptor))
    (base / "dev/pts").mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", "/dev/pts", base / "dev/pts"], check=True)
    t.defer(lambda: subprocess.run(["umount", "--lazy", base / "dev/pts"], check=True))
    return master, slave, os.ttyname(slave)


def read_until(master, text):
    """What comes from a terminal, up to this text."""
    got = b""

    def came():
        nonlocal got
        if select.select([master], [], [], 0)[0]:
            got += os.read(master, 4096)
        return text in got.decode()
    wait_for(came, f"{text!r} on the terminal")
    return got.decode()


@test(needs=[root])
def terminal_belongs_to_one_service_at_a_time(t):
    base = boot_root(t.dir / "root", {})
    master, slave, name = terminal(t, base)

    def service(kind):
        return (f"[Service]\nUser=www\nStandardInput={kind}\nTTYPath={name}\nUnsetEnvironment=NONE\n"
                f"ExecStart=/bin/sh -c 'echo {kind} $TERM $(tty) $(stat -c %%U {name}); read x; echo got $x; exec sleep 1000'\n")
    write_files(base, {f"etc/systemd/system/{kind}@.service": service(kind) for kind in ("tty", "tty-fail", "tty-force")})
    write_files(base, {"etc/systemd/system/plain.service":
                       f"[Service]\nType=oneshot\nTTYPath={name}\nStandardOutput=tty\nExecStart=/bin/echo plain\n"})
    env = {key: value for key, value in os.environ.items() if key != "TERM"}
    init = Pid1(t, "--boot", root=base, env=env)
    init.wait_for_unit_state("multi-user.target", "active")
    init.done("start", "tty@1.service")
    assert f"tty vt220 {name} www" in read_until(master, "www")
    os.write(master, b"some words\n")
    read_until(master, "got some words")
    init.done("start", "plain.service")
    read_until(master, "plain")
    init.call("start", "tty-fail@1.service")
    init.wait_for_unit_state("tty-fail@1.service", "failed")
    assert "STDIN" in init.unit("tty-fail@1.service")["ExecError"]
    init.done("--no-block", "start", "tty@2.service")
    init.done("stop", "tty@1.service")
    read_until(master, f"tty vt220 {name} www")
    init.done("start", "tty-force@1.service")
    read_until(master, "tty-force vt220")
    pid = init.unit("tty@2.service")["MainPID"]
    assert init.run_inside("cat", f"/proc/{pid}/stat").out.split()[6] == "0", "it still has the terminal"


@test(needs=[root])
def terminal_is_reset_and_hung_up_around_its_service(t):
    base = boot_root(t.dir / "root", {})
    master, slave, name = terminal(t, base)
    write_files(base, {
        "etc/systemd/system/reset.service": f"[Service]\nTTYPath={name}\nTTYReset=yes\nExecStart=/bin/sleep 1000\n",
        "etc/systemd/system/hangup.service": f"[Service]\nTTYPath={name}\nTTYVHangup=yes\nExecStart=/bin/sleep 1000\n"})
    tty.setraw(slave)
    init = Pid1(t, "--boot", root=base)
    init.wait_for_unit_state("multi-user.target", "active")

    def echoes():
        return bool(termios.tcgetattr(master)[3] & termios.ECHO)
    assert not echoes()
    init.done("start", "reset.service")
    wait_for(echoes, "the terminal to be reset")
    tty.setraw(slave)
    init.done("stop", "reset.service")
    assert echoes()
    init.done("start", "hangup.service")

    def is_hung_up():
        try:
            return os.isatty(slave) and termios.tcgetattr(slave) is None
        except termios.error:
            return True
    wait_for(lambda: not os.isatty(slave) or is_hung_up(), "the hangup")
