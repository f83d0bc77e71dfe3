/* The first orders of a boot, or what the PID 1 before has handed over. */
#include "init/platform/boot.h"

#include <errno.h>
#include <string.h>

#include "berth/exit-codes.h"
#include "common/log.h"
#include "init/job/job-notify.h"
#include "init/platform/boot-sockets.h"
#include "init/platform/handover.h"

static const char *choose_target(struct platform *platform)
{
    struct manager_unit *unit;

    if (platform->options->target)
        return platform->options->target;
    if (manager_load_unit(platform->manager, "default.target", &unit) == 0 &&
        unit->unit->load_state == UNIT_LOADED)
        return "default.target";
    return "multi-user.target";
}

static int enqueue(struct platform *platform, const char *name, uint32_t *ret_job)
{
    struct manager_unit *unit;
    int r = manager_enqueue(platform->manager, now_monotonic(), name, JOB_START, JOB_REPLACE, ret_job);

    if (r >= 0)
        return 0;
    unit = manager_find(platform->manager, name);
    platform_say(platform, "cannot start %s: %s", name,
                 unit && unit->unit->load_error ? unit->unit->load_error
                 : r == -ENOENT                 ? "there is no such unit"
                                                : strerror(-r));
    return r;
}

/* Enqueues what is to be up. What cannot even be tried ends the container with a status that says so. */
static void order_start(struct platform *platform)
{
    uint32_t job = 0;
    struct manager_unit *unit;

    platform->target = choose_target(platform);
    int r = enqueue(platform, platform->target, &platform->boot_job);
    if (r == 0) {
        unit = manager_find(platform->manager, platform->target);
        if (!unit || unit->job_id != platform->boot_job) /* it has ended already */
            platform->booted = platform->progress_changed = true;
    }
    if (r == 0 && platform->options->command)
        r = enqueue(platform, COMMAND_UNIT, &job);
    if (r < 0)
        manager_shutdown(platform->manager, now_monotonic(), SHUTDOWN_EXIT, EXIT_BERTH_FAILED);
}

/* Units out of a text that says which services run. */
static void adopt_services(struct platform *platform)
{
    struct handover guess;
    struct handover_reader reader;
    unsigned n = 0;

    handover_begin(&guess);
    if (platform->cgroups)
        n = takeover_guess(platform->cgroups, &guess);
    platform_say(platform,
                 "what the PID 1 before has handed over cannot be read; %u running services are known by "
                 "their control groups",
                 n);
    if (handover_end(&guess) == 0 && handover_read(&reader, guess.data, guess.size) == 0) {
        (void)handover_take_units(platform, &reader);
        handover_catch_up(platform);
        handover_reader_done(&reader);
    }
    handover_done(&guess);
}

static void go_on(struct platform *platform, struct takeover *takeover)
{
    struct handover_reader *reader = &takeover->reader;
    int r = handover_take_units(platform, reader);
    unsigned n_bad = reader->n_bad, n_unknown = reader->n_unknown;

    takeover_close(takeover);
    boot_sockets_listen(platform); /* a line may have been lost */
    if (r < 0)
        platform_say(platform, "not all units could be taken over: %s", strerror(-r));
    handover_catch_up(platform);
    platform_say(platform, "goes on as berth-init " BERTH_VERSION);
    if (n_bad > 0)
        platform_say(platform, "%u lines of what was handed over could not be read", n_bad);
    if (n_unknown > 0 && log_get_level() >= LOG_LEVEL_DEBUG)
        platform_say(platform, "%u lines of what was handed over are not known to this version", n_unknown);
}

void boot_begin(struct platform *platform, struct takeover *takeover)
{
    platform->may_rest = takeover->given; /* all of it has been read */
    if (takeover->readable) {
        go_on(platform, takeover);
        return;
    }
    if (takeover->given)
        adopt_services(platform);
    takeover_close(takeover);
    (void)job_notify(platform->upward, "X_SYSTEMD_SIGNALS_LEVEL=2");
    order_start(platform);
}
