/* Everything that `berth run` was asked for: made by the options (run-options.c), changed by nobody
 * afterwards. Strings and vectors belong to the config. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/time.h"
#include "launcher/process.h"

enum overlay_mode { OVERLAY_EPHEMERAL, OVERLAY_PERSISTENT, OVERLAY_NONE };
enum cgroup_manager {
    CGROUP_MANAGER_AUTO,
    CGROUP_MANAGER_SYSTEMD,
    CGROUP_MANAGER_CGROUPFS,
    CGROUP_MANAGER_NONE
};
enum register_mode { REGISTER_AUTO, REGISTER_YES, REGISTER_NO };
enum network_mode { NETWORK_NONE, NETWORK_HOST, NETWORK_JOIN };
enum userns_mode { USERNS_HOST, USERNS_AUTO, USERNS_RANGE, USERNS_JOIN };
enum time_mode { TIME_UNSET, TIME_HOST, TIME_PRIVATE };
enum namespace_kind {
    NAMESPACE_USER,
    NAMESPACE_PID,
    NAMESPACE_IPC,
    NAMESPACE_UTS,
    NAMESPACE_NETWORK,
    NAMESPACE_CGROUP,
    NAMESPACE_TIME,
    NAMESPACE_MAX
};
enum seccomp_mode { SECCOMP_UNSET, SECCOMP_DEFAULT, SECCOMP_OFF, SECCOMP_FILE };

/* Limits of the whole container. UINT64_MAX: unset; weights 0: unset. */
struct limits {
    uint64_t memory_max;  /* bytes */
    uint64_t memory_high; /* bytes */
    uint64_t swap_max;    /* bytes */
    uint64_t tasks_max;
    usec_t cpu_quota_per_sec; /* µs of CPU per second; USEC_INFINITY: unset */
    unsigned cpu_weight;      /* 1–10000 */
    unsigned io_weight;       /* 1–10000 */
    char *cpuset;             /* "0-1,3", or NULL */
};

enum mount_kind {
    MOUNT_BIND,
    MOUNT_TMPFS,
    MOUNT_OVERLAY,
    MOUNT_PROC,
    MOUNT_SYSFS,
    MOUNT_MQUEUE,
    MOUNT_DEVPTS,
    MOUNT_KINDS
};

/* --bind, --tmpfs, --mount. */
struct mount_request {
    enum mount_kind kind;
    char *source;        /* of a bind or an overlay: absolute on the host */
    char *target;        /* in the container: absolute, without "." and ".." */
    uint64_t attributes; /* MOUNT_ATTR_* */
    bool recursive;      /* with what is mounted below the source */
    bool id_mapped;      /* owners are those of the container's user namespace */
    char **options;      /* "size=64M": of the file system */
};

#define DEVICES_MAX 64 /* --device; the device program has a bound */

/* --device. */
struct device_request {
    char *source; /* absolute on the host */
    char *target; /* "/dev/NAME" */
    mode_t mode;  /* with the type */
    dev_t number;
    uid_t owner;
    gid_t group;
    uint32_t access; /* BPF_DEVCG_ACC_* */
};

/* What --cap-add= or --cap-drop= said. */
struct capability_words {
    uint64_t named;
    bool all;
};

struct container_config {
    char *name;
    char **lower;   /* host directories, topmost first; one at least */
    char **command; /* NULL: boot mode */

    enum overlay_mode overlay;
    char *upper; /* with work: of the user's choice, or NULL */
    char *work;
    char *scratch; /* an ephemeral upper lies below it, not in memory; or NULL */
    bool read_only;
    uint64_t
        upper_size; /* bytes of an ephemeral upper, UINT64_MAX: the kernel's default (half of the memory) */
    struct mount_request *mounts; /* parents before what lies in them */
    size_t n_mounts;
    struct device_request *devices;
    size_t n_devices;

    char **unit_files; /* --unit-file: host files added to /run/systemd/system */
    char *target;
    char *main_unit;
    bool boot;

    char *hostname; /* NULL: name */
    char *user;     /* "USER[:GROUP]" of the command, resolved inside */
    char *workdir;
    char **environment; /* "K=V" */
    enum userns_mode userns;
    uid_t userns_host; /* first id on the host of USERNS_RANGE */
    uint32_t userns_size;
    enum network_mode network;
    /* Isolation. */
    bool host_pid, host_ipc, host_uts, host_cgroupns; /* none of its own: the host's, or a joined one */
    char *joined[NAMESPACE_MAX];                      /* paths of namespaces of others */
    enum time_mode time;
    bool time_offset_set;
    int64_t boottime_offset, monotonic_offset; /* µs */
    char *domainname;
    char *machine_id;                /* 32 hexadecimal digits */
    char **sysctls;                  /* "KEY=VALUE" */
    struct process_settings process; /* limits, umask, ... */

    /* Privileges. */
    struct capability_words capabilities_added, capabilities_dropped;
    uint64_t capabilities; /* what follows from both: bit N is capability N */
    bool privileged;
    char *apparmor;      /* profile, or NULL */
    char *selinux_label; /* of processes, or NULL */
    enum seccomp_mode seccomp;
    char *seccomp_file; /* of SECCOMP_FILE: absolute */
    bool no_new_privileges;

    struct limits limits;
    char **properties; /* "MemoryLow=1G": any property of a scope, as systemctl set-property takes it */
    enum cgroup_manager cgroup_manager;
    enum register_mode register_machine;
    char *slice;     /* NULL: machine.slice (root), app.slice (user) */
    char *unit_name; /* NULL: berth-NAME.scope */

    int stop_signal;      /* 0: SIGTERM in job mode, SIGRTMIN+3 in boot mode */
    usec_t stop_timeout;  /* between the order to stop and SIGKILL */
    usec_t start_timeout; /* over everything until the container runs */

    bool interactive, tty, detach, remove, quiet, explain;
};

#define DEFAULT_STOP_TIMEOUT  (10 * USEC_PER_SEC) /* as docker and podman */
#define DEFAULT_START_TIMEOUT (30 * USEC_PER_SEC)

/* A config with the documented defaults; NULL without memory. */
struct container_config *config_new(void);
/* The CLONE_NEW… flags of the namespaces that are its own. */
uint64_t config_namespaces(const struct container_config *config);
/* The same, and of those that it joins: what is entered to come to its processes. */
uint64_t config_entered_namespaces(const struct container_config *config);
struct container_config *config_free(struct container_config *config);
void device_request_done(struct device_request *device);
void mount_request_done(struct mount_request *request);
