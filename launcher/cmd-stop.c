/* berth stop, kill, start, restart, reload: orders to the container or to its services. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "berth/exit-codes.h"
#include "common/text.h"
#include "launcher/client.h"
#include "launcher/options.h"
#include "launcher/verbs.h"

/* One request, no records. */
static int order(const char *name, const char *socket_name, char *const *words)
{
    _cleanup_state_ struct state state = STATE_INIT;
    struct control_result result = {};
    struct failure failure = {};

    int r = client_open(name, &state, &failure);
    if (r >= 0)
        r = client_call(&state, socket_name, words, NULL, NULL, &result, &failure);
    return r < 0 ? report_failure(&failure) : client_finish(name, &result);
}

/* argv with the container's name taken out: "restart web nginx" to "restart nginx". */
static int order_units(int argc, char **argv)
{
    char *name = argv[1];
    for (int i = 1; i < argc; i++)
        argv[i] = argv[i + 1]; /* the last one is the vector's NULL */
    return order(name, "control", argv);
}

static int usage(const char *text)
{
    struct failure failure = {};
    (void)fail(&failure, -EINVAL, "%s", text);
    return report_failure(&failure);
}

int cmd_units(int argc, char **argv)
{
    if (argc >= 2 && streq(argv[1], "--help")) {
        printf("berth %s NAME UNIT...\n", argv[0]);
        return 0;
    }
    if (argc < 3)
        return usage("needs the container's name and a unit: berth start|restart|reload NAME UNIT...");
    return order_units(argc, argv);
}

int cmd_stop(int argc, char **argv)
{
    char *const words[] = {(char *)"stop", NULL};

    if (argc >= 2 && streq(argv[1], "--help")) {
        puts("berth stop NAME [UNIT...]\n\nStops the container, its services in reverse order, and waits for "
             "the end; or those services only.");
        return 0;
    }
    if (argc < 2)
        return usage("needs the container's name: berth stop NAME [UNIT...]");
    return argc > 2 ? order_units(argc, argv) : order(argv[1], "monitor", words);
}

struct kill_arguments {
    char *signal;
};

static const struct option_spec kill_options[] = {
    {"signal", 's', "SIGNAL", "instead of SIGTERM", option_string, offsetof(struct kill_arguments, signal)},
};

int cmd_kill(int argc, char **argv)
{
    struct kill_arguments arguments = {};
    struct failure failure = {};

    int n = options_parse(kill_options, ELEMENTSOF(kill_options), &arguments, argc, argv, &failure);
    _cleanup_free_ char *signal = arguments.signal;
    if (n == -ECANCELED) {
        puts("berth kill [OPTIONS] NAME [UNIT]\n\nSends a signal to PID 1 of the container, or to a "
             "service.\n");
        options_print_help(kill_options, ELEMENTSOF(kill_options));
        return 0;
    }
    if (n < 0)
        return report_failure(&failure);
    if (argc - n < 1 || argc - n > 2)
        return usage("needs the container's name: berth kill [--signal=SIGNAL] NAME [UNIT]");
    if (argc - n == 1)
        return order(argv[n], "monitor",
                     (char *const[]){(char *)"kill", signal ? signal : (char *)"TERM", NULL});
    _cleanup_free_ char *option = xasprintf("--signal=%s", signal ? signal : "TERM");
    return order(argv[n], "control", (char *const[]){option, (char *)"kill", argv[n + 1], NULL});
}
