/* The log across daemon-reexec: not a line is lost, nor said twice. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "init/manager/handover.h"
#include "init/platform/logs-internal.h"

#define HEAD_MAX 128 /* of a line in a ring: six numbers */

/* --- handing over --- */

static void write_stream(struct handover *handover, const struct log_stream *stream)
{
    _cleanup_free_ char *rest =
        xasprintf("%d %d %u %u %d %d %u %s", (int)stream->pid, (int)stream->origin, stream->default_level,
                  stream->level_max, stream->level_prefix, stream->inside, stream->level,
                  stream->identifier ? stream->identifier : "");

    if (!rest)
        handover->failed = true;
    handover_add_fd(handover, "Stream", stream->source.fd, rest);
    if (stream->kept_size > 0)
        handover_add_bytes(handover, "Kept", stream->kept, stream->kept_size);
}

/* The oldest first, as those who take them over put each in front. */
static void write_streams(struct handover *handover, const struct log_stream *stream)
{
    const struct log_stream *last = NULL;

    while (last != stream) {
        const struct log_stream *oldest = stream;
        while (oldest->next != last)
            oldest = oldest->next;
        write_stream(handover, oldest);
        last = oldest;
    }
}

static void write_ring(struct handover *handover, const struct log_ring *ring)
{
    char text[HEAD_MAX + LOG_LINE_MAX], scratch[LOG_LINE_MAX];
    struct log_line line;

    for (size_t cursor = 0; cursor < ring->used;) {
        log_ring_next(ring, &cursor, scratch, &line);
        int n = snprintf(text, HEAD_MAX, "%" PRIu64 " %" PRIu64 " %d %u %d %d ", line.realtime, line.sequence,
                         (int)line.pid, line.level, (int)line.origin, line.partial);
        memcpy(text + n, line.text, line.size);
        handover_add_bytes(handover, "Line", text, (size_t)n + line.size);
    }
}

static void write_dropped(struct handover *handover, const struct log_account *account)
{
    if (account->dropped > 0)
        handover_addf(handover, "Dropped", "%" PRIu64 " %" PRIu64, account->dropped, account->untold);
}

static void write_unit(struct handover *handover, const struct log_unit *unit)
{
    handover_section(handover, "log", unit->name);
    write_dropped(handover, &unit->account);
    write_ring(handover, &unit->ring);
    write_streams(handover, unit->streams);
    handover_add_u64(handover, "Forgotten", unit->forgotten);
}

void logs_hand_over(struct logs *logs, struct handover *handover)
{
    size_t size;

    log_output_flush(logs->output);
    handover_section(handover, "logs", NULL);
    handover_add_u64(handover, "Sequence", logs->sequence);
    write_dropped(handover, log_output_own_account(logs->output));
    const char *rest = log_output_rest(logs->output, &size);
    if (size > 0)
        handover_add_bytes(handover, "Unwritten", rest, size);
    FOREACH_ARRAY (bucket, logs->units, LOG_UNIT_BUCKETS)
        for (const struct log_unit *unit = *bucket; unit; unit = unit->next)
            write_unit(handover, unit);
}

/* --- taking over --- */

/* Numbers with a blank behind each; false when one is missing. */
static bool read_numbers(const char **cursor, uint64_t *numbers, size_t n)
{
    FOREACH_ARRAY (number, numbers, n)
        if (!handover_number(cursor, number))
            return false;
    return true;
}

static bool take_stream(struct logs *logs, struct log_unit *unit, struct handover_reader *reader,
                        const char *value, struct log_stream **ret)
{
    enum { PID, ORIGIN, LEVEL, LEVEL_MAX, PREFIX, INSIDE, INSIDE_LEVEL, N };
    uint64_t numbers[N];
    const char *rest;
    _cleanup_close_ int fd = handover_take_fd(reader, value, &rest);

    *ret = NULL;
    if (fd < 0)
        return true; /* it is counted */
    if (!read_numbers(&rest, numbers, N) || numbers[PID] > INT32_MAX || numbers[ORIGIN] > LOG_BY_STDERR)
        return false;
    struct log_stream_options options = {
        .identifier = *rest ? rest : NULL,
        .origin = (enum log_origin)numbers[ORIGIN],
        .level = (uint8_t)(numbers[LEVEL] & 7),
        .level_max = (uint8_t)(numbers[LEVEL_MAX] & 7),
        .level_prefix = numbers[PREFIX] != 0,
    };
    if (log_stream_add(logs, unit, &options, fd, ret) < 0)
        return true;
    (void)TAKE_FD(fd);
    (*ret)->pid = (pid_t)numbers[PID];
    (*ret)->inside = numbers[INSIDE] != 0;
    (*ret)->level = (uint8_t)(numbers[INSIDE_LEVEL] & 7);
    return true;
}

static bool take_line(struct logs *logs, struct log_unit *unit, const struct handover_line *read)
{
    enum { REALTIME, SEQUENCE, PID, LEVEL, ORIGIN, PARTIAL, N };
    uint64_t numbers[N];
    const char *text = read->value;

    if (!read_numbers(&text, numbers, N) || numbers[PID] > INT32_MAX || numbers[ORIGIN] > LOG_BY_STDERR)
        return false;
    struct log_line line = {
        .sequence = numbers[SEQUENCE],
        .realtime = numbers[REALTIME],
        .text = text,
        .size = read->size - (size_t)(text - read->value),
        .origin = (enum log_origin)numbers[ORIGIN],
        .level = (uint8_t)(numbers[LEVEL] & 7),
        .partial = numbers[PARTIAL] != 0,
        .pid = (pid_t)numbers[PID],
    };
    (void)log_ring_add(&unit->ring, &logs->budget, &line);
    return true;
}

static bool take_dropped(struct logs *logs, struct log_account *account, const char *value)
{
    uint64_t numbers[2];

    if (!read_numbers(&value, numbers, 2))
        return false;
    log_output_restore_dropped(logs->output, account, numbers[0], numbers[1]);
    return true;
}

static void take_unit(struct logs *logs, struct handover_reader *reader, struct handover_section *section)
{
    struct log_unit *unit = logs_get_unit(logs, section->name);
    struct log_stream *stream = NULL;
    struct handover_line line;

    while (unit && handover_next(reader, section, &line)) {
        bool good = true;
        if (streq(line.key, "Dropped"))
            good = take_dropped(logs, &unit->account, line.value);
        else if (streq(line.key, "Line"))
            good = take_line(logs, unit, &line);
        else if (streq(line.key, "Stream"))
            good = take_stream(logs, unit, reader, line.value, &stream);
        else if (streq(line.key, "Kept"))
            good = stream && log_stream_restore(stream, line.value, line.size) >= 0;
        else if (streq(line.key, "Forgotten"))
            unit->forgotten = unit->streams != NULL; /* it goes with them */
        else
            reader->n_unknown++;
        reader->n_bad += !good;
    }
}

static void take_logs(struct logs *logs, struct handover_reader *reader, struct handover_section *section)
{
    struct log_account *own = log_output_own_account(logs->output);
    struct handover_line line;

    while (handover_next(reader, section, &line)) {
        const char *value = line.value;
        bool good = true;
        if (streq(line.key, "Sequence"))
            good = handover_number(&value, &logs->sequence);
        else if (streq(line.key, "Dropped"))
            good = take_dropped(logs, own, value);
        else if (streq(line.key, "Unwritten"))
            good = log_output_restore(logs->output, value, line.size) >= 0;
        else
            reader->n_unknown++;
        reader->n_bad += !good;
    }
}

void logs_take_over(struct logs *logs, struct handover_reader *reader)
{
    struct handover_section *section;

    for (size_t cursor = 0; (section = handover_find(reader, "logs", &cursor));)
        take_logs(logs, reader, section);
    for (size_t cursor = 0; (section = handover_find(reader, "log", &cursor));)
        take_unit(logs, reader, section);
    log_output_flush(logs->output);
}
