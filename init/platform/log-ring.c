/* A ring of bytes that holds records: a header, then the text. Records wrap around the end. */
#include "init/platform/log-ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOG_RING_GROWTH 4

struct ring_header {
    usec_t realtime;
    uint64_t sequence;
    int32_t pid;
    uint16_t size;
    uint8_t level;
    uint8_t origin : 7;
    uint8_t partial : 1;
};

_Static_assert(LOG_RING_MIN > sizeof(struct ring_header), "a header and a little text");
_Static_assert(LOG_LINE_MAX <= UINT16_MAX, "the header has it in 16 bits");

/* An offset from the start, which is never more than the capacity, in data. */
static size_t ring_at(const struct log_ring *ring, size_t offset)
{
    size_t at = ring->start + offset;
    return at >= ring->capacity ? at - ring->capacity : at;
}

static void ring_write(struct log_ring *ring, const void *data, size_t size)
{
    size_t at = ring_at(ring, ring->used), first = MIN(size, ring->capacity - at);

    memcpy(ring->data + at, data, first);
    memcpy(ring->data, (const char *)data + first, size - first);
    ring->used += (uint32_t)size;
}

static void ring_read(const struct log_ring *ring, size_t offset, void *data, size_t size)
{
    size_t at = ring_at(ring, offset), first = MIN(size, ring->capacity - at);

    memcpy(data, ring->data + at, first);
    memcpy((char *)data + first, ring->data, size - first);
}

static void ring_drop_oldest(struct log_ring *ring)
{
    size_t end = 0;

    log_ring_skip(ring, &end);
    ring->start = (uint32_t)ring_at(ring, end);
    ring->used -= (uint32_t)end;
    ring->n_lines--;
}

/* The first line gets what it needs and no more: that of most services is ours, about their start. */
static size_t next_capacity(const struct log_ring *ring, size_t record)
{
    if (!ring->data)
        return MIN(record, (size_t)LOG_RING_MIN);
    return ring->capacity < LOG_RING_MIN ? LOG_RING_MIN : ring->capacity * LOG_RING_GROWTH;
}

static bool ring_grow(struct log_ring *ring, struct log_ring_budget *budget, size_t record)
{
    size_t capacity = next_capacity(ring, record);
    bool is_small = capacity <= LOG_RING_MIN;

    /* The first bytes are everybody's, or the last lines of a service would depend on what others say. */
    if (capacity > LOG_RING_MAX || (!is_small && budget->used - ring->capacity + capacity > budget->max))
        return false;
    char *data = malloc(capacity);
    if (!data)
        return false;
    if (ring->data)
        ring_read(ring, 0, data, ring->used);
    free(ring->data);
    budget->used += capacity - ring->capacity;
    ring->data = data;
    ring->capacity = (uint32_t)capacity;
    ring->start = 0;
    return true;
}

int log_ring_add(struct log_ring *ring, struct log_ring_budget *budget, const struct log_line *line)
{
    struct ring_header header = {
        .realtime = line->realtime,
        .sequence = line->sequence,
        .pid = line->pid,
        .level = line->level,
        .origin = (uint8_t)line->origin & 0x7f,
        .partial = line->partial,
    };
    size_t size = MIN(line->size, (size_t)LOG_LINE_MAX);

    while (ring->capacity - ring->used < sizeof(header) + size &&
           ring_grow(ring, budget, sizeof(header) + size))
        ;
    if (!ring->data)
        return -ENOMEM;
    size = MIN(size, ring->capacity - sizeof(header));
    header.size = (uint16_t)size;
    while (ring->capacity - ring->used < sizeof(header) + size)
        ring_drop_oldest(ring);
    ring_write(ring, &header, sizeof(header));
    ring_write(ring, line->text, size);
    ring->n_lines++;
    return 0;
}

bool log_ring_peek(const struct log_ring *ring, size_t cursor, uint64_t *ret_sequence)
{
    struct ring_header header;

    if (cursor >= ring->used)
        return false;
    ring_read(ring, cursor, &header, sizeof(header));
    *ret_sequence = header.sequence;
    return true;
}

void log_ring_skip(const struct log_ring *ring, size_t *cursor)
{
    struct ring_header header;

    ring_read(ring, *cursor, &header, sizeof(header));
    *cursor += sizeof(header) + header.size;
}

void log_ring_next(const struct log_ring *ring, size_t *cursor, char scratch[static LOG_LINE_MAX],
                   struct log_line *line)
{
    struct ring_header header;

    ring_read(ring, *cursor, &header, sizeof(header));
    size_t text = *cursor + sizeof(header), at = ring_at(ring, text);
    line->text = ring->data + at;
    if (at + header.size > ring->capacity) {
        ring_read(ring, text, scratch, header.size);
        line->text = scratch;
    }
    line->size = header.size;
    line->realtime = header.realtime;
    line->sequence = header.sequence;
    line->level = header.level;
    line->origin = header.origin;
    line->partial = header.partial;
    line->pid = header.pid;
    *cursor = text + header.size;
}

void log_ring_done(struct log_ring *ring, struct log_ring_budget *budget)
{
    budget->used -= ring->capacity;
    free(ring->data);
    *ring = (struct log_ring){0};
}
