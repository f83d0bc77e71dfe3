/* One world from its beginning to its end: a boot, requests at random, and an order to stop at any event. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define EVENTS_MAX      20000
#define BOOT_EVENTS_MAX 200 /* later ones are those of a container that runs, which random worlds have */

void world_trace(struct world *world, const char *format, ...)
{
    va_list ap;

    if (!world->log)
        return;
    (void)fprintf(world->log, "%10llu.%06llu ", (unsigned long long)(world->now / USEC_PER_SEC),
                  (unsigned long long)(world->now % USEC_PER_SEC));
    va_start(ap, format);
    (void)vfprintf(world->log, format, ap);
    va_end(ap);
    (void)fputc('\n', world->log);
}

void world_violation(struct world *world, const char *format, ...)
{
    va_list ap;
    int n = 0;

    if (world->violation[0])
        return;
    if (world->invariant)
        n = snprintf(world->violation, sizeof(world->violation), "%s: ", world->invariant);
    va_start(ap, format);
    (void)vsnprintf(world->violation + n, sizeof(world->violation) - (size_t)n, format, ap);
    va_end(ap);
    world_trace(world, "VIOLATION: %s", world->violation);
}

static void world_begin(struct world *world)
{
    struct random *random = &world->random;
    world->config = (struct manager_config){
        .default_timeout_start = 90 * USEC_PER_SEC,
        .default_timeout_stop = 90 * USEC_PER_SEC,
        .default_timeout_abort = TIMEOUT_ABORT_AS_STOP,
        .default_restart = 100 * USEC_PER_MSEC,
        .default_start_limit_interval = 10 * USEC_PER_SEC,
        .default_start_limit_burst = 5,
        .random_seed = world->seed,
        .stop_timeout = random_chance(random, 50) ? USEC_INFINITY : random_time(random, 100 * USEC_PER_SEC),
        .main_unit = random_chance(random, 10) ? "u1.service" : NULL,
        .exit_when_idle = random_chance(random, 10),
    };

    world->now = USEC_PER_SEC;
    world->last_pid = 100;
    world->n_units = 2 + random_below(random, WORLD_UNITS_MAX - 2);
    world->cycles = random_chance(random, 20);
    world->unreliable = random_chance(random, 50);
    if (manager_new(&sim_platform_ops, world, &world->config, &world->manager) < 0)
        abort();
    if (world->shutdown_after != 0)
        return;
    for (unsigned n = random_below(random, 12); n > 0; n--)
        world_schedule(world, random_time(random, 200 * USEC_PER_SEC), HAPPEN_REQUEST, NULL, NULL);
    world_schedule(world, random_time(random, 600 * USEC_PER_SEC), HAPPEN_SHUTDOWN, NULL, NULL);
}

static void world_boot(struct world *world)
{
    char name[32];

    generate_name(0, name, sizeof(name));
    int r = manager_enqueue(world->manager, world->now, name, JOB_START, JOB_REPLACE, NULL);
    world_trace(world, "boot: %s", r < 0 ? strerror(-r) : "enqueued");
}

static void order_shutdown(struct world *world)
{
    world_trace(world, "order to stop");
    if (world->shutdown_after != 0) {
        manager_shutdown(world->manager, world->now, SHUTDOWN_EXIT, 0);
        return;
    }
    if (random_chance(&world->random, manager_is_shutting_down(world->manager) ? 50 : 10))
        manager_shutdown_now(world->manager, world->now, SHUTDOWN_EXIT, 0);
    else
        manager_shutdown(world->manager, world->now, SHUTDOWN_EXIT, 0);
    if (random_chance(&world->random, 20))
        world_schedule(world, random_time(&world->random, 100 * USEC_PER_SEC), HAPPEN_SHUTDOWN, NULL, NULL);
}

static void happen(struct world *world, struct happening *happening)
{
    switch (happening->type) {
    case HAPPEN_EVENT:
        happening->event.now = world->now;
        world_trace(world, "event %u pid %d %s%s%s", happening->event.type, happening->event.pid,
                    happening->event.unit ? happening->event.unit->unit->name : "",
                    happening->text[0] ? ": " : "", happening->text);
        manager_event(world->manager, &happening->event);
        break;
    case HAPPEN_HANG_UP:
        /* It may have been dropped before. */
        if (sim_unit(happening->event.unit)->n_stored == 0)
            break;
        sim_unit(happening->event.unit)->n_stored--;
        happening->event.now = world->now;
        manager_event(world->manager, &happening->event);
        break;
    case HAPPEN_EXIT:
        process_exits(world, &happening->event);
        break;
    case HAPPEN_REQUEST:
        generate_request(world);
        break;
    case HAPPEN_SHUTDOWN:
        order_shutdown(world);
        break;
    }
}

/* The next thing to happen, or the next deadline; at the same instant either may be first. */
static bool world_step(struct world *world)
{
    struct happening *happening = world->pending;
    usec_t deadline = manager_next_deadline(world->manager);
    bool tie = happening && happening->at == deadline;

    if (!happening && deadline == USEC_INFINITY)
        return false;
    if (!happening || deadline < happening->at || (tie && random_chance(&world->random, 50))) {
        world->now = MAX(world->now, deadline);
        struct event event = {.type = EVENT_TIME, .now = world->now};
        world_trace(world, "deadline");
        manager_event(world->manager, &event);
        return true;
    }
    world->pending = happening->next;
    world->now = MAX(world->now, happening->at);
    happen(world, happening);
    free(happening);
    return true;
}

static void note_shutdown(struct world *world)
{
    if (world->shutdown_at != 0 || !manager_is_shutting_down(world->manager))
        return;
    world->shutdown_at = world->now;
    world->shutdown_bound = shutdown_bound(world);
    world_trace(world, "stopping, at most until %llu", (unsigned long long)world->shutdown_bound);
}

static void world_end(struct world *world)
{
    while (world->pending) {
        struct happening *next = world->pending->next;
        free(world->pending);
        world->pending = next;
    }
    manager_free(world->manager);
}

/* Whether it is time for the order to stop, in a world that has one time for it. */
static bool shutdown_is_due(struct world *world)
{
    if (world->shutdown_after == 0 || manager_is_shutting_down(world->manager))
        return false;
    world->ordered = world->n_events == world->shutdown_after;
    return world->ordered;
}

/* Lets one thing happen; false when nothing can. */
static bool world_live(struct world *world)
{
    note_shutdown(world);
    if (world->n_events++ > EVENTS_MAX || shutdown_is_due(world))
        order_shutdown(world);
    else if (!world_step(world)) {
        if (world->shutdown_after == 0 || manager_is_shutting_down(world->manager))
            return false;
        order_shutdown(world);
    }
    note_shutdown(world);
    return true;
}

bool world_run(struct world *world)
{
    world->random.state = world->seed;
    world->handover_at.state = ~world->seed;
    world_begin(world);
    world_boot(world);
    check_after_event(world);
    while (!world->violation[0] && !manager_finished(world->manager, NULL)) {
        if (!world_live(world)) {
            world_violation(world, "nothing can happen any more and the container has not ended");
            break;
        }
        check_after_event(world);
        if (world->handovers > 0 && random_chance(&world->handover_at, world->handovers))
            world_hand_over(world);
    }
    if (!world->violation[0])
        check_end(world);
    world_end(world);
    return !world->violation[0];
}

unsigned world_run_shutdowns(uint64_t seed, FILE *log, struct world *world)
{
    unsigned n = 0;

    do {
        *world = (struct world){.seed = seed, .log = log, .shutdown_after = ++n};
        if (!world_run(world))
            return 0;
    } while (world->ordered && n < BOOT_EVENTS_MAX);
    return n;
}
