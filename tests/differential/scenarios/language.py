"""The unit language: how lines become words, what is put in for specifiers and variables, what is an error."""

from scenario import group

scenario = group("language")

# Prints its arguments, one a line, in brackets.
WORDS = r"""@dir/words
    for word do echo "[$word]"; done >>@log
"""

LINES = {  # what stands behind the program's name
    "plain words": r"a b  c	d",
    "double quotes": r'"a b" "" c"d"e',
    "single quotes": r"""'a b' '' c'd'e""",
    "quotes in the middle of a word": r"""a"b c"d --x="y z" 'q'r""",
    "C escapes": r"a\tb \x41 \101 \u00e9 \U0001F600 \s \\ \" \'",
    "C escapes in quotes": r'"a\tb" "\x41" "c\"d" ' + r"'e\'f' '\n'",
    "an unknown escape": r"a\qb c",
    "an escape at the end": "a b\\\\",
    "a line that goes on": "a \\\n        b \\\n        c",
    "comments inside of a line that goes on": "a \\\n    # no\n    ; no\n        b",
    "an empty line that goes on": "a \\\n    \\\n        b",
    "semicolons": r"a ; /bin/sh @dir/words b",
    "a semicolon that is a word": r"a \; b ;c d;",
    "a percent sign": r"100%% %%n",
    "an unknown specifier": r"%Q x",
    "a dollar": r"$$x a$$b $$",
    "a dollar at the end": r"a$ $",
    "no comment in a line": r"a # b ; c",
    "names": r"%n %N %p %i %I %j %J",
    "directories": r"%t %S %C %L %E %T %V",
    "who": r"%u %U %g %G %h %s",
    "the system": r"%H %l %m %a %o %w %A",
    "own file": r"%f %y %Y %d",
    "unset variables": r"$UNSET ${UNSET} x$UNSET x${UNSET}y $UNSET$UNSET",
    "variables": r"$ONE ${ONE} $TWO ${TWO} x${TWO}y x$TWO",
    "variables in quotes": r'"$TWO" "${TWO}" ' + r"'$TWO' '${TWO}' " + '"x $TWO"',
    "quotes in variables": r"$QUOTED ${QUOTED} $SINGLE",
    "variables of variables": r"$NESTED ${NESTED}",
    "odd variables": r"${ONE $ONE} ${} $ $1 ${1} $-x $ONE-x ${ONE}-x",
    "defaults are the shell's": r"${UNSET:-x} ${ONE:+y} ${UNSET:=z}",
    "an empty variable": r"$EMPTY ${EMPTY} x$EMPTY ''",
    "a backslash in a variable": r"$BACK ${BACK}",
}

for name, line in LINES.items():
    scenario(name, WORDS + rf"""
a@.service
    Type=oneshot
    Environment=ONE=1 "TWO=a b" "QUOTED='c d' e" 'SINGLE="f g"' NESTED=$ONE EMPTY= "BACK=x\\y z"
    ExecStart=/bin/sh @dir/words {line}
$ systemctl start a@x-y.service
""")

for prefix in ("-", "@", ":", "+", "!", "!!", "-+", "+-", "@-", "-@", "::", "--", "+!", "- "):
    scenario(f"prefix {prefix}", rf"""
a.service
    Type=oneshot
    Environment=ONE=1
    ExecStart={prefix}/bin/sh -c 'echo "$0 $1 ${{ONE}}" >>@log; exit 3' name $ONE
$ systemctl start a.service
""")

for path in ("sh", "no-such-program", "./sh", "bin/sh", "/usr/bin/../bin/sh", "/bin//sh", "/etc", "/etc/passwd", ""):
    scenario(f"program {path}", rf"""
a.service
    Type=oneshot
    ExecStart={path} -c 'echo ran >>@log'
$ systemctl start a.service
""")

ENVIRONMENTS = {
    "several on a line": "A=1 B=2\nEnvironment=C=3",
    "quotes": "\"A=a b\" 'B=c d' C=\"e f\"",
    "reset": "A=1\nEnvironment=\nEnvironment=B=2",
    "later ones win": "A=1 A=2\nEnvironment=A=3",
    "invalid names": "1A=x B-C=y =z D E=ok",
    "specifiers": "A=%n \"B=%%\" C=%i",
    "empty values": "A= B=\"\"",
    "escapes": r'"A=x\ty" B=\x41 "C=a\"b" D=a\\b',
    "no expansion": "A=1 B=$A C=${A} D=$$",
    "equals signs": "A=b=c=d",
    "unicode": "A=äöü",
}

for name, text in ENVIRONMENTS.items():
    lines = text.replace("\n", "\n    ")
    scenario(f"Environment: {name}", f"""
a.service
    Type=oneshot
    Environment={lines}
    ExecStart=sh -c 'env | grep "^[A-F1]" | sort >>@log'
$ systemctl start a.service
""")

FILES = {
    "plain": "A=1\nB=2\n",
    "comments": "# x\n; y\nA=1 # no comment\n#B=2\n",
    "quotes": "A=\"a b\"\nB='c d'\nC=\"e\\\"f\"\nD='g\\h'\nE=a\"b\"c\nF='x'\"y\"z\n",
    "blanks": "  A = 1\nB= 2 \nC=3\t\n\tD=4\n",
    "a value over several lines": "A=a\\\nb\nB=\"c\nd\"\nC='e\nf'\n",
    "export": "export A=1\nB=2\n",
    "no value": "A\nB=\nC=\n=D\n",
    "escapes": "A=a\\b\nB=\"a\\tb\"\nC=\"\\$x\"\nD=\"\\`\"\nE=a\\ b\n",
    "dollars": "A=$B\nB=${C}\nC=\"$D\"\n",
    "no newline at the end": "A=1\nB=2",
    "carriage returns": "A=1\r\nB=2\r\n",
    "invalid names": "1=x\nA-B=y\nC.D=z\nE=ok\n",
    "later lines win": "A=1\nA=2\n",
    "an open quote": "A=\"b\nB=c\n",
}

for name, text in FILES.items():
    body = "\n".join(f"    {line}" for line in text.split("\n"))
    scenario(f"EnvironmentFile: {name}", f"""
@dir/env
{body}
a.service
    Type=oneshot
    Environment=A=unit
    EnvironmentFile=@dir/env
    ExecStart=sh -c 'env | grep "^[A-F1]" | sort >>@log'
$ systemctl start a.service
""")

for path in ("/no/such/file", "-/no/such/file", "-@dir/*.env", "@dir/*.env", "-@dir/no*", "relative", "@dir"):
    scenario(f"EnvironmentFile={path}", f"""
@dir/x.env
    A=x
@dir/y.env
    B=y
a.service
    Type=oneshot
    EnvironmentFile={path}
    ExecStart=sh -c 'env | grep "^[A-F1]" | sort >>@log'
$ systemctl start a.service
""")

scenario("EnvironmentFile is read at the start, and its commands see it", """
@dir/env
    ARGS=one two
a.service
    Type=oneshot
    EnvironmentFile=@dir/env
    ExecStartPre=sh -c 'echo ARGS=three four >@dir/env'
    ExecStart=@note $ARGS
$ systemctl start a.service
""")

scenario("UnsetEnvironment and PassEnvironment", """
a.service
    Type=oneshot
    Environment=A=1 B=2 C=3
    UnsetEnvironment=A B=3 C=3 PATH
    PassEnvironment=NO_SUCH
    ExecStart=/bin/sh -c 'env | grep "^[A-F1]" | sort >>@log'
$ systemctl start a.service
""")

BROKEN = {
    "a line without =": "ExecStart=true\nNonsense",
    "an unknown setting": "ExecStart=true\nNoSuchSetting=1",
    "an unknown section": "ExecStart=true\n[Nonsense]\nFoo=1",
    "an X- section": "ExecStart=true\n[X-Mine]\nFoo=1",
    "a wrong Type": "ExecStart=true\nType=nonsense",
    "a wrong Restart": "ExecStart=true\nRestart=sometimes",
    "a wrong time": "ExecStart=true\nTimeoutSec=soon",
    "a wrong boolean": "ExecStart=true\nRemainAfterExit=perhaps",
    "a wrong signal": "ExecStart=true\nKillSignal=SIGNONSENSE",
    "a wrong mode": "ExecStart=true\nUMask=99",
    "a wrong User": "Type=oneshot\nExecStart=true\nUser=no such user",
    "an unknown User": "Type=oneshot\nExecStart=true\nUser=nosuchuser",
    "an unknown Group": "Type=oneshot\nExecStart=true\nGroup=nosuchgroup",
    "a relative WorkingDirectory": "Type=oneshot\nExecStart=true\nWorkingDirectory=x",
    "a WorkingDirectory that is not there": "Type=oneshot\nExecStart=true\nWorkingDirectory=/no/such",
    "an optional WorkingDirectory that is not there": "Type=oneshot\nExecStart=true\nWorkingDirectory=-/no/such",
    "an open quote": "ExecStart=sh -c 'true",
    "only a prefix": "ExecStart=-",
    "Type=dbus without BusName": "Type=dbus\nExecStart=true",
    "a PIDFile that is relative": "Type=forking\nExecStart=true\nPIDFile=x.pid\nTimeoutStartSec=100ms",
    "two sections": "[Service]\nType=oneshot\n[Unit]\nDescription=x\n[Service]\nExecStart=true",
    "lower case": "[service]\nexecstart=true",
    "blanks around =": "Type = oneshot\nExecStart = true\nRemainAfterExit =yes",
    "Restart=always with oneshot": "Type=oneshot\nExecStart=true\nRestart=on-success",
    "ExecStartPre only": "ExecStartPre=true",
    "an empty file": "",
    "a comment only": "# nothing",
    "Nice too high": "Type=oneshot\nExecStart=sh -c 'nice >>@log'\nNice=99",
    "a bad OOMScoreAdjust": "Type=oneshot\nExecStart=sh -c 'cat /proc/self/oom_score_adj >>@log'\nOOMScoreAdjust=5000",
    "a bad limit": "Type=oneshot\nExecStart=sh -c 'ulimit -n >>@log'\nLimitNOFILE=many",
    "a wrong dependency": "[Unit]\nRequires=no such\nAfter=x/y.service\n[Service]\nType=oneshot\nExecStart=true",
    "a setting in the wrong section": "[Unit]\nExecStart=true\n[Service]\nType=oneshot\nExecStart=true\nWants=b.service",
}

for name, text in BROKEN.items():
    body = "\n".join(f"    {line}" for line in text.split("\n"))
    scenario(f"broken: {name}", f"""
a.service
{body}
$ systemctl start a.service
rest a.service
""")

SPANS = ("5", "5s", "1min 30s", "1h", "1.5h", "100ms", "2 min", "1w2d", "infinity", "0", "1y", "3 hours", "10us", "1m", "5M")

for span in SPANS:
    scenario(f"a time span of {span}", f"""
a.service
    ExecStart=sleep 1000
    TimeoutStopSec={span}
""", show=("LoadState", "TimeoutStopUSec"))
