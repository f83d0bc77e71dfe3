/* The manager: events in, effects out. It decides what starts, stops and restarts, and never calls Linux:
 * whoever runs it (init/platform for real, tests/sim in a simulated world) gives it time stamps and carries
 * its effects out.
 *
 * Semantics: systemd.unit(5), systemd.service(5), systemd.kill(5). Single-threaded; no call here blocks or
 * recurses into the platform's event handling: ops are carried out at once, what they lead to comes back
 * later as an event. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "berth/exit-codes.h"
#include "common/macro.h"
#include "common/time.h"
#include "init/unit/unit.h"

struct manager;

enum _packed_ active_state {
    UNIT_INACTIVE,
    UNIT_ACTIVATING,
    UNIT_ACTIVE,
    UNIT_RELOADING,
    UNIT_DEACTIVATING,
    UNIT_FAILED,
    ACTIVE_STATE_MAX,
};

/* systemd's service states in systemd's order; targets and slices use DEAD and RUNNING ("active"). */
enum _packed_ service_state {
    SERVICE_DEAD,
    SERVICE_CONDITION,
    SERVICE_START_PRE,
    SERVICE_START,
    SERVICE_START_POST,
    SERVICE_RUNNING,
    SERVICE_EXITED,
    SERVICE_RELOAD,
    SERVICE_STOP,
    SERVICE_STOP_WATCHDOG,
    SERVICE_STOP_SIGTERM,
    SERVICE_STOP_SIGKILL,
    SERVICE_STOP_POST,
    SERVICE_FINAL_WATCHDOG,
    SERVICE_FINAL_SIGTERM,
    SERVICE_FINAL_SIGKILL,
    SERVICE_FAILED,
    SERVICE_AUTO_RESTART,
    SERVICE_STATE_MAX,
};

/* systemd.exec(5), $SERVICE_RESULT */
enum _packed_ service_result {
    RESULT_SUCCESS,
    RESULT_RESOURCES,
    RESULT_PROTOCOL,
    RESULT_TIMEOUT,
    RESULT_EXIT_CODE,
    RESULT_SIGNAL,
    RESULT_CORE_DUMP,
    RESULT_WATCHDOG,
    RESULT_START_LIMIT_HIT,
    RESULT_OOM_KILL,
    RESULT_EXEC_CONDITION,
    SERVICE_RESULT_MAX,
};

enum _packed_ job_type {
    JOB_START,
    JOB_STOP,
    JOB_RESTART,
    JOB_RELOAD,
    JOB_TRY_RESTART,
    JOB_VERIFY_ACTIVE,
    JOB_TYPE_MAX
};
enum _packed_ job_result {
    JOB_DONE,
    JOB_CANCELED,
    JOB_TIMEOUT,
    JOB_FAILED,
    JOB_DEPENDENCY,
    JOB_SKIPPED,
    JOB_INVALID, /* the unit cannot do this */
    JOB_ASSERT,  /* an Assert…= does not hold */
    JOB_RESULT_MAX,
};

/* How a process ended, as waitid(2) says it. */
struct process_exit {
    int code;   /* CLD_EXITED, CLD_KILLED, CLD_DUMPED; 0: has not ended yet */
    int status; /* exit code or signal */
};

/* What only few units have to tell: why a process of it could not be executed, and what the service has said
 * of itself since its start. */
struct unit_report {
    char *exec_object; /* what it could not reach ("/usr/bin/x", "www"), or NULL */
    char *status_text; /* STATUS= of the service, or NULL */
    char *bus_error;   /* BUSERROR=, or NULL */
    int exec_errno;
    int status_errno;   /* ERRNO=, 0: none */
    int notified_exit;  /* EXIT_STATUS=, -1: none */
    uint8_t exec_stage; /* enum exec_stage of the last process that could not be executed */
};

/* What the manager knows of one unit at run time. Read-only for everybody else, but for `platform`. */
struct manager_unit {
    struct unit *unit; /* owned; replaced by daemon-reload */
    enum active_state active;
    enum service_state state;
    enum service_result result;
    enum service_command control_command;
    pid_t main_pid;    /* 0: none */
    pid_t control_pid; /* of ExecStartPre=, ExecReload=, ExecStop= ...; 0: none */
    struct process_exit main_exit;
    struct process_exit control_exit;
    struct unit_report *report; /* NULL: nothing; manager_report_of() */
    unsigned n_stored;          /* descriptors in its store, which is the platform's */
    unsigned n_restarts;        /* automatic ones since the last start by hand */
    uint64_t invocation;        /* changes with each start; the platform makes $INVOCATION_ID of it */
    usec_t state_since;         /* of the present sub state */
    usec_t active_enter;        /* CLOCK_MONOTONIC µs, 0: never */
    usec_t active_exit;
    usec_t inactive_enter;
    usec_t inactive_exit;
    bool conditions_held; /* when it was last started */
    bool asserts_held;
    bool comes_back; /* it was released only to start again: what outlives a restart stays */
    uint32_t job_id; /* of the job that is installed on it, 0: none */
    void *platform;  /* the platform's own data; it is told to free it (forget) */
};

/* Never NULL. */
static inline const struct unit_report *manager_report_of(const struct manager_unit *unit)
{
    static const struct unit_report nothing = {.exec_stage = EXEC_STAGE_NONE, .notified_exit = -1};

    return unit->report ? unit->report : &nothing;
}

/* In an assignment of the environment: the pid that the process will have. */
#define SPAWN_OWN_PID "-2147483648"

/* A process that the manager wants. */
struct spawn_request {
    struct manager_unit *unit;
    const struct exec_command *command;
    enum service_command kind;
    bool control; /* not the main process */
    bool idle;    /* Type=idle: its program waits until platform_ops.jobs_done, 5 s at most */
    const struct manager_unit *monitored; /* whose OnFailure= or OnSuccess= it is ($MONITOR_…), or NULL */
    char *const
        *environment; /* "K=V" on top of the unit's: MAINPID, SERVICE_RESULT, EXIT_CODE, EXIT_STATUS … */
};

enum kill_who { KILL_MAIN, KILL_CONTROL, KILL_ALL, KILL_WHO_MAX };

struct job_report {
    uint32_t id;
    const char *unit;
    enum job_type type;
    enum job_result result;
};

/* The world, as the manager needs it. 0 or -errno where not said otherwise. */
struct platform_ops {
    /* Gives the unit of that name, always one (unit_load's contract). Takes no time. */
    int (*load)(void *platform, const char *name, struct unit **ret);
    /* Starts a process in the unit's cgroup. Failures after the fork come as EVENT_EXEC_FAILED, then
     * EVENT_EXITED. */
    int (*spawn)(void *platform, const struct spawn_request *request, pid_t *ret_pid);
    /* Signals the main or control process or all of the unit's (KILL_ALL; SIGKILL by cgroup.kill where there
     * is one). From its spawn until EVENT_EXITED a process counts. -ESRCH when there was nobody. */
    int (*kill)(void *platform, struct manager_unit *unit, enum kill_who who, int signal);
    /* Whether a process of the unit is left (its cgroup's populated, else its process groups). */
    bool (*is_populated)(void *platform, struct manager_unit *unit);
    /* Condition…= and Assert…=: 1 holds, 0 does not. Without `negate`, which is the manager's. */
    int (*check_condition)(void *platform, const struct manager_unit *unit,
                           const struct condition *condition);
    /* Whether pid is a process of the unit, to believe a service that says so. */
    bool (*owns)(void *platform, struct manager_unit *unit, pid_t pid);
    /* A PIDFile= of this boot: 0 and the pid, -ENOENT as long as it is not there. */
    int (*read_pid_file)(void *platform, struct manager_unit *unit, const char *path, pid_t *ret);
    /* The one process of the unit that is PID 1's own child; 0 when there is none, or more than one. */
    pid_t (*guess_main_pid)(void *platform, struct manager_unit *unit);
    /* A start begins (make the cgroup, the runtime directories) / the unit is down (remove them). */
    int (*realize)(void *platform, struct manager_unit *unit);
    void (*release)(void *platform, struct manager_unit *unit);
    /* FDSTORE=1: keeps up to `room` of the descriptors that came with the notification that is being told,
     * under that name; with `poll`, EVENT_DESCRIPTOR_GONE says when one is of no use any more. The number of
     * those kept. ExecStart= gets them all. */
    unsigned (*store_descriptors)(void *platform, struct manager_unit *unit, const char *name, unsigned room,
                                  bool poll);
    /* Closes those of that name, or all (NULL); returns how many. */
    unsigned (*drop_descriptors)(void *platform, struct manager_unit *unit, const char *name);
    /* The manager frees its unit. */
    void (*forget)(void *platform, struct manager_unit *unit);
    /* No job is left: programs of Type=idle may start. */
    void (*jobs_done)(void *platform);
    /* For logs and clients: the unit went from `old` to unit->state. / A job ended. */
    void (*state_changed)(void *platform, struct manager_unit *unit, enum service_state old);
    void (*job_finished)(void *platform, const struct job_report *report);
    /* One line for the log: cycles broken, limits hit, units ignored. unit may be NULL. */
    void (*message)(void *platform, const struct manager_unit *unit, bool warning, const char *text);
};

enum event_type {
    EVENT_EXITED,          /* a child: pid, exit; any pid, also ones that no unit knows */
    EVENT_EXEC_DONE,       /* pid has executed its program */
    EVENT_EXEC_FAILED,     /* pid could not: stage, error, object */
    EVENT_EMPTY,           /* the last process of unit is gone */
    EVENT_OOM_KILL,        /* a process of unit was killed for memory */
    EVENT_NOTIFY,          /* sd_notify(3): unit, pid, text */
    EVENT_DESCRIPTOR_GONE, /* the other end of a stored descriptor is closed: it was dropped */
    EVENT_TIME,            /* manager_next_deadline() has come */
    EVENT_TYPE_MAX,
};

struct event {
    enum event_type type;
    usec_t now; /* CLOCK_MONOTONIC µs; never before that of the last event */
    pid_t pid;
    struct manager_unit *unit; /* EMPTY, OOM_KILL, NOTIFY, DESCRIPTOR_GONE */
    struct process_exit exit;
    enum exec_stage stage;
    int error;              /* positive errno */
    const char *object;     /* EXEC_FAILED: what could not be reached, or NULL */
    const char *text;       /* NOTIFY: "READY=1\nSTATUS=..." */
    unsigned n_descriptors; /* NOTIFY: that came along */
};

struct manager_config {
    /* Where a unit says nothing: systemd-system.conf(5), DefaultTimeoutStartSec= and so on. */
    usec_t default_timeout_start;
    usec_t default_timeout_stop;
    usec_t default_timeout_abort; /* TIMEOUT_ABORT_AS_STOP: as the unit's own timeout_stop */
    usec_t default_restart;
    usec_t default_start_limit_interval;
    unsigned default_start_limit_burst;
    uint64_t random_seed;  /* of RuntimeRandomizedExtraSec= */
    usec_t stop_timeout;   /* over the whole shutdown; USEC_INFINITY: only the units' own */
    const char *main_unit; /* its end ends the container with its exit code, or NULL */
    bool exit_when_idle;   /* end when the last service has ended */
};

int manager_new(const struct platform_ops *ops, void *platform, const struct manager_config *config,
                struct manager **ret);
struct manager *manager_free(struct manager *manager);

/* Takes one event and works until nothing is left to do now. */
void manager_event(struct manager *manager, const struct event *event);
/* When EVENT_TIME is wanted next (CLOCK_MONOTONIC µs), USEC_INFINITY: never. */
usec_t manager_next_deadline(const struct manager *manager);

/* Enqueues a job with what it pulls in. *ret_job is its id; job_finished tells its end (also before this
 * returns, when there was nothing to do). -ENOENT no such unit (or bad-setting, masked: unit->load_state
 * says), -ENOEXEC what it requires is such a one,
 * -ELOOP a conflict or cycle in it that cannot be solved, -EDEADLK it does not go with jobs that are there,
 * -ESHUTDOWN after an order to stop, -EPERM refused by RefuseManual…=, -EINVAL. */
int manager_enqueue(struct manager *manager, usec_t now, const char *name, enum job_type type,
                    enum job_mode mode, uint32_t *ret_job);
/* Between these two, jobs are enqueued and none runs: several units that are asked for at once keep their
 * order and their conflicts. Nothing else may be asked of the manager meanwhile. */
void manager_gather(struct manager *manager);
void manager_go(struct manager *manager);
/* Why the last manager_enqueue() failed, as a sentence that names the units, where there is more to tell than
 * its errno does; else NULL. */
const char *manager_refusal(const struct manager *manager);
/* The unit, loaded if it was not. */
int manager_load_unit(struct manager *manager, const char *name, struct manager_unit **ret);
/* The unit if it is known (aliases included), else NULL. */
struct manager_unit *manager_find(const struct manager *manager, const char *name);
/* Whose main or control process this is, NULL when nobody's. */
struct manager_unit *manager_find_by_pid(const struct manager *manager, pid_t pid);
/* All units in the order of their names; NULL ends it. Cursor starts at 0. */
struct manager_unit *manager_next_unit(const struct manager *manager, size_t *cursor);
/* Whether a reload of it means something: ExecReload=, Type=notify-reload. */
bool manager_can_reload(const struct manager_unit *unit);

/* What the unit says, or else the manager's default. */
struct service_times {
    usec_t start, stop, abort, restart;
};
void manager_times_of(const struct manager_unit *unit, struct service_times *ret);

struct job_status {
    uint32_t id;
    enum job_type type;
    bool running;
};
/* The job that is installed on the unit; false when there is none. */
bool manager_job_of(const struct manager_unit *unit, struct job_status *ret);
/* Cancels a job that is waiting or running, with what needs it. -ENOENT: there is no such job. -EPERM: the
 * container is ending. */
int manager_cancel_job(struct manager *manager, usec_t now, uint32_t id);
/* The units that this one has a dependency with, in both directions: *ret_kinds has a bit for each enum
 * unit_dependency from here to there. NULL ends it. Cursor starts at 0. */
const struct manager_unit *manager_next_neighbour(const struct manager_unit *unit, size_t *cursor,
                                                  uint32_t *ret_kinds);
/* NULL: all. What follows from it comes with the next event: ask manager_next_deadline() anew. */
int manager_reset_failed(struct manager *manager, const char *name);
/* Reads all units again; running services are not touched. */
int manager_reload(struct manager *manager, usec_t now);

enum shutdown_kind { SHUTDOWN_EXIT, SHUTDOWN_REBOOT };
/* The order to stop: from this instant nothing is started or restarted, jobs are cancelled, units stop in
 * reverse order. A second order only changes the exit status. */
void manager_shutdown(struct manager *manager, usec_t now, enum shutdown_kind kind, int exit_status);
/* SIGKILL to all that is left, and nothing is executed any more: the second order, or one that does not wait.
 */
void manager_shutdown_now(struct manager *manager, usec_t now, enum shutdown_kind kind, int exit_status);
bool manager_is_shutting_down(const struct manager *manager);
/* True when all is stopped; then the status to exit with (EXIT_REBOOT for a reboot). */
bool manager_finished(const struct manager *manager, int *ret_exit_status);

/* "running", "starting", "degraded", "stopping": systemctl is-system-running. */
const char *manager_system_state(const struct manager *manager);
unsigned manager_count_units(const struct manager *manager, enum active_state state);
/* How many units and dependencies were looked at until now: what an event costs must not depend on how many
 * units there are. */
uint64_t manager_count_looks(const struct manager *manager);
unsigned manager_count_services(const struct manager *manager, enum active_state state);

struct handover;
struct handover_reader;
/* daemon-reexec: writes down all that a manager of the same units has to know to go on as if it were this one
 * (handover.h). Not between a request and the next event, nor after an order to stop: -EBUSY. */
int manager_serialize(const struct manager *manager, struct handover *handover);
/* Reads it into a manager that has no unit yet. What cannot be read costs no more than itself: the units that
 * are there go on. The next event has to come at once. 0 or -ENOMEM. */
int manager_deserialize(struct manager *manager, usec_t now, struct handover_reader *reader);

const char *active_state_to_string(enum active_state state);
int active_state_from_string(const char *text);
const char *service_state_to_string(enum service_state state);
int service_state_from_string(const char *text);
const char *service_result_to_string(enum service_result result);
int service_result_from_string(const char *text);
const char *job_type_to_string(enum job_type type);
int job_type_from_string(const char *text);
const char *job_result_to_string(enum job_result result);
int job_result_from_string(const char *text);
/* SubState as systemctl shows it: a target that is up is "active", a service "running". */
const char *manager_unit_sub_state(const struct manager_unit *unit);
