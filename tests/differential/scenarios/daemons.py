"""What the units of packages do: daemons that fork, PID files, restarts of chains, conditions, templates, specifiers."""

from scenario import group

scenario = group("daemons")

# A daemon that forks, writes its PID file and lets its parent end, as many packages' do.
DAEMON = """
@dir/daemon
    sleep 1000 &
    echo $! >@dir/pid
    @note up
"""

scenario("a daemon with a PID file is restarted when it is killed", DAEMON + """
a.service
    Type=forking
    PIDFile=@dir/pid
    ExecStart=sh @dir/daemon
    Restart=on-failure
    RestartSec=1ms
$ systemctl start a.service
# kill -KILL $(cat @dir/pid)
lines 2
rest a.service
$ test $(systemctl show -P MainPID a.service) = $(cat @dir/pid)
""")

scenario("a daemon with a PID file that ends by SIGTERM is not restarted on-failure", DAEMON + """
a.service
    Type=forking
    PIDFile=@dir/pid
    ExecStart=sh @dir/daemon
    Restart=on-failure
    RestartSec=1ms
$ systemctl start a.service
# kill $(cat @dir/pid)
until a.service inactive
""")

for ending in ("exit 3", "kill -KILL $$$$"):
    scenario(f"a daemon whose parent ends by {ending}", f"""
    a.service
        Type=forking
        PIDFile=@dir/pid
        ExecStart=sh -c 'sleep 1000 & echo $! >@dir/pid; {ending}'
        ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
    $ systemctl start a.service
    """)

scenario("a PID file is gone after the end", DAEMON + """
a.service
    Type=forking
    PIDFile=@dir/pid
    ExecStart=sh @dir/daemon
$ systemctl start a.service
$ systemctl stop a.service
$ ls @dir
""")

scenario("a PID file of a simple service", """
a.service
    PIDFile=@dir/pid
    ExecStart=sleep 1000
    ExecStartPost=sh -c 'echo $MAINPID >@dir/pid'
$ systemctl start a.service
$ systemctl stop a.service
$ ls @dir
""")

for content in ("0", "1", "nonsense", "99999999", "-5", "", "2147483648"):
    scenario(f"a PID file that says {content or 'nothing'}", f"""
    a.service
        Type=forking
        PIDFile=@dir/pid
        ExecStart=sh -c 'sleep 1000 & echo {content} >@dir/pid'
        TimeoutStartSec=1s
        ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
    $ systemctl start a.service
    """)

scenario("a PID file with blanks around the number", """
a.service
    Type=forking
    PIDFile=@dir/pid
    ExecStart=sh -c 'sleep 1000 & echo " $! " >@dir/pid'
    TimeoutStartSec=1s
$ systemctl start a.service
""")

scenario("a PID file that is written after the parent's end", """
a.service
    Type=forking
    PIDFile=@dir/pid
    ExecStart=sh -c '(exec >/dev/null; @await go; sleep 1000 & echo $! >@dir/pid.new; mv @dir/pid.new @dir/pid) &'
$ systemctl start --no-block a.service
until a.service activating
# touch @dir/go
until a.service active/running
$ test $(systemctl show -P MainPID a.service) = $(cat @dir/pid)
""")

scenario("a relative PID file is one of /run", """
a.service
    Type=forking
    PIDFile=%n.pid
    ExecStart=sh -c 'sleep 1000 & echo $! >/run/%n.pid'
$ systemctl start a.service
$ test $(systemctl show -P MainPID a.service) = $(cat /run/a.service.pid) && echo same
""")

scenario("a daemon that starts itself anew and changes its PID file", """
a.service
    Type=forking
    PIDFile=@dir/pid
    ExecStart=sh -c 'sleep 1000 & echo $! >@dir/pid'
    ExecReload=sh -c 'old=$$(cat @dir/pid); sleep 1000 & echo $! >@dir/pid; kill $$old; @note reloaded'
$ systemctl start a.service
$ systemctl reload a.service
lines 1
$ until test $(systemctl show -P MainPID a.service) = $(cat @dir/pid); do sleep 0.05; done
$ systemctl is-active a.service
""")

for guess in ("yes", "no"):
    scenario(f"GuessMainPID={guess}", f"""
    a.service
        Type=forking
        GuessMainPID={guess}
        ExecStart=sh -c 'sleep 1000 &'
    $ systemctl start a.service
    $ test $(systemctl show -P MainPID a.service) = 0 && echo none
    $ systemctl stop a.service
    """)

scenario("two processes of a forking service without a PID file", """
a.service
    Type=forking
    ExecStart=sh -c 'sleep 1000 & sleep 1000 &'
$ systemctl start a.service
$ systemctl stop a.service
$ systemctl is-active a.service
""")

scenario("sshd's way: a test before, a reload by signal", """
a.service
    [Unit]
    ConditionPathExists=!@dir/not_to_be_run
    [Service]
    EnvironmentFile=-/etc/default/no-such
    ExecStartPre=sh -c '@note test $OPTS'
    ExecStart=sh -c 'trap "echo hup >>@log" HUP; @note up $OPTS; while :; do sleep 0.05; done' $OPTS
    ExecReload=sh -c '@note test again'
    ExecReload=/bin/kill -HUP $MAINPID
    KillMode=process
    Restart=on-failure
    RestartPreventExitStatus=255
    RuntimeDirectory=%N
    RuntimeDirectoryMode=0755
$ systemctl start a.service
lines 2
$ systemctl reload a.service
lines 4
$ systemctl stop a.service
# touch @dir/not_to_be_run
$ systemctl start a.service
""")

scenario("nginx' way: a signal to finish first, then the others", """
a.service
    Type=forking
    PIDFile=@dir/pid
    ExecStartPre=@note test
    ExecStart=sh -c '@dir/master & echo $! >@dir/pid'
    ExecReload=/bin/kill -HUP $MAINPID
    ExecStop=-sh -c 'kill -USR1 $MAINPID; while kill -0 $MAINPID 2>/dev/null; do sleep 0.02; done; @note stopped'
    TimeoutStopSec=20
    KillMode=mixed
@dir/master
    trap "echo finish >>@log; exit 0" USR1
    trap "echo hup >>@log" HUP
    echo up >>@log
    while :; do sleep 0.05; done
# chmod 755 @dir/master; sed -i '1i#!/bin/sh' @dir/master
$ systemctl start a.service
lines 2
$ systemctl reload a.service
lines 3
$ systemctl stop a.service
unordered
""")

scenario("postgresql's way: a target of instances", """
a.service
    Type=oneshot
    ExecStart=true
    ExecReload=true
    RemainAfterExit=yes
a@.service
    [Unit]
    AssertPathExists=@dir/%I
    PartOf=a.service
    ReloadPropagatedFrom=a.service
    Before=a.service
    [Service]
    Type=forking
    ExecStart=-sh -c '@note start %i; sleep 1000 &'
    ExecStop=sh -c '@note stop %i'
    ExecReload=@note reload %i
# mkdir @dir/15-main
# touch @dir/x
$ systemctl start a@x.service a.service
$ systemctl reload a.service
lines 2
$ systemctl start a@y.service
$ systemctl stop a.service
until a@x.service inactive
""")

scenario("cron's way: KillMode=process leaves its children", """
a.service
    ExecStart=sh -c 'sleep 1000 & echo $! >@dir/child; @note up; exec sleep 1000'
    KillMode=process
    Restart=on-failure
$ systemctl start a.service
lines 1
$ systemctl stop a.service
$ kill $(cat @dir/child) && echo it lived
""")

scenario("a wrapper of an init script", """
@dir/script
    case $1 in
    start) sleep 1000 & echo $! >@dir/pid ;;
    stop) kill $(cat @dir/pid) ;;
    esac
    echo $1 >>@log
a.service
    Type=forking
    Restart=no
    TimeoutSec=5min
    IgnoreSIGPIPE=no
    KillMode=process
    GuessMainPID=no
    RemainAfterExit=yes
    SuccessExitStatus=5 6
    ExecStart=sh @dir/script start
    ExecStop=sh @dir/script stop
$ systemctl start a.service
$ systemctl restart a.service
$ systemctl stop a.service
""")

STOPS = {  # the commands, all in their order
    "the first fails": ("sh -c '@note 1; exit 3'", "@note 2"),
    "the first may fail": ("-sh -c '@note 1; exit 3'", "@note 2"),
    "the first ends the process": ("sh -c '@note 1; kill $MAINPID; while kill -0 $MAINPID; do sleep 0.02; done 2>/dev/null'", "sh -c '@note 2 $${MAINPID:-none}'"),
    "the first kills itself": ("sh -c '@note 1; kill -KILL $$$$'", "@note 2"),
    "the first is missing": ("/no/such/program", "@note 2"),
    "the first may be missing": ("-/no/such/program", "@note 2"),
    "two on a line": ("@note 1 ; @note 2", "@note 3"),
}

for name, commands in STOPS.items():
    lines = "\n        ".join(f"ExecStop={command}" for command in commands)
    for result in ("", "Restart=always\n        RestartSec=1ms"):
        scenario(f"ExecStop, {name}{', Restart=always' if result else ''}", f"""
    a.service
        ExecStart=sleep 1000
        {lines}
        {result}
        ExecStopPost=@note post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
    $ systemctl start a.service
    rest a.service
    $ systemctl stop a.service
    """)

scenario("ExecStop of a main process that is gone", """
a.service
    ExecStart=sleep 1000
    ExecStop=sh -c '@note stop $${MAINPID:-none} $$SERVICE_RESULT $$EXIT_CODE'
    ExecStopPost=sh -c '@note post $${MAINPID:-none} $$SERVICE_RESULT $$EXIT_CODE'
$ systemctl start a.service
rest a.service
# systemctl kill -s TERM a.service
until a.service inactive
$ systemctl start a.service
rest a.service
# systemctl kill -s KILL a.service
until a.service failed
""")

for way in ("always", "on-failure", "no"):
    for what in ("ExecStop=false", "ExecStopPost=false", "ExecStop=sleep 1000\n        TimeoutStopSec=300ms"):
        scenario(f"a clean end, then {what.split()[0]}, Restart={way}", f"""
    a.service
        [Unit]
        StartLimitBurst=2
        StartLimitIntervalSec=1h
        [Service]
        ExecStart=@note run
        {what}
        Restart={way}
        RestartSec=1ms
    # systemctl start a.service
    until a.service failed
    """)

scenario("OnFailure of a template's instance, %i and %n, once for each failure", """
a@.service
    [Unit]
    OnFailure=f@%n.service
    [Service]
    Type=oneshot
    ExecStart=sh -c 'test %i = good'
f@.service
    Type=oneshot
    ExecStart=@note failed %i
$ systemctl start a@good.service
$ systemctl start a@bad.service
lines 1
$ systemctl start a@bad.service
lines 2
""")

scenario("OnFailure with several units, one of which is not there", """
a.service
    [Unit]
    OnFailure=f.service no-such.service g.service
    [Service]
    Type=oneshot
    ExecStart=false
f.service
    Type=oneshot
    ExecStart=@note f
g.service
    Type=oneshot
    ExecStart=@note g
$ systemctl start a.service
lines 2
unordered
""")

for cause, setting in {"a timeout": "Type=notify\n        TimeoutStartSec=100ms\n        ExecStart=sleep 1000",
                       "a missing program": "Type=exec\n        ExecStart=/no/such",
                       "ExecStartPre": "ExecStartPre=false\n        ExecStart=sleep 1000",
                       "ExecCondition 255": "ExecCondition=sh -c 'exit 255'\n        ExecStart=sleep 1000",
                       "a limit of time": "RuntimeMaxSec=100ms\n        ExecStart=sleep 1000"}.items():
    scenario(f"OnFailure after {cause}", f"""
    a.service
        [Unit]
        OnFailure=f.service
        OnSuccess=s.service
        [Service]
        {setting}
    f.service
        Type=oneshot
        ExecStart=@note f $MONITOR_UNIT $MONITOR_SERVICE_RESULT $MONITOR_EXIT_CODE $MONITOR_EXIT_STATUS
    s.service
        Type=oneshot
        ExecStart=@note s
    # systemctl start a.service
    lines 1
    rest f.service
    """)

scenario("OnFailure of a unit that a start limit holds back", """
a.service
    [Unit]
    OnFailure=f.service
    StartLimitBurst=1
    StartLimitIntervalSec=1h
    [Service]
    Type=oneshot
    ExecStart=true
f.service
    Type=oneshot
    ExecStart=@note f
$ systemctl start a.service
$ systemctl start a.service
lines 1
rest f.service
""")

scenario("a failed condition is no failure: neither OnFailure nor OnSuccess", """
a.service
    [Unit]
    ConditionPathExists=/no/such
    OnFailure=f.service
    OnSuccess=f.service
    [Service]
    ExecStart=sleep 1000
b.service
    [Unit]
    OnFailure=f.service
    OnSuccess=s.service
    [Service]
    Type=oneshot
    ExecCondition=sh -c 'exit 1'
    ExecStart=@note b
f.service
    Type=oneshot
    ExecStart=@note f
s.service
    Type=oneshot
    ExecStart=@note s
$ systemctl start a.service
$ systemctl start b.service
rest s.service
rest f.service
""")

for setting in ("SuccessExitStatus=3", "SuccessExitStatus=SIGKILL"):
    scenario(f"OnSuccess and {setting}", f"""
    a.service
        [Unit]
        OnFailure=f.service
        OnSuccess=s.service
        [Service]
        Type=oneshot
        {setting}
        ExecStart=sh -c 'exit 3'
    f.service
        Type=oneshot
        ExecStart=@note f
    s.service
        Type=oneshot
        ExecStart=@note s
    $ systemctl start a.service
    lines 1
    """)

scenario("old names of dependencies", """
a.service
    [Unit]
    RequiresOverridable=b.service
    RequisiteOverridable=d.service
    BindTo=c.service
    PropagateReloadTo=b.service
    PropagateReloadFrom=c.service
    After=b.service c.service d.service
    [Service]
    ExecStart=sleep 1000
    ExecReload=@note a
b.service
    ExecStart=sleep 1000
    ExecReload=@note b
c.service
    ExecStart=sleep 1000
    ExecReload=@note c
d.service
    ExecStart=sleep 1000
$ systemctl start a.service
$ systemctl is-active a.service b.service c.service d.service
$ systemctl start d.service
$ systemctl start a.service
$ systemctl is-active a.service b.service c.service d.service
""")

for asserted in ("PathExistsGlob=/etc/pass*", "PathExistsGlob=/no*", "PathIsDirectory=/etc", "PathIsDirectory=/etc/passwd",
                 "PathIsSymbolicLink=/etc/mtab", "PathIsSymbolicLink=/etc", "PathIsMountPoint=/proc", "PathIsMountPoint=/etc",
                 "PathIsReadWrite=/run", "PathIsReadWrite=/sys", "DirectoryNotEmpty=/etc", "FileNotEmpty=/dev/null",
                 "FileIsExecutable=/bin/sh", "Virtualization=vm", "Virtualization=yes", "Capability=CAP_CHOWN",
                 "KernelCommandLine=no-such-word", "User=root", "User=nobody", "Group=root", "Host=world", "Host=!world",
                 "Architecture=x86-64", "Architecture=arm", "KernelVersion=<4", "Environment=NO", "FirstBoot=no", "FirstBoot=yes",
                 "ControlGroupController=v2", "Memory=>1K", "CPUs=<4097", "OSRelease=ID=debian", "OSRelease=ID=x",
                 "PathExists=|/no\n        AssertPathExists=|/etc", "PathExists=/etc\n        AssertPathExists=!/etc"):
    scenario("Assert" + asserted.replace("\n", " "), f"""
    a.service
        [Unit]
        Assert{asserted}
        [Service]
        Type=oneshot
        ExecStart=@note a
    $ systemctl start a.service
    """)

for condition in ("ConditionFirmware=device-tree", "ConditionFirmware=nonsense", "ConditionCredential=no-such", "ConditionPathIsEncrypted=/etc",
                  "ConditionCPUFeature=no-such-feature", "ConditionCPUFeature=sse2", "ConditionCPUFeature=!sse2",
                  "ConditionPathExists=!|/no", "ConditionPathExists=|!/no", "ConditionPathExists= /etc",
                  "ConditionPathExists=\"/etc\"", "ConditionPathExists=", "ConditionUser=!root", "ConditionUser=54321",
                  "ConditionGroup=0", "ConditionGroup=@system", "ConditionHost=!*", "ConditionKernelVersion=!=5.0", "ConditionKernelVersion=\">=5\" '!=5.0'", "ConditionKernelVersion=>= 5 < 99",
                 
                  "ConditionOSRelease=ID=debian VERSION_ID<5", "ConditionOSRelease=NO_SUCH=", "ConditionOSRelease=ID!=fedora", "ConditionOSRelease=\"ID=debian\"", "ConditionOSRelease=ID=\"debian\"",
                  "ConditionOSRelease=ID= debian", "ConditionOSRelease=ID=debian ID=debian",
                  "ConditionEnvironment=!container=x",
                  "ConditionVirtualization=private-users", "ConditionVirtualization=nonsense", "ConditionVirtualization=!container",
                  "ConditionVirtualization=no", "ConditionCapability=nonsense", "ConditionMemory=>=1G", "ConditionCPUs=<1",
                  "ConditionControlGroupController=pids", "ConditionDirectoryNotEmpty=/etc/passwd", "ConditionFileNotEmpty=/etc",
                  "ConditionFileIsExecutable=/bin", "ConditionPathIsMountPoint=/", "ConditionPathIsSymbolicLink=/etc",
                  "ConditionPathExistsGlob=!/etc/pass*", "ConditionPathExistsGlob=/etc/{passwd,x}", "ConditionArchitecture=!native",
                  "ConditionNeedsUpdate=/usr", "ConditionNeedsUpdate=!/etc", "ConditionACPower=nonsense",
                  "ConditionFirstBoot=nonsense", "ConditionSecurity=nonsense", "ConditionSecurity=!apparmor"):
    scenario(condition, f"""
    a.service
        [Unit]
        {condition}
        [Service]
        Type=oneshot
        ExecStart=@note a
    $ systemctl start a.service
    """)

for setting, command in (
        ("LimitDATA=1G", "ulimit -Hd"), ("LimitMSGQUEUE=1M", "grep queue /proc/self/limits"), ("LimitRSS=1G:2G", "grep resident /proc/self/limits"),
        ("LimitNOFILE=infinity", "ulimit -Hn"), ("LimitNOFILE=1K", "ulimit -n"), ("LimitCPU=2min:1h", "grep cpu /proc/self/limits"),
        ("LimitFSIZE=10K", "ulimit -f"), ("LimitNICE=-5", "grep nice /proc/self/limits"), ("LimitNICE=10", "grep nice /proc/self/limits"),
        ("LimitNOFILE=200:100", "ulimit -n"), ("LimitSTACK=1.5M", "ulimit -s"), ("LimitRTTIME=1ms", "grep realtime /proc/self/limits"),
        ("CPUSchedulingPolicy=rr\n        CPUSchedulingPriority=7", "chrt -p $$$$ | sed s/.*://"),
        ("CPUSchedulingPolicy=fifo\n        CPUSchedulingResetOnFork=yes", "chrt -p $$$$ | sed s/.*://"),
        ("CPUSchedulingPolicy=idle", "chrt -p $$$$ | sed s/.*://"), ("CPUSchedulingPolicy=nonsense", "chrt -p $$$$ | sed s/.*://"),
        ("CPUAffinity=0-1", "grep Cpus_allowed_list /proc/self/status"), ("CPUAffinity=0 1\n        CPUAffinity=", "grep -c Cpus_allowed_list /proc/self/status"),
        ("CPUAffinity=9999999", "true"), ("IOSchedulingClass=3", "ionice -p $$$$"), ("IOSchedulingPriority=6", "ionice -p $$$$"),
        ("Nice=-5", "nice"), ("Nice=+5", "nice"), ("OOMScoreAdjust=-100", "cat /proc/self/oom_score_adj"),
        ("UMask=2", "umask"), ("UMask=0777", "umask"), ("UMask=08", "umask"), ("TimerSlackNSec=infinity", "true"),
        ("User=nobody\n        SetLoginEnvironment=no", "echo $$HOME $$SHELL"),
        ("Group=33", "id -g"), ("User=daemon\n        Group=", "id"), ("User=\n        Group=daemon", "id"),
        ("SupplementaryGroups=daemon\n        SupplementaryGroups=\n        SupplementaryGroups=tty", "id -Gn"),
        ("User=www-data\n        WorkingDirectory=-~", "pwd; true"), ("WorkingDirectory=/usr\n        WorkingDirectory=", "pwd"),
        ("WorkingDirectory=%t", "pwd"), ("Environment=HOME=/x USER=y PATH=/bin", "echo $$HOME $$USER $$PATH"),
        ("User=daemon\n        Environment=HOME=/x LOGNAME=y", "echo $$HOME $$USER $$LOGNAME"),
        ("UnsetEnvironment=LANG HOME", "echo x$$HOME$$LANG"), ("ExecSearchPath=/no /usr/bin", "echo $$PATH"),
        ("CapabilityBoundingSet=CAP_CHOWN\n        CapabilityBoundingSet=CAP_KILL", "grep CapBnd /proc/self/status"),
        ("CapabilityBoundingSet=CAP_CHOWN CAP_KILL\n        CapabilityBoundingSet=~CAP_KILL", "grep CapBnd /proc/self/status"),
        ("CapabilityBoundingSet=~", "grep CapBnd /proc/self/status"), ("CapabilityBoundingSet=nonsense CAP_KILL", "grep CapBnd /proc/self/status"),
        ("CapabilityBoundingSet=cap_kill", "grep CapBnd /proc/self/status"),
        ("User=nobody\n        AmbientCapabilities=CAP_KILL CAP_CHOWN\n        AmbientCapabilities=~CAP_KILL", "grep CapAmb /proc/self/status"),
        ("User=nobody\n        AmbientCapabilities=CAP_KILL\n        CapabilityBoundingSet=CAP_KILL", "grep Cap /proc/self/status"),
        ("User=nobody\n        NoNewPrivileges=yes\n        AmbientCapabilities=CAP_KILL", "grep -E 'CapEff|NoNew' /proc/self/status"),
        ("SecureBits=noroot-locked", "capsh --print 2>/dev/null | grep -i securebits; true")):
    scenario(setting.replace("\n       ", ""), f"""
    a.service
        Type=oneshot
        {setting}
        ExecStart=sh -c 'exec >>@log 2>&1; {command}'
    # touch @log; chmod 666 @log
    $ systemctl start a.service
    """)

SPECIFIERS = {  # where a specifier stands, other than in a command: (settings, command)
    "Description": ("[Unit]\nDescription=This is %n of %p and %i at 100%%\n[Service]", "true"),
    "Environment": ("Environment=A=%i B=%I C=%%i D=%j", "echo $A $B $C $D >>@log"),
    "EnvironmentFile": ("EnvironmentFile=-@dir/%i.env", "echo $A >>@log"),
    "WorkingDirectory": ("WorkingDirectory=-@dir/%i", "pwd >>@log"),
    "User and Group": ("User=%i\nGroup=%i", "id >>@log"),
    "PIDFile": ("PIDFile=/run/%p-%i.pid", "true"),
    "RuntimeDirectory": ("RuntimeDirectory=%p/%i", "ls -d $RUNTIME_DIRECTORY >>@log"),
    "StandardOutput": ("StandardOutput=append:@dir/%i.out", "echo hello"),
    "SyslogIdentifier": ("SyslogIdentifier=%i", "true"),
    "UMask, which takes none": ("UMask=%i", "umask >>@log"),
    "LimitNOFILE, which takes none": ("LimitNOFILE=%i", "ulimit -Sn >>@log"),
    "Slice": ("Slice=x-%p.slice", "grep -c 0:: /proc/self/cgroup >>@log"),
    "SupplementaryGroups": ("SupplementaryGroups=%i", "id -Gn >>@log"),
    "conditions": ("[Unit]\nConditionPathExists=/usr/%i\nConditionHost=%H\n[Service]", "echo ran >>@log"),
    "dependencies": ("[Unit]\nWants=b@%i.service\nAfter=b@%i.service\n[Service]", "echo a >>@log"),
}

for name, (settings, command) in SPECIFIERS.items():
    head = "" if settings.startswith("[Unit]") else "[Service]\n"
    lines = (head + settings).replace("\n", "\n        ")
    scenario(f"specifiers in {name}", f"""
    a@.service
        {lines}
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=sh -c '{command.replace('$', '$$')}'
    b@.service
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=@note b %i
    @dir/daemon.env
        A=file
    # touch @log; chmod 666 @log; mkdir @dir/daemon
    $ systemctl start a@daemon.service
    $ systemctl show -P Description a@daemon.service
    $ cat @dir/daemon.out
    """)

for name in ("a@x", "a@x@y", "a@x-y-z", r"a@x\\x2dy", "a@-", "a@a.b:c_d", "a@" + "x" * 60):
    scenario(f"an instance {name}", rf"""
    a@.service
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=sh -c 'echo "$$@" >>@log' x "%%i=%i" "%%I=%I" "%%p=%p" "%%j=%j" "%%f=%f"
    $ systemctl start '{name}.service'
    $ systemctl is-active '{name}.service'
    """, show=())

scenario("templates that want each other's instance", """
a@.target
    Wants=b@%i.service
    After=b@%i.service
b@.service
    [Unit]
    PartOf=a@%i.target
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note start %i
    ExecStop=@note stop %i
$ systemctl start a@1.target a@2.target
$ systemctl stop a@1.target
until b@1.service inactive
$ systemctl is-active b@1.service b@2.service
$ systemctl restart a@2.target
until b@2.service active
unordered
""", show=())

for mode in ("control-group", "mixed", "process"):
    for way in ("stop", "restart"):
        scenario(f"KillMode={mode}, a daemon with children, {way}", f"""
        a.service
            Type=forking
            PIDFile=@dir/pid
            ExecStart=sh -c 'sleep 1000 & echo $! >@dir/pid; [ -e @dir/child ] || (sleep 1000 & echo $! >@dir/child)'
            KillMode={mode}
            ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
        $ systemctl start a.service
        $ systemctl {way} a.service
        $ kill -0 $(cat @dir/child) 2>/dev/null && echo the child lives
        # kill $(cat @dir/child)
        """)

for signal in ("SIGKILL", "KILL", "9", "SIGRTMIN+3", "SIGRTMAX", "SIGHUP", "SIGINT", "SIGPIPE", "SIGALRM", "SIGUSR1"):
    scenario(f"KillSignal={signal} of what does not expect it", f"""
    a.service
        ExecStart=sleep 1000
        KillSignal={signal}
        IgnoreSIGPIPE=no
        Restart=on-failure
        RestartSec=1ms
        ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
    $ systemctl start a.service
    rest a.service
    $ systemctl stop a.service
    """)
    scenario(f"a main process that ends by {signal}", f"""
    a.service
        ExecStart=sleep 1000
        IgnoreSIGPIPE=no
        Restart=on-abnormal
        RestartSec=1h
        ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
    $ systemctl start a.service
    rest a.service
    $ systemctl kill --signal={signal} a.service
    lines 1
    $ systemctl is-active a.service | sed s/deactivating/inactive/
    """, show=("LoadState",))

for setting in ("OOMPolicy=stop", "OOMPolicy=nonsense", "TimeoutAbortSec=1s", "FileDescriptorStoreMax=3", "CollectMode=inactive-or-failed",
                "RuntimeRandomizedExtraSec=1s", "Delegate=yes", "MemoryMax=1G", "TasksMax=100", "CPUQuota=50%", "CPUWeight=10",
                "MemoryMax=50%", "MemoryMax=lots", "TasksMax=infinity", "SyslogLevel=debug", "LogLevelMax=err", "TTYReset=yes",
                "RootDirectoryStartOnly=yes", "SyslogLevelPrefix=no", "TimeoutSec=infinity", "RuntimeMaxSec=infinity"):
    scenario(f"{setting} does no harm", f"""
    a.service
        ExecStart=sleep 1000
        {setting}
    $ systemctl start a.service
    $ systemctl is-active a.service
    $ systemctl stop a.service
    """)

scenario("TimeoutAbortSec", """
a.service
    LimitCORE=0
    WatchdogSec=100ms
    TimeoutAbortSec=300ms
    TimeoutStopSec=1h
    ExecStart=sh -c 'trap "echo abrt >>@log" ABRT; while :; do sleep 0.02; done'
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
# systemctl start a.service
until a.service failed
unordered
""")

scenario("JobRunningTimeoutSec", """
a.service
    [Unit]
    JobRunningTimeoutSec=300ms
    [Service]
    Type=oneshot
    ExecStart=sleep 1000
$ systemctl start a.service
""")

for mode in ("replace", "fail", "ignore-dependencies", "nonsense"):
    scenario(f"OnFailureJobMode={mode}", f"""
    a.service
        [Unit]
        OnFailure=f.service
        OnFailureJobMode={mode}
        OnSuccessJobMode={mode}
        [Service]
        Type=oneshot
        ExecStart=false
    f.service
        [Unit]
        Requires=g.service
        [Service]
        Type=oneshot
        ExecStart=@note f
    g.service
        Type=oneshot
        ExecStart=true
    $ systemctl start a.service
    lines 1
    """)
