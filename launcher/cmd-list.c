/* berth list: one line a container, out of the state files and the cgroups; nobody is asked. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/fd.h"
#include "common/json.h"
#include "common/parse.h"
#include "common/text.h"
#include "launcher/describe.h"
#include "launcher/options.h"
#include "launcher/verbs.h"

struct list_arguments {
    bool json;
};

static const struct option_spec list_options[] = {
    {"json", 0, NULL, "as JSON", option_flag, offsetof(struct list_arguments, json)},
};

/* "3min 12s", the two largest units at the most: a list is read, not computed with. */
static const char *since(char buffer[static FORMAT_TIMESPAN_MAX], usec_t started)
{
    usec_t now = now_realtime();
    format_timespan(buffer, now > started ? (now - started) / USEC_PER_SEC * USEC_PER_SEC : 0);
    char *second = strchr(buffer, ' ');
    char *third = second ? strchr(second + 1, ' ') : NULL;
    if (third)
        *third = 0;
    return buffer;
}

static void print_row(const struct description *row)
{
    char memory[FORMAT_SIZE_MAX] = "-", cpu[FORMAT_TIMESPAN_MAX] = "-", age[FORMAT_TIMESPAN_MAX];
    const char *what = row->record.status    ? row->record.status
                       : row->record.command ? row->record.command
                                             : "";

    if (row->memory != UINT64_MAX)
        format_size(memory, row->memory);
    if (row->cpu != USEC_INFINITY)
        format_timespan(cpu, row->cpu / USEC_PER_MSEC * USEC_PER_MSEC);
    printf("%-16s %-8s %7d  %-14s %8s %12s  %s\n", row->name, row->running ? "running" : "dead",
           row->running ? row->record.leader : 0, since(age, row->record.started), memory, cpu, what);
}

int cmd_list(int argc, char **argv)
{
    struct list_arguments arguments = {};
    struct failure failure = {};
    _cleanup_strv_ char **names = NULL;
    struct json json = {.out = stdout};

    int n = options_parse(list_options, ELEMENTSOF(list_options), &arguments, argc, argv, &failure);
    if (n == -ECANCELED) {
        puts("berth list [OPTIONS]\n");
        options_print_help(list_options, ELEMENTSOF(list_options));
        return 0;
    }
    if (n >= 0 && n < argc)
        n = fail(&failure, -EINVAL, "list takes no name, but got %s: see `berth status NAME`", argv[n]);
    int r = n < 0 ? n : state_list(&names);
    if (n >= 0 && r < 0)
        (void)fail(&failure, r, "list of containers: %s", strerror(-r));
    if (r < 0)
        return report_failure(&failure);

    if (arguments.json)
        json_array_begin(&json, NULL);
    else
        printf("%-16s %-8s %7s  %-14s %8s %12s  %s\n", "NAME", "STATE", "LEADER", "SINCE", "MEMORY", "CPU",
               "STATUS");
    for (char **name = names; name && *name; name++) {
        struct description row;
        if (describe_by_name(*name, &row) < 0)
            continue;
        if (arguments.json)
            description_to_json(&row, &json, NULL);
        else
            print_row(&row);
        description_done(&row);
    }
    if (arguments.json)
        json_array_end(&json);
    return 0;
}
