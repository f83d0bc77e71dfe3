/* A system call filter as the OCI's runtime specification, docker and podman write it in JSON: what of it
 * counts for one container. No system call, no library: seccomp-compile.c makes a program of it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "launcher/failure.h"
#include "launcher/json-reader.h"

enum seccomp_operator { /* libseccomp's numbers */
                        SECCOMP_OP_NE = 1,
                        SECCOMP_OP_LT,
                        SECCOMP_OP_LE,
                        SECCOMP_OP_EQ,
                        SECCOMP_OP_GE,
                        SECCOMP_OP_GT,
                        SECCOMP_OP_MASKED_EQ
};

#define SECCOMP_ARGUMENTS_MAX 6

struct seccomp_condition {
    unsigned argument;
    enum seccomp_operator operator;
    uint64_t value, value_two; /* MASKED_EQ: the mask, then the value */
};

struct seccomp_oci_rule {
    const char *name;
    uint32_t action; /* SECCOMP_RET_*, with its data */
    struct seccomp_condition conditions[SECCOMP_ARGUMENTS_MAX];
    unsigned n_conditions;
};

struct seccomp_oci {
    struct json_document document; /* that the names lie in */
    uint32_t default_action;
    const char **architectures; /* "SCMP_ARCH_X86", beside the machine's own */
    size_t n_architectures;
    struct seccomp_oci_rule *rules;
    size_t n_rules;
};

/* What decides whether a rule counts. */
struct seccomp_situation {
    uint64_t capabilities;
    const char *machine; /* as uname(2) has it: "x86_64" */
    unsigned kernel_major, kernel_minor;
};

/* The failure names the file, the line and the field. */
int seccomp_oci_read(const char *file, const char *text, size_t size,
                     const struct seccomp_situation *situation, struct seccomp_oci *ret,
                     struct failure *failure);
void seccomp_oci_done(struct seccomp_oci *profile);
#define _cleanup_seccomp_oci_ __attribute__((cleanup(seccomp_oci_done)))
