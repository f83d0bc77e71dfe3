/* berth-init: PID 1. Chooses the mode by the name it was called by and by its options. */
#include "init/main.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "berth/exit-codes.h"
#include "common/fd.h"
#include "common/log.h"
#include "common/parse.h"
#include "common/text.h"
#include "init/job/job-signals.h"
#include "init/names/names.h"
#include "init/options.h"
#include "init/platform/reexec.h"

static int run_boot(const struct init_options *options)
{
    return boot_main(&(struct boot_options){
        .argv = options->argv,
        .target = options->target,
        .main_unit = options->main_unit,
        .command = options->words,
        .unit_path = options->unit_path,
        .stop_timeout = options->job.limits_sigterm ? options->job.stop_timeout : USEC_INFINITY,
        .exit_when_idle = options->exit_when_idle,
        .log_format = options->log_format,
        .log_time = options->log_time,
        .clean_env = options->clean_env,
        .inherited_mask = options->job.inherited_mask,
    });
}

static int run_mode(const struct init_options *options)
{
    switch (options->mode) {
    case MODE_HELP:
        init_options_help(stdout);
        return 0;
    case MODE_VERSION:
        return puts("berth-init " BERTH_VERSION) < 0;
    case MODE_LICENSE:
        names_license();
        return 0;
    case MODE_HANDOVER_VERSION:
        return reexec_print_version();
    case MODE_VERIFY:
        return verify_main(options->root, options->unit_path, options->words);
    case MODE_BOOT:
        return run_boot(options);
    case MODE_PAUSE:
        return job_pause(&options->job);
    case MODE_JOB:
        break;
    }
    return job_main(&options->job);
}

static int berth_init_main(int argc, char **argv)
{
    /* First of all: a signal that comes now waits for the job instead of being lost or deadly. */
    uint64_t inherited_mask = job_signals_block();
    struct init_options options;

    log_set_program("berth-init");
    log_never_wait();
    int r = init_options_parse(&options, argc, argv, environ);
    if (r < 0) {
        log_error("%s", options.error);
        r = EXIT_BERTH_FAILED;
    } else {
        options.job.inherited_mask = options.clear_signals ? 0 : inherited_mask;
        if (options.job.verbosity)
            log_set_level(LOG_LEVEL_DEBUG);
        r = run_mode(&options);
    }
    init_options_done(&options);
    return r;
}

/* "berth-exec FD COMMAND...": the last step of `berth exec`. Who is inside a container and executes
 * /proc/self/exe meets this file, which is sealed, and not the host's berth. FD gets an errno, or closes. */
static int berth_exec_main(int argc, char **argv)
{
    int fd, error = EINVAL;

    if (argc < 3 || parse_int(argv[1], &fd) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        log_error("berth-exec is for berth: berth exec NAME COMMAND");
        return EXIT_BERTH_FAILED;
    }
    (void)execvp(argv[2], argv + 2);
    error = errno;
    (void)write_all(fd, &error, sizeof(error));
    return error == ENOENT || error == ENOTDIR ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE;
}

/* What this binary is under which name; any other name is berth-init. */
static const struct {
    const char *name;
    int (*main)(int argc, char **argv);
} modes[] = {
    {"berthctl", berthctl_main},   {"systemctl", berthctl_main},    {"tini", tini_main},
    {"tini-static", tini_main},    {"docker-init", tini_main},      {"dumb-init", dumb_init_main},
    {"catatonit", catatonit_main}, {"berth-exec", berth_exec_main},
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
