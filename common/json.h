/* JSON for people's scripts: a writer only, compact, RFC 8259. Invalid UTF-8 becomes U+FFFD, control
 * characters are escaped, a newline ends the document. Errors of the stream are the caller's to see (ferror).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json {
    FILE *out; /* the caller's */
    unsigned depth;
    bool need_comma;
};

/* key NULL inside an array and at the top. */
void json_object_begin(struct json *json, const char *key);
void json_object_end(struct json *json);
void json_array_begin(struct json *json, const char *key);
void json_array_end(struct json *json);
void json_string(struct json *json, const char *key, const char *value); /* NULL: null */
void json_u64(struct json *json, const char *key, uint64_t value);
void json_i64(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);
