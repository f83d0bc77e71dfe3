/* Which processes there are, by /proc: how units are tracked without control groups. Nothing here is looked
 * at while a unit simply runs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The sessions that a unit's processes live in: each process that PID 1 spawns leads one. What leaves its
 * session is still found as long as its parent, or the INVOCATION_ID in its environment, tells. */
struct process_group {
    pid_t *sessions; /* the only one mostly */
    pid_t only;
    uint16_t n_sessions;
    bool gone;                 /* nobody was left, and nobody has been added since */
    bool unclear;              /* at the last look somebody was between two programs, who may be a member */
    uint64_t invocation_id[2]; /* $INVOCATION_ID; the first is 0: none */
};

#define INVOCATION_ID_SIZE 33 /* as text: 32 hex digits, "" for none */
void process_group_print_invocation(const struct process_group *group, char ret[static INVOCATION_ID_SIZE]);

/* Which of our children are somebody else's main or control process: neither the group's nor orphans. */
struct process_others {
    bool (*is_other)(void *userdata, pid_t pid);
    void *userdata;
};

int process_group_add(struct process_group *group, pid_t session);
/* The session of a daemon that turned out to be the unit's main process: the one that it makes or is about to
 * make, and the one that it is in, if that is of the unit's own making. */
void process_group_adopt(struct process_group *group, pid_t pid);
void process_group_done(struct process_group *group);
/* Signals all but those in `except` (ended by 0, or NULL), signal 0 only counts. Forgets sessions that have
 * nobody left. Returns the number of processes; who may be a member is counted, and not signalled. others:
 * NULL when nobody knows. */
size_t process_group_kill(struct process_group *group, int signal, const pid_t *except,
                          const struct process_others *others);
/* The one living member that is our own child, 0: none, or several. */
pid_t process_group_only_child(const struct process_group *group);
/* True when nobody of the group is left, seen without a look at every process. False says nothing. */
bool process_group_is_gone(struct process_group *group, const struct process_others *others);
/* Whether the process is one of the group's. */
bool process_group_has(const struct process_group *group, pid_t pid);

/* pids: ended by 0, or NULL. */
static inline bool pid_is_in(const pid_t *pids, pid_t pid)
{
    while (pids && *pids != 0)
        if (*pids++ == pid)
            return true;
    return false;
}

/* Signals all descendants of this process. Returns how many there were, or -errno without a /proc. */
int processes_signal_descendants(int signal);
/* SIGKILL to all of them, also to those that come up meanwhile: the end of a PID 1 that is none. */
void processes_kill_descendants(void);
/* Whether this process is PID 1 of the host's own pid namespace. */
bool processes_is_host_init(void);
