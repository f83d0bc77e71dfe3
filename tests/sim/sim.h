/* A simulated world for the manager: its own clock, children that misbehave at random, random units and
 * requests. Everything comes from one seed, so that a seed that fails once fails always. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "init/manager/handover.h"
#include "init/manager/internal.h"
#include "init/manager/manager.h"

/* splitmix64 */
struct random {
    uint64_t state;
};
uint64_t random_next(struct random *random);
/* 0 to n - 1 */
unsigned random_below(struct random *random, unsigned n);
/* True with a probability of percent. */
bool random_chance(struct random *random, unsigned percent);
/* A time up to max, more often short than long. */
usec_t random_time(struct random *random, usec_t max);

#define WORLD_UNITS_MAX     16
#define WORLD_PROCESSES_MAX 8192
#define WORLD_STARTS_MAX    64

enum role { ROLE_MAIN, ROLE_CONTROL, ROLE_LEFTOVER };

struct process {
    pid_t pid;
    struct manager_unit *unit;
    enum role role;
    bool alive;
    bool ignores_term;
    bool dying; /* its end is scheduled */
    bool was_killed;
};

/* What the world keeps for one unit (manager_unit.platform). */
struct sim_unit {
    unsigned n_alive;
    unsigned n_stored;
    uint32_t last_stop; /* the last job of that type that has ended */
    pid_t pid_file;
    usec_t pid_file_at;
    usec_t starts[WORLD_STARTS_MAX]; /* a ring of the last ones */
    unsigned n_starts;
};

enum happening_type {
    HAPPEN_EVENT,    /* goes to the manager */
    HAPPEN_HANG_UP,  /* the other end of a stored descriptor closes */
    HAPPEN_EXIT,     /* a process ends */
    HAPPEN_REQUEST,  /* somebody asks for a random job */
    HAPPEN_SHUTDOWN, /* somebody orders the end */
};

struct happening {
    usec_t at;
    enum happening_type type;
    struct event event;
    char text[96];
    struct happening *next;
};

struct world {
    uint64_t seed;
    struct random random;
    struct manager *manager;
    usec_t now;
    pid_t last_pid;
    unsigned n_units;
    bool cycles;     /* ordering cycles are possible */
    bool unreliable; /* spawn may fail, processes may be killed */
    unsigned generation;
    struct happening *pending; /* by time */
    struct process processes[WORLD_PROCESSES_MAX];
    unsigned n_processes;
    unsigned n_events;
    unsigned shutdown_after; /* the order to stop comes after so many events, and nothing else does; 0: at
                                random */
    bool ordered;            /* it came at that event, and not because nothing happened any more */
    bool lax;                /* a job has ignored what units require */
    usec_t last_now;         /* of the manager */
    unsigned n_jobs_finished;
    const char *invariant; /* that is being checked */
    usec_t shutdown_at;    /* 0: not yet */
    usec_t shutdown_bound;
    struct manager_config config;
    unsigned handovers;        /* daemon-reexec after so many percent of the events */
    bool only_looks;           /* at those moments, as in the world that this one is compared with */
    struct random handover_at; /* of its own: the world is the same with and without */
    bool trace;
    FILE *log; /* the trace, in memory, unless it is printed at once */
    char violation[256];
};

void world_trace(struct world *world, const char *format, ...) _printf_(2, 3);
/* The first one counts. */
void world_violation(struct world *world, const char *format, ...) _printf_(2, 3);

/* platform.c */
struct sim_unit *sim_unit(struct manager_unit *unit);
extern const struct platform_ops sim_platform_ops;
void world_schedule(struct world *world, usec_t delay, enum happening_type type, const struct event *event,
                    const char *text);
void process_exits(struct world *world, const struct event *event);
struct process *world_process(struct world *world, pid_t pid);

/* generate.c: a unit of that name, always the same for a seed and generation. */
int generate_unit(const struct world *world, const char *name, struct unit **ret);
void generate_name(unsigned index, char *name, size_t size);
void generate_request(struct world *world);

/* invariants.c */
void check_after_event(struct world *world);
void check_state_change(struct world *world, struct manager_unit *unit, enum service_state old);
void check_spawn(struct world *world, const struct spawn_request *request);
void check_start(struct world *world, struct manager_unit *unit);
void check_end(struct world *world);
void check_stop_request(struct world *world, const char *name, uint32_t id);
void check_job_finished(struct world *world, const struct job_report *report);
usec_t shutdown_bound(struct world *world);

/* handover.c: the world goes on with a new manager that has read what the old one wrote. */
void world_hand_over(struct world *world);
/* Lives through one seed without and with handovers: 2 when both are the same, 0 when not, or when an
 * invariant was violated; world is that of the last run, whose trace goes to log (or NULL). */
unsigned world_run_handovers(uint64_t seed, FILE *log, struct world *world);

/* world.c: lives through one seed; false when an invariant was violated (world->violation). */
bool world_run(struct world *world);
/* Boots and is told to stop after each of the boot's events in turn; world is that of the last run. Returns
 * the number of runs, 0 when an invariant was violated. */
unsigned world_run_shutdowns(uint64_t seed, FILE *log, struct world *world);
