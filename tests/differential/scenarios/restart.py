"""Restart= for each way to end; the exit statuses that count as success, or are left alone; limits of starts."""

from scenario import Deliberate, group

scenario = group("restart")

WAYS = ("no", "always", "on-success", "on-failure", "on-abnormal", "on-abort", "on-watchdog")
CAUSES = {  # how the main process ends: (command or more, Restart= values that bring it back, state if none does)
    "a clean exit": ("ExecStart=sh -c 'exit 0'", ("always", "on-success"), "inactive"),
    "an unclean exit": ("ExecStart=sh -c 'exit 3'", ("always", "on-failure"), "failed"),
    "a clean signal": ("ExecStart=sh -c 'kill -TERM $$$$'", ("always", "on-success"), "inactive"),
    "an unclean signal": ("ExecStart=sh -c 'kill -KILL $$$$'", ("always", "on-failure", "on-abnormal", "on-abort"), "failed"),
    "a timeout": ("ExecStart=sleep 1000\nType=notify\nTimeoutStartSec=50ms", ("always", "on-failure", "on-abnormal"), "failed"),
    "the watchdog": ("ExecStart=sleep 1000\nLimitCORE=0\nWatchdogSec=50ms", ("always", "on-failure", "on-abnormal", "on-watchdog"), "failed"),
    "its longest time": ("ExecStart=sleep 1000\nRuntimeMaxSec=50ms", ("always", "on-failure", "on-abnormal"), "failed"),
    "a program that is missing": ("ExecStart=/no/such/program", ("always", "on-failure"), "failed"),
    "an ExecStartPre that fails": ("ExecStartPre=false\nExecStart=true", ("always", "on-failure"), "failed"),
    "an ExecStartPost that fails": ("ExecStart=sleep 1000\nExecStartPost=false", ("always", "on-failure"), "failed"),
}


def indented(text):
    return text.replace("\n", "\n            ")


for cause, (command, comes_back, otherwise) in CAUSES.items():
    for way in WAYS:
        scenario(f"{way} after {cause}", f"""
        a.service
            [Unit]
            StartLimitBurst=2
            StartLimitIntervalSec=1h
            [Service]
            {indented(command)}
            ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
            Restart={way}
            RestartSec=1ms
        $ systemctl start a.service
        until a.service {'failed' if way in comes_back else otherwise}
        """)

for key, value, ending in (
    ("SuccessExitStatus", "3", "exit 3"), ("SuccessExitStatus", "3 5 SIGUSR1", "kill -USR1 $$$$"),
    ("SuccessExitStatus", "TEMPFAIL", "exit 75"), ("SuccessExitStatus", "3", "exit 4"), ("SuccessExitStatus", "SIGKILL", "kill -KILL $$$$"),
    ("RestartPreventExitStatus", "3", "exit 3"), ("RestartPreventExitStatus", "SIGKILL", "kill -KILL $$$$"),
    ("RestartPreventExitStatus", "SIGTERM 5", "exit 5"), ("RestartPreventExitStatus", "0", "exit 0"),
):
    for way in ("always", "on-failure"):
        scenario(f"{key}={value}, {way}, after {ending}", f"""
        a.service
            [Unit]
            StartLimitBurst=2
            StartLimitIntervalSec=1h
            [Service]
            ExecStart=sh -c '@note run; {ending}'
            Restart={way}
            RestartSec=1ms
            {key}={value}
        # systemctl start a.service
        rest a.service
        """)

for ending, value, way in (("exit 0", "0", "no"), ("exit 3", "3", "no"), ("kill -TERM $$$$", "SIGTERM", "no"),
                           ("exit 3", "4", "no"), ("exit 3", "3", "on-success")):
    scenario(f"RestartForceExitStatus={value}, {way}, after {ending}", f"""
    a.service
        [Unit]
        StartLimitBurst=2
        StartLimitIntervalSec=1h
        [Service]
        ExecStart=sh -c '@note run; {ending}'
        Restart={way}
        RestartSec=1ms
        RestartForceExitStatus={value}
    # systemctl start a.service
    rest a.service
    """)

scenario("a stop is not followed by a restart", """
a.service
    ExecStart=sh -c '@note run; exec sleep 1000'
    Restart=always
    RestartSec=1ms
$ systemctl start a.service
lines 1
$ systemctl stop a.service
""")

scenario("a kill from outside is followed by a restart", """
a.service
    ExecStart=sh -c '@note run; exec sleep 1000'
    Restart=always
    RestartSec=1ms
$ systemctl start a.service
lines 1
$ systemctl kill -s KILL a.service
lines 2
$ systemctl kill a.service
lines 3
""")

scenario("a stop ends the wait for a restart", """
a.service
    ExecStart=sh -c '@note run; exit 1'
    Restart=always
    RestartSec=1h
$ systemctl start a.service
until a.service activating/auto-restart
$ systemctl is-active a.service
$ systemctl is-failed a.service
$ systemctl stop a.service
$ systemctl is-failed a.service
""")

scenario("a restart by hand ends the wait for a restart", """
a.service
    ExecStart=sh -c '@note run; exit 1'
    Restart=always
    RestartSec=1h
$ systemctl start a.service
until a.service activating/auto-restart
$ systemctl restart a.service
lines 2
until a.service activating/auto-restart
""")

scenario("restarts count until the next start by hand", """
a.service
    ExecStart=sh -c 'echo >>@dir/runs; test -e @dir/stay && exec sleep 1000; exit 1'
    Restart=always
    RestartSec=10ms
    [Unit]
    StartLimitIntervalSec=0
# systemctl start a.service
# while [ $(wc -l <@dir/runs) -lt 4 ]; do sleep 0.02; done; touch @dir/stay
until a.service active/running
$ test $(systemctl show -P NRestarts a.service) -ge 3 && echo many
$ systemctl restart a.service
""")

scenario("reset-failed lets a unit start again after too many starts", """
a.service
    [Unit]
    StartLimitBurst=1
    StartLimitIntervalSec=1h
    [Service]
    Type=oneshot
    ExecStart=@note run
$ systemctl start a.service
$ systemctl start a.service
$ systemctl is-failed a.service
$ systemctl start a.service
$ systemctl reset-failed a.service
$ systemctl is-failed a.service
$ systemctl start a.service
""")

scenario("too many starts of what runs count not", """
a.service
    [Unit]
    StartLimitBurst=2
    StartLimitIntervalSec=1h
    [Service]
    ExecStart=sleep 1000
$ systemctl start a.service
$ systemctl start a.service
$ systemctl start a.service
$ systemctl restart a.service
$ systemctl restart a.service
""")

scenario("daemon-reload keeps the count of starts", """
a.service
    [Unit]
    StartLimitBurst=2
    StartLimitIntervalSec=1h
    [Service]
    Type=oneshot
    ExecStart=true
# systemctl start a.service
# systemctl start a.service
# systemctl daemon-reload
$ systemctl start a.service
""", differs=Deliberate("systemd forgets them with all that was loaded; a service that crashes in a circle is one still",
                        systemd=[
    "$ systemctl start a.service -> 0",
    "a.service: LoadState=loaded ActiveState=inactive SubState=dead Result=success NRestarts=0 ExecMainCode=1 "
    "ExecMainStatus=0 ConditionResult=yes AssertResult=yes"], berth=[
    "$ systemctl start a.service -> 1",
    "a.service: LoadState=loaded ActiveState=failed SubState=failed Result=start-limit-hit NRestarts=0 ExecMainCode=1 "
    "ExecMainStatus=0 ConditionResult=yes AssertResult=yes"]))

scenario("StartLimitIntervalSec=0 sets no limit", """
a.service
    [Unit]
    StartLimitIntervalSec=0
    [Service]
    Type=oneshot
    ExecStart=@note run
$ for i in 1 2 3 4 5 6 7; do systemctl start a.service || exit; done
""")

scenario("old names of the limits in [Service]", """
a.service
    Type=oneshot
    ExecStart=@note run
    StartLimitBurst=1
    StartLimitInterval=1h
$ systemctl start a.service
$ systemctl start a.service
""")

scenario("a oneshot with Restart=on-failure comes back until it succeeds", """
a.service
    Type=oneshot
    ExecStart=sh -c '@note run; test -e @dir/again || { touch @dir/again; exit 1; }'
    Restart=on-failure
    RestartSec=1ms
    RemainAfterExit=yes
$ systemctl start a.service
until a.service active/exited
""")

scenario("a oneshot may not have Restart=always", """
a.service
    Type=oneshot
    ExecStart=@note run
    Restart=always
$ systemctl start a.service
""")

scenario("OnFailure= is not started between restarts", """
a.service
    [Unit]
    OnFailure=b.service
    StartLimitBurst=2
    StartLimitIntervalSec=1h
    [Service]
    ExecStart=sh -c '@note a; exit 1'
    Restart=on-failure
    RestartSec=1ms
b.service
    Type=oneshot
    ExecStart=@note b $MONITOR_UNIT
# systemctl start a.service
rest a.service
rest b.service
lines 3
""")

scenario("a restart of what depends", """
a.service
    ExecStart=sh -c '@note a; exec sleep 1000'
    Restart=always
    RestartSec=1ms
b.service
    [Unit]
    Requires=a.service
    After=a.service
    [Service]
    ExecStart=sh -c '@note b; exec sleep 1000'
$ systemctl start b.service
lines 2
$ systemctl kill -s KILL a.service
lines 4
until b.service active/running
unordered
""")

scenario("a restart of what binds", """
a.service
    ExecStart=sh -c '@note a; exec sleep 1000'
    ExecStopPost=@await go
    Restart=always
    RestartSec=1ms
b.service
    [Unit]
    BindsTo=a.service
    After=a.service
    [Service]
    ExecStart=sh -c '@note b; exec sleep 1000'
    Restart=always
    RestartSec=1ms
$ systemctl start b.service
lines 2
$ systemctl kill -s KILL a.service
until b.service inactive
# touch @dir/go
lines 3
rest a.service
rest b.service
unordered
""")
