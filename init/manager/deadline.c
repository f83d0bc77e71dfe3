/* Deadlines in a binary heap: the next one is at the top, arming and disarming cost O(log n). */
#include "init/manager/internal.h"

#include <errno.h>
#include <stdlib.h>

int deadline_heap_reserve(struct deadline_heap *heap, size_t n)
{
    if (n <= heap->capacity)
        return 0;
    size_t capacity = MAX(n, heap->capacity * 2);
    struct deadline **items = realloc(heap->items, capacity * sizeof(*items));
    if (!items)
        return -ENOMEM;
    heap->items = items;
    heap->capacity = capacity;
    return 0;
}

static void heap_put(struct deadline_heap *heap, size_t i, struct deadline *deadline)
{
    heap->items[i] = deadline;
    deadline->position = (uint32_t)i + 1;
}

/* Moves the deadline at i up or down to where it belongs. */
static void heap_sift(struct deadline_heap *heap, size_t i)
{
    struct deadline *moved = heap->items[i];

    for (; i > 0 && heap->items[(i - 1) / 2]->when > moved->when; i = (i - 1) / 2)
        heap_put(heap, i, heap->items[(i - 1) / 2]);
    for (size_t child = 2 * i + 1; child < heap->n; child = 2 * i + 1) {
        if (child + 1 < heap->n && heap->items[child + 1]->when < heap->items[child]->when)
            child++;
        if (heap->items[child]->when >= moved->when)
            break;
        heap_put(heap, i, heap->items[child]);
        i = child;
    }
    heap_put(heap, i, moved);
}

void deadline_disarm(struct deadline_heap *heap, struct deadline *deadline)
{
    if (deadline->position == 0)
        return;
    size_t i = deadline->position - 1;
    deadline->position = 0;
    struct deadline *last = heap->items[--heap->n];
    if (last == deadline)
        return;
    heap_put(heap, i, last);
    heap_sift(heap, i);
}

void deadline_arm(struct deadline_heap *heap, struct deadline *deadline, usec_t when)
{
    if (when == USEC_INFINITY) {
        deadline_disarm(heap, deadline);
        return;
    }
    deadline->when = when;
    if (deadline->position == 0)
        heap_put(heap, heap->n++, deadline);
    heap_sift(heap, deadline->position - 1);
}
