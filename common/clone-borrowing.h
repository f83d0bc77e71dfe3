/* A child that borrows our memory until it executes its program, as after vfork(2), and may be born in
 * another control group. */
#pragma once

#include <errno.h>

#include "common/macro.h"
#include "common/syscalls.h"

/* The kernel's clone(2) or clone3(2), by number. In the child fn(userdata), on our own stack below all that
 * is in use: the frames of this process are as they were when it goes on. The pid, or -errno. */
static inline int clone_and_call(long call, long first, long second, _noreturn_ void (*fn)(void *userdata),
                                 void *userdata)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return -ENOSYS; /* they keep notes about the stack */
#elif defined(__x86_64__)
    long result;

    /* 256: past the red zone, in which a leaf function keeps variables below its stack pointer. */
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "sub $256, %%rsp\n\t"
                     "and $-16, %%rsp\n\t"
                     "mov %[userdata], %%rdi\n\t"
                     "call *%[fn]\n\t"
                     "hlt\n"
                     "1:"
                     : "=a"(result)
                     : "0"(call), "D"(first), "S"(second), [fn] "d"(fn), [userdata] "b"(userdata)
                     : "rcx", "r11", "memory", "cc");
    return (int)result;
#elif defined(__aarch64__)
    register long number __asm__("x8") = call;
    register long x0 __asm__("x0") = first;
    register long x1 __asm__("x1") = second;

    __asm__ volatile("svc #0\n\t"
                     "cbnz x0, 1f\n\t"
                     "mov x0, %[userdata]\n\t"
                     "blr %[fn]\n\t"
                     "brk #0\n"
                     "1:"
                     : "+r"(x0)
                     : "r"(number), "r"(x1), [fn] "r"(fn), [userdata] "r"(userdata)
                     : "memory", "cc");
    return (int)x0;
#else
    return -ENOSYS; /* nobody wrote the assembler */
#endif
}

/* The child calls fn(userdata), which never returns, while we sleep. flags: 0, or CLONE_FILES for a child
 * that takes descriptors of its own first (CLOSE_RANGE_UNSHARE). cgroup: the directory of the group to be
 * born in, or -EBADF. The pid, or -errno: -ENOSYS and its like where the caller has to fork. */
static inline int clone_borrowing(int cgroup, unsigned flags, _noreturn_ void (*fn)(void *userdata),
                                  void *userdata)
{
    struct clone_args args = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP | flags,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)cgroup,
    };

    if (cgroup >= 0)
        return clone_and_call(SYS_clone3, (long)&args, sizeof(args), fn, userdata);
    /* The older call: filters that cannot look into the arguments of clone3 refuse it. */
    return clone_and_call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD | flags, 0, fn, userdata);
}
