/* The default system call filter: what docker's and podman's allow, so that images built for them run.
 * seccomp(2). */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "launcher/config.h"
#include "launcher/failure.h"

/* The filter as the kernel takes it. Empty (count 0): no filter. */
struct seccomp_program {
    struct sock_filter *instructions;
    size_t count;
};

/* The program for a container that keeps these capabilities, as some calls are allowed with theirs only; an
 * empty one for SECCOMP_OFF. On the host's side: it comes from the cache in the directory cache_fd, or is
 * made by libseccomp, which is loaded for that only, and is put there. cache_fd is borrowed; -EBADF: no
 * cache. */
int seccomp_prepare(enum seccomp_mode mode, uint64_t capabilities, int cache_fd, struct seccomp_program *ret,
                    struct failure *failure);
/* The same for --seccomp=FILE; what is kept is found by the file's content. */
int seccomp_prepare_file(const char *file, uint64_t capabilities, int cache_fd, struct seccomp_program *ret,
                         struct failure *failure);
/* Loads it into this process for good; an empty one is nothing to do. Needs CAP_SYS_ADMIN in the process's
 * user namespace, or no_new_privs. */
int seccomp_apply(const struct seccomp_program *program, struct failure *failure);
void seccomp_program_done(struct seccomp_program *program);

#define _cleanup_seccomp_program_ _cleanup_(seccomp_program_done)
