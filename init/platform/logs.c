/* Where lines go: the container's output, the unit's ring, and those who follow. The work per line does not
 * depend on how many units, streams or lines there are. */
#include "init/platform/logs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "init/platform/logs-internal.h"

#define LOG_DRAIN_TIMEOUT (2 * USEC_PER_SEC)

static struct log_unit **log_unit_slot(const struct logs *logs, const char *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (const char *p = name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    struct log_unit **slot = (struct log_unit **)&logs->units[hash % LOG_UNIT_BUCKETS];
    while (*slot && !streq((*slot)->name, name))
        slot = &(*slot)->next;
    return slot;
}

struct log_unit *logs_find_unit(const struct logs *logs, const char *name)
{
    return *log_unit_slot(logs, name);
}

static void log_unit_free(struct logs *logs, struct log_unit *unit)
{
    log_output_forget(logs->output, &unit->account);
    log_ring_done(&unit->ring, &logs->budget);
    free(unit);
}

/* "nginx.service" is "nginx" to a reader; a slice or target keeps its type. */
static size_t prefix_length(const char *name)
{
    const char *suffix = endswith(name, ".service");

    return suffix ? (size_t)(suffix - name) : strlen(name);
}

struct log_unit *logs_get_unit(struct logs *logs, const char *name)
{
    struct log_unit **slot = log_unit_slot(logs, name), *unit = *slot;
    size_t size = strlen(name) + 1, prefix = prefix_length(name);

    if (unit)
        return unit;
    unit = calloc(1, offsetof(struct log_unit, name) + size + prefix + 1);
    if (!unit)
        return NULL;
    memcpy(unit->name, name, size);
    memcpy(unit->name + size, name, prefix);
    unit->logs = logs;
    unit->account = (struct log_account){.unit = unit->name, .name = unit->name + size};
    *slot = unit;
    return unit;
}

void logs_drop_unit(struct logs *logs, struct log_unit *unit)
{
    *log_unit_slot(logs, unit->name) = unit->next;
    log_unit_free(logs, unit);
}

static void tell_followers(struct logs *logs, const struct log_line *line)
{
    for (struct log_follower *follower = logs->followers; follower; follower = logs->next_follower) {
        logs->next_follower = follower->next; /* logs_unfollow() moves it on */
        if (follower->unit && !streq(follower->unit, line->unit))
            continue;
        if (follower->fn(follower->userdata, line) < 0)
            logs_unfollow(logs, follower);
    }
}

int logs_take(struct logs *logs, struct log_unit *unit, struct log_account *account, struct log_line *line,
              bool may_wait)
{
    line->unit = unit->name;
    int r = log_output_line(logs->output, account, line, may_wait);
    if (r < 0)
        return r;
    line->sequence = logs->sequence++;
    /* Without memory the line is in the container's output all the same. */
    (void)log_ring_add(&unit->ring, &logs->budget, line);
    tell_followers(logs, line);
    return 0;
}

void logs_write(struct logs *logs, const char *unit, const char *text)
{
    struct log_unit *log_unit = logs_get_unit(logs, unit);
    size_t size = MIN(strlen(text), (size_t)LOG_LINE_MAX);

    if (log_unit) {
        struct log_line line = {
            .name = log_unit_prefix(log_unit),
            .realtime = now_realtime(),
            .text = text,
            .size = size,
            .level = LOG_INFO,
        };
        /* A service that says too much does not silence us. */
        (void)logs_take(logs, log_unit, log_output_own_account(logs->output), &line, false);
    }
    log_output_flush(logs->output);
}

/* One unit's ring while several are merged. */
struct merge_cursor {
    const struct log_unit *unit;
    size_t offset;
    uint64_t sequence;
};

/* A heap: the first cursor has the oldest line. */
struct merge {
    struct merge_cursor *cursors;
    size_t n;
    size_t lines; /* in all rings that are merged */
};

static void merge_done(struct merge *merge)
{
    free(merge->cursors);
}
#define _cleanup_merge_ _cleanup_(merge_done)

/* Puts the cursor i where it belongs, below it. */
static void merge_sift(struct merge *merge, size_t i)
{
    struct merge_cursor *heap = merge->cursors;

    for (size_t child; (child = 2 * i + 1) < merge->n; i = child) {
        if (child + 1 < merge->n && heap[child + 1].sequence < heap[child].sequence)
            child++;
        if (heap[i].sequence <= heap[child].sequence)
            return;
        struct merge_cursor swap = heap[i];
        heap[i] = heap[child];
        heap[child] = swap;
    }
}

/* The first cursor has moved on. */
static void merge_moved(struct merge *merge)
{
    struct merge_cursor *first = merge->cursors;

    if (!log_ring_peek(&first->unit->ring, first->offset, &first->sequence))
        *first = merge->cursors[--merge->n];
    merge_sift(merge, 0);
}

/* Takes the unit in when it has lines from the sequence on; with no room for cursors it is only counted. */
static void merge_add(struct merge *merge, const struct log_unit *unit, uint64_t sequence)
{
    struct merge_cursor cursor = {.unit = unit};
    bool any;

    while ((any = log_ring_peek(&unit->ring, cursor.offset, &cursor.sequence)) && cursor.sequence < sequence)
        log_ring_skip(&unit->ring, &cursor.offset);
    if (!any)
        return;
    if (merge->cursors)
        merge->cursors[merge->n] = cursor;
    merge->n++;
    merge->lines += unit->ring.n_lines;
}

static void merge_add_all(struct merge *merge, const struct logs *logs, char *const *units, uint64_t sequence)
{
    merge->n = merge->lines = 0;
    FOREACH_ARRAY (bucket, logs->units, LOG_UNIT_BUCKETS)
        for (const struct log_unit *unit = *bucket; unit; unit = unit->next)
            if (!units || strv_contains(units, unit->name))
                merge_add(merge, unit, sequence);
}

/* All rings of these units that have lines from the sequence on. */
static int merge_begin(struct merge *merge, const struct logs *logs, char *const *units, uint64_t sequence)
{
    merge_add_all(merge, logs, units, sequence);
    if (merge->n == 0)
        return 0;
    merge->cursors = malloc(merge->n * sizeof(*merge->cursors));
    if (!merge->cursors)
        return -ENOMEM;
    merge_add_all(merge, logs, units, sequence);
    for (size_t i = merge->n / 2; i-- > 0;)
        merge_sift(merge, i);
    return 0;
}

int logs_find_tail(const struct logs *logs, char *const *units, size_t n, uint64_t *ret_sequence)
{
    _cleanup_merge_ struct merge merge = {0};

    *ret_sequence = logs->sequence;
    int r = n == 0 ? 0 : merge_begin(&merge, logs, units, 0);
    if (r < 0 || merge.n == 0)
        return r;
    for (size_t skip = merge.lines > n ? merge.lines - n : 0; skip > 0; skip--) {
        struct merge_cursor *first = merge.cursors;
        log_ring_skip(&first->unit->ring, &first->offset);
        merge_moved(&merge);
    }
    *ret_sequence = merge.cursors[0].sequence;
    return 0;
}

int logs_read(const struct logs *logs, char *const *units, uint64_t *sequence, size_t max, log_line_fn fn,
              void *userdata)
{
    _cleanup_merge_ struct merge merge = {0};
    char scratch[LOG_LINE_MAX];
    int lines = 0;

    int r = merge_begin(&merge, logs, units, *sequence);
    for (; r >= 0 && merge.n > 0 && max > 0; max--, lines++) {
        struct merge_cursor *first = merge.cursors;
        struct log_line line = {.unit = first->unit->name, .name = log_unit_prefix(first->unit)};
        log_ring_next(&first->unit->ring, &first->offset, scratch, &line);
        *sequence = line.sequence + 1;
        merge_moved(&merge);
        r = fn(userdata, &line);
    }
    return r < 0 ? r : lines;
}

int logs_tail(struct logs *logs, const char *unit, size_t n, log_line_fn fn, void *userdata)
{
    char *units[] = {(char *)unit, NULL};
    uint64_t sequence;

    int r = logs_find_tail(logs, unit ? units : NULL, n, &sequence);
    if (r == 0)
        r = logs_read(logs, unit ? units : NULL, &sequence, SIZE_MAX, fn, userdata);
    return MIN(r, 0);
}

void logs_follow(struct logs *logs, struct log_follower *follower)
{
    follower->next = logs->followers;
    logs->followers = follower;
}

void logs_unfollow(struct logs *logs, struct log_follower *follower)
{
    struct log_follower **link = &logs->followers;

    while (*link && *link != follower)
        link = &(*link)->next;
    if (!*link)
        return;
    *link = follower->next;
    if (logs->next_follower == follower)
        logs->next_follower = follower->next;
}

void logs_forget(struct logs *logs, const char *unit)
{
    struct log_unit *log_unit = logs_find_unit(logs, unit);

    if (!log_unit)
        return;
    log_ring_done(&log_unit->ring, &logs->budget);
    log_unit->forgotten = true;
    if (!log_unit->streams)
        logs_drop_unit(logs, log_unit);
}

uint64_t logs_dropped(const struct logs *logs, const char *unit)
{
    const struct log_unit *log_unit = logs_find_unit(logs, unit);
    return log_unit ? log_unit->account.dropped : 0;
}

/* The last words of a process come before ours about its end, unless they have to wait for a slow reader. */
void logs_settle(struct logs *logs, const char *unit)
{
    struct log_unit *log_unit = logs_find_unit(logs, unit);
    struct log_stream *next;

    for (struct log_stream *stream = log_unit ? log_unit->streams : NULL; stream; stream = next) {
        next = stream->next;
        if (!log_stream_drain(stream))
            log_stream_free(stream);
    }
    log_output_flush(logs->output);
}

void logs_drain(struct logs *logs)
{
    log_output_set_deadline(logs->output, usec_add(now_monotonic(), LOG_DRAIN_TIMEOUT));
    log_streams_resume(logs, true);
    FOREACH_ARRAY (bucket, logs->units, LOG_UNIT_BUCKETS) {
        for (struct log_unit *unit = *bucket; unit; unit = unit->next)
            for (struct log_stream *stream = unit->streams; stream; stream = stream->next)
                (void)log_stream_drain(stream);
    }
    log_output_flush(logs->output);
}

static void room_again(void *userdata)
{
    log_streams_resume(userdata, false);
}

usec_t logs_next_deadline(const struct logs *logs)
{
    return logs->waiting ? log_output_patience_end(logs->output) : USEC_INFINITY;
}

void logs_tick(struct logs *logs, usec_t now)
{
    if (now >= logs_next_deadline(logs))
        log_streams_resume(logs, true);
}

void logs_set_style(struct logs *logs, enum log_format format, enum log_time time)
{
    log_output_set_style(logs->output, format, time);
}

bool logs_name_streams(const struct logs *logs)
{
    return log_output_names_streams(logs->output);
}

int logs_new(struct loop *loop, int output, struct logs **ret)
{
    struct logs *logs = calloc(1, sizeof(*logs));

    if (!logs)
        return -ENOMEM;
    int r = log_output_new(loop, output, room_again, logs, &logs->output);
    if (r < 0) {
        free(logs);
        return r;
    }
    logs->loop = loop;
    logs->budget.max = LOG_RINGS_MAX;
    logs->waiting_tail = &logs->waiting;
    *ret = logs;
    return 0;
}

struct logs *logs_free(struct logs *logs)
{
    if (!logs)
        return NULL;
    FOREACH_ARRAY (bucket, logs->units, LOG_UNIT_BUCKETS) {
        while (*bucket) {
            (*bucket)->forgotten = false; /* its last stream leaves it to us */
            while ((*bucket)->streams)
                log_stream_free((*bucket)->streams);
            log_output_flush(logs->output);
            logs_drop_unit(logs, *bucket);
        }
    }
    log_output_flush(logs->output);
    log_output_free(logs->output);
    free(logs);
    return NULL;
}
