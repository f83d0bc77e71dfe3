"""How services are ended: KillMode=, the signals, who gets them; and `systemctl kill`."""

from scenario import group

scenario = group("kill")

# A parent and its child, of which each notes what it is told; they end by SIGTERM, or do not.
FAMILY = """
@dir/child
    trap 'echo child TERM >>@log; {end}' TERM
    echo child up >>@log
    while :; do sleep 0.02; done
@dir/main
    sh @dir/child &
    trap 'echo main TERM >>@log; {end}' TERM
    echo main up >>@log
    while :; do sleep 0.02; done
a.service
    ExecStart=sh @dir/main
    KillMode={mode}
    TimeoutStopSec={patience}
    ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
lines 2
"""

for mode in ("control-group", "mixed", "process"):
    scenario(f"KillMode={mode}", FAMILY.format(mode=mode, end="exit 0", patience="20s") + """
$ systemctl stop a.service
unordered
""")
    scenario(f"KillMode={mode} and the main process dies", FAMILY.format(mode=mode, end="exit 0", patience="20s") + """
$ systemctl kill --kill-whom=main -s KILL a.service
until a.service failed
unordered
""")
    scenario(f"KillMode={mode} and nobody ends by SIGTERM", FAMILY.format(mode=mode, end=":", patience="1s") + """
$ systemctl stop a.service
unordered
""")

scenario("KillMode=none", """
a.service
    ExecStart=sleep 1000
    KillMode=none
    ExecStop=@note stop
$ systemctl start a.service
$ systemctl stop a.service
""")

scenario("KillSignal", """
a.service
    ExecStart=sh -c 'trap "echo usr1 >>@log; exit 0" USR1; @note up; while :; do sleep 0.02; done'
    KillSignal=SIGUSR1
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
lines 1
$ systemctl stop a.service
""")

scenario("KillSignal that ends it is clean", """
a.service
    ExecStart=sleep 1000
    KillSignal=SIGINT
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
$ systemctl stop a.service
""")

scenario("KillSignal=SIGUSR2 that ends it", """
a.service
    ExecStart=sleep 1000
    KillSignal=SIGUSR2
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
$ systemctl stop a.service
""")

scenario("KillSignal=SIGQUIT that dumps no core", """
a.service
    ExecStart=sleep 1000
    LimitCORE=0
    KillSignal=SIGQUIT
    ExecStopPost=@note $SERVICE_RESULT $EXIT_STATUS
$ systemctl start a.service
$ systemctl stop a.service
""")

scenario("RestartKillSignal", """
a.service
    ExecStart=sh -c 'trap "echo usr1 >>@log; exit 0" USR1; trap "echo term >>@log; exit 0" TERM; @note up; while :; do sleep 0.02; done'
    RestartKillSignal=SIGUSR1
$ systemctl start a.service
lines 1
$ systemctl restart a.service
lines 3
$ systemctl stop a.service
""")

scenario("SendSIGHUP", """
a.service
    ExecStart=sh -c 'trap "echo hup >>@log; touch @dir/hup" HUP; trap : TERM; @note up; until [ -e @dir/hup ]; do sleep 0.02; done; exit 0'
    SendSIGHUP=yes
$ systemctl start a.service
lines 1
$ systemctl stop a.service
""")

scenario("SendSIGKILL=no", """
a.service
    ExecStart=sh -c 'trap "echo term >>@log" TERM; @note up; while :; do sleep 0.02; done'
    SendSIGKILL=no
    TimeoutStopSec=1s
    ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE
$ systemctl start a.service
lines 1
$ systemctl stop a.service
""")

scenario("FinalKillSignal", """
a.service
    ExecStart=sh -c 'trap : TERM; trap "echo quit >>@log; exit 0" QUIT; @note up; while :; do sleep 0.02; done'
    FinalKillSignal=SIGQUIT
    TimeoutStopSec=1s
    ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
lines 1
$ systemctl stop a.service
""")

scenario("WatchdogSignal", """
a.service
    ExecStart=sh -c 'trap "echo usr1 >>@log; exit 3" USR1; @note up; while :; do sleep 0.02; done'
    WatchdogSec=1s
    WatchdogSignal=SIGUSR1
    ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
until a.service failed
""")

scenario("TimeoutStopSec=0 waits", """
a.service
    ExecStart=sh -c 'trap "sleep 0.3; echo slow >>@log; exit 0" TERM; @note up; while :; do sleep 0.02; done'
    TimeoutStopSec=0
$ systemctl start a.service
lines 1
$ systemctl stop a.service
""")

scenario("a stopped process is told", """
a.service
    ExecStart=sh -c 'trap "echo term >>@log; exit 0" TERM; @note up; while :; do sleep 0.02; done'
$ systemctl start a.service
lines 1
$ systemctl kill -s STOP a.service
$ systemctl stop a.service
""")

scenario("a stop while it starts", """
a.service
    Type=notify
    ExecStartPre=@note pre
    ExecStart=sh -c '@note up; exec sleep 1000'
    ExecStop=@note stop
    ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start --no-block a.service
lines 2
$ systemctl stop a.service
""")

scenario("a stop while ExecStartPre runs", """
a.service
    ExecStartPre=sh -c '@note pre; exec sleep 1000'
    ExecStart=@note start
    ExecStop=@note stop
    ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start --no-block a.service
lines 1
$ systemctl stop a.service
""")

scenario("a stop while ExecStartPost runs", """
a.service
    ExecStart=sleep 1000
    ExecStartPost=sh -c '@note post; exec sleep 1000'
    ExecStop=@note stop
    ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start --no-block a.service
lines 1
$ systemctl stop a.service
""")

scenario("a stop while it reloads", """
a.service
    ExecStart=sleep 1000
    ExecReload=sh -c '@note reload; exec sleep 1000'
    ExecStop=@note stop
    ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
$ systemctl reload --no-block a.service
lines 1
$ systemctl stop a.service
""")

scenario("ExecStop that ends the process itself", """
a.service
    ExecStart=sleep 1000
    ExecStop=kill -USR1 $MAINPID
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
$ systemctl stop a.service
""")

for whom in ("main", "control", "all"):
    scenario(f"systemctl kill --kill-whom={whom}", f"""
    a.service
        ExecStart=sh -c 'trap "echo main >>@log" USR1; @note up; while :; do sleep 0.02; done'
    $ systemctl start a.service
    lines 1
    $ systemctl kill --kill-whom={whom} -s USR1 a.service
    {'' if whom == 'control' else 'lines 2'}
    $ systemctl stop a.service
    """)

scenario("systemctl kill of what is down, or is not there", """
a.service
    ExecStart=sleep 1000
$ systemctl kill a.service
$ systemctl kill --kill-whom=main a.service
$ systemctl kill no-such-unit.service
$ systemctl kill -s NOSUCH a.service
""")

scenario("processes of another session are the service's", """
@dir/child
    trap 'echo child >>@log; exit 0' TERM
    echo up >>@log
    while :; do sleep 0.02; done
a.service
    ExecStart=sh -c 'setsid sh @dir/child & exec sleep 1000'
$ systemctl start a.service
lines 1
$ systemctl stop a.service
""")
