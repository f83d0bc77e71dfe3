/* Boot mode's world: everything that exists once, and the manager's effects on Linux (struct platform_ops).
 */
#pragma once

#include "init/control/server.h"
#include "init/main.h"
#include "init/platform/cgroup.h"
#include "init/platform/children.h"
#include "init/platform/files.h"
#include "init/platform/logs.h"
#include "init/platform/notify.h"
#include "init/platform/reexec.h"
#include "init/platform/spawn.h"
#include "init/platform/unit-runtime.h"
#include "init/unit/load.h"

/* The name of the unit that a command on PID 1's own command line becomes. */
#define COMMAND_UNIT "command.service"

/* Texts behind struct unit_host. */
struct host_texts {
    char hostname[256];
    char *machine_id, *boot_id, *kernel_release;
    char **os_release;
    struct credentials user;
};

struct platform {
    const struct boot_options *options;
    bool is_init; /* this process is PID 1 of its pid namespace */
    struct loop *loop;
    struct loop_source signals; /* signalfd(2) */
    struct logs *logs;
    struct notify_socket *notify;
    struct cgroup_tree *cgroups; /* NULL: units are tracked by session */
    struct spawner *spawner;
    struct children *children;
    struct manager *manager;
    struct control_server *control;
    struct unit_runtimes runtimes;

    struct root_files files;
    struct unit_loader loader;
    struct host_texts host;
    char **search_path;
    char **environment; /* what every service gets */
    char **offered;     /* --clean-env: what the container was given, for those that ask for it; else NULL */
    uint64_t inherited_mask; /* of struct boot_options */
    char *command_directory;
    enum terminal_plan terminal;
    char *runtime_dir; /* NULL: nothing is writable */
    int runtime_dir_fd;
    int input;  /* the container's standard input */
    int upward; /* BERTH_NOTIFY_FD, or -EBADF */
    uint64_t seed;
    int *notified_fds; /* of the notification that is being told */
    size_t n_notified_fds;

    usec_t boot_realtime; /* PID files of before are of another life */
    usec_t stop_ordered;  /* 0: not yet */
    const char *target;
    char *kept_target; /* that the PID 1 before had chosen */
    uint32_t boot_job; /* 0: not enqueued, or ended */
    bool booted;
    bool settled;         /* the jobs of the boot have ended */
    bool may_rest;        /* nothing is under way, for the first time since units were read */
    bool startup_is_over; /* Startup...= settings are out of force */
    bool progress_changed;
    char progress[128]; /* the last STATUS= */
    struct reexec reexec;
    struct {
        int notify;
        char *notify_address;
        char *cgroup; /* the tree's root */
    } given;          /* by the PID 1 before, until it is opened */
};

extern const struct platform_ops platform_ops;
extern const struct control_server_ops platform_control_ops;

/* A line of PID 1's own in the container's output. */
void platform_say(struct platform *platform, const char *format, ...) _printf_(2, 3);
/* An event that only has a type, a unit or a pid. */
void platform_event(struct platform *platform, struct event *event);
/* Whose process that is, NULL for nobody's. */
struct manager_unit *platform_find_owner(struct platform *platform, pid_t pid);
/* Keeps the descriptor for the unit's next start: 1 (*fd is -EBADF then), 0 when it is there, or -errno. */
int platform_store_descriptor(struct platform *platform, struct manager_unit *unit, const char *name, int *fd,
                              bool poll);
/* Without cgroups: looks whether units that the manager waits for are empty by now. */
void platform_check_empty(struct platform *platform);

/* spawn_done_fn, cgroup_before_fn, cgroup_event_fn, notify_fn, unit_loader.report. */
void platform_spawn_done(void *userdata, pid_t pid, const struct exec_failure *failure);
void platform_spawn_note(void *userdata, pid_t pid, const char *text);
void platform_cgroup_event(void *userdata, void *owner, enum cgroup_event event);
void platform_notified(void *userdata, pid_t pid, const char *text, int *fds, size_t n_fds);
void platform_report(void *userdata, enum unit_report_level level, const char *unit, const char *path,
                     unsigned line, const char *text);
/* reaped_fn: what led to this end comes first. */
void platform_child_ended(void *userdata, pid_t pid, int status);
