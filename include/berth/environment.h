/* What the launcher gives PID 1, and what PID 1 understands from any other runtime.
 * Source of the first part: systemd's container interface (CONTAINER_INTERFACE). */
#pragma once

#define ENV_CONTAINER      "container"      /* "berth" under our launcher */
#define ENV_CONTAINER_UUID "container_uuid" /* 32 hex digits: the container's machine id */
#define ENV_NOTIFY_SOCKET  "NOTIFY_SOCKET"  /* where PID 1 says READY=1, STATUS= to whoever started it */

/* Number of a listening SOCK_SEQPACKET socket that PID 1 serves the control protocol on. The launcher opened
 * it in the host's state directory: no path inside the container leads to it. PID 1 unsets the variable. */
#define ENV_CONTROL_FD "BERTH_CONTROL_FD"

/* Number of a connected datagram descriptor on which PID 1 says READY=1, STATUS= to the launcher, in
 * sd_notify(3)'s words. Takes precedence over NOTIFY_SOCKET. PID 1 unsets the variable. */
#define ENV_NOTIFY_FD "BERTH_NOTIFY_FD"

/* Between a PID 1 and the one that it becomes (daemon-reexec): number of a sealed memfd with its state.
 * Nobody else can make use of it, and PID 1 unsets it. */
#define ENV_HANDOVER_FD "BERTH_HANDOVER_FD"

/* A writable directory for PID 1's own sockets, when /run/berth is none. */
#define ENV_RUNTIME_DIR "BERTH_RUNTIME_DIR"

#define CONTAINER_RUNTIME_DIR    "/run/berth"            /* default of BERTH_RUNTIME_DIR */
#define CONTAINER_INIT           "/run/berth/berth-init" /* the launcher's copy of the init */
#define CONTAINER_TOOLS_DIR      "/run/berth/bin"        /* berthctl, systemctl: last in the default PATH */
#define CONTAINER_CONTROL_SOCKET "control"               /* in the runtime directory, for berthctl */
#define CONTAINER_NOTIFY_SOCKET  "notify"                /* in the runtime directory, for sd_notify(3) */
#define CONTAINER_DEFAULT_PATH                                                                               \
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:" CONTAINER_TOOLS_DIR
