/* PID 1's side of a spawn: prepare everything, fork into the control group, learn over the exec pipe whether
 * the program runs. */
#pragma once

#include "init/manager/manager.h"
#include "init/platform/exec.h"
#include "init/platform/fd-store.h"
#include "init/platform/logs.h"

/* failure NULL: pid runs its program. Otherwise it could not, and will exit with failure->stage. */
typedef void (*spawn_done_fn)(void *userdata, pid_t pid, const struct exec_failure *failure);

/* A line of the child's for its unit's log. */
typedef void (*spawn_note_fn)(void *userdata, pid_t pid, const char *text);

/* What all spawns have in common. Members are the caller's and must outlive the spawner. */
struct spawn_config {
    struct loop *loop;
    struct logs *logs;
    char *const *environment; /* container_environment(), or clean_environment() */
    char *const *given;       /* the former in case of the latter, else NULL */
    const char *notify_address;
    uint64_t mask; /* exec.h */
    mode_t umask;
    const char *main_command; /* name of the unit that gets the container's standard input, or NULL */
    int input;                /* that standard input */
    enum terminal_plan terminal;
    spawn_done_fn done;
    spawn_note_fn note;
    void *userdata;
};

struct spawner;
struct handover;
struct handover_reader;

/* What the unit has for its processes. */
struct spawn_place {
    int cgroup;     /* O_PATH directory to start in, or -EBADF */
    bool moves_in;  /* into it, after the fork: it cannot be born there */
    bool may_stall; /* what is in there may get little of the machine: PID 1 must not wait for it */
    const char *invocation_id;
    const char *monitor_invocation_id; /* of request->monitored */
    struct stored_fd *store;           /* what ExecStart= gets from 3 on */
};

int spawner_new(const struct spawn_config *config, struct spawner **ret);
struct spawner *spawner_free(struct spawner *spawner);
/* What spawns from now on get; as in the configuration. */
void spawner_set_environment(struct spawner *spawner, char *const *environment);
/* The uids that DynamicUser= has given; the spawner's. */
struct dynamic_users *spawner_dynamic_users(struct spawner *spawner);
/* Forks. A preparation that fails is reported by the child, so that all failures come the same way. */
int spawner_spawn(struct spawner *spawner, const struct spawn_request *request,
                  const struct spawn_place *place, pid_t *ret_pid, const char **ret_object);
/* Programs of Type=idle may start. */
void spawner_release_idle(struct spawner *spawner);
/* A child has ended: tells what its exec pipe still has to say, so that it comes before the end. */
void spawner_settle(struct spawner *spawner, pid_t pid);

/* daemon-reexec: the children that are not at their programs yet, those of Type=idle that wait, and the users
 * of the pool. What cannot be read is left out: the end of such a child tells enough. */
void spawner_hand_over(const struct spawner *spawner, struct handover *handover);
void spawner_take_over(struct spawner *spawner, struct handover_reader *reader);
/* Of children that borrowed memory: first heard, then handed over. */
bool spawner_has_news(const struct spawner *spawner);
