/* PID 1's end of the control protocol (include/berth/control.h). Judges peers, parses requests, asks the
 * manager, answers now or when the job has ended. A client can neither block nor end PID 1: bounded packets,
 * bounded clients, no waiting. */
#pragma once

#include "common/loop.h"
#include "init/manager/manager.h"
#include "init/platform/logs.h"

struct control_server;
struct handover;
struct handover_reader;

/* What a unit uses now; UINT64_MAX where it cannot be told (no cgroup, no controller). */
struct unit_usage {
    uint64_t memory_current; /* bytes */
    uint64_t memory_peak;
    usec_t cpu_usec;
    uint64_t tasks;
    uint64_t io_read; /* bytes */
    uint64_t io_write;
};
#define UNIT_USAGE_UNKNOWN                                                                                   \
    {                                                                                                        \
        UINT64_MAX, UINT64_MAX, USEC_INFINITY, UINT64_MAX, UINT64_MAX, UINT64_MAX                            \
    }

/* What the server needs beside the manager: carried out by boot mode. */
struct control_server_ops {
    /* One line for `status`: "cgroup /system.slice/x.service" or "process groups". */
    const char *(*tracking)(void *userdata);
    /* What was started at boot. */
    const char *(*target)(void *userdata);
    void (*usage)(void *userdata, const struct manager_unit *unit, struct unit_usage *ret);
    /* cgroup path as the container sees it, NULL without cgroups. */
    const char *(*cgroup_path)(void *userdata, const struct manager_unit *unit);
    /* The variables that every service gets. / Sets "NAME=VALUE" or removes NAME, for what starts later. */
    char *const *(*environment)(void *userdata);
    int (*change_environment)(void *userdata, const char *word, bool set);
    /* berthctl kill: -ESRCH when nobody was there. */
    int (*kill)(void *userdata, struct manager_unit *unit, enum kill_who who, int signal);
    /* Lets the manager read its units anew. */
    int (*reload)(void *userdata);
    /* Begins to re-execute PID 1 (file NULL: as what it is now): 0, and control_server_reexec_failed() or the
     * end of this program comes later; else -errno and why in *ret_message, a new string or NULL. */
    int (*reexec)(void *userdata, const char *file, char **ret_message);
};

#define CONTROL_CLIENTS_MAX 64

int control_server_new(struct loop *loop, struct manager *manager, struct logs *logs,
                       const struct control_server_ops *ops, void *userdata, struct control_server **ret);
struct control_server *control_server_free(struct control_server *server);
/* Serves one more listening socket, which it owns from here on (on failure it stays the caller's: -ENOSPC
 * past four). trusted: a peer from outside of the pid namespace (pid 0) may change things (the launcher's
 * socket). */
int control_server_listen(struct control_server *server, int fd, bool trusted);
/* The manager's job_finished op passes this on; waiting clients are answered. */
void control_server_job_finished(struct control_server *server, const struct job_report *report);
/* The manager's jobs_done op passes this on: for who waits for the end of the boot. */
void control_server_jobs_done(struct control_server *server);
/* The manager's state_changed op passes this on: for who waits for a unit's end. */
void control_server_unit_changed(struct control_server *server, const struct manager_unit *unit);
/* PID 1 stays what it was: those who asked for another are told why. */
void control_server_reexec_failed(struct control_server *server, const char *message);
/* daemon-reexec: the listening sockets, and those who wait for its end. / They are served again, and told
 * that it is done. */
void control_server_hand_over(const struct control_server *server, struct handover *handover);
void control_server_take_over(struct control_server *server, struct handover_reader *reader);
/* Whether there is a socket for berthctl, beside the launcher's. */
bool control_server_has_own(const struct control_server *server);
