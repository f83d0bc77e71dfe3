/* berth-init: PID 1. Chooses the mode by the name it was called by and by its options. */
#include "init/main.h"

#include <string.h>

#include "berth/exit-codes.h"
#include "common/log.h"
#include "common/text.h"
#include "init/job/job-signals.h"
#include "init/names/names.h"
#include "init/options.h"

static int run_mode(const struct init_options *options, uint64_t inherited_mask)
{
    switch (options->mode) {
    case MODE_HELP:
        init_options_help(stdout);
        return 0;
    case MODE_VERSION:
        return puts("berth-init " BERTH_VERSION) < 0;
    case MODE_VERIFY:
        return verify_main(options->root, options->words);
    case MODE_BOOT:
        return boot_main(&(struct boot_options){
            .target = options->target,
            .main_unit = options->main_unit,
            .command = options->words,
            .unit_path = options->unit_path,
            .stop_timeout = options->stop_timeout_set ? options->stop_timeout : USEC_INFINITY,
            .exit_when_idle = options->exit_when_idle,
            .inherited_mask = inherited_mask,
        });
    case MODE_JOB:
        break;
    }
    return job_main(&(struct job_options){
        .argv = options->words,
        .user = options->user,
        .workdir = options->workdir,
        .audience = options->single ? JOB_TO_CHILD : JOB_TO_GROUP,
        .verbosity = options->verbose,
        .stop_timeout = options->stop_timeout,
        .limits_sigterm = options->stop_timeout_set,
        .inherited_mask = inherited_mask,
    });
}

static int berth_init_main(int argc, char **argv)
{
    /* First of all: a signal that comes now waits for the job instead of being lost or deadly. */
    uint64_t inherited_mask = job_signals_block();
    struct init_options options;

    log_set_program("berth-init");
    log_never_wait();
    int r = init_options_parse(&options, argc, argv);
    if (r < 0) {
        log_error("%s", options.error);
        r = EXIT_BERTH_FAILED;
    } else {
        if (options.clear_signals)
            inherited_mask = 0;
        if (options.verbose)
            log_set_level(LOG_LEVEL_DEBUG);
        r = run_mode(&options, inherited_mask);
    }
    init_options_done(&options);
    return r;
}

/* What this binary is under which name; any other name is berth-init. */
static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
} modes[] = {
    {"berthctl", berthctl_main}, {"tini", tini_main},           {"tini-static", tini_main},
    {"docker-init", tini_main},  {"dumb-init", dumb_init_main}, {"catatonit", catatonit_main},
};

int main(int argc, char **argv)
{
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "berth-init";

    FOREACH_ARRAY (mode, modes, ELEMENTSOF(modes))
        if (streq(name, mode->name))
            return mode->main(argc, argv);
    return berth_init_main(argc, argv);
}
