/* berth status: what PID 1 tells of its services, under what the host knows of the container. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/status-view.h"
#include "common/text.h"
#include "launcher/cgroup.h"
#include "launcher/client.h"
#include "launcher/describe.h"
#include "launcher/options.h"
#include "launcher/scope.h"
#include "launcher/verbs.h"

struct status_arguments {
    bool json;
    unsigned lines;
};

static const unsigned lines_range[] = {0, 100000};

static const struct option_spec status_options[] = {
    {"json", 0, NULL, "as JSON", option_flag, offsetof(struct status_arguments, json)},
    {"lines", 'n', "N", "last lines of the log to show (10)", option_unsigned,
     offsetof(struct status_arguments, lines), lines_range},
};

static void print_use(int cgroup, const char *label, const char *use_file, const char *limit_file)
{
    uint64_t use, limit = UINT64_MAX;
    char text[FORMAT_SIZE_MAX], bound[FORMAT_SIZE_MAX];
    if (cgroup_read_u64(cgroup, use_file, &use) < 0)
        return;
    (void)cgroup_read_u64(cgroup, limit_file, &limit);
    bool bytes = startswith(use_file, "memory") != NULL;
    if (bytes)
        printf("%10s: %s%s%s\n", label, format_size(text, use), limit != UINT64_MAX ? " of " : "",
               limit != UINT64_MAX ? format_size(bound, limit) : "");
    else if (limit != UINT64_MAX)
        printf("%10s: %" PRIu64 " of %" PRIu64 "\n", label, use, limit);
    else
        printf("%10s: %" PRIu64 "\n", label, use);
}

/* The host's side of it: root, scope, limits and use. */
static void print_container(const struct description *description)
{
    const struct state_record *record = &description->record;
    _cleanup_close_ int cgroup = -EBADF;
    char cpu[FORMAT_TIMESPAN_MAX];

    printf("%s\n%10s: %s\n%10s: %d (monitor %d)\n", description->name, "Root",
           record->root ? record->root : "", "Leader", (int)record->leader, (int)record->monitor);
    if (record->command)
        printf("%10s: %s\n", "Command", record->command);
    if (record->cgroup)
        printf("%10s: %s\n", "CGroup", record->cgroup);
    if (!record->cgroup || scope_open_cgroup(record->cgroup, &cgroup) < 0)
        return;
    print_use(cgroup, "Memory", "memory.current", "memory.max");
    print_use(cgroup, "Tasks", "pids.current", "pids.max");
    if (description->cpu != USEC_INFINITY)
        printf("%10s: %s\n", "CPU", format_timespan(cpu, description->cpu));
}

/* {"container": {…}, "units": […]}: the view writes the array. */
static void print_json(const struct description *description, const struct status_view *view)
{
    struct json json = {.out = stdout};

    fputs("{\"container\":", stdout);
    description_to_json(description, &json, NULL);
    fputs(",\"units\":", stdout);
    status_view_print_tree(view, stdout);
    fputs("}\n", stdout);
}

static int request_words(const struct status_arguments *arguments, char *const *units, char ***ret)
{
    _cleanup_strv_ char **words = NULL;
    int r = strv_consume(&words, xasprintf("--lines=%u", arguments->lines));
    if (r >= 0)
        r = strv_append(&words, "status");
    for (; *units && r >= 0; units++)
        r = strv_append(&words, *units);
    if (r >= 0)
        *ret = TAKE_PTR(words);
    return r;
}

int cmd_status(int argc, char **argv)
{
    struct status_arguments arguments = {.lines = 10};
    _cleanup_state_ struct state state = STATE_INIT;
    _cleanup_(description_done) struct description description = {};
    _cleanup_strv_ char **words = NULL;
    struct control_result result = {};
    struct failure failure = {};

    int n = options_parse(status_options, ELEMENTSOF(status_options), &arguments, argc, argv, &failure);
    if (n == -ECANCELED) {
        puts("berth status [OPTIONS] NAME [UNIT...]\n");
        options_print_help(status_options, ELEMENTSOF(status_options));
        return 0;
    }
    if (n >= 0 && argc - n < 1)
        n = fail(&failure, -EINVAL, "needs the container's name: berth status NAME [UNIT...]");
    int r = n < 0 ? n : client_open(argv[n], &state, &failure);
    if (r >= 0 && (r = describe(&state, &description)) < 0)
        (void)fail(&failure, r, "container %s is still starting", argv[n]);
    if (r >= 0 && (r = request_words(&arguments, argv + n + 1, &words)) < 0)
        (void)fail(&failure, r, "out of memory");
    if (r < 0)
        return report_failure(&failure);

    struct status_view *view = status_view_new(isatty(STDOUT_FILENO), arguments.json);
    if (!view)
        return report_failure(&(const struct failure){.text = "out of memory"});
    r = client_call(&state, "control", words, status_view_add, view, &result, &failure);
    if (arguments.json)
        print_json(&description, view);
    else {
        print_container(&description);
        status_view_print_tree(view, stdout);
    }
    status_view_free(view);
    return r < 0 ? report_failure(&failure) : client_finish(state.name, &result);
}
