/* What the files of the manager share; nobody else includes this.
 *
 * Nothing here calls from one unit into another. A change of a unit puts the unit, or its neighbours, into
 * one of the queues below, and manager_settle() works them off until all are empty. A unit's job, its
 * deadlines and its links in queues and in the pid table are part of its node, so that after loading nothing
 * is allocated. */
#pragma once

#include "common/macro.h"
#include "init/manager/manager.h"

struct node;

/* --- deadline.c: a binary heap --- */

enum _packed_ deadline_kind {
    DEADLINE_STATE,
    DEADLINE_WATCHDOG,
    DEADLINE_PID_FILE,
    DEADLINE_JOB,
    DEADLINE_SHUTDOWN
};
#define DEADLINES_PER_NODE 4

/* In each node several times: 12 bytes, not 16. */
#define _dense_ __attribute__((packed, aligned(4)))

struct deadline {
    usec_t when;
    uint32_t position : 24; /* in the heap, from 1; 0: not armed */
    enum deadline_kind kind : 8;
} _dense_;

struct deadline_heap {
    struct deadline **items; /* [0] is the next one */
    size_t n;
    size_t capacity;
};

/* Room for so many armed deadlines; deadline_arm() never fails afterwards. 0 or -ENOMEM. */
int deadline_heap_reserve(struct deadline_heap *heap, size_t n);
/* USEC_INFINITY disarms. */
void deadline_arm(struct deadline_heap *heap, struct deadline *deadline, usec_t when);
void deadline_disarm(struct deadline_heap *heap, struct deadline *deadline);

/* --- table.c: units by name, processes by pid --- */

/* The unit's own name is the unit's text; of another one the entry has a copy. */
struct name_entry {
    char *name;
    struct node *node;
};

/* Sorted: clients see units in this order, and a look-up is only made when something is loaded or asked for.
 */
struct name_table {
    struct name_entry *entries;
    size_t n;
    size_t capacity;
};

struct node *name_table_find(const struct name_table *table, const char *name);
/* 0, also when the name stands for that node already; -EEXIST when it is another's; -ENOMEM. The text of the
 * own name is the unit's, of another one there is a copy. */
int name_table_add(struct name_table *table, const char *name, struct node *node);

struct pid_link {
    struct pid_link *next;
    pid_t pid; /* 0: not in the table */
    bool is_control;
};

struct pid_table {
    struct pid_link **buckets;
    size_t n_buckets; /* a power of two */
};

int pid_table_reserve(struct pid_table *table, size_t n_links);
void pid_table_add(struct pid_table *table, struct pid_link *link, pid_t pid);
void pid_table_remove(struct pid_table *table, struct pid_link *link);
struct pid_link *pid_table_find(const struct pid_table *table, pid_t pid);

/* --- node: one unit --- */

/* In the order in which they are worked off: the end of a job comes before what follows from it. */
enum node_queue {
    QUEUE_LOAD,    /* its dependencies are not in the graph yet */
    QUEUE_FINISH,  /* its job has a result */
    QUEUE_EFFECTS, /* its state changed: what that does to others */
    QUEUE_RUN,     /* its job may be able to run */
    QUEUE_CHECK,   /* it may be unneeded, upheld, or bound to something that is gone */
    NODE_QUEUE_MAX,
};

#define KIND(dependency) (UINT32_C(1) << (dependency))

#define PULLING_KINDS                                                                                        \
    (KIND(UNIT_REQUIRES) | KIND(UNIT_REQUISITE) | KIND(UNIT_WANTS) | KIND(UNIT_BINDS_TO) | KIND(UNIT_UPHOLDS))
/* Those that pull in and push out. A node's edges that have one of them come first: a target that a thousand
 * units need has few of its own, and who asks for those does not look at the thousand. */
#define STRONG_KINDS (PULLING_KINDS | KIND(UNIT_CONFLICTS))

struct edge {
    struct node *to;
    uint32_t kinds; /* KIND() of each enum unit_dependency from here to there */
    uint32_t twin;  /* index of the way back in to->edges */
};

struct job {
    uint32_t id; /* 0: there is none */
    enum job_type type;
    enum job_result result;
    bool running;
    bool blocked;   /* waits for its own unit's state, not for another job */
    bool finishing; /* result is set */
    bool irreversible;
    bool ignore_order;
    bool ignore_requirements; /* Requisite= was not looked at */
    struct deadline timeout;
};

struct ratelimit {
    usec_t begin;
    unsigned n; /* since then; 0: it has not begun */
} _dense_;

enum effect {
    EFFECT_STARTED_UNEXPECTEDLY = 1 << 0,
    EFFECT_STOPPED_UNEXPECTEDLY = 1 << 1,
    EFFECT_FAILED = 1 << 2,
    EFFECT_SUCCEEDED = 1 << 3,
    EFFECT_RELOADING = 1 << 5, /* it began to reload by itself */
    EFFECT_START_LIMIT = 1 << 6,
    EFFECT_JOB_TIMEOUT = 1 << 7,
    EFFECT_JOB_FAILED = 1 << 4, /* OnFailure= without a failure of its own: timeout, dependency */
};

enum _packed_ notify_state { NOTIFY_UNKNOWN, NOTIFY_READY, NOTIFY_RELOADING, NOTIFY_STOPPING };

/* By the sizes of its members: most of the memory that a unit takes is here. */
struct node {
    struct manager_unit u;
    struct manager *manager;
    struct edge *edges;
    struct node *next[NODE_QUEUE_MAX];
    struct pid_link main_link;
    struct pid_link control_link;
    const struct exec_command *main_command;
    const struct exec_command *control_command;
    usec_t pid_file_interval;
    usec_t watchdog_usec; /* 0: none */
    usec_t runtime_extra;
    usec_t reload_begin; /* when it was signalled to reload; 0: it was not */
    uint32_t n_edges;
    uint32_t n_strong; /* of them, in front */
    uint32_t edges_capacity;
    uint32_t kinds;   /* of all edges together */
    uint32_t blocker; /* the edge over which its job was last found to wait */
    struct job job;
    struct ratelimit start_limit;
    struct ratelimit trigger_limit; /* starts that no person and no restart asked for */
    struct deadline timer;          /* of the present state */
    struct deadline watchdog;
    struct deadline pid_file;
    uint32_t resolved;  /* when its edges were made, counted from 1: daemon-reexec keeps the order */
    uint32_t tentative; /* in the transaction that is being built, index + 1 */
    uint32_t mark;      /* of the search for cycles */
    uint32_t mark_generation;
    uint8_t queued;  /* bit per enum node_queue */
    uint8_t effects; /* enum effect */
    enum service_result reload_result;
    enum notify_state notify_state;
    bool main_pid_known; /* also when it has ended */
    bool forbid_restart; /* stopped by hand */
    bool flush_restarts;
    bool will_restart;
    bool restart_due; /* RestartMode=direct: its time has come, its job waits for its turn */
    bool is_counted;  /* among the services */
    bool gone;        /* daemon-reload is about to forget it */
    bool attempted;   /* a start of it has been tried: main_unit may have ended */
};

/* Whose it is; all but DEADLINE_SHUTDOWN are part of a node. */
static inline struct node *deadline_node(struct deadline *deadline)
{
    static const size_t offsets[] = {
        [DEADLINE_STATE] = offsetof(struct node, timer),
        [DEADLINE_WATCHDOG] = offsetof(struct node, watchdog),
        [DEADLINE_PID_FILE] = offsetof(struct node, pid_file),
        [DEADLINE_JOB] = offsetof(struct node, job.timeout),
    };
    return (struct node *)((char *)deadline - offsets[deadline->kind]);
}

static inline struct node *pid_link_node(struct pid_link *link)
{
    return link->is_control ? CONTAINER_OF(link, struct node, control_link)
                            : CONTAINER_OF(link, struct node, main_link);
}

static inline bool is_own_name(const struct name_entry *entry)
{
    return entry->name == entry->node->u.unit->name;
}

#define MESSAGE_MAX 1024 /* bytes of one line for the log */

struct manager {
    const struct platform_ops *ops;
    void *platform;
    struct manager_config config;
    char *main_unit;
    usec_t now;
    struct name_table names;
    struct pid_table pids;
    struct deadline_heap deadlines;
    struct {
        struct node *head;
        struct node *tail;
    } queues[NODE_QUEUE_MAX];
    size_t n_nodes;
    uint32_t n_resolved;
    unsigned n_units[ACTIVE_STATE_MAX];
    unsigned n_services[ACTIVE_STATE_MAX]; /* of those */
    unsigned n_busy_services;              /* not dead, failed or exited */
    unsigned n_jobs;
    unsigned n_unordered_jobs; /* running or blocked: they end without another job's end */
    uint32_t last_job_id;
    uint32_t generation;
    uint64_t last_invocation;
    uint64_t n_looks; /* at units and at edges between them, since the beginning */
    struct deadline shutdown_deadline;
    char refusal[MESSAGE_MAX]; /* the last line about a request that cannot be carried out */
    bool started;              /* a first job was enqueued */
    bool settled_once;         /* and all jobs of the boot have ended */
    bool service_ran;          /* for exit_when_idle */
    bool jobs_ended;           /* the last one, and the platform has not been told */
    bool check_refused;        /* an automatic job was: it did not go with an installed one */
    bool gathering;            /* requests, before any of them is carried out */
    bool shutting_down;
    bool killing; /* the second order */
    int exit_status;
};

#define MANAGER_UNITS_MAX 65536

/* --- queue.c --- */
void queue_push(struct node *node, enum node_queue queue);
struct node *queue_pop(struct manager *manager, enum node_queue queue);
/* Works until every queue is empty. */
void manager_settle(struct manager *manager);

/* --- graph.c --- */
struct node *node_free(struct node *node);
static inline struct node *node_of(struct manager_unit *unit)
{
    return CONTAINER_OF(unit, struct node, u);
}
/* The unit of that name, loaded with all that it names. 0 or -errno. */
int graph_load(struct manager *manager, const char *name, struct node **ret);
/* Makes edges of the dependencies of all units in QUEUE_LOAD. */
int graph_resolve(struct manager *manager);
/* The unit without its edges, which graph_resolve() makes, and without its aliases, which come when all units
 * have their own names. One that cannot be loaded under that name is there all the same, as not found. */
int graph_adopt(struct manager *manager, const char *name, struct node **ret);
/* Its other names into the table; one that another unit has is no alias of this one. */
int graph_add_aliases(struct node *node);
/* Another name of it, if it still is one. */
int graph_adopt_alias(struct node *node, const char *alias);
/* reload.c: declarations again, edges anew; what is gone and not in use is forgotten. */
int graph_reload(struct manager *manager);
/* How many of its edges can have one of these kinds. */
static inline uint32_t edges_to_look_at(const struct node *node, uint32_t mask)
{
    uint32_t n = !(node->kinds & mask) ? 0 : mask & ~STRONG_KINDS ? node->n_edges : node->n_strong;

    node->manager->n_looks += n;
    return n;
}
#define FOREACH_NEIGHBOUR(edge, node, mask)                                                                  \
    for (struct edge *edge = (node)->edges, *edge##_end = edge + edges_to_look_at(node, mask);               \
         edge < edge##_end; edge++)                                                                          \
        if (edge->kinds & (mask))
void _printf_(3, 4) manager_log(struct node *node, bool warning, const char *format, ...);

/* --- job.c --- */
bool unit_is_up(const struct node *node);   /* active, reloading */
bool unit_is_down(const struct node *node); /* inactive, failed */
/* Whether a job of type a has to wait for the one of type b, a's unit having these kinds of edges to b's. */
bool job_waits_for(enum job_type a, enum job_type b, uint32_t kinds);
/* What two jobs of one unit become, or -EDEADLK. */
int job_type_merge(const struct node *node, enum job_type a, enum job_type b);
/* Puts a job on a unit, merged with or in place of the one that is there; returns its id. */
uint32_t job_install(struct node *node, enum job_type type, bool irreversible, bool ignore_order);
void job_set_result(struct node *node, enum job_result result);
void job_cancel(struct node *node);
void job_end(struct node *node);
void job_run(struct node *node);
/* Its job, even a running one, asks its unit again. */
void job_retry(struct node *node);
/* Counts a job that daemon-reexec has put on its unit. */
void job_restore(struct node *node);
/* The unit went to a new active state: true when its job did not ask for that. */
bool job_unit_changed(struct node *node);
/* All jobs wait for each other: lets one go ahead. */
void jobs_unstall(struct manager *manager);

/* --- transaction.c --- */
int transaction_run(struct node *anchor, enum job_type type, enum job_mode mode, uint32_t *ret_job);

/* --- unit-type.c: what a service, a target and a slice have in common --- */
/* 0: under way; -EALREADY, -EAGAIN (ask again when its state changes), else the job fails. */
int unit_start(struct node *node);
int unit_stop(struct node *node);
int unit_reload(struct node *node);
bool unit_can_reload(const struct node *node);
void unit_set_state(struct node *node, enum service_state state);
/* Without anything that follows from it: it has been in that state all along. */
void unit_restore_state(struct node *node, enum service_state state);
/* Into the manager's numbers of units, or (by -1) out of them. */
void unit_count(struct node *node, int by);
void unit_reset_failed(struct node *node);
bool ratelimit_allows(struct ratelimit *limit, usec_t now, usec_t interval, unsigned burst);

/* --- propagate.c --- */
void propagate_effects(struct node *node);
void propagate_checks(struct node *node);
void propagate_neighbours(struct node *node);
void propagate_refused(struct manager *manager);
/* Ends the container when the main unit, or the last service, has ended. */
void propagate_end(struct manager *manager);

/* --- service.c, service-events.c, service-kill.c --- */
int service_start(struct node *node);
int service_stop(struct node *node);
int service_reload(struct node *node);

enum service_event {
    SERVICE_MAIN_EXITED,
    SERVICE_CONTROL_EXITED,
    SERVICE_EMPTIED,
    SERVICE_TIMED_OUT,
    SERVICE_EXECUTED,
    SERVICE_NOTIFIED_READY,
    SERVICE_NOTIFIED_RELOADING,
    SERVICE_NOTIFIED_STOPPING,
    SERVICE_PID_FILE_DUE,
    SERVICE_WATCHDOG_DUE,
    SERVICE_OUT_OF_MEMORY, /* and its OOMPolicy= is not to go on */
    SERVICE_STOP_REQUESTED,
    SERVICE_EVENT_MAX,
};

void service_dispatch(struct node *node, enum service_event event, enum service_result result);
void service_process_exited(struct node *node, pid_t pid, struct process_exit how);
void service_exec_failed(struct node *node, const struct event *event);
void service_notify(struct node *node, const struct event *event);
/* Its stored descriptors go if FileDescriptorStorePreserve= says so. */
void service_release_store(struct node *node, enum preserve_mode mode);
void service_kill_now(struct node *node);
void service_remap_commands(struct node *node, const struct unit *old, const struct unit *new);

/* Steps of a service's life: each enters a state, or the next one when there is nothing to do in it. */
void service_enter_start_pre(struct node *node);
void service_enter_start(struct node *node);
void service_enter_start_post(struct node *node);
void service_enter_running(struct node *node, enum service_result result);
void service_enter_stop(struct node *node, enum service_result result);
void service_enter_stop_post(struct node *node, enum service_result result);
void service_enter_signal(struct node *node, enum service_state state, enum service_result result);
void service_enter_dead(struct node *node, enum service_result result, bool allow_restart);
void service_set_state(struct node *node, enum service_state state, usec_t timeout);
/* The deadline of the present state anew, from now. */
void service_arm_timer(struct node *node, usec_t timeout);
/* Made when there is none yet; NULL without memory, and what was to be told is lost. */
struct unit_report *unit_report_get(struct manager_unit *unit);
void unit_report_forget(struct manager_unit *unit);
void service_set_main_pid(struct node *node, pid_t pid);
void service_set_control_pid(struct node *node, pid_t pid);
void service_add_result(struct node *node, enum service_result result);
/* Runs the next command of the present control phase or of a oneshot: true when there was one. */
bool service_run_next_control(struct node *node);
bool service_run_next_main(struct node *node);
/* 0 once the main process of the PID file is known. */
int service_read_pid_file(struct node *node);
void service_await_pid_file(struct node *node);
/* GuessMainPID=: takes the only child there is for the main process. */
void service_guess_main_pid(struct node *node);
/* The unit has lost a process for want of memory. */
void service_out_of_memory(struct node *node);
void service_restart_watchdog(struct node *node);
bool service_has_survivors(struct node *node);
bool service_is_restarted(const struct node *node);
/* Sends what the kill context says for that state: whether somebody got it. */
bool service_signal(struct node *node, enum service_state state);
/* What the unit says, or else the manager's default. */
usec_t service_stop_timeout(const struct node *node);
usec_t service_abort_timeout(const struct node *node);
usec_t service_runtime_left(const struct node *node);
/* RuntimeRandomizedExtraSec=, anew for each start. */
void service_choose_runtime_extra(struct node *node);
usec_t service_start_timeout(const struct node *node);
usec_t service_restart_delay(const struct node *node);
usec_t service_start_limit_interval(const struct node *node);
unsigned service_start_limit_burst(const struct node *node);

int service_spawn(struct node *node, const struct exec_command *command, enum service_command kind,
                  bool control, pid_t *ret);

/* --- shutdown.c --- */
void shutdown_begin(struct manager *manager, int exit_status);
void shutdown_kill(struct manager *manager);
/* The time for stopping is over (SIGKILL), or that for dying is (the processes are given up). */
void shutdown_deadline_due(struct manager *manager);
int unit_exit_code(const struct node *node); /* of its main process, 128+N for a signal */
