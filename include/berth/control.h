/* The control protocol between PID 1 and its clients, and between the monitor and `berth`.
 *
 * SOCK_SEQPACKET on a Unix socket, one request a connection.
 *
 * A request is one packet: an argument vector, each word ended by NUL ("start\0nginx.service\0"). Words
 * before the verb that begin with "--" are options ("--no-block\0start\0nginx.service\0"). A request with an
 * empty vector, without a final NUL, or longer than CONTROL_PACKET_MAX is answered with Result=invalid.
 *
 * An answer is one or more packets. Each is a record: lines "Key=value\n" as `systemctl show` prints them,
 * keys in systemd's spelling, values with newline, backslash and control bytes as C escapes. A record of kind
 * "manager", "unit", "job" or "log" begins with "Record=KIND". A unit that makes no sense in a container says
 * why in CountsAsStarted. The last packet ends the answer; its keys are:
 *
 * - Result: done, failed, canceled, timeout, dependency, invalid, skipped (systemd's job results),
 *   no-such-unit, denied, unknown-verb, error
 * - Message: one line for a person; may be missing when all is well
 * - ExitStatus: what the client exits with, as systemctl: 0, 1, 3 not active, 4 no such unit, 5 not loaded
 *
 * The peer is judged by SO_PEERCRED: root of the container, PID 1's own uid, and a peer from outside the pid
 * namespace (pid 0) on the socket that the launcher passed may change things; others may look.
 *
 * Verbs of PID 1 (boot mode): status [UNIT...], list-units [UNIT...], list-jobs, show [UNIT...], cat, graph
 * [UNIT...], is-active, is-failed, is-system-running, logs, start, stop, restart, try-restart, reload,
 * reload-or-restart, try-reload-or-restart, isolate, cancel [JOB...], kill, reset-failed, daemon-reload,
 * daemon-reexec [FILE] (which the new PID 1 answers), poweroff, reboot, exit CODE. A UNIT may be a pattern,
 * which stands for the loaded units that match. "show" without a unit tells of PID 1, "graph" tells of
 * PID 1, and of the state, times and dependencies of all units. "logs" streams records
 * "Record=log\nUnit=..\nTimestamp=usec\nLevel=info\nLine=...", with Stream=stdout or stderr where that is
 * known, those of several units in the order of their coming; with --follow until the client closes, with
 * --lines=N the last N. In job mode PID 1 answers "status" (one record of kind "job") and refuses the rest
 * with Result=invalid.
 *
 * Verbs of the monitor (launcher/monitor-clients.c): stop, wait, kill SIGNAL, exec (with three descriptors),
 * and signal SIGNAL to the process of an exec on the same connection.
 */
#pragma once

#define CONTROL_PACKET_MAX (64 * 1024) /* bytes, requests and answers alike */
#define CONTROL_ARGS_MAX   1024        /* words in a request */

#define CONTROL_KEY_RECORD      "Record"
#define CONTROL_KEY_RESULT      "Result"
#define CONTROL_KEY_MESSAGE     "Message"
#define CONTROL_KEY_EXIT_STATUS "ExitStatus"
