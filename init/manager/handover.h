/* The text in which one PID 1 leaves its state to the next: daemon-reexec. Sections of "Key=value" lines, in
 * the order in which they are to be read:
 *
 *     berth-handover 1
 *     [unit nginx.service]
 *     SubState=running
 *
 * Bytes that would break a line stand as \xNN. What a reader does not know it skips, and counts. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/macro.h"

#define HANDOVER_VERSION  1 /* changes only when an older reader would read something wrongly */
#define HANDOVER_FDS_MAX  65536
#define HANDOVER_SIZE_MAX (1U << 30)

/* --- writing --- */

struct handover {
    char *data;
    size_t size;
    size_t room;
    int *fds; /* that are to stay open: the numbers of handover_add_fd() */
    size_t n_fds;
    bool failed; /* there was no memory */
};

void handover_begin(struct handover *handover);
/* name NULL: the only section of its kind. */
void handover_section(struct handover *handover, const char *kind, const char *name);
/* NULL, zero and false say nothing: that is what a reader starts with. */
void handover_add(struct handover *handover, const char *key, const char *value);
void handover_add_bytes(struct handover *handover, const char *key, const void *value, size_t size);
void _printf_(3, 4) handover_addf(struct handover *handover, const char *key, const char *format, ...);
void handover_add_u64(struct handover *handover, const char *key, uint64_t value);
/* A descriptor that stays open, and what is to be said of it (or NULL). Negative ones say nothing. */
void handover_add_fd(struct handover *handover, const char *key, int fd, const char *rest);
/* 0 or -ENOMEM for all that was added. The text ends with the list of the descriptors. */
int handover_end(struct handover *handover);
void handover_done(struct handover *handover);

/* --- reading --- */

struct handover_line {
    char *key;
    char *value; /* unescaped, with a NUL behind it */
    size_t size;
};

struct handover_section {
    const char *kind;
    const char *name; /* "" for none */
    char *at;         /* the lines that have not been read */
    size_t left;
};

struct handover_reader {
    struct handover_section *sections;
    size_t n_sections;
    int *fds; /* -EBADF: taken */
    size_t n_fds;
    uint64_t version;
    unsigned n_bad;     /* lines that are none, or whose value is none */
    unsigned n_unknown; /* keys and sections that this version does not know */
};

/* Cuts the text into sections, in place: it has to stay, and to be writable. -EBADMSG when it is none at all;
 * with that, what it says of descriptors may be read all the same. */
int handover_read(struct handover_reader *reader, char *text, size_t size);
void handover_reader_done(struct handover_reader *reader);
/* The next section of that kind, from *cursor on, which starts at 0; NULL: no more. */
struct handover_section *handover_find(const struct handover_reader *reader, const char *kind,
                                       size_t *cursor);
/* The next line of a section, once. */
bool handover_next(struct handover_reader *reader, struct handover_section *section,
                   struct handover_line *ret);
/* The descriptor that a value names, which is the caller's from now on; -EBADF when it was not handed over,
 * or taken before. *ret_rest (or NULL) is what stands behind it and a blank. */
int handover_take_fd(struct handover_reader *reader, const char *value, const char **ret_rest);
/* A number at *cursor, which moves behind it and a blank. False when there is none. */
bool handover_number(const char **cursor, uint64_t *ret);

/* --- both, by tables of members of a struct --- */

enum field_kind {
    FIELD_BOOL,
    FIELD_INT,
    FIELD_UNSIGNED, /* 32 bits */
    FIELD_U64,
    FIELD_TEXT, /* a string that is owned, or NULL */
    FIELD_NAME, /* an enum of one byte, by its names */
};

struct field {
    const char *key;
    enum field_kind kind;
    size_t offset;
    /* Of FIELD_NAME: numbers may change from one version to the next. */
    const char *(*to_name)(int value);
    int (*from_name)(const char *name);
    int standard; /* what a new object has: nothing is written then */
};

void fields_write(struct handover *handover, const struct field *fields, size_t n, const void *object);
/* Whether the line is one of these fields; one with a bad value is counted. -ENOMEM. */
int field_read(struct handover_reader *reader, const struct field *fields, size_t n, void *object,
               const struct handover_line *line);
