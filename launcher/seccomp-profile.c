/* The profile: an allow-list with docker's and podman's meaning. Not in it, whatever the capabilities: the
 * kernel's keyrings (one set for all containers), userfaultfd(2) and io_uring(7) (much attack surface for few
 * users), kexec_load(2), swapon(2) and what is obsolete. The names of a group are sorted. */
#include "launcher/seccomp-profile.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/personality.h>
#include <sys/socket.h>

#include "common/capabilities.h"
#include "common/macro.h"
#include "common/syscalls.h"

#define NEW_NAMESPACES                                                                                       \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |            \
     CLONE_NEWNET)

#if defined(__s390x__)
#define CLONE_FLAGS_ARGUMENT 1 /* the stack comes first there */
#else
#define CLONE_FLAGS_ARGUMENT 0
#endif

const struct seccomp_group seccomp_groups[] = {
    /* What ordinary programs need. ptrace(2), adjtimex(2), fanotify_mark(2) and the like are guarded well by
     * the kernel itself. */
    {
        .names = "_llseek\0"
                 "_newselect\0"
                 "accept\0"
                 "accept4\0"
                 "access\0"
                 "adjtimex\0"
                 "alarm\0"
                 "bind\0"
                 "brk\0"
                 "cachestat\0"
                 "capget\0"
                 "capset\0"
                 "chdir\0"
                 "chmod\0"
                 "chown\0"
                 "chown32\0"
                 "clock_adjtime\0"
                 "clock_adjtime64\0"
                 "clock_getres\0"
                 "clock_getres_time64\0"
                 "clock_gettime\0"
                 "clock_gettime64\0"
                 "clock_nanosleep\0"
                 "clock_nanosleep_time64\0"
                 "close\0"
                 "close_range\0"
                 "connect\0"
                 "copy_file_range\0"
                 "creat\0"
                 "dup\0"
                 "dup2\0"
                 "dup3\0"
                 "epoll_create\0"
                 "epoll_create1\0"
                 "epoll_ctl\0"
                 "epoll_ctl_old\0"
                 "epoll_pwait\0"
                 "epoll_pwait2\0"
                 "epoll_wait\0"
                 "epoll_wait_old\0"
                 "eventfd\0"
                 "eventfd2\0"
                 "execve\0"
                 "execveat\0"
                 "exit\0"
                 "exit_group\0"
                 "faccessat\0"
                 "faccessat2\0"
                 "fadvise64\0"
                 "fadvise64_64\0"
                 "fallocate\0"
                 "fanotify_mark\0"
                 "fchdir\0"
                 "fchmod\0"
                 "fchmodat\0"
                 "fchmodat2\0"
                 "fchown\0"
                 "fchown32\0"
                 "fchownat\0"
                 "fcntl\0"
                 "fcntl64\0"
                 "fdatasync\0"
                 "fgetxattr\0"
                 "file_getattr\0"
                 "file_setattr\0"
                 "flistxattr\0"
                 "flock\0"
                 "fork\0"
                 "fremovexattr\0"
                 "fsetxattr\0"
                 "fstat\0"
                 "fstat64\0"
                 "fstatat64\0"
                 "fstatfs\0"
                 "fstatfs64\0"
                 "fsync\0"
                 "ftruncate\0"
                 "ftruncate64\0"
                 "futex\0"
                 "futex_requeue\0"
                 "futex_time64\0"
                 "futex_wait\0"
                 "futex_waitv\0"
                 "futex_wake\0"
                 "futimesat\0"
                 "get_robust_list\0"
                 "get_thread_area\0"
                 "getcpu\0"
                 "getcwd\0"
                 "getdents\0"
                 "getdents64\0"
                 "getegid\0"
                 "getegid32\0"
                 "geteuid\0"
                 "geteuid32\0"
                 "getgid\0"
                 "getgid32\0"
                 "getgroups\0"
                 "getgroups32\0"
                 "getitimer\0"
                 "getpeername\0"
                 "getpgid\0"
                 "getpgrp\0"
                 "getpid\0"
                 "getppid\0"
                 "getpriority\0"
                 "getrandom\0"
                 "getresgid\0"
                 "getresgid32\0"
                 "getresuid\0"
                 "getresuid32\0"
                 "getrlimit\0"
                 "getrusage\0"
                 "getsid\0"
                 "getsockname\0"
                 "getsockopt\0"
                 "gettid\0"
                 "gettimeofday\0"
                 "getuid\0"
                 "getuid32\0"
                 "getxattr\0"
                 "getxattrat\0"
                 "inotify_add_watch\0"
                 "inotify_init\0"
                 "inotify_init1\0"
                 "inotify_rm_watch\0"
                 "io_cancel\0"
                 "io_destroy\0"
                 "io_getevents\0"
                 "io_pgetevents\0"
                 "io_pgetevents_time64\0"
                 "io_setup\0"
                 "io_submit\0"
                 "ioctl\0"
                 "ioprio_get\0"
                 "ioprio_set\0"
                 "ipc\0"
                 "kill\0"
                 "landlock_add_rule\0"
                 "landlock_create_ruleset\0"
                 "landlock_restrict_self\0"
                 "lchown\0"
                 "lchown32\0"
                 "lgetxattr\0"
                 "link\0"
                 "linkat\0"
                 "listen\0"
                 "listmount\0"
                 "listxattr\0"
                 "listxattrat\0"
                 "llistxattr\0"
                 "lremovexattr\0"
                 "lseek\0"
                 "lsetxattr\0"
                 "lsm_get_self_attr\0"
                 "lsm_list_modules\0"
                 "lstat\0"
                 "lstat64\0"
                 "madvise\0"
                 "map_shadow_stack\0"
                 "membarrier\0"
                 "memfd_create\0"
                 "memfd_secret\0"
                 "mincore\0"
                 "mkdir\0"
                 "mkdirat\0"
                 "mknod\0"
                 "mknodat\0"
                 "mlock\0"
                 "mlock2\0"
                 "mlockall\0"
                 "mmap\0"
                 "mmap2\0"
                 "mprotect\0"
                 "mq_getsetattr\0"
                 "mq_notify\0"
                 "mq_open\0"
                 "mq_timedreceive\0"
                 "mq_timedreceive_time64\0"
                 "mq_timedsend\0"
                 "mq_timedsend_time64\0"
                 "mq_unlink\0"
                 "mremap\0"
                 "mseal\0"
                 "msgctl\0"
                 "msgget\0"
                 "msgrcv\0"
                 "msgsnd\0"
                 "msync\0"
                 "munlock\0"
                 "munlockall\0"
                 "munmap\0"
                 "name_to_handle_at\0"
                 "nanosleep\0"
                 "newfstatat\0"
                 "nice\0"
                 "open\0"
                 "openat\0"
                 "openat2\0"
                 "pause\0"
                 "pidfd_open\0"
                 "pidfd_send_signal\0"
                 "pipe\0"
                 "pipe2\0"
                 "pkey_alloc\0"
                 "pkey_free\0"
                 "pkey_mprotect\0"
                 "poll\0"
                 "ppoll\0"
                 "ppoll_time64\0"
                 "prctl\0"
                 "pread64\0"
                 "preadv\0"
                 "preadv2\0"
                 "prlimit64\0"
                 "process_mrelease\0"
                 "pselect6\0"
                 "pselect6_time64\0"
                 "ptrace\0"
                 "pwrite64\0"
                 "pwritev\0"
                 "pwritev2\0"
                 "read\0"
                 "readahead\0"
                 "readdir\0"
                 "readlink\0"
                 "readlinkat\0"
                 "readv\0"
                 "recv\0"
                 "recvfrom\0"
                 "recvmmsg\0"
                 "recvmmsg_time64\0"
                 "recvmsg\0"
                 "remap_file_pages\0"
                 "removexattr\0"
                 "removexattrat\0"
                 "rename\0"
                 "renameat\0"
                 "renameat2\0"
                 "restart_syscall\0"
                 "rmdir\0"
                 "rseq\0"
                 "rt_sigaction\0"
                 "rt_sigpending\0"
                 "rt_sigprocmask\0"
                 "rt_sigqueueinfo\0"
                 "rt_sigreturn\0"
                 "rt_sigsuspend\0"
                 "rt_sigtimedwait\0"
                 "rt_sigtimedwait_time64\0"
                 "rt_tgsigqueueinfo\0"
                 "sched_get_priority_max\0"
                 "sched_get_priority_min\0"
                 "sched_getaffinity\0"
                 "sched_getattr\0"
                 "sched_getparam\0"
                 "sched_getscheduler\0"
                 "sched_rr_get_interval\0"
                 "sched_rr_get_interval_time64\0"
                 "sched_setaffinity\0"
                 "sched_setattr\0"
                 "sched_setparam\0"
                 "sched_setscheduler\0"
                 "sched_yield\0"
                 "seccomp\0"
                 "select\0"
                 "semctl\0"
                 "semget\0"
                 "semop\0"
                 "semtimedop\0"
                 "semtimedop_time64\0"
                 "send\0"
                 "sendfile\0"
                 "sendfile64\0"
                 "sendmmsg\0"
                 "sendmsg\0"
                 "sendto\0"
                 "set_robust_list\0"
                 "set_thread_area\0"
                 "set_tid_address\0"
                 "setfsgid\0"
                 "setfsgid32\0"
                 "setfsuid\0"
                 "setfsuid32\0"
                 "setgid\0"
                 "setgid32\0"
                 "setgroups\0"
                 "setgroups32\0"
                 "setitimer\0"
                 "setpgid\0"
                 "setpriority\0"
                 "setregid\0"
                 "setregid32\0"
                 "setresgid\0"
                 "setresgid32\0"
                 "setresuid\0"
                 "setresuid32\0"
                 "setreuid\0"
                 "setreuid32\0"
                 "setrlimit\0"
                 "setsid\0"
                 "setsockopt\0"
                 "setuid\0"
                 "setuid32\0"
                 "setxattr\0"
                 "setxattrat\0"
                 "shmat\0"
                 "shmctl\0"
                 "shmdt\0"
                 "shmget\0"
                 "shutdown\0"
                 "sigaction\0"
                 "sigaltstack\0"
                 "signal\0"
                 "signalfd\0"
                 "signalfd4\0"
                 "sigpending\0"
                 "sigprocmask\0"
                 "sigreturn\0"
                 "sigsuspend\0"
                 "socketcall\0"
                 "socketpair\0"
                 "splice\0"
                 "stat\0"
                 "stat64\0"
                 "statfs\0"
                 "statfs64\0"
                 "statmount\0"
                 "statx\0"
                 "symlink\0"
                 "symlinkat\0"
                 "sync\0"
                 "sync_file_range\0"
                 "syncfs\0"
                 "sysinfo\0"
                 "tee\0"
                 "tgkill\0"
                 "time\0"
                 "timer_create\0"
                 "timer_delete\0"
                 "timer_getoverrun\0"
                 "timer_gettime\0"
                 "timer_gettime64\0"
                 "timer_settime\0"
                 "timer_settime64\0"
                 "timerfd_create\0"
                 "timerfd_gettime\0"
                 "timerfd_gettime64\0"
                 "timerfd_settime\0"
                 "timerfd_settime64\0"
                 "times\0"
                 "tkill\0"
                 "truncate\0"
                 "truncate64\0"
                 "ugetrlimit\0"
                 "umask\0"
                 "uname\0"
                 "unlink\0"
                 "unlinkat\0"
                 "utime\0"
                 "utimensat\0"
                 "utimensat_time64\0"
                 "utimes\0"
                 "vfork\0"
                 "vmsplice\0"
                 "wait4\0"
                 "waitid\0"
                 "waitpid\0"
                 "write\0"
                 "writev\0",
    },
    /* Of single architectures: libseccomp leaves out what this one has not got. */
    {
        .names = "arch_prctl\0"
                 "arm_fadvise64_64\0"
                 "arm_sync_file_range\0"
                 "breakpoint\0"
                 "cacheflush\0"
                 "modify_ldt\0"
                 "riscv_flush_icache\0"
                 "riscv_hwprobe\0"
                 "s390_pci_mmio_read\0"
                 "s390_pci_mmio_write\0"
                 "s390_runtime_instr\0"
                 "set_tls\0"
                 "swapcontext\0"
                 "sync_file_range2\0"
                 "uprobe\0"
                 "uretprobe\0",
    },
    /* Mounts, namespaces and names. */
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_ADMIN),
        .names = "clone\0"
                 "clone3\0"
                 "fanotify_init\0"
                 "fsconfig\0"
                 "fsmount\0"
                 "fsopen\0"
                 "fspick\0"
                 "lookup_dcookie\0"
                 "mount\0"
                 "mount_setattr\0"
                 "move_mount\0"
                 "open_tree\0"
                 "open_tree_attr\0"
                 "pivot_root\0"
                 "quotactl\0"
                 "quotactl_fd\0"
                 "setdomainname\0"
                 "sethostname\0"
                 "setns\0"
                 "umount\0"
                 "umount2\0"
                 "unshare\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_ADMIN) | CAPABILITY_MASK(CAP_BPF),
        .names = "bpf\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_ADMIN) | CAPABILITY_MASK(CAP_PERFMON),
        .names = "perf_event_open\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_ADMIN) | CAPABILITY_MASK(CAP_SYSLOG),
        .names = "syslog\0",
    },
    /* A handle opens any file of a file system, also above the root. */
    {
        .capabilities = CAPABILITY_MASK(CAP_DAC_READ_SEARCH),
        .names = "open_by_handle_at\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_BOOT),
        .names = "reboot\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_CHROOT),
        .names = "chroot\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_MODULE),
        .names = "delete_module\0"
                 "finit_module\0"
                 "init_module\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_NICE),
        .names = "get_mempolicy\0"
                 "mbind\0"
                 "migrate_pages\0"
                 "move_pages\0"
                 "set_mempolicy\0"
                 "set_mempolicy_home_node\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_PACCT),
        .names = "acct\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_PTRACE),
        .names = "kcmp\0"
                 "pidfd_getfd\0"
                 "process_madvise\0"
                 "process_vm_readv\0"
                 "process_vm_writev\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_RAWIO),
        .names = "ioperm\0"
                 "iopl\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_TIME),
        .names = "clock_settime\0"
                 "clock_settime64\0"
                 "settimeofday\0"
                 "stime\0",
    },
    {
        .capabilities = CAPABILITY_MASK(CAP_SYS_TTY_CONFIG),
        .names = "vhangup\0",
    },
};
const size_t n_seccomp_groups = ELEMENTSOF(seccomp_groups);

const struct seccomp_rule seccomp_rules[] = {
    /* Processes and threads, no namespaces. */
    {"clone", CAPABILITY_MASK(CAP_SYS_ADMIN), 0, SECCOMP_NO_BITS, CLONE_FLAGS_ARGUMENT, NEW_NAMESPACES},
    {"unshare", CAPABILITY_MASK(CAP_SYS_ADMIN), 0, SECCOMP_NO_BITS, 0, NEW_NAMESPACES | CLONE_NEWTIME},
    /* Its flags are in memory, where no filter can look: the caller falls back to clone(2). */
    {"clone3", CAPABILITY_MASK(CAP_SYS_ADMIN), ENOSYS, SECCOMP_ANY},

    /* Those of uname26 and linux32 (setarch(8)), and the question for the present one. Others switch off what
     * protects a process, such as ADDR_NO_RANDOMIZE. */
    {"personality", 0, 0, SECCOMP_EQUAL, 0, PER_LINUX},
    {"personality", 0, 0, SECCOMP_EQUAL, 0, PER_LINUX32},
    {"personality", 0, 0, SECCOMP_EQUAL, 0, UNAME26},
    {"personality", 0, 0, SECCOMP_EQUAL, 0, PER_LINUX32 | UNAME26},
    {"personality", 0, 0, SECCOMP_EQUAL, 0, 0xffffffff},

    /* All but AF_VSOCK, which is the way to the host of a virtual machine and knows no namespaces. Named one
     * by one: "not equal" would be true for a value with a bit above the 32 that the kernel takes. (32-bit
     * programs may also use socketcall(2), whose arguments are in memory.) */
    {"socket", 0, 0, SECCOMP_LESS, 0, AF_VSOCK},
    {"socket", 0, 0, SECCOMP_EQUAL, 0, AF_KCM},
    {"socket", 0, 0, SECCOMP_EQUAL, 0, AF_QIPCRTR},
    {"socket", 0, 0, SECCOMP_EQUAL, 0, AF_SMC},
    {"socket", 0, 0, SECCOMP_EQUAL, 0, AF_XDP},
    {"socket", 0, 0, SECCOMP_EQUAL, 0, AF_MCTP},
};
const size_t n_seccomp_rules = ELEMENTSOF(seccomp_rules);
