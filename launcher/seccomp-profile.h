/* What the default filter says of each system call: tables only, seccomp-compile.c makes a program of them.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The newest call that was looked at when the profile was written. Since number 424 calls have the same
 * number on all architectures; what is newer is answered with ENOSYS, so that a libc falls back to what it
 * used before. */
#define SECCOMP_PROFILE_NEWEST 469 /* file_setattr(2), Linux 6.17 */

/* Calls that are allowed whatever their arguments. All others are refused with EPERM. */
struct seccomp_group {
    uint64_t capabilities; /* when the container keeps one of these; 0: always */
    const char *names;     /* each ends with a NUL, the last is empty */
};

/* How an argument is looked at: all its 64 bits, also where the kernel takes the lower 32. */
enum seccomp_compare {
    SECCOMP_ANY, /* not at all */
    SECCOMP_EQUAL,
    SECCOMP_LESS,
    SECCOMP_NO_BITS, /* none of the value's bits is set */
};

/* A call that is allowed, or answered with a certain error, when one argument is right. */
struct seccomp_rule {
    const char *name;
    uint64_t unless; /* the container keeps one of these: then a group allows the call as a whole */
    int error;       /* errno; 0: allowed */
    enum seccomp_compare compare;
    unsigned argument; /* index */
    uint64_t value;
};

extern const struct seccomp_group seccomp_groups[];
extern const size_t n_seccomp_groups;
extern const struct seccomp_rule seccomp_rules[];
extern const size_t n_seccomp_rules;
