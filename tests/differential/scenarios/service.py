"""The life of a service: each Type=, the commands around the main one, what they are told, what their failures do."""

from scenario import group

scenario = group("service")

ENDINGS = {"exit 0": "exit 0", "exit 3": "exit 3", "SIGTERM": "kill -TERM $$$$", "SIGKILL": "kill -KILL $$$$"}

for kind in ("simple", "exec", "oneshot", "idle", "notify", "forking"):
    # What is up at once lives until the next command has run: the order is not left to chance.
    lives = "@await post; " if kind in ("simple", "exec", "idle") else ""
    for name, ending in ENDINGS.items():
        scenario(f"Type={kind} that ends by {name}", f"""
        a.service
            Type={kind}
            ExecStart=sh -c '{lives}{ending}'
            ExecStartPost=sh -c '@note post; touch @dir/post'
            ExecStop=@note stop
            ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
        # systemctl start a.service
        {'lines 2' if lives else ''}
        rest a.service
        """, alone=kind == "idle")
    scenario(f"Type={kind} whose program is missing", f"""
    a.service
        Type={kind}
        ExecStart=/no/such/program
        ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
    # systemctl start a.service
    rest a.service
    unordered
    """, alone=kind == "idle")

for kind in ("exec", "oneshot", "forking", "notify"):
    scenario(f"Type={kind}, exit status of start, program missing", f"""
    a.service
        Type={kind}
        ExecStart=/no/such/program
    $ systemctl start a.service
    """)

scenario("exit status of start, oneshot fails", """
a.service
    Type=oneshot
    ExecStart=false
$ systemctl start a.service
$ systemctl is-active a.service
$ systemctl is-failed a.service
$ systemctl status a.service >/dev/null
""")

scenario("a notifying service", """
a.service
    Type=notify
    ExecStart=sh -c '@note begin; systemd-notify --ready --status=working; @note ready; exec sleep 1000'
    NotifyAccess=all
    ExecStartPost=@note post
    ExecStop=@note stop ${MAINPID:+main}
$ systemctl start a.service
lines 3
$ systemctl stop a.service
unordered
""")

scenario("a notifying service that ends before it is ready", """
a.service
    Type=notify
    ExecStart=sleep 0
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
""")

scenario("a notifying service that is never ready", """
a.service
    Type=notify
    ExecStart=sleep 1000
    TimeoutStartSec=100ms
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
""")

scenario("a forking service with a PID file", """
a.service
    Type=forking
    PIDFile=@dir/pid
    ExecStart=sh -c 'sleep 1000 & echo $! >@dir/pid'
    ExecStop=@note stop $MAINPID $PIDFILE
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
$ test $(systemctl show -P MainPID a.service) = $(cat @dir/pid)
$ kill $(cat @dir/pid)
until a.service inactive
""")

scenario("a forking service without a PID file", """
a.service
    Type=forking
    ExecStart=sh -c 'sleep 1000 &'
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
$ systemctl is-active a.service
# kill -9 $(systemctl show -P MainPID a.service)
until a.service failed
""")

scenario("a forking service with a PID file that never comes", """
a.service
    Type=forking
    PIDFile=@dir/pid
    ExecStart=sh -c 'sleep 1000 &'
    TimeoutStartSec=1s
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
""")

scenario("a forking service that leaves nobody", """
a.service
    Type=forking
    ExecStart=true
$ systemctl start a.service
until a.service inactive
""")

scenario("a forking service that leaves nobody, with RemainAfterExit", """
a.service
    Type=forking
    ExecStart=true
    RemainAfterExit=yes
    ExecStop=@note stop
$ systemctl start a.service
until a.service active/exited
$ systemctl stop a.service
""")

scenario("a series of a oneshot", """
a.service
    Type=oneshot
    ExecStart=@note one
    ExecStart=@note two
    ExecStart=-false
    ExecStart=@note three
$ systemctl start a.service
""")

scenario("a series of a oneshot stops at the first failure", """
a.service
    Type=oneshot
    ExecStart=@note one
    ExecStart=sh -c 'exit 7'
    ExecStart=@note three
    ExecStop=@note stop
    ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
$ systemctl start a.service
""")

scenario("a oneshot without ExecStart", """
a.service
    Type=oneshot
    ExecStop=@note stop
    RemainAfterExit=yes
$ systemctl start a.service
$ systemctl stop a.service
""")

scenario("a service without ExecStart and ExecStop", """
a.service
    RemainAfterExit=yes
$ systemctl start a.service
""")

scenario("a simple service with only ExecStop", """
a.service
    ExecStop=@note stop
    RemainAfterExit=yes
$ systemctl start a.service
$ systemctl stop a.service
""")

scenario("two ExecStart of a simple service", """
a.service
    ExecStart=sleep 1000
    ExecStart=sleep 1000
$ systemctl start a.service
""")

scenario("all commands in their order", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecCondition=@note condition
    ExecStartPre=@note pre 1
    ExecStartPre=@note pre 2
    ExecStart=@note start
    ExecStartPost=@note post 1
    ExecStartPost=@note post 2
    ExecReload=@note reload
    ExecStop=@note stop 1
    ExecStop=@note stop 2
    ExecStopPost=@note stop-post 1 $SERVICE_RESULT
    ExecStopPost=@note stop-post 2 $SERVICE_RESULT
$ systemctl start a.service
$ systemctl reload a.service
$ systemctl restart a.service
$ systemctl stop a.service
""")

for command in ("ExecCondition", "ExecStartPre", "ExecStart", "ExecStartPost", "ExecStop", "ExecStopPost", "ExecReload"):
    for dash in ("", "-"):
        for ending in ("exit 3", "kill -KILL $$$$"):
            scenario(f"{command}={dash} {ending}", f"""
            a.service
                Type=oneshot
                RemainAfterExit=yes
                ExecCondition=@note condition
                ExecStartPre=@note pre
                ExecStart=@note start
                ExecStartPost=@note post
                ExecReload=@note reload
                ExecStop=@note stop $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
                ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
                {command}={dash}sh -c '{ending}'
                {command}=@note after it
            $ systemctl start a.service
            $ systemctl reload a.service
            $ systemctl stop a.service
            """)

for status in (0, 1, 254, 255):
    scenario(f"ExecCondition that exits with {status}", f"""
    a.service
        ExecCondition=sh -c 'exit {status}'
        ExecStart=@note start
        ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
        Type=oneshot
    $ systemctl start a.service
    """)

scenario("what a failed ExecCondition does to others", """
a.service
    Type=oneshot
    ExecCondition=sh -c 'exit 1'
    ExecStart=@note a
b.service
    [Unit]
    Requires=a.service
    After=a.service
    [Service]
    Type=oneshot
    ExecStart=@note b
$ systemctl start b.service
""")

scenario("Type=oneshot, RemainAfterExit, started twice", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note start
$ systemctl start a.service
$ systemctl start a.service
$ systemctl restart a.service
""")

scenario("RemainAfterExit after a failure", """
a.service
    RemainAfterExit=yes
    ExecStart=sh -c 'exit 2'
    ExecStop=@note stop
    ExecStopPost=@note stop-post
# systemctl start a.service
until a.service failed
""")

scenario("RemainAfterExit after a clean signal", """
a.service
    RemainAfterExit=yes
    ExecStart=sh -c 'kill -TERM $$$$'
# systemctl start a.service
until a.service active/exited
$ systemctl stop a.service
""")

scenario("what ExecStop and ExecStopPost are told", """
a.service
    ExecStart=sleep 1000
    ExecStop=sh -c '@note stop $${MAINPID:+main} $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS'
    ExecStopPost=sh -c '@note stop-post $${MAINPID:-none} $$SERVICE_RESULT $$EXIT_CODE $$EXIT_STATUS'
$ systemctl start a.service
$ systemctl stop a.service
""")

scenario("ExecStop runs also after an end by itself", """
a.service
    ExecStart=true
    ExecStop=@note stop $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
    ExecStopPost=@note stop-post $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
# systemctl start a.service
lines 2
rest a.service
""")

scenario("the environment that every command gets", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    User=nobody
    ExecStartPre=sh -c '@note pre $$(env | cut -d= -f1 | grep -v container | sort)'
    ExecStart=sh -c '@note start $$(env | cut -d= -f1 | grep -v container | sort)'
    ExecStartPost=sh -c '@note post $$(env | cut -d= -f1 | grep -v container | sort)'
    ExecStop=sh -c '@note stop $$(env | cut -d= -f1 | grep -v container | sort)'
    ExecStopPost=sh -c '@note stop-post $$(env | cut -d= -f1 | grep -v container | sort)'
# chmod 777 /run/scenarios
$ systemctl start a.service
$ systemctl stop a.service
""")

scenario("MAINPID of ExecStartPost and ExecReload", """
a.service
    ExecStart=sleep 1000
    ExecStartPost=sh -c 'test $$(cat /proc/$MAINPID/comm) = sleep -o $$(cat /proc/$MAINPID/comm) = "(sleep)" && @note good'
    ExecReload=sh -c 'test $MAINPID -gt 1 && @note good'
$ systemctl start a.service
$ systemctl reload a.service
""")

scenario("reload of what cannot", """
a.service
    ExecStart=sleep 1000
$ systemctl start a.service
$ systemctl reload a.service
$ systemctl reload-or-restart a.service
$ systemctl try-reload-or-restart a.service
""")

scenario("reload of what is down", """
a.service
    ExecStart=sleep 1000
    ExecReload=@note reload
$ systemctl reload a.service
$ systemctl reload-or-restart a.service
$ systemctl reload-or-restart a.service
$ systemctl stop a.service
$ systemctl try-reload-or-restart a.service
$ systemctl try-restart a.service
$ systemctl is-active a.service
""")

scenario("a reload that fails keeps the service", """
a.service
    ExecStart=sleep 1000
    ExecReload=sh -c 'exit 3'
    ExecReload=@note never
$ systemctl start a.service
$ systemctl reload a.service
$ systemctl is-active a.service
""")

scenario("a reload that hangs keeps the service", """
a.service
    ExecStart=sleep 1000
    ExecReload=sleep 1000
    TimeoutStartSec=200ms
$ systemctl start a.service
$ systemctl reload a.service
$ systemctl is-active a.service
""")

scenario("the main process ends while it reloads", """
a.service
    ExecStart=sleep 1000
    ExecReload=sh -c 'kill -KILL $MAINPID; @note reloaded'
    ExecStopPost=@note $SERVICE_RESULT
$ systemctl start a.service
$ systemctl reload a.service
until a.service failed
""")

for mode in ("terminate", "abort", "kill"):
    scenario(f"TimeoutStartFailureMode={mode}", f"""
    a.service
        Type=notify
        TimeoutStartSec=100ms
        TimeoutStartFailureMode={mode}
        ExecStart=sleep 1000
        ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
    $ systemctl start a.service
    """)
    scenario(f"TimeoutStopFailureMode={mode}", f"""
    a.service
        TimeoutStopSec=1s
        TimeoutStopFailureMode={mode}
        ExecStart=sh -c 'trap "" TERM; @note up; while :; do sleep 1000; done'
        ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
    $ systemctl start a.service
    lines 1
    $ systemctl stop a.service
    """)

for command in ("ExecCondition", "ExecStartPre", "ExecStartPost", "ExecStop", "ExecStopPost"):
    scenario(f"{command} that hangs", f"""
    a.service
        ExecStart=sleep 1000
        {command}=sleep 1000
        ExecStopPost=@note $SERVICE_RESULT $EXIT_CODE $EXIT_STATUS
        TimeoutSec=1s
    $ systemctl start a.service
    $ systemctl stop a.service
    """)

scenario("TimeoutStartSec does not end what is up", """
a.service
    ExecStart=sleep 1000
    TimeoutStartSec=1ms
$ systemctl start a.service
$ systemctl is-active a.service
""")

scenario("a oneshot has no time limit, unless it is given one", """
a.service
    Type=oneshot
    ExecStart=sleep 1000
    TimeoutStartSec=100ms
$ systemctl show -P TimeoutStartUSec a.service
$ systemctl start a.service
""")

scenario("the default times", """
a.service
    ExecStart=sleep 1000
b.service
    Type=oneshot
    ExecStart=true
c.service
    ExecStart=sleep 1000
    TimeoutSec=5
d.service
    ExecStart=sleep 1000
    TimeoutSec=0
    RestartSec=0
""", show=("LoadState", "TimeoutStartUSec", "TimeoutStopUSec", "RestartUSec", "RuntimeMaxUSec", "Type", "Restart",
           "KillMode", "KillSignal", "NotifyAccess", "RemainAfterExit", "UMask", "Slice"))

scenario("WatchdogSec of what says that it lives", """
a.service
    Type=notify
    NotifyAccess=all
    WatchdogSec=10s
    ExecStart=sh -c '@note $WATCHDOG_USEC; systemd-notify --ready; for i in 1 2 3; do systemd-notify WATCHDOG=1; sleep 0.1; done; @note over; exec sleep 1000'
    Environment=WATCHDOG_PID=
$ systemctl start a.service
lines 2
$ systemctl is-active a.service
""")

scenario("WATCHDOG=trigger", """
a.service
    Type=notify
    NotifyAccess=all
    WatchdogSec=1h
    ExecStart=sh -c 'systemd-notify --ready; systemd-notify WATCHDOG=trigger; exec sleep 1000'
# systemctl start a.service
until a.service failed
""")

scenario("MAINPID= of a notification", """
a.service
    Type=notify
    NotifyAccess=all
    ExecStart=sh -c 'sleep 1000 & systemd-notify --ready MAINPID=$$!; wait'
$ systemctl start a.service
$ cat /proc/$(systemctl show -P MainPID a.service)/comm
""")

scenario("NotifyAccess=main does not hear children", """
a.service
    Type=notify
    ExecStart=sh -c '(systemd-notify --ready); sleep 1000'
    TimeoutStartSec=300ms
$ systemctl start a.service
""")

scenario("NotifyAccess=exec hears ExecStartPost", """
a.service
    NotifyAccess=exec
    ExecStart=sleep 1000
    ExecStartPost=sh -c 'exec systemd-notify --status=hello'
$ systemctl start a.service
""")

scenario("STOPPING=1", """
a.service
    Type=notify
    NotifyAccess=all
    ExecStart=sh -c 'systemd-notify --ready; systemd-notify STOPPING=1; sleep 1000'
# systemctl start a.service
until a.service deactivating/stop-sigterm
""")

scenario("EXTEND_TIMEOUT_USEC", """
a.service
    Type=notify
    NotifyAccess=all
    TimeoutStartSec=2s
    ExecStart=sh -c 'systemd-notify EXTEND_TIMEOUT_USEC=20000000; sleep 2.5; systemd-notify --ready; exec sleep 1000'
$ systemctl start a.service
""")

scenario("a notify-reload service", """
a.service
    Type=notify-reload
    NotifyAccess=all
    ExecStart=sh -c 'trap "systemd-notify --reloading --no-block; @note reloading; systemd-notify --ready" HUP; systemd-notify --ready; while :; do sleep 0.05; done'
$ systemctl start a.service
""", differs=None)

scenario("ExitType=cgroup", """
a.service
    ExitType=cgroup
    ExecStart=sh -c 'sleep 1000 & exit 0'
$ systemctl start a.service
$ systemctl is-active a.service
$ systemctl stop a.service
""")

scenario("a second ExecStart in a drop-in", """
a.service
    ExecStart=sleep 1000
a.service.d/x.conf
    [Service]
    ExecStart=
    ExecStart=sh -c '@note dropin; exec sleep 1000'
$ systemctl start a.service
lines 1
""")
