/* The two forms of the report. Pure. */
#include <inttypes.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>

#include "common/json.h"
#include "common/parse.h"
#include "common/signals.h"
#include "common/text.h"
#include "init/job/job-report.h"
#include "init/job/reap.h"

static const char *const cause_names[] = {
    [JOB_CAUSE_ITSELF] = "itself",
    [JOB_CAUSE_STOP] = "stop",
    [JOB_CAUSE_TIME_LIMIT] = "time-limit",
    [JOB_CAUSE_OUT_OF_MEMORY] = "out-of-memory",
};

static const char *const source_names[] = {
    [USAGE_OF_NOBODY] = NULL,
    [USAGE_OF_PROCESSES] = "processes",
    [USAGE_OF_CGROUP] = "cgroup",
};

static const char *stop_origin(const struct job_account *account)
{
    if (account->stop_from_kernel)
        return "terminal";
    return account->stop_pid > 0 ? "inside" : "outside";
}

/* null for what nobody knows, so that every key is always there. */
static void put_number(struct json *json, const char *key, uint64_t value)
{
    if (value == USAGE_UNKNOWN)
        json_string(json, key, NULL);
    else
        json_u64(json, key, value);
}

/* RFC 3339, which knows no year 10000. */
static void put_time(struct json *json, const char *key, usec_t time)
{
    time_t seconds = (time_t)(time / USEC_PER_SEC);
    char text[sizeof("9999-12-31T23:59:59.123456Z")];
    struct tm tm;

    if (seconds > INT64_C(253402300799) || !gmtime_r(&seconds, &tm)) {
        json_string(json, key, NULL);
        return;
    }
    size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    (void)snprintf(text + n, sizeof(text) - n, ".%06uZ", (unsigned)(time % USEC_PER_SEC));
    json_string(json, key, text);
}

static void put_command(struct json *json, const struct job_summary *summary)
{
    const struct job_account *account = summary->account;

    json_array_begin(json, "argv");
    for (char *const *word = summary->options->argv; *word; word++)
        json_string(json, NULL, *word);
    json_array_end(json);
    json_i64(json, "pid", account->pid);
    put_time(json, "start", account->start);
    put_time(json, "end", account->end);
    put_number(json, "runtimeUSec", account->runtime);
}

static void put_end(struct json *json, const struct job_account *account)
{
    int status = account->status;

    put_number(json, "exitCode", WIFEXITED(status) ? (uint64_t)WEXITSTATUS(status) : USAGE_UNKNOWN);
    json_string(json, "signal", WIFSIGNALED(status) ? signal_to_string(WTERMSIG(status)) : NULL);
    json_bool(json, "coreDumped", WIFSIGNALED(status) && WCOREDUMP(status));
    json_i64(json, "exitStatus", account->exit_status);
    json_string(json, "cause", cause_names[account->cause]);
}

static void put_stop(struct json *json, const struct job_account *account)
{
    if (account->stop_signal == 0) {
        json_string(json, "stop", NULL);
        return;
    }
    json_object_begin(json, "stop");
    json_string(json, "signal", signal_to_string(account->stop_signal));
    json_string(json, "from", stop_origin(account));
    put_number(json, "pid", account->stop_pid > 0 ? (uint64_t)account->stop_pid : USAGE_UNKNOWN);
    put_number(json, "uid", account->stop_from_kernel ? USAGE_UNKNOWN : account->stop_uid);
    json_object_end(json);
}

static void put_usage(struct json *json, const struct job_summary *summary)
{
    const struct usage *usage = &summary->usage;

    put_number(json, "outOfMemoryKills", summary->oom_kills);
    put_number(json, "memoryMaxBytes", summary->memory_max);
    put_number(json, "memoryPeakBytes", usage->counters.memory_peak);
    json_string(json, "memorySource", source_names[usage->memory_source]);
    put_number(json, "cpuUserUSec", usage->counters.cpu_user);
    put_number(json, "cpuSystemUSec", usage->counters.cpu_system);
    json_string(json, "cpuSource", source_names[usage->cpu_source]);
    put_number(json, "ioReadBytes", usage->counters.io_read);
    put_number(json, "ioWrittenBytes", usage->counters.io_written);
    json_string(json, "ioSource", source_names[usage->io_source]);
}

void job_report_json(const struct job_summary *summary, FILE *out)
{
    const struct job_account *account = summary->account;
    struct json json = {.out = out};

    json_object_begin(&json, NULL);
    json_string(&json, "version", BERTH_VERSION);
    put_command(&json, summary);
    put_end(&json, account);
    put_stop(&json, account);
    json_bool(&json, "killed", account->killed);
    put_usage(&json, summary);
    json_u64(&json, "orphansReaped", account->orphans_reaped);
    json_u64(&json, "signalsForwarded", account->signals_forwarded);
    json_object_end(&json);
}

struct line {
    char *text;
    size_t used;
    bool has_details;
};

static void _printf_(2, 3) say(struct line *line, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    int n = vsnprintf(line->text + line->used, JOB_LINE_MAX - line->used, format, ap);
    va_end(ap);
    if (n > 0)
        line->used = MIN(line->used + (size_t)n, (size_t)JOB_LINE_MAX - 1);
}

/* As exact as a person wants it: "2h 3min", "1min 12s", "3.4s", "12ms". */
static char *format_round(char buffer[static FORMAT_TIMESPAN_MAX], usec_t span)
{
    static const struct {
        usec_t from, unit;
    } steps[] = {
        {USEC_PER_HOUR, USEC_PER_MINUTE},
        {USEC_PER_MINUTE, USEC_PER_SEC},
        {USEC_PER_SEC, 100 * USEC_PER_MSEC},
        {USEC_PER_MSEC, USEC_PER_MSEC},
    };

    FOREACH_ARRAY (step, steps, ELEMENTSOF(steps))
        if (span >= step->from)
            return format_timespan(buffer, span - span % step->unit);
    return format_timespan(buffer, span);
}

static void say_end(struct line *line, const struct job_account *account)
{
    int status = account->status;

    if (WIFSIGNALED(status)) {
        say(line, "killed by %s%s", signal_to_string(WTERMSIG(status)),
            WCOREDUMP(status) ? " (core dumped)" : "");
        if (account->killed && WTERMSIG(status) == SIGKILL)
            say(line, " as it did not end in time");
    } else
        say(line, "exit code %d", WEXITSTATUS(status));
    if (account->exit_status != reap_exit_status(status))
        say(line, " (taken as %d)", account->exit_status);
}

static void say_stop(struct line *line, const struct job_account *account)
{
    say(line, ", told to stop");
    if (account->stop_signal == 0)
        return;
    say(line, " by %s from ", signal_to_string(account->stop_signal));
    if (account->stop_from_kernel)
        say(line, "the terminal");
    else if (account->stop_pid > 0)
        say(line, "pid %d", (int)account->stop_pid);
    else
        say(line, "outside");
}

static void say_memory(struct line *line, const struct job_summary *summary)
{
    char size[FORMAT_SIZE_MAX];

    say(line, ", out of memory (");
    if (summary->memory_max != USAGE_UNKNOWN)
        say(line, "limit %s, ", format_size(size, summary->memory_max));
    say(line, "%" PRIu64 " killed)", summary->oom_kills);
}

static void say_cause(struct line *line, const struct job_summary *summary)
{
    char span[FORMAT_TIMESPAN_MAX];

    switch (summary->account->cause) {
    case JOB_CAUSE_ITSELF:
        break;
    case JOB_CAUSE_STOP:
        say_stop(line, summary->account);
        break;
    case JOB_CAUSE_TIME_LIMIT:
        say(line, ", time limit of %s reached", format_timespan(span, summary->options->time_limit));
        break;
    case JOB_CAUSE_OUT_OF_MEMORY:
        say_memory(line, summary);
        break;
    }
}

static void begin_detail(struct line *line)
{
    say(line, line->has_details ? ", " : "; ");
    line->has_details = true;
}

static void say_count(struct line *line, uint64_t n, const char *one, const char *many)
{
    if (n == 0 || n == USAGE_UNKNOWN)
        return;
    begin_detail(line);
    say(line, "%" PRIu64 " %s", n, n == 1 ? one : many);
}

static void say_usage(struct line *line, const struct usage *usage)
{
    char size[FORMAT_SIZE_MAX], span[FORMAT_TIMESPAN_MAX];

    if (usage->memory_source != USAGE_OF_NOBODY) {
        begin_detail(line);
        say(line, "peak %s", format_size(size, usage->counters.memory_peak));
    }
    if (usage->cpu_source != USAGE_OF_NOBODY) {
        begin_detail(line);
        say(line, "CPU %s", format_round(span, usage->counters.cpu_user + usage->counters.cpu_system));
    }
    if (usage->io_source != USAGE_OF_NOBODY && usage->counters.io_read > 0) {
        begin_detail(line);
        say(line, "%s read", format_size(size, usage->counters.io_read));
    }
    if (usage->io_source != USAGE_OF_NOBODY && usage->counters.io_written > 0) {
        begin_detail(line);
        say(line, "%s written", format_size(size, usage->counters.io_written));
    }
}

char *job_report_line(const struct job_summary *summary, char text[static JOB_LINE_MAX])
{
    const struct job_account *account = summary->account;
    char span[FORMAT_TIMESPAN_MAX];
    struct line line = {.text = text};

    say(&line, "%.200s ended: ", summary->options->argv[0]); /* so much of a long path tells enough */
    say_end(&line, account);
    say_cause(&line, summary);
    say(&line, ", after %s", format_round(span, account->runtime));
    say_usage(&line, &summary->usage);
    if (account->cause != JOB_CAUSE_OUT_OF_MEMORY)
        say_count(&line, summary->oom_kills, "process killed out of memory",
                  "processes killed out of memory");
    say_count(&line, account->orphans_reaped, "orphan", "orphans");
    return text;
}
