/* The few macros that every file may use. */
#pragma once

#include <stddef.h>

#define _cleanup_(f)   __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))
#define _noreturn_     __attribute__((noreturn))
#define _unused_       __attribute__((unused))
#define _sentinel_     __attribute__((sentinel))
#define _packed_       __attribute__((packed)) /* an enum: a byte */

#define ELEMENTSOF(array)                                                                                    \
    (__builtin_choose_expr(!__builtin_types_compatible_p(typeof(array), typeof(&(array)[0])),                \
                           sizeof(array) / sizeof((array)[0]), (void)0))
#define FOREACH_ARRAY(item, array, count)                                                                    \
    for (typeof((array)[0]) *item = (array), *item##_end = item + (count); item < item##_end; item++)
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define MIN(a, b)                                                                                            \
    ({                                                                                                       \
        typeof(a) _a = (a);                                                                                  \
        typeof(b) _b = (b);                                                                                  \
        _a < _b ? _a : _b;                                                                                   \
    })
#define MAX(a, b)                                                                                            \
    ({                                                                                                       \
        typeof(a) _a = (a);                                                                                  \
        typeof(b) _b = (b);                                                                                  \
        _a > _b ? _a : _b;                                                                                   \
    })

/* Hand out what a _cleanup_ variable owns: the variable is empty afterwards. */
#define TAKE_PTR(p)                                                                                          \
    ({                                                                                                       \
        typeof(p) _p = (p);                                                                                  \
        (p) = NULL;                                                                                          \
        _p;                                                                                                  \
    })
#define TAKE_FD(fd)                                                                                          \
    ({                                                                                                       \
        int _fd = (fd);                                                                                      \
        (fd) = -EBADF;                                                                                       \
        _fd;                                                                                                 \
    })

/* A string table for an enum: NAME_to_string() and NAME_from_string() (-EINVAL when unknown). */
#define STRING_TABLE(name, type, table)                                                                      \
    const char *name##_to_string(type value)                                                                 \
    {                                                                                                        \
        return (size_t)value < ELEMENTSOF(table) ? table[value] : NULL;                                      \
    }                                                                                                        \
    int name##_from_string(const char *text)                                                                 \
    {                                                                                                        \
        for (size_t i = 0; i < ELEMENTSOF(table); i++)                                                       \
            if (table[i] && strcmp(table[i], text) == 0)                                                     \
                return (int)i;                                                                               \
        return -EINVAL;                                                                                      \
    }
