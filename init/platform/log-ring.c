/* A ring of bytes that holds records: a header, then the text. Records wrap around the end. */
#include "init/platform/log-ring.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct ring_header {
    usec_t realtime;
    uint32_t size;
};

static size_t ring_wrap(size_t position)
{
    return position % LOG_RING_MAX;
}

static void ring_write(struct log_ring *ring, const void *data, size_t size)
{
    size_t at = ring_wrap(ring->start + ring->used), first = MIN(size, LOG_RING_MAX - at);

    memcpy(ring->data + at, data, first);
    memcpy(ring->data, (const char *)data + first, size - first);
    ring->used += size;
}

static void ring_read(const struct log_ring *ring, size_t offset, void *data, size_t size)
{
    size_t at = ring_wrap(ring->start + offset), first = MIN(size, LOG_RING_MAX - at);

    memcpy(data, ring->data + at, first);
    memcpy((char *)data + first, ring->data, size - first);
}

static void ring_drop_oldest(struct log_ring *ring)
{
    struct ring_header header;

    ring_read(ring, 0, &header, sizeof(header));
    ring->start = ring_wrap(ring->start + sizeof(header) + header.size);
    ring->used -= sizeof(header) + header.size;
    ring->n_lines--;
}

int log_ring_add(struct log_ring *ring, usec_t realtime, const char *text, size_t size)
{
    struct ring_header header = {.realtime = realtime, .size = (uint32_t)MIN(size, (size_t)LOG_LINE_MAX)};

    if (!ring->data)
        ring->data = malloc(LOG_RING_MAX); /* pages that no line has reached cost nothing */
    if (!ring->data)
        return -ENOMEM;
    while (LOG_RING_MAX - ring->used < sizeof(header) + header.size)
        ring_drop_oldest(ring);
    ring_write(ring, &header, sizeof(header));
    ring_write(ring, text, header.size);
    ring->n_lines++;
    return 0;
}

bool log_ring_next(const struct log_ring *ring, size_t *cursor, char scratch[static LOG_LINE_MAX],
                   struct log_line *line)
{
    struct ring_header header;

    if (*cursor >= ring->used)
        return false;
    ring_read(ring, *cursor, &header, sizeof(header));
    size_t text = *cursor + sizeof(header), at = ring_wrap(ring->start + text);
    if (at + header.size > LOG_RING_MAX) {
        ring_read(ring, text, scratch, header.size);
        line->text = scratch;
    } else {
        line->text = ring->data + at;
    }
    line->size = header.size;
    line->realtime = header.realtime;
    *cursor = text + header.size;
    return true;
}

void log_ring_done(struct log_ring *ring)
{
    free(ring->data);
    *ring = (struct log_ring){0};
}
