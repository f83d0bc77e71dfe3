/* Parsing requests: a peer may send anything, so everything is checked before it is used. */
#include "init/control/request.h"

#include <errno.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdlib.h>

#include "berth/control.h"
#include "common/parse.h"
#include "common/signals.h"
#include "common/text.h"

#define PATTERN_LENGTH_MAX 512

static int option_no_block(struct control_request *request, const char *value)
{
    request->no_block = true;
    return 0;
}

static int option_follow(struct control_request *request, const char *value)
{
    request->follow = true;
    return 0;
}

static int option_wait(struct control_request *request, const char *value)
{
    request->wait = true;
    return 0;
}

static int option_lines(struct control_request *request, const char *value)
{
    uint64_t lines;
    int r = parse_u64(value, &lines);
    if (r < 0)
        return r;
    request->lines = (size_t)MIN(lines, (uint64_t)SIZE_MAX - 1);
    return 0;
}

static int option_signal(struct control_request *request, const char *value)
{
    request->signal = signal_from_string(value);
    return request->signal > 0 ? 0 : -EINVAL;
}

static int option_kill_whom(struct control_request *request, const char *value)
{
    static const char *const names[] = {[KILL_MAIN] = "main", [KILL_CONTROL] = "control", [KILL_ALL] = "all"};
    for (size_t i = 0; i < ELEMENTSOF(names); i++)
        if (streq(names[i], value)) {
            request->whom = (enum kill_who)i;
            return 0;
        }
    return -EINVAL;
}

static int option_job_mode(struct control_request *request, const char *value)
{
    int mode = job_mode_from_string(value);
    if (mode < 0)
        return mode;
    request->mode = (enum job_mode)mode;
    return 0;
}

static const struct {
    const char *name;
    bool has_value;
    int (*apply)(struct control_request *request, const char *value);
    const char *error;
} options[] = {
    {"no-block", false, option_no_block, "--no-block takes no value"},
    {"follow", false, option_follow, "--follow takes no value"},
    {"wait", false, option_wait, "--wait takes no value"},
    {"lines", true, option_lines, "--lines= needs a number"},
    {"signal", true, option_signal, "--signal= needs a signal"},
    {"kill-whom", true, option_kill_whom, "--kill-whom= is main, control or all"},
    {"job-mode", true, option_job_mode,
     "--job-mode= is replace, replace-irreversibly, fail, isolate, ignore-dependencies, ignore-requirements, "
     "flush "
     "or triggering"},
};

/* word without its "--". NULL, or what is wrong. */
static const char *apply_option(struct control_request *request, const char *word)
{
    FOREACH_ARRAY (option, options, ELEMENTSOF(options)) {
        const char *rest = startswith(word, option->name);
        if (!rest || (*rest && *rest != '='))
            continue;
        bool fits = option->has_value == (*rest == '=');
        return fits && option->apply(request, rest + (*rest == '=')) == 0 ? NULL : option->error;
    }
    return "unknown option in the request";
}

static size_t count_words(const char *packet, size_t size)
{
    size_t n = 0;
    for (const char *p = packet; p < packet + size; p += strlen(p) + 1)
        n++;
    return n;
}

static const char *parse_words(struct control_request *request, char *packet, const char *end)
{
    for (; packet < end; packet += strlen(packet) + 1) {
        const char *error = NULL;
        if (request->verb)
            request->args[request->n_args++] = packet;
        else if (startswith(packet, "--"))
            error = apply_option(request, packet + 2);
        else
            request->verb = packet;
        if (error)
            return error;
    }
    return request->verb && *request->verb ? NULL : "the request has no verb";
}

int control_request_parse(char *packet, size_t size, struct control_request *ret, const char **ret_error)
{
    *ret = (struct control_request){.lines = SIZE_MAX, .signal = SIGTERM, .whom = KILL_ALL};
    *ret_error = NULL;
    if (size == 0)
        *ret_error = "the request is empty";
    else if (size > CONTROL_PACKET_MAX)
        *ret_error = "the request is longer than 64 KiB";
    else if (packet[size - 1])
        *ret_error = "the request does not end with NUL";
    else if (count_words(packet, size) > CONTROL_ARGS_MAX)
        *ret_error = "the request has more than 1024 words";
    if (*ret_error)
        return -EBADMSG;

    ret->args = calloc(count_words(packet, size) + 1, sizeof(*ret->args));
    if (!ret->args)
        return -ENOMEM;
    *ret_error = parse_words(ret, packet, packet + size);
    ret->named = ret->n_args > 0;
    if (!*ret_error)
        return 0;
    control_request_done(ret);
    return -EBADMSG;
}

static bool is_pattern(const char *word)
{
    return strpbrk(word, "*?[");
}

/* Takes the patterns out of the words: their number, or -E2BIG. */
static int take_patterns(struct control_request *request, const char *patterns[static CONTROL_PATTERNS_MAX])
{
    size_t kept = 0;
    int n = 0;

    for (size_t i = 0; i < request->n_args; i++) {
        if (!is_pattern(request->args[i]))
            request->args[kept++] = request->args[i];
        else if (n == CONTROL_PATTERNS_MAX)
            return -E2BIG;
        else
            patterns[n++] = request->args[i];
    }
    request->n_args = kept;
    request->args[kept] = NULL;
    return n;
}

/* A pattern that is much longer than a name can be is none. */
static bool matches_any(const char *const *patterns, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strlen(patterns[i]) <= PATTERN_LENGTH_MAX && fnmatch(patterns[i], name, FNM_NOESCAPE) == 0)
            return true;
    return false;
}

/* The vector with the names that matched behind the words; the names are in `expanded`. */
static int append_expanded(struct control_request *request)
{
    size_t n = strv_length(request->expanded);
    char **args = reallocarray(request->args, request->n_args + n + 1, sizeof(*args));

    if (!args)
        return -ENOMEM;
    request->args = args;
    for (size_t i = 0; i < n; i++)
        args[request->n_args++] = request->expanded[i];
    args[request->n_args] = NULL;
    return 0;
}

int control_request_expand(struct control_request *request,
                           const char *(*next)(void *userdata, size_t *cursor), void *userdata)
{
    const char *patterns[CONTROL_PATTERNS_MAX], *name;
    size_t capacity = 0, found = 0;

    int n = take_patterns(request, patterns);
    if (n <= 0)
        return n;
    for (size_t cursor = 0; (name = next(userdata, &cursor));) {
        if (!matches_any(patterns, n, name))
            continue;
        if (found + 1 >= capacity) { /* strv_append() would measure the vector each time */
            capacity = MAX(capacity * 2, (size_t)16);
            char **bigger = reallocarray(request->expanded, capacity, sizeof(*bigger));
            if (!bigger)
                return -ENOMEM;
            request->expanded = bigger;
        }
        request->expanded[found] = strdup(name);
        request->expanded[found + 1] = NULL;
        if (!request->expanded[found++])
            return -ENOMEM;
    }
    return append_expanded(request);
}

void control_request_done(struct control_request *request)
{
    request->expanded = strv_free(request->expanded);
    free(request->args);
    request->args = NULL;
}
