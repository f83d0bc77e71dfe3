/* Hostile records of the control protocol: both readers see the same, and what was read can be written again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/record.h"
#include "common/text.h"
#include "tests/fuzz/fuzz.h"

/* A value that goes through a record comes out as it was. */
static void check_round_trip(const char *key, const char *value)
{
    static struct record record;

    record_begin(&record, NULL);
    record_add(&record, key, value);
    if (record.truncated)
        return;
    _cleanup_free_ char *back = record_get(record.data, record.size, key);
    if (!back || !streq(back, value))
        abort();
}

/* The first line with a key is the one that record_get() finds. */
static void check_first(const char *packet, size_t size)
{
    _cleanup_free_ char *copy = malloc(size > 0 ? size : 1);
    char *cursor = copy, *key, *value;
    size_t rest = size;

    if (!copy)
        return;
    if (size > 0)
        memcpy(copy, packet, size);
    for (bool first = true; record_next(&cursor, &rest, &key, &value) > 0; first = false) {
        _cleanup_free_ char *found = record_get(packet, size, key);
        if (!found || (first && !streq(found, value)))
            abort();
        check_round_trip(key, value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_first((const char *)data, size);
    return 0;
}
