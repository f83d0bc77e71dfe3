/* refuse: runs a program under a system call filter, as a kernel without some calls or a container runtime
 * around it would have it: "refuse clone3=ENOSYS bpf=EPERM COMMAND ARG...". Children inherit it. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/macro.h"

#define CALLS_MAX 32

static const struct {
    const char *name;
    uint32_t number;
} calls[] = {
    {"bpf", SYS_bpf},
    {"clone3", SYS_clone3},
    {"close_range", SYS_close_range},
    {"fsconfig", SYS_fsconfig},
    {"fsmount", SYS_fsmount},
    {"fsopen", SYS_fsopen},
    {"mount_setattr", SYS_mount_setattr},
    {"move_mount", SYS_move_mount},
    {"open_tree", SYS_open_tree},
    {"openat2", SYS_openat2},
    {"pidfd_open", SYS_pidfd_open},
    {"pidfd_send_signal", SYS_pidfd_send_signal},
    {"pivot_root", SYS_pivot_root},
    {"seccomp", SYS_seccomp},
    {"setns", SYS_setns},
    {"umount2", SYS_umount2},
    {"unshare", SYS_unshare},
};

static const struct {
    const char *name;
    uint32_t number;
} errors[] = {
    {"EINVAL", EINVAL}, {"ENODEV", ENODEV}, {"ENOSPC", ENOSPC}, {"ENOSYS", ENOSYS}, {"EPERM", EPERM},
};

static _noreturn_ void fail(const char *what, const char *why)
{
    fprintf(stderr, "refuse: %s: %s\n", what, why);
    exit(1);
}

static uint32_t call_number(const char *text, size_t length)
{
    FOREACH_ARRAY (call, calls, ELEMENTSOF(calls))
        if (strlen(call->name) == length && strncmp(call->name, text, length) == 0)
            return call->number;
    fail(text, "no such call in the table");
}

static uint32_t error_number(const char *text)
{
    FOREACH_ARRAY (error, errors, ELEMENTSOF(errors))
        if (strcmp(error->name, text) == 0)
            return error->number;
    fail(text, "no such error in the table");
}

static unsigned write_refusal(struct sock_filter *program, const char *word)
{
    const char *equals = strchr(word, '=');
    const struct sock_filter refusal[] = {
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call_number(word, (size_t)(equals - word)), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error_number(equals + 1)),
    };

    memcpy(program, refusal, sizeof(refusal));
    return ELEMENTSOF(refusal);
}

/* No look at the architecture: programs of another one, whose numbers differ, are nobody's test. */
int main(int argc, char **argv)
{
    struct sock_filter program[1 + 2 * CALLS_MAX + 1] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
    };
    unsigned n = 1;
    int i = 1;

    for (; i < argc && i <= CALLS_MAX && strchr(argv[i], '='); i++)
        n += write_refusal(program + n, argv[i]);
    program[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    if (i >= argc)
        fail("usage", "refuse CALL=ERROR... COMMAND [ARG...]");
    /* Without no_new_privs, which would change what is tested: that takes CAP_SYS_ADMIN. */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &(struct sock_fprog){(unsigned short)n, program}) < 0)
        fail("filter", strerror(errno));
    execvp(argv[i], argv + i);
    fail(argv[i], strerror(errno));
}
