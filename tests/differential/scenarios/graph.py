"""What units do to each other: requirements, order, conflicts, propagation, conditions, jobs."""

from scenario import Deliberate, group

scenario = group("graph")

BINDINGS = ("Wants", "Requires", "Requisite", "BindsTo", "PartOf", "Upholds")

for kind in BINDINGS:
    for order in ("After=b.service", "Before=b.service", ""):
        scenario(f"{kind}, {order or 'no order'}, the other fails", f"""
        a.service
            [Unit]
            {kind}=b.service
            {order}
            [Service]
            Type=oneshot
            RemainAfterExit=yes
            ExecStart=@note a
        b.service
            Type=oneshot
            ExecStart=sh -c '@note b; exit 1'
            [Unit]
            StartLimitBurst=1
        $ systemctl start a.service
        rest a.service
        rest b.service
        unordered
        """)
    scenario(f"{kind}, the other is stopped, dies, comes back", f"""
    a.service
        [Unit]
        {kind}=b.service
        After=b.service
        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=@note a
    b.service
        ExecStart=sleep 1000
    $ systemctl start b.service
    $ systemctl start a.service
    $ systemctl stop b.service
    rest a.service
    rest b.service
    $ systemctl is-active a.service b.service
    $ systemctl start b.service
    $ systemctl start a.service
    # systemctl kill -s KILL b.service
    rest b.service
    rest a.service
    $ systemctl is-active a.service b.service
    $ systemctl restart b.service
    rest a.service
    $ systemctl is-active a.service b.service
    """)
    scenario(f"{kind} of a unit that is not there", f"""
    a.service
        [Unit]
        {kind}=no-such.service
        After=no-such.service
        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=@note a
    $ systemctl start a.service
    """)
    scenario(f"{kind} of a masked unit", f"""
    a.service
        [Unit]
        {kind}=b.service
        After=b.service
        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=@note a
    b.service -> /dev/null
    $ systemctl start a.service
    $ systemctl start b.service
    """)
    scenario(f"{kind} of a unit whose condition does not hold", f"""
    a.service
        [Unit]
        {kind}=b.service
        After=b.service
        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=@note a
    b.service
        [Unit]
        ConditionPathExists=/no/such
        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=@note b
    $ systemctl start a.service
    """)
    scenario(f"{kind} of a unit whose assertion does not hold", f"""
    a.service
        [Unit]
        {kind}=b.service
        After=b.service
        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=@note a
    b.service
        [Unit]
        AssertPathExists=/no/such
        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=@note b
    $ systemctl start a.service
    """)

scenario("order of start and stop", """
a.service
    [Unit]
    After=b.service c.service
    Wants=b.service c.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note start a
    ExecStop=@note stop a
b.service
    [Unit]
    After=c.service
    PartOf=a.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note start b
    ExecStop=@note stop b
c.service
    [Unit]
    PartOf=a.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note start c
    ExecStop=@note stop c
$ systemctl start a.service
$ systemctl stop a.service
until c.service inactive
$ systemctl start a.service
$ systemctl restart a.service
""")

scenario("a stop is before a start, whichever way they are ordered", """
a.service
    [Unit]
    After=b.service
    Conflicts=b.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note start a
b.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note start b
    ExecStop=sh -c 'sleep 0.1; @note stop b'
$ systemctl start b.service
$ systemctl start a.service
$ systemctl start b.service
""")

scenario("Conflicts with what is started together", """
a.target
    Wants=b.service
    Requires=c.service
b.service
    [Unit]
    Conflicts=c.service
    [Service]
    ExecStart=sleep 1000
c.service
    ExecStart=sleep 1000
$ systemctl start a.target
$ systemctl start b.service
$ systemctl start c.service
rest b.service
""")

scenario("two required units that conflict", """
a.target
    Requires=b.service c.service
b.service
    [Unit]
    Conflicts=c.service
    [Service]
    ExecStart=sleep 1000
c.service
    ExecStart=sleep 1000
$ systemctl start a.target
""")

scenario("an ordering cycle through what is wanted", """
a.service
    [Unit]
    Wants=b.service
    After=b.service
    [Service]
    Type=oneshot
    ExecStart=@note a
b.service
    [Unit]
    After=a.service
    [Service]
    Type=oneshot
    ExecStart=@note b
$ systemctl start a.service
""")

scenario("an ordering cycle through what is required", """
a.service
    [Unit]
    Requires=b.service
    After=b.service
    [Service]
    Type=oneshot
    ExecStart=@note a
b.service
    [Unit]
    Requires=a.service
    After=a.service
    [Service]
    Type=oneshot
    ExecStart=@note b
$ systemctl start a.service
""")

scenario("a circle of requirements without order", """
a.service
    [Unit]
    Requires=b.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a
b.service
    [Unit]
    Requires=a.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note b
$ systemctl start a.service
$ systemctl stop b.service
unordered
""")

scenario("a chain of requirements breaks at its end", """
a.service
    [Unit]
    Requires=b.service
    After=b.service
    OnFailure=d.service
    [Service]
    Type=oneshot
    ExecStart=@note a
b.service
    [Unit]
    Requires=c.service
    After=c.service
    [Service]
    Type=oneshot
    ExecStart=@note b
c.service
    Type=oneshot
    ExecStart=sh -c '@note c; exit 1'
d.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note d
$ systemctl start a.service
until d.service active
""")

scenario("OnFailure and OnSuccess", """
a.service
    [Unit]
    OnFailure=f.service
    OnSuccess=s.service
    [Service]
    Type=oneshot
    ExecStart=@note a
b.service
    [Unit]
    OnFailure=f.service
    OnSuccess=s.service
    [Service]
    Type=oneshot
    ExecStart=false
f.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note f
s.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note s
$ systemctl start a.service
until s.service active
$ systemctl is-active f.service
$ systemctl start b.service
until f.service active
""")

scenario("OnSuccess of what is stopped", """
a.service
    [Unit]
    OnSuccess=s.service
    [Service]
    ExecStart=sleep 1000
s.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note s
$ systemctl start a.service
$ systemctl stop a.service
until s.service active
""")

scenario("what OnFailure= is told", """
a.service
    [Unit]
    OnFailure=f@%n.service
    [Service]
    Type=oneshot
    ExecStart=sh -c 'exit 3'
f@.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note %i $MONITOR_UNIT $MONITOR_SERVICE_RESULT $MONITOR_EXIT_CODE $MONITOR_EXIT_STATUS
$ systemctl start a.service
lines 1
""")

scenario("PropagatesReloadTo and ReloadPropagatedFrom", """
a.service
    [Unit]
    PropagatesReloadTo=b.service
    [Service]
    ExecStart=sleep 1000
    ExecReload=@note a
b.service
    ExecStart=sleep 1000
    ExecReload=@note b
c.service
    [Unit]
    ReloadPropagatedFrom=a.service
    [Service]
    ExecStart=sleep 1000
    ExecReload=@note c
d.service
    [Unit]
    ReloadPropagatedFrom=a.service
    [Service]
    ExecReload=@note d
    ExecStart=sleep 1000
$ systemctl start a.service b.service c.service
$ systemctl reload a.service
lines 3
unordered
""")

scenario("PropagatesStopTo and StopPropagatedFrom", """
a.service
    [Unit]
    PropagatesStopTo=b.service
    [Service]
    ExecStart=sleep 1000
b.service
    ExecStart=sleep 1000
c.service
    [Unit]
    StopPropagatedFrom=a.service
    [Service]
    ExecStart=sleep 1000
$ systemctl start a.service b.service c.service
$ systemctl stop a.service
rest b.service
rest c.service
$ systemctl start a.service b.service c.service
# systemctl kill -s KILL a.service
rest a.service
rest b.service
rest c.service
""")

scenario("PartOf a target", """
a.target
    Wants=b.service c.service
b.service
    [Unit]
    PartOf=a.target
    [Service]
    ExecStart=sh -c '@note b; exec sleep 1000'
c.service
    ExecStart=sh -c '@note c; exec sleep 1000'
$ systemctl start a.target
lines 2
$ systemctl restart a.target
lines 3
$ systemctl stop a.target
rest b.service
unordered
""")

scenario("StopWhenUnneeded", """
a.service
    [Unit]
    Requires=b.service
    [Service]
    ExecStart=sleep 1000
b.service
    [Unit]
    StopWhenUnneeded=yes
    [Service]
    ExecStart=sleep 1000
$ systemctl start a.service
$ systemctl is-active b.service
$ systemctl stop a.service
until b.service inactive
""")

scenario("Upholds brings back what is stopped", """
a.target
    Upholds=b.service
b.service
    ExecStart=sh -c '@note b; exec sleep 1000'
$ systemctl start a.target
lines 1
$ systemctl stop b.service
lines 2
$ systemctl stop a.target
$ systemctl stop b.service
$ systemctl is-active b.service
""")

scenario("Before and After only order", """
a.service
    [Unit]
    After=b.service
    [Service]
    Type=oneshot
    ExecStart=@note a
b.service
    Type=oneshot
    ExecStart=sh -c 'sleep 0.1; @note b'
c.target
    Wants=a.service b.service
$ systemctl start a.service
$ systemctl start c.target
""")

scenario("RefuseManualStart and RefuseManualStop", """
a.service
    [Unit]
    RefuseManualStart=yes
    [Service]
    ExecStart=sleep 1000
b.service
    [Unit]
    RefuseManualStop=yes
    Wants=a.service
    [Service]
    ExecStart=sleep 1000
$ systemctl start a.service
$ systemctl start b.service
$ systemctl stop a.service
$ systemctl stop b.service
$ systemctl restart b.service
$ systemctl try-restart b.service
""")

DIFFERENT = {
    "ConditionSecurity=audit": Deliberate("the kernel's audit is the host's, a container has no part in it", systemd=[
        "a.service: LoadState=loaded ActiveState=inactive SubState=dead Result=success NRestarts=0 ExecMainCode=1 "
        "ExecMainStatus=0 ConditionResult=yes AssertResult=yes", "noted: a"], berth=[
        "a.service: LoadState=loaded ActiveState=inactive SubState=dead Result=success NRestarts=0 ExecMainCode=0 "
        "ExecMainStatus=0 ConditionResult=no AssertResult=no"]),
}

for condition in (
    "ConditionPathExists=/etc/passwd", "ConditionPathExists=!/etc/passwd", "ConditionPathExists=|/no\nConditionPathExists=|/etc",
    "ConditionPathExistsGlob=/etc/pass*", "ConditionPathIsDirectory=/etc/passwd", "ConditionPathIsDirectory=/etc",
    "ConditionPathIsSymbolicLink=/etc/mtab", "ConditionPathIsMountPoint=/proc", "ConditionPathIsMountPoint=/etc",
    "ConditionPathIsReadWrite=/sys", "ConditionPathIsReadWrite=/run", "ConditionDirectoryNotEmpty=/etc",
    "ConditionDirectoryNotEmpty=/mnt/no", "ConditionFileNotEmpty=/etc/passwd", "ConditionFileNotEmpty=/dev/null",
    "ConditionFileIsExecutable=/bin/sh", "ConditionFileIsExecutable=/etc/passwd", "ConditionUser=root", "ConditionUser=0",
    "ConditionUser=@system", "ConditionUser=nobody", "ConditionGroup=root", "ConditionGroup=nogroup",
    "ConditionHost=world", "ConditionHost=w*", "ConditionHost=x", "ConditionHost=0123456789abcdef0123456789abcdef",
    "ConditionArchitecture=x86-64", "ConditionArchitecture=arm64", "ConditionArchitecture=native",
    "ConditionKernelVersion=>=5", "ConditionKernelVersion=<5", "ConditionKernelVersion=6.*", "ConditionKernelVersion=>4 <3",
    "ConditionCapability=CAP_SYS_ADMIN", "ConditionCapability=!CAP_CHOWN", "ConditionEnvironment=NO_SUCH_THING",
    "ConditionEnvironment=!NO_SUCH_THING", "ConditionMemory=>1K", "ConditionMemory=>1000T", "ConditionMemory=1K", "ConditionCPUs=>0",
    "ConditionCPUs=>=4096", "ConditionFirstBoot=yes", "ConditionFirstBoot=no", "ConditionACPower=true",
    "ConditionControlGroupController=v2", "ConditionControlGroupController=v1",
    "ConditionControlGroupController=nonsense", "ConditionKernelCommandLine=no-such-word", "ConditionOSRelease=ID=debian",
    "ConditionOSRelease=ID=fedora", "ConditionOSRelease=VERSION_ID>=11", "ConditionVirtualization=container",
    "ConditionVirtualization=vm", "ConditionSecurity=audit", "ConditionSecurity=selinux", "ConditionNeedsUpdate=/etc",
    "ConditionPathExists=relative", "ConditionNonsense=x", "ConditionPathExists=/no\nConditionPathExists=",
    "ConditionPathExists=%t", "ConditionPathExists=/no/%n",
):
    text = condition.replace("\n", "\n        ")
    scenario(condition.replace("\n", " "), f"""
    a.service
        [Unit]
        {text}
        [Service]
        Type=oneshot
        ExecStart=@note a
    $ systemctl start a.service
    """, differs=DIFFERENT.get(condition))

scenario("an assertion that does not hold", """
a.service
    [Unit]
    AssertPathExists=/no/such
    OnFailure=b.service
    [Service]
    ExecStart=@note a
b.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note b
$ systemctl start a.service
$ systemctl is-failed a.service
$ systemctl restart a.service
""")

scenario("a condition is not asked of what runs", """
a.service
    [Unit]
    ConditionPathExists=!@dir/file
    [Service]
    ExecStart=sleep 1000
    ExecReload=@note reload
$ systemctl start a.service
# touch @dir/file
$ systemctl start a.service
$ systemctl reload a.service
$ systemctl restart a.service
""")

scenario("starts that a condition stops count, too", """
a.service
    [Unit]
    ConditionPathExists=/no/such
    StartLimitBurst=2
    [Service]
    ExecStart=@note a
$ systemctl start a.service
$ systemctl start a.service
$ systemctl start a.service
""")

scenario("--job-mode=fail", """
a.service
    ExecStart=sleep 1000
    ExecStop=@await go
$ systemctl start a.service
$ systemctl stop --no-block a.service
until a.service deactivating
$ systemctl start --job-mode=fail a.service
# touch @dir/go
until a.service inactive
""")

scenario("--job-mode=ignore-dependencies", """
a.service
    [Unit]
    Requires=b.service
    After=b.service
    [Service]
    Type=oneshot
    ExecStart=@note a
b.service
    Type=oneshot
    ExecStart=@note b
$ systemctl start --job-mode=ignore-dependencies a.service
""")

scenario("--job-mode=ignore-requirements", """
a.service
    [Unit]
    Requires=b.service
    [Service]
    Type=oneshot
    ExecStart=@note a
b.service
    Type=oneshot
    ExecStart=@note b
$ systemctl start --job-mode=ignore-requirements a.service
""")

scenario("--job-mode=replace-irreversibly", """
a.service
    ExecStart=sleep 1000
    ExecStop=@await go
$ systemctl start a.service
$ systemctl stop --no-block --job-mode=replace-irreversibly a.service
until a.service deactivating
$ systemctl start a.service
# touch @dir/go
until a.service inactive
""")

scenario("--job-mode=flush, nonsense, and isolate of what must not", """
a.service
    ExecStart=sleep 1000
$ systemctl start --job-mode=nonsense a.service
$ systemctl isolate a.service
$ systemctl start --job-mode=isolate a.service
""")

scenario("a stop takes the place of a start", """
a.service
    Type=oneshot
    ExecStart=sh -c '@note a; exec sleep 1000'
$ systemctl start --no-block a.service
lines 1
$ systemctl stop a.service
$ systemctl is-failed a.service
""")

scenario("a start takes the place of a stop", """
a.service
    ExecStart=sh -c '@note a; exec sleep 1000'
    ExecStop=@await go
$ systemctl start a.service
$ systemctl stop --no-block a.service
until a.service deactivating
$ systemctl start --no-block a.service
# touch @dir/go
lines 2
until a.service active
""")

scenario("JobTimeoutSec", """
a.service
    [Unit]
    JobTimeoutSec=300ms
    OnFailure=b.service
    [Service]
    Type=oneshot
    ExecStart=sleep 1000
b.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note b
$ systemctl start a.service
until b.service active
$ systemctl is-active a.service
""")

scenario("JobTimeoutSec while it waits for another", """
a.service
    [Unit]
    After=b.service
    Wants=b.service
    JobTimeoutSec=300ms
    [Service]
    Type=oneshot
    ExecStart=@note a
b.service
    Type=oneshot
    ExecStart=sleep 1000
$ systemctl start a.service
""")

scenario("a target waits for what it wants", """
a.target
    Wants=b.service
b.service
    Type=oneshot
    ExecStart=sh -c 'sleep 0.2; @note b'
c.service
    [Unit]
    After=a.target
    Wants=a.target
    [Service]
    Type=oneshot
    ExecStart=@note c
$ systemctl start c.service
""")

scenario("a target without default dependencies does not wait", """
a.target
    [Unit]
    DefaultDependencies=no
    Wants=b.service
b.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=sh -c '@await go; @note b'
$ systemctl start a.target
$ systemctl is-active b.service
# touch @dir/go
until b.service active
""")

scenario("several units of which one fails", """
a.service
    Type=oneshot
    ExecStart=false
b.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=true
$ systemctl start a.service b.service
$ systemctl start b.service no-such.service
$ systemctl stop a.service b.service
$ systemctl stop no-such.service
""")

scenario("BindsTo in the middle of a start", """
a.service
    [Unit]
    BindsTo=b.service
    After=b.service
    [Service]
    ExecStart=sleep 1000
b.service
    ExecStart=true
$ systemctl start a.service
rest a.service
rest b.service
""")

scenario("slices", """
a.service
    Slice=x-y.slice
    ExecStart=sleep 1000
x-y.slice
    Description=mine
x.slice
    Description=upper
$ systemctl start a.service
$ systemctl is-active x-y.slice x.slice
$ cat /proc/$(systemctl show -P MainPID a.service)/cgroup
$ systemctl stop x.slice
rest a.service
""")

scenario("isolate", """
a.target
    [Unit]
    AllowIsolate=yes
    Wants=b.service
b.service
    ExecStart=sleep 1000
c.service
    ExecStart=sleep 1000
d.service
    [Unit]
    IgnoreOnIsolate=yes
    [Service]
    ExecStart=sleep 1000
$ systemctl start c.service d.service
$ systemctl isolate a.target
until c.service inactive
$ systemctl is-active a.target b.service c.service d.service
""", alone=True)
