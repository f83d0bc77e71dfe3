/* From the profile to a program for the kernel, by libseccomp. seccomp_init(3). */
#pragma once

#include <stdint.h>

#include "launcher/failure.h"
#include "launcher/seccomp-oci.h"
#include "launcher/seccomp.h"

#define SECCOMP_PROGRAM_MAX (BPF_MAXINSNS * sizeof(struct sock_filter)) /* bytes, the kernel's limit */

/* -EOPNOTSUPP when berth was built without libseccomp, -ENOENT when the library is not installed. */
int seccomp_compile(uint64_t capabilities, struct seccomp_program *ret, struct failure *failure);
/* The same for a profile of the user's; file is how the failure calls it. */
int seccomp_compile_oci(const char *file, const struct seccomp_oci *profile, struct seccomp_program *ret,
                        struct failure *failure);
