/* berth: the table of verbs. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "berth/exit-codes.h"
#include "common/log.h"
#include "common/text.h"
#include "launcher/verbs.h"

static const struct verb verbs[] = {
    {"run", "run [OPTIONS] NAME ROOT [COMMAND [ARG...]]", "make a container and start it", cmd_run},
    {"exec", "exec [OPTIONS] NAME COMMAND [ARG...]", "run one more command inside", cmd_exec},
    {"diff", "diff [--json] NAME", "what a container changed", cmd_diff},
    {"list", "list [--json]", "containers", cmd_list},
    {"status", "status [--json] [--lines=N] NAME [UNIT...]", "a container and its services", cmd_status},
    {"start", "start NAME UNIT...", "start services inside", cmd_units},
    {"stop", "stop NAME [UNIT...]", "stop services, or all, in order", cmd_stop},
    {"restart", "restart NAME UNIT...", "restart services inside", cmd_units},
    {"reload", "reload NAME UNIT...", "reload services inside", cmd_units},
    {"kill", "kill [--signal=SIGNAL] NAME [UNIT]", "send a signal to PID 1 or a service", cmd_kill},
    {"logs", "logs [--follow] [--lines=N] NAME [UNIT...]", "what was printed", cmd_logs},
};

static void print_usage(FILE *out)
{
    fputs("berth VERB ...: runs many processes in one container, properly.\n\n", out);
    FOREACH_ARRAY (verb, verbs, ELEMENTSOF(verbs))
        fprintf(out, "  %-42s %s\n", verb->usage, verb->help);
    fputs("\n`berth VERB --help` says more. See also berth(1).\n", out);
}

int report_failure(const struct failure *failure)
{
    log_error("%s", failure->text);
    return failure->exit_status ? failure->exit_status : EXIT_BERTH_FAILED;
}

static int run_verb(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return EXIT_BERTH_FAILED;
    }
    if (streq(argv[1], "--help")) {
        print_usage(stdout);
        return 0;
    }
    if (streq(argv[1], "--version")) {
        puts("berth " BERTH_VERSION);
        return 0;
    }
    FOREACH_ARRAY (verb, verbs, ELEMENTSOF(verbs))
        if (streq(verb->name, argv[1]))
            return verb->run(argc - 1, argv + 1);
    log_error("unknown verb %s: see berth --help", argv[1]);
    return EXIT_BERTH_FAILED;
}

/* What was closed by the caller must not become the number of a file of ours. Reading and writing still fail.
 */
static void occupy_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY | O_CLOEXEC : O_RDONLY | O_CLOEXEC);
}

int main(int argc, char **argv)
{
    occupy_closed_streams();
    int status = run_verb(argc, argv);
    if (fflush(stdout) < 0 || ferror(stdout)) {
        log_error("standard output: %m");
        return status ? status : EXIT_BERTH_FAILED;
    }
    return status;
}
