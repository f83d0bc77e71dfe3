/* Values of [Service] that are about the service's life: its type, its times, its end. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "berth/exit-codes.h"
#include "common/parse.h"
#include "common/signals.h"
#include "common/text.h"
#include "init/unit/directive.h"

/* One of a string table's names; -EINVAL after telling. */
static int parse_name(struct unit_parser *parser, const char *value, int (*from_string)(const char *text))
{
    int number = from_string(value);
    if (number < 0)
        parser_warn(parser, "\"%s\" is not known, ignored", value);
    return number;
}

int parse_service_type(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    int type = parse_name(parser, value, service_type_from_string);
    if (type < 0)
        return 0;
    parser->unit->service->type = (enum service_type)type;
    parser->type_set = true;
    if (type == SERVICE_DBUS)
        parser_report(parser, REPORT_INFO, "the bus is not watched: started like Type=simple");
    return 0;
}

static int (*const choices[CHOICE_MAX])(const char *text) = {
    [CHOICE_RESTART] = service_restart_from_string,
    [CHOICE_RESTART_MODE] = service_restart_mode_from_string,
    [CHOICE_EXIT_TYPE] = service_exit_type_from_string,
    [CHOICE_TIMEOUT_FAILURE_MODE] = timeout_failure_mode_from_string,
    [CHOICE_NOTIFY_ACCESS] = notify_access_from_string,
    [CHOICE_OOM_POLICY] = oom_policy_from_string,
    [CHOICE_PRESERVE] = preserve_mode_from_string,
    [CHOICE_KILL_MODE] = kill_mode_from_string,
    [CHOICE_ACTION] = emergency_action_from_string,
    [CHOICE_JOB_MODE] = job_mode_from_string,
    [CHOICE_COLLECT_MODE] = collect_mode_from_string,
};

/* data: which of the string tables above. */
int parse_choice(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    int number = parse_name(parser, value, choices[directive->data]);
    if (number >= 0)
        *(unsigned *)parser_field(parser, directive) = (unsigned)number;
    return 0;
}

/* data: bits of the two timeouts that are meant. Zero is the old way to write "infinity". */
int parse_timeout(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    usec_t span;
    if (parse_timespan(value, USEC_PER_SEC, &span) < 0) {
        parser_warn(parser, "\"%s\" is not a time span such as \"90\" or \"1min 30s\", ignored", value);
        return 0;
    }
    span = span == 0 ? USEC_INFINITY : span;
    if (directive->data & TIMEOUT_START)
        parser->unit->service->timeout_start = span;
    if (directive->data & TIMEOUT_STOP)
        parser->unit->service->timeout_stop = span;
    return 0;
}

int parse_timeout_abort(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    if (*value)
        return parse_seconds_0_never(parser, directive, value);
    parser->unit->service->timeout_abort = TIMEOUT_ABORT_AS_STOP;
    return 0;
}

int parse_pid_file(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    char **field = &parser->unit->service->pid_file;
    _cleanup_free_ char *text = NULL;

    if (*value) {
        int r = parser_expand(parser, value, &text);
        if (r <= 0)
            return r;
    }
    char *path = NULL;
    if (text) {
        path = *text == '/' ? TAKE_PTR(text) : xasprintf("/run/%s", text);
        if (!path)
            return -ENOMEM;
    }
    free(*field);
    *field = path;
    return 0;
}

static const struct {
    const char *name;
    int status;
} status_names[] = {
    {"SUCCESS", 0},      {"FAILURE", 1},      {"INVALIDARGUMENT", 2}, {"NOTIMPLEMENTED", 3},
    {"NOPERMISSION", 4}, {"NOTINSTALLED", 5}, {"NOTCONFIGURED", 6},   {"NOTRUNNING", 7},
    {"USAGE", 64},       {"DATAERR", 65},     {"NOINPUT", 66},        {"NOUSER", 67},
    {"NOHOST", 68},      {"UNAVAILABLE", 69}, {"SOFTWARE", 70},       {"OSERR", 71},
    {"OSFILE", 72},      {"CANTCREAT", 73},   {"IOERR", 74},          {"TEMPFAIL", 75},
    {"PROTOCOL", 76},    {"NOPERM", 77},      {"CONFIG", 78},         {"CONFIRM", 221},
    {"EXCEPTION", 255},
};

/* A number or a name of systemd.exec(5), "Process Exit Codes"; -EINVAL. */
static int exit_status_from_string(const char *text)
{
    int status;
    if (parse_int(text, &status) >= 0)
        return status >= 0 && status <= 255 ? status : -EINVAL;
    FOREACH_ARRAY (row, status_names, ELEMENTSOF(status_names))
        if (streq(row->name, text))
            return row->status;
    for (status = EXEC_STAGE_CHDIR; status <= UINT8_MAX; status++) {
        const char *name = exec_stage_to_string(status);
        if (name && streq(name, text))
            return status;
    }
    return -EINVAL;
}

int parse_exit_status_set(struct unit_parser *parser, const struct directive *directive, const char *value)
{
    struct exit_status_set *set = parser_field(parser, directive);
    _cleanup_strv_ char **words = NULL;

    if (!*value)
        *set = (struct exit_status_set){0};
    int r = parser_split(parser, value, 0, &words);
    for (char **word = words; word && *word; word++) {
        int status = exit_status_from_string(*word), number = status < 0 ? signal_from_string(*word) : 0;
        if (status >= 0)
            set->status[status / 64] |= UINT64_C(1) << (status % 64);
        else if (number > 0 && number < 64)
            set->signals |= UINT64_C(1) << number;
        else
            parser_warn(parser, "\"%s\" is neither an exit status nor a signal, ignored", *word);
    }
    return MIN(r, 0);
}

int parse_permissions_start_only(struct unit_parser *parser, const struct directive *directive,
                                 const char *value)
{
    if (parse_bool(value, &parser->permissions_start_only) < 0)
        parser_warn(parser, "\"%s\" is neither yes nor no, ignored", value);
    return 0;
}
