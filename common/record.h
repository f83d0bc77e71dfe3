/* Records of the control protocol (include/berth/control.h): building and reading "Key=value\n" packets.
 * Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/control.h"
#include "common/macro.h"

/* A packet under construction. A value that would make it longer than CONTROL_PACKET_MAX is cut at a whole
 * character (record_add) so that the record as a whole always arrives. */
struct record {
    size_t size;
    bool truncated;
    char data[CONTROL_PACKET_MAX];
};

void record_begin(struct record *record, const char *kind); /* kind NULL: no "Record=" line */
void record_add(struct record *record, const char *key,
                const char *value); /* escapes; NULL value adds nothing */
void record_addf(struct record *record, const char *key, const char *format, ...) _printf_(3, 4);
void record_add_u64(struct record *record, const char *key, uint64_t value); /* UINT64_MAX: "infinity" */
void record_add_bool(struct record *record, const char *key, bool value);    /* yes, no */

/* Reads one packet in place: the next key and its unescaped value, both inside the packet. Returns 1, 0 at
 * the end, -EBADMSG for a line that is none (no '=', no newline, a NUL). *cursor starts at the packet, size
 * shrinks with it. */
int record_next(char **cursor, size_t *size, char **ret_key, char **ret_value);
/* The value of a key of a packet that record_next() has not read: an unescaped copy that the caller frees;
 * NULL when it is not there (or no memory). */
char *record_get(const char *packet, size_t size, const char *key);
