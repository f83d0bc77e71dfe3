/* JSON as people write it in files: a whole text becomes a tree, RFC 8259, bounded in size and in depth. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define JSON_TEXT_MAX (256 * 1024) /* bytes */

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value {
    enum json_type type;
    bool boolean;
    unsigned line;
    const char *key;  /* of a member, without a NUL inside */
    const char *text; /* a string, unescaped; a number, as written */
    struct json_value *first, *next;
};

struct json_document {
    char *text;
    struct json_value *values; /* [0] is the root */
    size_t n_values;
};

struct json_error {
    unsigned line;
    const char *what;
};

/* -EINVAL with *error, -E2BIG past JSON_TEXT_MAX, -ENOMEM. The text is copied. */
int json_read(const char *text, size_t size, struct json_document *ret, struct json_error *error);
void json_document_done(struct json_document *document);
#define _cleanup_json_document_ __attribute__((cleanup(json_document_done)))
