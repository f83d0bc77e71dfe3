/* Exit statuses that users and scripts may rely on, for both programs. */
#pragma once

/* berth run, and berth-init in job mode. 126 and 127 as POSIX shells have them, 128+N for a signal. */
enum {
    EXIT_BERTH_FAILED = 125,   /* berth itself failed before the container ran */
    EXIT_CANNOT_EXECUTE = 126, /* the command was found and cannot be executed */
    EXIT_NOT_FOUND = 127,      /* the command was not found */
    EXIT_SIGNAL_BASE = 128,    /* + the number of the signal that ended it */
    EXIT_REBOOT = 133,         /* the container asks to be started again (systemd-nspawn@.service's number) */
};

/* Why a service's process could not be executed: systemd.exec(5), "Process Exit Codes". The child exits with
 * the number, and reports it with its errno over the exec pipe so that PID 1 can name step and object. */
enum exec_stage {
    EXEC_STAGE_NONE = 0,
    EXEC_STAGE_CHDIR = 200,
    EXEC_STAGE_NICE = 201,
    EXEC_STAGE_FDS = 202,
    EXEC_STAGE_EXEC = 203,
    EXEC_STAGE_MEMORY = 204,
    EXEC_STAGE_LIMITS = 205,
    EXEC_STAGE_OOM_ADJUST = 206,
    EXEC_STAGE_SIGNAL_MASK = 207,
    EXEC_STAGE_STDIN = 208,
    EXEC_STAGE_STDOUT = 209,
    EXEC_STAGE_CHROOT = 210,
    EXEC_STAGE_IOPRIO = 211,
    EXEC_STAGE_TIMERSLACK = 212,
    EXEC_STAGE_SECUREBITS = 213,
    EXEC_STAGE_SETSCHEDULER = 214,
    EXEC_STAGE_CPUAFFINITY = 215,
    EXEC_STAGE_GROUP = 216,
    EXEC_STAGE_USER = 217,
    EXEC_STAGE_CAPABILITIES = 218,
    EXEC_STAGE_CGROUP = 219,
    EXEC_STAGE_SETSID = 220,
    EXEC_STAGE_STDERR = 222,
    EXEC_STAGE_PAM = 224,
    EXEC_STAGE_NETWORK = 225,
    EXEC_STAGE_NAMESPACE = 226,
    EXEC_STAGE_NO_NEW_PRIVILEGES = 227,
    EXEC_STAGE_SECCOMP = 228,
    EXEC_STAGE_RUNTIME_DIRECTORY = 233,
    EXEC_STAGE_CHOWN = 235,
    EXEC_STAGE_STATE_DIRECTORY = 238,
    EXEC_STAGE_CACHE_DIRECTORY = 239,
    EXEC_STAGE_LOGS_DIRECTORY = 240,
    EXEC_STAGE_CONFIGURATION_DIRECTORY = 241,
};

/* Name as systemd prints it ("EXEC", "GROUP", ...), NULL when the number is no stage. */
const char *exec_stage_to_string(int stage);
