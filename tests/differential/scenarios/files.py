"""Where units come from: drop-ins, templates, aliases, masks; what is enabled; what a client says about them."""

from scenario import Deliberate, group

scenario = group("files")

scenario("drop-ins in their order", """
a.service
    Type=oneshot
    ExecStart=sh -c 'echo $A $B $C >>@log'
    Environment=A=file
a.service.d/20.conf
    [Service]
    Environment=A=20 B=20
a.service.d/10.conf
    [Service]
    Environment=A=10 B=10 C=10
a.service.d/30.txt
    [Service]
    Environment=C=30
a.service.d/.40.conf
    [Service]
    Environment=C=40
$ systemctl start a.service
""")

scenario("drop-ins of a prefix", """
a-b-c.service
    Type=oneshot
    ExecStart=sh -c 'echo $A $B $C >>@log'
a-b-c.service.d/x.conf
    [Service]
    Environment=A=abc
a-b-.service.d/x.conf
    [Service]
    Environment=A=hidden
a-b-.service.d/y.conf
    [Service]
    Environment=B=ab
a-.service.d/y.conf
    [Service]
    Environment=B=hidden
a-.service.d/z.conf
    [Service]
    Environment=C=a
$ systemctl start a-b-c.service
""")

scenario("drop-ins of /etc, /run and /usr/lib", """
/usr/lib/systemd/system/a.service
    [Service]
    Type=oneshot
    ExecStart=sh -c 'echo $A $B $C $D >>@log'
/usr/lib/systemd/system/a.service.d/1.conf
    [Service]
    Environment=A=lib B=lib C=lib
/usr/lib/systemd/system/a.service.d/2.conf
    [Service]
    Environment=D=lib
/run/systemd/system/a.service.d/1.conf
    [Service]
    Environment=A=run
a.service.d/2.conf
    [Service]
    Environment=D=etc
a.service.d/0.conf
    [Service]
    Environment=A=early
$ systemctl start a.service
""")

scenario("a drop-in that is masked", """
a.service
    Type=oneshot
    ExecStart=sh -c 'echo $A >>@log'
/usr/lib/systemd/system/a.service.d/1.conf
    [Service]
    Environment=A=lib
a.service.d/1.conf -> /dev/null
$ systemctl start a.service
""")

scenario("a file in /etc hides that of a package", """
/usr/lib/systemd/system/a.service
    [Service]
    Type=oneshot
    ExecStart=@note lib
a.service
    Type=oneshot
    ExecStart=@note etc
$ systemctl start a.service
$ systemctl show -P FragmentPath a.service
""")

scenario("an empty drop-in list resets", """
a.service
    Type=oneshot
    ExecStart=@note one
    ExecStartPre=@note pre
    Environment=A=1
a.service.d/x.conf
    [Service]
    ExecStart=
    ExecStartPre=
    Environment=
    ExecStart=sh -c 'echo two $A >>@log'
$ systemctl start a.service
""")

scenario("dependencies cannot be reset", """
a.service
    [Unit]
    Wants=b.service
    After=b.service
    [Service]
    Type=oneshot
    ExecStart=@note a
a.service.d/x.conf
    [Unit]
    Wants=
    After=
b.service
    Type=oneshot
    ExecStart=@note b
$ systemctl start a.service
""")

scenario("a template and its instances", """
a@.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note %i %I
a@x.service.d/x.conf
    [Service]
    ExecStart=@note only x
a@.service.d/x.conf
    [Service]
    ExecStartPost=@note all %i
$ systemctl start a@x.service
$ systemctl start 'a@y-z.service'
$ systemctl start a@.service
$ systemctl stop 'a@*.service'
unordered
""")

scenario("an instance with a file of its own", """
a@.service
    Type=oneshot
    ExecStart=@note template %i
a@x.service
    Type=oneshot
    ExecStart=@note own %i
$ systemctl start a@x.service
$ systemctl start a@y.service
""")

scenario("an alias by a link", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note %n %p
b.service -> a.service
$ systemctl start b.service
$ systemctl is-active a.service b.service
$ systemctl show -P Id b.service
$ systemctl stop b.service
$ systemctl is-active a.service
""")

scenario("an alias of a template", """
a@.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note %p %i
b@.service -> a@.service
$ systemctl start b@x.service
$ systemctl is-active a@x.service
""")

scenario("drop-ins of an alias", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note $A $B
b.service -> a.service
a.service.d/x.conf
    [Service]
    Environment=A=a
b.service.d/y.conf
    [Service]
    Environment=B=b
b.service.wants/c.service -> ../c.service
c.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c
$ systemctl start a.service
unordered
""")

scenario("wants by folders", """
a.target
    Description=x
b.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note b
c.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c
a.target.wants/b.service -> ../b.service
a.target.requires/c.service -> ../c.service
$ systemctl start a.target
unordered
""")

scenario("wants by a folder of a template, and to an instance", """
a@.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a %i
a@.service.wants/b.service -> ../b.service
b.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note b
c.target
    Description=x
c.target.wants/a@q.service -> ../a@.service
$ systemctl start c.target
unordered
""")

scenario("a mask", """
/usr/lib/systemd/system/a.service
    [Service]
    ExecStart=sleep 1000
a.service -> /dev/null
$ systemctl start a.service
$ systemctl is-enabled a.service
$ systemctl is-active a.service
$ systemctl show -P LoadState a.service
$ systemctl restart a.service
$ systemctl status a.service >/dev/null
""")

scenario("an empty file is a mask", """
a.service
$ systemctl start a.service
$ systemctl is-enabled a.service
""")

scenario("a unit that is not there", """
a.service
    ExecStart=sleep 1000
$ systemctl start no-such.service
$ systemctl stop no-such.service
$ systemctl restart no-such.service
$ systemctl reload no-such.service
$ systemctl try-restart no-such.service
$ systemctl reload-or-restart no-such.service
$ systemctl is-active no-such.service >/dev/null || echo no
$ systemctl is-failed no-such.service
$ systemctl is-enabled no-such.service
$ systemctl status no-such.service >/dev/null
$ systemctl show -P LoadState,ActiveState no-such.service
$ systemctl cat no-such.service
$ systemctl reset-failed no-such.service
$ systemctl enable no-such.service
$ systemctl disable no-such.service
$ systemctl mask no-such.service >/dev/null 2>&1; systemctl unmask no-such.service >/dev/null 2>&1
$ systemctl list-dependencies no-such.service >/dev/null
""")

scenario("names that are none", """
a.service
    ExecStart=sleep 1000
$ systemctl start 'a b.service'
$ systemctl start ''
$ systemctl start a.nonsense
$ systemctl nonsense
$ systemctl start
$ systemctl --nonsense start a.service
$ systemctl start -- a.service
""")

scenario("a name without a suffix", """
a.service
    ExecStart=sleep 1000
$ u=$(basename a.service .service); systemctl start $u; systemctl is-active $u
""")

scenario("exit statuses of questions", """
a.service
    ExecStart=sleep 1000
b.service
    Type=oneshot
    ExecStart=false
c.service
    ExecStart=sleep 1000
# systemctl start a.service b.service
$ systemctl is-active a.service
$ systemctl is-active b.service
$ systemctl is-active c.service
$ systemctl is-active a.service b.service c.service
$ systemctl is-active b.service c.service
$ systemctl is-active --quiet a.service
$ systemctl is-failed a.service
$ systemctl is-failed b.service
$ systemctl is-failed a.service c.service
$ systemctl is-failed a.service b.service
$ systemctl status a.service >/dev/null
$ systemctl status b.service >/dev/null
$ systemctl status c.service >/dev/null
$ systemctl status a.service b.service >/dev/null
$ systemctl is-enabled a.service
$ systemctl is-system-running
""", differs=None)

scenario("enable and disable", """
a.service
    [Service]
    ExecStart=sleep 1000
    [Install]
    WantedBy=b.target
    RequiredBy=c.target
    Alias=d.service
    Also=e.service
b.target
    Description=b
c.target
    Description=c
e.service
    [Service]
    ExecStart=sleep 1000
    [Install]
    WantedBy=b.target
f.service
    ExecStart=sleep 1000
$ systemctl is-enabled a.service e.service f.service
$ systemctl enable a.service 2>/dev/null
$ cd /etc/systemd/system; find . -lname '*a.service' -o -lname '*e.service' | grep -F "$(basename b.target b.target)" | sort | xargs -I{} sh -c 'echo {} $(readlink {})'
$ systemctl is-enabled a.service d.service e.service
$ systemctl enable f.service >/dev/null 2>&1
$ systemctl disable a.service 2>/dev/null
$ systemctl is-enabled a.service e.service
$ systemctl enable --now a.service 2>/dev/null
$ systemctl is-active a.service e.service
$ systemctl disable --now a.service 2>/dev/null
$ systemctl is-active a.service
""")

scenario("enable an instance", """
a@.service
    [Service]
    ExecStart=sleep 1000
    [Install]
    WantedBy=b.target
    DefaultInstance=def
b.target
    Description=b
$ systemctl is-enabled a@.service
$ systemctl is-enabled a@x.service
$ systemctl enable a@x.service 2>/dev/null
$ systemctl is-enabled a@x.service
$ systemctl is-enabled a@.service
$ ls /etc/systemd/system/b.target.wants
$ systemctl enable a@.service 2>/dev/null
$ ls /etc/systemd/system/b.target.wants
$ systemctl disable a@x.service 2>/dev/null
$ systemctl is-enabled a@x.service
""")

scenario("mask and unmask by the client", """
/usr/lib/systemd/system/a.service
    [Service]
    ExecStart=sleep 1000
$ systemctl mask a.service 2>/dev/null
$ systemctl is-enabled a.service
$ systemctl start a.service
$ systemctl unmask a.service 2>/dev/null
$ systemctl start a.service
$ systemctl mask --now a.service 2>/dev/null
$ systemctl is-active a.service
$ systemctl mask --runtime a.service 2>/dev/null
$ systemctl unmask a.service 2>/dev/null
$ systemctl is-enabled a.service
""")

scenario("a file that changed, and daemon-reload", """
a.service
    Type=oneshot
    ExecStart=@note old
$ systemctl start a.service
# printf '[Service]\\nType=oneshot\\nExecStart=@note new\\n' >/etc/systemd/system/a.service
$ systemctl daemon-reload
$ systemctl start a.service
""")

scenario("a file that goes while it runs", """
a.service
    ExecStart=sleep 1000
$ systemctl start a.service
# rm /etc/systemd/system/a.service
$ systemctl daemon-reload
$ systemctl is-active a.service
$ systemctl show -P LoadState a.service
$ systemctl stop a.service
$ systemctl is-active a.service >/dev/null || echo down
""", show=())

scenario("daemon-reload in the middle of a oneshot series", """
a.service
    Type=oneshot
    ExecStart=@note one
    ExecStart=sh -c '@note two; @await go'
    ExecStart=@note three
$ systemctl start --no-block a.service
lines 2
$ systemctl daemon-reload
# touch @dir/go
lines 3
rest a.service
""")

scenario("systemctl cat", """
a.service
    ExecStart=sleep 1000
    Description=no
a.service.d/x.conf
    [Service]
    Nice=3
$ systemctl cat a.service
""")

scenario("systemctl show", """
a.service
    [Unit]
    Description=Hello there
    Documentation=man:a(8) https://x.example
    [Service]
    ExecStart=sleep 1000
    User=nobody
    Environment=A=1 "B=2 3"
    WorkingDirectory=/tmp
    UMask=027
    Nice=3
    LimitNOFILE=100:200
    KillMode=mixed
    SuccessExitStatus=3 SIGUSR1
$ systemctl show -p Description a.service
$ systemctl show -P Description a.service
$ systemctl show --value -p Id,Description a.service
$ systemctl show -p Environment a.service
$ systemctl show -P User a.service
$ systemctl show -P WorkingDirectory a.service
$ systemctl show -P UMask a.service
$ systemctl show -P KillMode a.service
$ systemctl show -P CanReload a.service
$ systemctl show -P UnitFileState a.service
$ systemctl show -P MainPID a.service
$ systemctl show -P NoSuchProperty a.service
$ systemctl show -P FragmentPath a.service
$ systemctl show -P Restart a.service
$ systemctl show -P Type a.service
$ systemctl show -P Requires a.service | tr ' ' '\\n' | sort
$ systemctl show -P Conflicts a.service
""")

scenario("list-dependencies", """
a.target
    Wants=b.service c.target
    After=b.service
b.service
    ExecStart=sleep 1000
    [Unit]
    DefaultDependencies=no
c.target
    [Unit]
    DefaultDependencies=no
    Requires=d.service
d.service
    [Unit]
    DefaultDependencies=no
    [Service]
    ExecStart=sleep 1000
# systemctl start a.target
$ systemctl list-dependencies --plain a.target
$ systemctl list-dependencies --reverse --plain d.service
$ systemctl list-dependencies --plain --after a.target
""")

scenario("list-units with a pattern", """
a.service
    [Unit]
    Description=The first
    [Service]
    ExecStart=sleep 1000
b.service
    Type=oneshot
    ExecStart=false
# systemctl start a.service b.service
$ systemctl list-units --plain --no-legend a.service b.service | sed 's/  */ /g'
$ systemctl list-units --plain --no-legend --state=failed b.service | sed 's/  */ /g'
$ systemctl list-units --plain --no-legend --all --type=target a.service
$ systemctl list-unit-files --no-legend a.service | sed 's/  */ /g'
""")

scenario("the default dependencies", """
a.service
    ExecStart=sleep 1000
b.service
    [Unit]
    DefaultDependencies=no
    [Service]
    ExecStart=sleep 1000
c.target
    Wants=a.service
d.slice
    Description=x
""", show=("LoadState", "Requires", "Wants", "Conflicts", "Before"))

scenario("all names of a unit", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note $B $C $D
b.service -> a.service
c.service -> b.service
/usr/lib/systemd/system/d.service -> /etc/systemd/system/a.service
b.service.d/x.conf
    [Service]
    Environment=B=b
c.service.d/y.conf
    [Service]
    Environment=C=c
/usr/lib/systemd/system/d.service.d/z.conf
    [Service]
    Environment=D=d
$ systemctl start a.service
$ systemctl show -P Names a.service | tr ' ' '\\n' | sort
$ systemctl show -P Id c.service
$ systemctl is-active b.service c.service d.service
$ systemctl is-enabled b.service c.service
$ systemctl stop c.service
$ systemctl is-active a.service
""")

scenario("drop-ins of one name under two", """
a.service
    Type=oneshot
    ExecStart=sh -c 'echo $A $B >>@log'
b.service -> a.service
/usr/lib/systemd/system/a.service.d/x.conf
    [Service]
    Environment=A=a
b.service.d/x.conf
    [Service]
    Environment=A=b B=b
$ systemctl start b.service
""")

scenario("prefix drop-ins of an alias", """
a.service
    Type=oneshot
    ExecStart=@note $B $C
b-c.service -> a.service
b-.service.d/x.conf
    [Service]
    Environment=B=b
b-c.service.d/y.conf
    [Service]
    Environment=C=c
$ systemctl start a.service
""")

scenario("drop-ins of a template's alias", """
a@.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a %i $B $C
b@.service -> a@.service
b@.service.d/x.conf
    [Service]
    Environment=B=b
b@x.service.d/y.conf
    [Service]
    Environment=C=only-x
b@x.service.wants/c.service -> ../c.service
c.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c
$ systemctl start a@y.service
$ systemctl start a@x.service
$ systemctl show -P Names a@x.service | tr ' ' '\\n' | sort
$ systemctl is-active b@x.service b@y.service b@z.service
unordered
""")

scenario("an alias of one instance", """
a@.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a %i $B
b@x.service -> a@.service
b@x.service.d/y.conf
    [Service]
    Environment=B=b
b@y.service -> a@y.service
b@y.service.d/y.conf
    [Service]
    Environment=B=by
$ systemctl start b@x.service
$ systemctl start b@y.service
$ systemctl show -P Names b@x.service | tr ' ' '\\n' | sort
$ systemctl show -P Names b@y.service | tr ' ' '\\n' | sort
$ systemctl is-active a@x.service a@y.service
""")

scenario("an alias of one instance, by the unit's own name", """
a@.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a %i $B
b@y.service -> a@y.service
b@y.service.d/y.conf
    [Service]
    Environment=B=by
$ systemctl start a@y.service
$ systemctl show -P Names a@y.service | tr ' ' '\\n' | sort
""")

scenario("links that are no aliases", """
a.service
    Type=oneshot
    ExecStart=@note a $D
a@.service
    Type=oneshot
    ExecStart=@note a@ %i
a.target
    Description=x
d@.service.d/x.conf
    [Service]
    Environment=D=d
h.service
    Wants=b.service
    [Service]
    Type=oneshot
    ExecStart=@note h
# cd /etc/systemd/system; ln -s a@.service b.service; ln -s a@x.service c.service; ln -s a.service d@.service
# cd /etc/systemd/system; ln -s a.target e.service; ln -s a@y.service f@x.service; ln -s a.service g@x.service
$ systemctl daemon-reload
$ systemctl start a.service
$ systemctl show -P Names a.service a@x.service a@y.service
$ systemctl start b.service
$ systemctl start c.service
$ systemctl start d@x.service
$ systemctl start e.service
$ systemctl start f@x.service
$ systemctl start g@x.service
$ systemctl start h.service
$ systemctl show -P LoadState b.service c.service d@x.service e.service f@x.service g@x.service
# cd /etc/systemd/system; rm b.service c.service d@.service e.service f@x.service g@x.service; systemctl daemon-reload
""", show=("ActiveState", "SubState"), alone=True)

scenario("a link that is no alias hides nothing", """
a.target
    Description=x
/usr/lib/systemd/system/b.service
    [Service]
    Type=oneshot
    ExecStart=@note lib
# cd /etc/systemd/system; ln -s a.target b.service; systemctl daemon-reload
$ systemctl start b.service
$ systemctl show -P LoadState b.service
$ systemctl show -P FragmentPath b.service | sed 's|^/usr||'
# rm /etc/systemd/system/b.service; systemctl daemon-reload
""", alone=True)

scenario("a link to a file elsewhere is a unit of its own name", """
/opt/@dir/a.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note %n
b.service -> /opt/@dir/a.service
c.service -> ../../../opt/@dir/a.service
d@.service -> /opt/@dir/a.service
$ systemctl start b.service
$ systemctl start c.service
$ systemctl start d@x.service
$ systemctl show -P Id b.service c.service d@x.service
$ systemctl show -P Names b.service
$ systemctl show -P FragmentPath b.service
$ systemctl start a.service
$ systemctl is-enabled b.service
""")

scenario("a link to a file of the same name below", """
/usr/lib/systemd/system/a.service
    [Service]
    Type=oneshot
    ExecStart=@note a
# ln -s /usr/lib/systemd/system/a.service /etc/systemd/system/a.service; systemctl daemon-reload
$ systemctl start a.service
$ systemctl show -P FragmentPath a.service | sed 's|^/usr||'
# rm /etc/systemd/system/a.service; systemctl daemon-reload
""", alone=True)

scenario("links that lead nowhere", """
a.service -> nowhere.service
b.service -> /opt/nowhere.service
c.service -> nowhere.service
/usr/lib/systemd/system/c.service
    [Service]
    Type=oneshot
    ExecStart=@note lib
d.service
    Wants=a.service b.service
    [Service]
    Type=oneshot
    ExecStart=@note d
e.service -> /opt/nowhere.service
/usr/lib/systemd/system/e.service
    [Service]
    Type=oneshot
    ExecStart=@note lib
f@x.service -> /opt/nowhere.service
f@.service
    [Service]
    Type=oneshot
    ExecStart=@note template
$ systemctl start a.service
$ systemctl start b.service
$ systemctl start c.service
$ systemctl start d.service
$ systemctl start e.service
$ systemctl start f@x.service
$ systemctl start f@y.service
$ systemctl show -P LoadState a.service b.service c.service e.service f@x.service
$ systemctl show -P Id a.service
$ systemctl is-enabled a.service
$ systemctl is-enabled b.service
""", show=("LoadState", "ActiveState", "SubState"))

scenario("links in a circle", """
d.service
    Wants=a.service
    [Service]
    Type=oneshot
    ExecStart=@note d
# cd /etc/systemd/system; ln -s b.service a.service; ln -s a.service b.service; ln -s c.service c.service
$ systemctl daemon-reload
$ systemctl start a.service
$ systemctl start c.service
$ systemctl start d.service
$ systemctl show -P LoadState a.service
$ systemctl show -P LoadState c.service
# cd /etc/systemd/system; rm a.service b.service c.service; systemctl daemon-reload
""", alone=True)

scenario("an alias that is masked, and one of a masked unit", """
/usr/lib/systemd/system/a.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a $B
/usr/lib/systemd/system/b.service -> a.service
b.service -> /dev/null
b.service.d/x.conf
    [Service]
    Environment=B=b
/usr/lib/systemd/system/c.service
    [Service]
    ExecStart=sleep 1000
d.service -> /usr/lib/systemd/system/c.service
c.service -> /dev/null
$ systemctl start a.service
$ systemctl start b.service
$ systemctl start d.service
$ systemctl show -P Names a.service
$ systemctl show -P LoadState,Id b.service
$ systemctl show -P LoadState d.service
$ systemctl is-enabled b.service d.service
""")

scenario("a file in /etc hides an alias of a package", """
/usr/lib/systemd/system/a.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a $B
/usr/lib/systemd/system/b.service -> a.service
b.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note b $B
b.service.d/x.conf
    [Service]
    Environment=B=b
$ systemctl start a.service
$ systemctl start b.service
$ systemctl show -P Names a.service
""")

scenario("a file in /etc with an alias in /usr/lib", """
/usr/lib/systemd/system/a.service
    [Service]
    Type=oneshot
    ExecStart=@note lib
/usr/lib/systemd/system/b.service -> a.service
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note etc
$ systemctl start b.service
$ systemctl is-active a.service
$ systemctl show -P Names a.service | tr ' ' '\\n' | sort
""")

scenario("slices have no aliases", """
a.slice
    Description=x
b.slice -> a.slice
c.service
    Slice=b.slice
    ExecStart=sleep 1000
$ systemctl start c.service
$ systemctl show -P Id,LoadState b.slice
$ systemctl show -P Names a.slice
""")

scenario("dependencies by another name", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a
b.service -> a.service
c.service
    Requires=b.service
    After=b.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c
$ systemctl start c.service
$ systemctl show -P Requires c.service | tr ' ' '\\n' | grep a.service
$ systemctl stop b.service
$ systemctl is-active c.service
""")

scenario("an alias that comes, and daemon-reload", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a $B
b.service.d/x.conf
    [Service]
    Environment=B=b
# systemctl start a.service
$ systemctl show -P Names a.service
# ln -s a.service /etc/systemd/system/b.service
$ systemctl daemon-reload
$ systemctl show -P Names a.service | tr ' ' '\\n' | sort
$ systemctl is-active b.service
$ systemctl restart b.service
# rm /etc/systemd/system/b.service
$ systemctl daemon-reload
$ systemctl show -P Names a.service
$ systemctl is-active b.service || echo no
$ systemctl restart a.service
""", alone=True)

scenario("an alias that goes elsewhere, and daemon-reload", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a $B
c.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c $B
b.service -> a.service
b.service.d/x.conf
    [Service]
    Environment=B=b
$ systemctl start a.service
$ systemctl start c.service
# ln -sf c.service /etc/systemd/system/b.service
$ systemctl daemon-reload
$ systemctl show -P Names a.service
$ systemctl show -P Names c.service | tr ' ' '\\n' | sort
$ systemctl restart b.service
$ systemctl restart a.service
""", alone=True)

# Which of the two units goes on with its state is chance in systemd: it is not asked for.
scenario("a unit that becomes an alias, and daemon-reload", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a
b.service
    Type=oneshot
    ExecStart=@note b
$ systemctl start a.service
# ln -sf a.service /etc/systemd/system/b.service
$ systemctl daemon-reload
$ systemctl show -P Names a.service | tr ' ' '\\n' | sort
$ systemctl stop b.service
$ systemctl is-active a.service
""", alone=True)

scenario("enable makes an alias", """
a.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a $B
    [Install]
    Alias=b.service
b.service.d/x.conf
    [Service]
    Environment=B=b
$ systemctl enable --now a.service 2>/dev/null
$ systemctl is-active b.service
$ systemctl is-enabled a.service b.service
$ systemctl show -P Names a.service | tr ' ' '\\n' | sort
$ systemctl disable --now a.service 2>/dev/null
$ systemctl is-enabled a.service
$ systemctl is-enabled b.service
$ systemctl start a.service
""", alone=True)

scenario("enable makes aliases of templates and instances", """
a@.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a %i
    [Install]
    Alias=b@.service
    DefaultInstance=def
c@.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c %i
    [Install]
    Alias=d@.service
$ systemctl enable a@.service 2>/dev/null
$ readlink /etc/systemd/system/b@.service
$ systemctl start b@one.service
$ systemctl is-active a@one.service
$ systemctl enable c@x.service 2>/dev/null
$ cd /etc/systemd/system; for f in d@*.service; do echo $f; readlink $f; done
$ systemctl start d@x.service
$ systemctl is-active c@x.service
$ systemctl is-enabled b@.service
$ systemctl disable a@.service c@x.service 2>/dev/null
$ cd /etc/systemd/system; for f in d@*.service b@*.service; do test -e "$f" && echo $f; done
""", show=("LoadState", "ActiveState"), alone=True)

scenario("a folder of wants: masks, files, other names", """
a.target
    Description=x
a.target.wants/b.service -> /dev/null
/usr/lib/systemd/system/a.target.wants/b.service -> ../b.service
a.target.wants/c.service -> ../b.service
a.target.wants/d.service
    Type=oneshot
a.target.wants/e.service -> ../nowhere.service
a.target.wants/f.service
a.target.wants/not-a-unit -> ../b.service
b.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note b
c.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c
d.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note d
e.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note e
f.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note f
$ systemctl start a.target
unordered
""")

scenario("a folder of wants of a prefix", """
a-b.target
    Description=x
a-.target.wants/c.service -> ../c.service
c.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c
$ systemctl start a-b.target
""")

scenario("a folder of wants to an alias", """
a.target
    Description=x
a.target.wants/c.service -> ../b.service
b.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note b
c.service -> b.service
$ systemctl start a.target
$ systemctl is-active b.service
""")

scenario("drop-ins of all services, and of an alias", """
a.service
    Type=oneshot
    ExecStart=@note $A $B $C
b.service -> a.service
b.service.d/y.conf
    [Service]
    Environment=B=b
b.service.d/z.conf
    [Service]
    Environment=C=b
# mkdir /etc/systemd/system/service.d; cd /etc/systemd/system/service.d
# printf '[Service]\\nEnvironment=A=all B=all\\n' >/etc/systemd/system/service.d/x.conf
# printf '[Service]\\nEnvironment=C=all\\n' >/etc/systemd/system/service.d/z.conf
$ systemctl daemon-reload
$ systemctl start a.service
# rm -r /etc/systemd/system/service.d; systemctl daemon-reload
""", alone=True)

scenario("systemctl cat of an alias", """
a.service
    ExecStart=sleep 1000
b.service -> a.service
b.service.d/x.conf
    [Service]
    Nice=3
$ systemctl cat a.service
$ systemctl cat b.service
""")

scenario("an alias of a target", """
a.target
    Description=x
b.target -> a.target
b.target.wants/c.service -> ../c.service
c.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c
$ systemctl start a.target
$ systemctl is-active b.target
$ systemctl show -P Names a.target | tr ' ' '\\n' | sort
""")

scenario("a folder of wants of all services", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a
c.service
    [Unit]
    DefaultDependencies=no
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c
# mkdir /etc/systemd/system/service.wants; ln -s ../c.service /etc/systemd/system/service.wants/; systemctl daemon-reload
$ systemctl start a.service
$ systemctl show -P Wants a.service
# rm -r /etc/systemd/system/service.wants; systemctl daemon-reload
unordered
""", alone=True)

scenario("prefixes of a template", """
a-b@.service
    Type=oneshot
    ExecStart=@note $A $B $C $D
a-@.service.d/x.conf
    [Service]
    Environment=A=a-@
a-.service.d/y.conf
    [Service]
    Environment=B=a-
a-b@x-y.service.d/z.conf
    [Service]
    Environment=C=a-b@x-y
a-@x-y.service.d/w.conf
    [Service]
    Environment=D=a-@x-y
a-.service.wants/c.service -> ../c.service
a-b@.service.wants/d@.service -> ../d@.service
c.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c
d@.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note d %i
$ systemctl start a-b@x-y.service
unordered
""")

scenario("a template is needed, without an instance", """
a-b.service
    [Unit]
    Wants=d@.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a-b
a-b.service.wants/e@.service -> ../e@.service
c@.service
    [Unit]
    Wants=d@.service
    [Service]
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c %i
d@.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note d %i
e@.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note e %i
$ systemctl start a-b.service
$ systemctl start c@x.service
$ systemctl is-active d@a-b.service d@x.service
unordered
""")

scenario("folders of two names and of two directories", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a
b.service -> a.service
a.service.wants/c.service -> /dev/null
b.service.wants/c.service -> ../c.service
/usr/lib/systemd/system/a.service.wants/d.service -> /dev/null
b.service.wants/d.service -> ../d.service
/usr/lib/systemd/system/a.service.wants/e.service -> ../e.service
b.service.wants/e.service -> /dev/null
a.service.requires/c.service -> ../c.service
c.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note c
d.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note d
e.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note e
$ systemctl start a.service
unordered
""")

scenario("a unit is renamed, and its old name stays as an alias", """
a.service
    Type=oneshot
    RemainAfterExit=yes
    ExecStart=@note a
    ExecStop=@note stop %n
b.service.wants/c.service -> ../c.service
c.service
    ExecStart=sleep 1000
$ systemctl start a.service
$ systemctl stop a.service
# cd /etc/systemd/system; mv a.service b.service; ln -s b.service a.service
$ systemctl daemon-reload
$ systemctl start a.service
$ systemctl show -P Id a.service
$ systemctl show -P Names b.service | tr ' ' '\\n' | sort
$ systemctl is-active c.service
""", show=(), alone=True)

scenario("a template itself is no unit", """
a@.service
    ExecStart=sleep 1000
b.service
    ExecStart=sleep 1000
# systemctl start b.service
$ systemctl is-active a@.service
$ systemctl is-active --quiet a@.service
$ systemctl is-active a@.service b.service
$ systemctl is-active b.service a@.service
$ systemctl is-active no-such@.service
$ systemctl is-failed a@.service
$ systemctl is-failed b.service a@.service
$ systemctl status a@.service >/dev/null
$ systemctl status b.service a@.service >/dev/null
$ systemctl show -P Id a@.service
$ systemctl show -p Id,ActiveState b.service a@.service
$ systemctl start a@.service
$ systemctl start b.service a@.service
$ systemctl stop a@.service
$ systemctl restart a@.service
$ systemctl try-restart a@.service
$ systemctl reload a@.service
$ systemctl kill a@.service
$ systemctl reset-failed a@.service
$ systemctl cat a@.service >/dev/null
$ systemctl cat no-such@.service >/dev/null
$ systemctl is-enabled a@.service
$ systemctl list-dependencies a@.service >/dev/null
$ systemctl list-units --no-legend a@.service
$ systemctl is-active b.service
""")
