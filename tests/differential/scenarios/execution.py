"""What a process finds when its program begins: systemd.exec(5)."""

from scenario import Deliberate, group

scenario = group("execution")

SEEN = {
    "limits": ("LimitNOFILE=100:200\nLimitCORE=0\nLimitNPROC=50\nLimitSTACK=1M\nLimitAS=infinity\nLimitCPU=1min\n"
               "LimitMEMLOCK=64K\nLimitNICE=+5\nLimitRTPRIO=3\nLimitFSIZE=1G:2G\nLimitSIGPENDING=77\nLimitRTTIME=5s",
               "cat /proc/self/limits"),
    "UMask": ("UMask=0027", "umask"),
    "the default umask": ("", "umask"),
    "Nice": ("Nice=5", "nice"),
    "OOMScoreAdjust": ("OOMScoreAdjust=200", "cat /proc/self/oom_score_adj"),
    "the default of oom_score_adj": ("", "cat /proc/self/oom_score_adj"),
    "CPUAffinity": ("CPUAffinity=0", "taskset -cp self 2>/dev/null || grep Cpus_allowed_list /proc/self/status"),
    "CPUSchedulingPolicy": ("CPUSchedulingPolicy=batch", "chrt -p $$$$ | grep policy | sed s/.*://"),
    "IOSchedulingClass": ("IOSchedulingClass=idle", "ionice -p $$$$"),
    "IOSchedulingPriority": ("IOSchedulingClass=best-effort\nIOSchedulingPriority=3", "ionice -p $$$$"),
    "TimerSlackNSec": ("TimerSlackNSec=123us", "cat /proc/self/timerslack_ns"),
    "the bounding set": ("CapabilityBoundingSet=CAP_CHOWN CAP_NET_ADMIN", "grep Cap /proc/self/status"),
    "the bounding set, turned round": ("CapabilityBoundingSet=~CAP_SYS_ADMIN CAP_SYS_PTRACE", "grep Cap /proc/self/status"),
    "an empty bounding set": ("CapabilityBoundingSet=", "grep Cap /proc/self/status"),
    "the bounding set of a user": ("User=nobody\nCapabilityBoundingSet=CAP_CHOWN", "grep Cap /proc/self/status"),
    "ambient capabilities": ("User=nobody\nAmbientCapabilities=CAP_NET_BIND_SERVICE", "grep Cap /proc/self/status"),
    "NoNewPrivileges": ("NoNewPrivileges=yes", "grep NoNewPrivs /proc/self/status"),
    "no NoNewPrivileges": ("", "grep NoNewPrivs /proc/self/status"),
    "SecureBits": ("SecureBits=keep-caps noroot", "capsh --print | grep -i securebits"),
    "User": ("User=www-data", "id; pwd; echo $$HOME $$USER $$LOGNAME $$SHELL"),
    "a user by number": ("User=33", "id; echo $$HOME $$USER $$LOGNAME $$SHELL"),
    "User and Group": ("User=www-data\nGroup=daemon", "id"),
    "Group": ("Group=daemon", "id; echo $$HOME $$USER"),
    "SupplementaryGroups": ("User=nobody\nSupplementaryGroups=daemon tty", "id"),
    "SupplementaryGroups of root": ("SupplementaryGroups=daemon", "id"),
    "no User": ("", "id; pwd; echo $$HOME $$USER $$LOGNAME $$SHELL"),
    "User=root": ("User=root", "id; echo $$HOME $$USER $$LOGNAME $$SHELL"),
    "WorkingDirectory": ("WorkingDirectory=/usr", "pwd"),
    "WorkingDirectory=~": ("User=www-data\nWorkingDirectory=~", "pwd; true"),
    "WorkingDirectory=~ of root": ("WorkingDirectory=~", "pwd"),
    "a working directory that may be missing": ("WorkingDirectory=-/no/such", "pwd"),
    "RootDirectory": ("RootDirectory=/\nWorkingDirectory=/etc", "pwd"),
    "standard input": ("", "readlink /proc/self/fd/0"),
    "standard output to null": ("StandardOutput=null\nStandardError=inherit", "readlink /proc/$$$$/fd/1 /proc/$$$$/fd/2"),
    "standard output to a file": ("StandardOutput=file:@dir/out\nStandardError=inherit", "readlink /proc/$$$$/fd/2"),
    "standard input of no socket": ("StandardInput=socket", "readlink /proc/$$$$/fd/0"),
    "standard output to the socket of the input": ("StandardInput=socket\nStandardError=null", "readlink /proc/$$$$/fd/1"),
    "standard output to no socket": ("StandardOutput=socket\nStandardError=null", "readlink /proc/$$$$/fd/1"),
    "standard error to no socket": ("StandardOutput=null\nStandardError=socket", "readlink /proc/$$$$/fd/2"),
    "standard input from a file": ("StandardInput=file:/etc/hostname", "cat"),
    "standard input as data": ("StandardInputText=hello\nStandardInputText=there\\n", "cat"),
    "standard input as base64": ("StandardInputData=aGVsbG8=", "cat; echo"),
    "the PATH": ("", "echo $${PATH%:/run/berth/bin}"),
    "ExecSearchPath": ("ExecSearchPath=/usr/bin:/bin", "echo $$PATH"),
    "signals that are ignored": ("", "grep -E 'Sig(Ign|Blk)' /proc/self/status"),
    "IgnoreSIGPIPE=no": ("IgnoreSIGPIPE=no", "grep -E 'SigIgn' /proc/self/status"),
    "the session": ("", "test $$(ps -o sid= -p $$$$) = $$$$ && echo leader"),
    "open descriptors": ("", "echo $$(ls /proc/$$$$/fd)"),
    "the control group": ("", "cat /proc/self/cgroup"),
    "a slice": ("Slice=foo.slice", "cat /proc/self/cgroup"),
    "PassEnvironment": ("PassEnvironment=NOPE", "env | cut -d= -f1 | grep -v container | sort"),
    "SyslogIdentifier": ("SyslogIdentifier=x", "echo $$SYSLOG_IDENTIFIER"),
}

for name, (settings, command) in SEEN.items():
    lines = settings.replace("\n", "\n    ")
    scenario(name, f"""
a.service
    Type=oneshot
    {lines}
    ExecStart=sh -c 'exec >>@log 2>&1; {command}'
# touch @log; chmod 666 @log
$ systemctl start a.service
""" if not settings.startswith("Standard") or "Input" in settings else f"""
a.service
    Type=oneshot
    {lines}
    ExecStart=sh -c '{{ {command}; }} >>@log'
$ systemctl start a.service
""")

DIRECTORIES = {"RuntimeDirectory": "/run", "StateDirectory": "/var/lib", "CacheDirectory": "/var/cache",
               "LogsDirectory": "/var/log", "ConfigurationDirectory": "/etc"}

for key, place in DIRECTORIES.items():
    variable = key.replace("Directory", "_DIRECTORY").upper()
    for user in ("root", "www-data"):
        scenario(f"{key} of {user}", f"""
a.service
    Type=oneshot
    RemainAfterExit=yes
    User={user}
    {key}=%N %N-x/y
    ExecStart=sh -c 'echo ${variable}'
    ExecStart=+sh -c 'echo ${variable} >>@log; cd {place}; stat -c "%%n %%a %%U" %N %N-x %N-x/y >>@log'
$ systemctl start a.service
$ systemctl stop a.service
$ ls {place} | grep -c ^$(basename a.service .service)
""")
    scenario(f"{key}Mode", f"""
a.service
    Type=oneshot
    RemainAfterExit=yes
    {key}=%N
    {key}Mode=0710
    ExecStart=sh -c 'stat -c %%a {place}/%N >>@log'
$ systemctl start a.service
""")

for preserve in ("no", "yes", "restart"):
    scenario(f"RuntimeDirectoryPreserve={preserve}", f"""
a.service
    Type=oneshot
    RemainAfterExit=yes
    RuntimeDirectory=%N
    RuntimeDirectoryPreserve={preserve}
    ExecStart=sh -c 'test -e /run/%N/file && echo kept >>@log; touch /run/%N/file'
$ systemctl start a.service
$ systemctl restart a.service
$ systemctl stop a.service
$ ls /run | grep -c ^$(basename a.service .service)
$ systemctl start a.service
""")

scenario("a directory that is there keeps what is in it, and changes its owner", """
a.service
    Type=oneshot
    User=www-data
    StateDirectory=%N
    ExecStart=sh -c 'stat -c "%%a %%U" /var/lib/%N /var/lib/%N/file'
    StandardOutput=append:@log
# d=/var/lib/$(basename a.service .service); mkdir -m 700 $d; echo >$d/file
$ systemctl start a.service
""")

scenario("systemctl clean", """
a.service
    Type=oneshot
    StateDirectory=%N
    CacheDirectory=%N
    ExecStart=true
$ systemctl start a.service
$ ls -d /var/lib/a.service /var/cache/a.service 2>/dev/null; ls /var/lib | grep -c ^$(basename a.service .service)
""")

for where in ("append", "truncate", "file"):
    scenario(f"StandardOutput={where}:", f"""
a.service
    Type=oneshot
    StandardOutput={where}:@dir/out
    ExecStart=echo hello
    ExecStart=echo hi
# echo it was here before >@dir/out
$ systemctl start a.service
$ cat @dir/out
$ systemctl start a.service
$ cat @dir/out
""")

scenario("output of all commands, one file for both streams", """
a.service
    Type=oneshot
    StandardOutput=append:@dir/out
    StandardError=append:@dir/out
    ExecStartPre=echo pre
    ExecStart=sh -c 'echo out; echo err >&2'
    ExecStartPost=echo post
$ systemctl start a.service
$ cat @dir/out
""")

scenario("+ runs with all privileges, ! keeps the user's settings", """
a.service
    Type=oneshot
    User=www-data
    AmbientCapabilities=CAP_CHOWN
    NoNewPrivileges=no
    StandardOutput=append:@log
    ExecStartPre=+sh -c 'id -un; grep CapEff /proc/self/status'
    ExecStartPre=!sh -c 'id -un'
    ExecStartPre=sh -c 'id -un; grep CapEff /proc/self/status'
    PermissionsStartOnly=no
    ExecStart=true
$ systemctl start a.service
""")

scenario("PermissionsStartOnly", """
a.service
    Type=oneshot
    User=www-data
    PermissionsStartOnly=yes
    StandardOutput=append:@log
    ExecStartPre=id -un
    ExecStart=id -un
    ExecStartPost=id -un
$ systemctl start a.service
""")

for stage, setting in {"a group that is unknown": "Group=no-such-group", "a limit that cannot be": "LimitNOFILE=99999999999",
                       "a directory that is a file": "RuntimeDirectory=x/../y",                        "input that is not there": "StandardInput=file:/no/such", "output that cannot be": "StandardOutput=file:/no/such/x",
                       "a named input that is not there": "StandardInput=fd:nobody", "a named output that is not there": "StandardOutput=fd:nobody",
                       "a named error that is not there": "StandardError=fd:nobody", "an input named by the unit": "StandardInput=fd",
                       "an output named by the unit": "StandardOutput=fd", "a bad name of a descriptor": "StandardInput=fd:a:b",
                       "a supplementary group": "SupplementaryGroups=no-such", "a working directory": "WorkingDirectory=/no/such",
                       "a terminal": "StandardInput=tty\nTTYPath=/dev/no-such", "a file without x": "ExecStart=/etc/passwd",
                       "a directory": "ExecStart=/etc", "a user": "User=no-such-user",
                       "a namespace": "PrivateTmp=yes", "a missing environment file": "EnvironmentFile=/no/such",                       }.items():
    lines = setting.replace("\n", "\n    ")
    scenario(f"the exit status for {stage}", f"""
a.service
    {lines}
    Type=oneshot
    ExecStart=true
$ systemctl start a.service
""")

scenario("DynamicUser", """
a.service
    Type=oneshot
    DynamicUser=yes
    StateDirectory=%N
    StandardOutput=append:@log
    ExecStart=sh -c 'test $$(id -u) -gt 60000 && pwd; echo $$HOME $$USER; umask; touch $$STATE_DIRECTORY/file && echo may write'
$ systemctl start a.service
""")

scenario("a user by a number that nobody has", """
a.service
    Type=oneshot
    User=54321
    ExecStart=true
$ systemctl start a.service
""", differs=Deliberate("images run programs as numbers that no file knows: it is taken as it is", systemd=[
    "$ systemctl start a.service -> 1",
    "a.service: LoadState=loaded ActiveState=failed SubState=failed Result=exit-code NRestarts=0 ExecMainCode=1 "
    "ExecMainStatus=217 ConditionResult=yes AssertResult=yes"], berth=[
    "$ systemctl start a.service -> 0",
    "a.service: LoadState=loaded ActiveState=inactive SubState=dead Result=success NRestarts=0 ExecMainCode=1 "
    "ExecMainStatus=0 ConditionResult=yes AssertResult=yes"]))

scenario("the exit status for a root that is not there", """
a.service
    Type=oneshot
    RootDirectory=/no/such
    ExecStart=true
$ systemctl start a.service
""", differs=Deliberate("the root is entered by chroot(2), systemd mounts it in a namespace (226)", systemd=[
    "a.service: LoadState=loaded ActiveState=failed SubState=failed Result=exit-code NRestarts=0 ExecMainCode=1 "
    "ExecMainStatus=226 ConditionResult=yes AssertResult=yes"], berth=[
    "a.service: LoadState=loaded ActiveState=failed SubState=failed Result=exit-code NRestarts=0 ExecMainCode=1 "
    "ExecMainStatus=210 ConditionResult=yes AssertResult=yes"]))
