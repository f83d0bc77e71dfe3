/* What a program in a container may call, what it may not, and that a kept filter is never a weaker one. The
 * filter is loaded into children, which say by their exit status which check failed. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include "common/capabilities.h"
#include "common/fd.h"
#include "common/syscalls.h"
#include "common/text.h"
#include "launcher/seccomp-compile.h"
#include "launcher/seccomp-profile.h"
#include "launcher/seccomp.h"

#include <cmocka.h> /* last: its fail() would shadow ours */

#define DOCKER_CAPABILITIES UINT64_C(0xa80425fb)
#define SOMEBODY            65534
#define ABOVE_32_BITS       (UINT64_C(1) << 32)
#define NO_SUCH_CALL        4095

/* In a child: its exit status is the number of the check that does not hold, from 1. */
#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        checks++;                                                                                            \
        if (!(condition))                                                                                    \
            _exit(checks);                                                                                   \
    } while (0)
#define REFUSED(call, error) ((call) == -1 && errno == (error))

static int checks;
static char directory[] = "/tmp/berth-seccomp-XXXXXX";
static int cache = -EBADF;

static int enter(void **state)
{
    if (!mkdtemp(directory))
        return -1;
    cache = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return cache < 0 ? -1 : 0;
}

static int leave(void **state)
{
    cache = close_fd(cache);
    return remove_tree_at(AT_FDCWD, directory);
}

static void prepare(uint64_t capabilities, int dirfd, struct seccomp_program *ret)
{
    struct failure failure = {};
    int r = seccomp_prepare(SECCOMP_DEFAULT, capabilities, dirfd, ret, &failure);
    if (r < 0)
        fail_msg("%s", failure.text);
    assert_true(ret->count > 0);
}

/* Runs checks in a child with the filter; its status of waitpid(2). */
static int run_filtered(uint64_t capabilities, void (*run)(void))
{
    _cleanup_seccomp_program_ struct seccomp_program program = {};
    int status;

    prepare(capabilities, cache, &program);
    pid_t child = fork();
    if (child == 0) {
        checks = 0;
        CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
        CHECK(seccomp_apply(&program, NULL) == 0);
        run();
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void *say_hello(void *answer)
{
    *(int *)answer = 42;
    return NULL;
}

static void ordinary_calls(void)
{
    int answer = 0, status, pair[2];
    pthread_t thread;

    CHECK(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0);
    CHECK(pthread_create(&thread, NULL, say_hello, &answer) == 0);
    CHECK(pthread_join(thread, NULL) == 0 && answer == 42);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(socket(AF_INET, SOCK_DGRAM, 0) >= 0);
    CHECK(socket(AF_NETLINK, SOCK_RAW, 0) >= 0);
    CHECK(unshare(CLONE_FILES) == 0);
    CHECK(personality(0xffffffff) >= 0);
    CHECK(personality(0) >= 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        execl("/bin/true", "true", NULL);
        _exit(1);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void programs_run_as_without_a_filter(void **unused)
{
    assert_int_equal(run_filtered(DOCKER_CAPABILITIES, ordinary_calls), 0);
    assert_int_equal(run_filtered(0, ordinary_calls), 0);
}

static void calls_of_a_service_manager(void)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC};
    siginfo_t info;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
    CHECK(signalfd(-1, &set, SFD_CLOEXEC) >= 0);
    CHECK(epoll_create1(EPOLL_CLOEXEC) >= 0);
    CHECK(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC) >= 0);
    CHECK(inotify_init1(IN_CLOEXEC) >= 0);
    CHECK(memfd_create("test", MFD_CLOEXEC) >= 0);
    CHECK(sys_openat2(AT_FDCWD, "/", &how, sizeof(how)) >= 0);
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        for (;;)
            (void)pause();
    int fd = sys_pidfd_open(child, 0);
    CHECK(fd >= 0);
    CHECK(sys_pidfd_send_signal(fd, SIGKILL, NULL, 0) == 0);
    CHECK(waitid(P_PIDFD, (id_t)fd, &info, WEXITED) == 0 && info.si_status == SIGKILL);
    CHECK(sys_close_range(3, ~0U, 0) == 0);
}

static void services_can_be_managed_inside(void **unused)
{
    assert_int_equal(run_filtered(DOCKER_CAPABILITIES, calls_of_a_service_manager), 0);
}

/* The kernel's own answers to these would be others: ENOENT, EINVAL, EFAULT. */
static void calls_for_namespaces(void)
{
    struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};

    CHECK(REFUSED(mount("none", "/nonexistent/berth", "tmpfs", 0, NULL), EPERM));
    CHECK(REFUSED(umount2("/nonexistent/berth", 0), EPERM));
    CHECK(REFUSED(sys_pivot_root("/nonexistent/berth", "/nonexistent/berth"), EPERM));
    CHECK(REFUSED(setns(-1, 0), EPERM));
    CHECK(REFUSED(unshare(CLONE_NEWUSER), EPERM));
    CHECK(REFUSED(unshare(CLONE_FILES | CLONE_NEWTIME), EPERM));
    CHECK(REFUSED(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0), EPERM));
    CHECK(REFUSED(sys_clone3(&args, sizeof(args)), ENOSYS));
    args.flags = 0;
    CHECK(REFUSED(sys_clone3(&args, sizeof(args)), ENOSYS));
}

static void mounts_and_namespaces_are_refused(void **unused)
{
    assert_int_equal(run_filtered(DOCKER_CAPABILITIES, calls_for_namespaces), 0);
}

static void calls_with_sys_admin(void)
{
    struct clone_args args = {.exit_signal = SIGCHLD};
    int status;

    CHECK(REFUSED(mount("none", "/nonexistent/berth", "tmpfs", 0, NULL), ENOENT));
    CHECK(REFUSED(setns(-1, 0), EBADF));
    CHECK(REFUSED(unshare(CLONE_NEWUSER | 1), EINVAL));
    pid_t child = sys_clone3(&args, sizeof(args));
    CHECK(child >= 0);
    if (child == 0)
        _exit(0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

static void sys_admin_brings_mounts_and_namespaces_back(void **unused)
{
    assert_int_equal(run_filtered(DOCKER_CAPABILITIES | CAPABILITY_MASK(CAP_SYS_ADMIN), calls_with_sys_admin),
                     0);
    assert_int_equal(run_filtered(CAPABILITIES_ALL, calls_with_sys_admin), 0);
}

/* Each is refused without its capability; with it the kernel finds fault with the arguments, if with
 * anything. */
static const struct {
    int capability;
    long number;
    unsigned long argument; /* the first; the others are 0 */
} bound_calls[] = {
    {CAP_DAC_READ_SEARCH, SYS_open_by_handle_at, -1UL},
    {CAP_SYSLOG, SYS_syslog, 99},
    {CAP_SYS_CHROOT, SYS_chroot, 0},
    {CAP_SYS_NICE, SYS_set_mempolicy, -1UL},
    {CAP_SYS_PACCT, SYS_acct, -1UL},
    {CAP_SYS_PTRACE, SYS_pidfd_getfd, -1UL},
    {CAP_SYS_PTRACE, SYS_process_vm_readv, 0},
    {CAP_SYS_TIME, SYS_settimeofday, -1UL},
};
static size_t bound_call;

static void try_bound_call(void)
{
    long r = syscall(bound_calls[bound_call].number, bound_calls[bound_call].argument, 0, 0, 0, 0, 0);
    _exit(r < 0 ? errno : 0);
}

static void a_call_comes_with_its_capability(void **unused)
{
    for (bound_call = 0; bound_call < ELEMENTSOF(bound_calls); bound_call++) {
        uint64_t mask = CAPABILITY_MASK(bound_calls[bound_call].capability);
        uint64_t others = CAPABILITIES_ALL & ~mask & ~CAPABILITY_MASK(CAP_SYS_ADMIN);
        assert_int_equal(WEXITSTATUS(run_filtered(others, try_bound_call)), EPERM);
        if (geteuid() == 0) /* to others the kernel itself says EPERM */
            assert_int_not_equal(WEXITSTATUS(run_filtered(mask, try_bound_call)), EPERM);
    }
}

static void calls_that_nobody_gets(void)
{
    CHECK(REFUSED(syscall(SYS_keyctl, 0, 0, 0, 0, 0), EPERM));
    CHECK(REFUSED(syscall(SYS_userfaultfd, -1), EPERM));
    CHECK(REFUSED(syscall(SYS_io_uring_setup, 0, NULL), EPERM));
    CHECK(REFUSED(syscall(SYS_swapon, NULL, 0), EPERM));
    CHECK(REFUSED(syscall(SYS_kexec_load, 0, 0, NULL, ~0UL), EPERM));
    CHECK(REFUSED(personality(ADDR_NO_RANDOMIZE), EPERM));
}

static void keyrings_and_io_uring_are_refused_to_everybody(void **unused)
{
    assert_int_equal(run_filtered(0, calls_that_nobody_gets), 0);
    assert_int_equal(run_filtered(CAPABILITIES_ALL, calls_that_nobody_gets), 0);
}

static void sockets_to_the_machine_outside(void)
{
    CHECK(REFUSED(socket(AF_VSOCK, SOCK_STREAM, 0), EPERM));
    CHECK(REFUSED(syscall(SYS_socket, ABOVE_32_BITS | AF_VSOCK, SOCK_STREAM, 0), EPERM));
    CHECK(!REFUSED(socket(AF_KCM, SOCK_DGRAM, 0), EPERM));
}

static void no_argument_gets_round_the_refusal_of_vsock(void **unused)
{
    assert_int_equal(run_filtered(CAPABILITIES_ALL, sockets_to_the_machine_outside), 0);
}

static void calls_of_tomorrow(void)
{
    CHECK(REFUSED(syscall(SECCOMP_PROFILE_NEWEST + 1, 0, 0, 0), ENOSYS));
    CHECK(REFUSED(syscall(NO_SUCH_CALL, 0, 0, 0), ENOSYS));
}

static void a_libc_of_tomorrow_falls_back(void **unused)
{
    assert_int_equal(run_filtered(0, calls_of_tomorrow), 0);
    assert_int_equal(run_filtered(CAPABILITIES_ALL, calls_of_tomorrow), 0);
}

#if defined(__x86_64__)
/* A call as a 32-bit program makes it: the result, or -errno. */
static int call_32(int number, int a, int b, int c)
{
    int result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(a), "c"(b), "d"(c)
                     : "memory", "r8", "r9", "r10", "r11");
    return result;
}

static void calls_of_32_bit_programs(void)
{
    enum { GETPID = 20, MOUNT = 21, SOCKET = 359 };
    CHECK(call_32(GETPID, 0, 0, 0) == getpid());
    CHECK(call_32(MOUNT, 0, 0, 0) == -EPERM);
    CHECK(call_32(SOCKET, AF_UNIX, SOCK_STREAM, 0) >= 0);
    CHECK(call_32(SOCKET, AF_VSOCK, SOCK_STREAM, 0) == -EPERM);
    CHECK(call_32(NO_SUCH_CALL, 0, 0, 0) == -ENOSYS);
}

static void programs_of_32_bits_have_the_same_filter(void **unused)
{
    int status = run_filtered(DOCKER_CAPABILITIES, calls_of_32_bit_programs);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
        skip(); /* this kernel runs no 32-bit programs */
    assert_int_equal(status, 0);
}
#endif

static void without_privilege_the_message_says_what_to_do(void **unused)
{
    _cleanup_seccomp_program_ struct seccomp_program program = {};
    int status;

    prepare(0, cache, &program);
    pid_t child = fork();
    if (child == 0) {
        struct failure failure = {};
        checks = 0;
        CHECK(geteuid() != 0 || setuid(SOMEBODY) == 0);
        CHECK(seccomp_apply(&program, &failure) == -EACCES);
        CHECK(strstr(failure.text, "--no-new-privileges"));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void off_means_no_filter(void **unused)
{
    struct seccomp_program program;
    assert_int_equal(seccomp_prepare(SECCOMP_OFF, 0, cache, &program, NULL), 0);
    assert_int_equal(program.count, 0);
    assert_int_equal(seccomp_apply(&program, NULL), 0);
    assert_int_equal(prctl(PR_GET_SECCOMP), 0);
}

static void assert_same(const struct seccomp_program *a, const struct seccomp_program *b)
{
    assert_int_equal(a->count, b->count);
    assert_memory_equal(a->instructions, b->instructions, a->count * sizeof(*a->instructions));
}

/* The names in the cache, which is emptied first, after one preparation each. */
static size_t count_kept(const uint64_t *capabilities, size_t n)
{
    size_t kept = 0;
    assert_int_equal(remove_tree_at(AT_FDCWD, directory), 0);
    close_fd(cache);
    assert_int_equal(mkdir(directory, 0700), 0);
    cache = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    FOREACH_ARRAY (set, capabilities, n) {
        _cleanup_seccomp_program_ struct seccomp_program program = {};
        prepare(*set, cache, &program);
    }
    _cleanup_closedir_ DIR *dir = opendir(directory);
    for (struct dirent *entry; (entry = readdir(dir));)
        kept += !streq(entry->d_name, ".") && !streq(entry->d_name, "..");
    return kept;
}

static void one_program_is_kept_per_set_of_capabilities_that_matter(void **unused)
{
    static const uint64_t same[] = {0, CAPABILITY_MASK(CAP_CHOWN), CAPABILITY_MASK(CAP_KILL)},
                          different[] = {0, CAPABILITY_MASK(CAP_SYS_TIME), CAPABILITY_MASK(CAP_SYSLOG)};
    assert_int_equal(count_kept(same, ELEMENTSOF(same)), 1);
    assert_int_equal(count_kept(different, ELEMENTSOF(different)), 3);
}

/* The file that the only preparation in an empty cache leaves; name lives as long as the test. */
static const char *keep_one(struct seccomp_program *ret)
{
    static char name[256];
    static const uint64_t none[] = {0};
    assert_int_equal(count_kept(none, 1), 1);
    prepare(0, -EBADF, ret);
    _cleanup_closedir_ DIR *dir = opendir(directory);
    for (struct dirent *entry; (entry = readdir(dir));)
        if (startswith(entry->d_name, ".seccomp-"))
            snprintf(name, sizeof(name), "%s", entry->d_name);
    return name;
}

static void the_kept_program_is_the_one_that_was_made(void **unused)
{
    _cleanup_seccomp_program_ struct seccomp_program made = {}, kept = {};
    struct stat before, after;

    const char *name = keep_one(&made);
    assert_int_equal(fstatat(cache, name, &before, AT_SYMLINK_NOFOLLOW), 0);
    prepare(0, cache, &kept);
    assert_same(&made, &kept);
    assert_int_equal(fstatat(cache, name, &after, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(before.st_ino, after.st_ino); /* it was read, not made again */
    assert_int_equal(before.st_mode, S_IFREG | 0600);
}

static void spoil_mode(const char *name)
{
    assert_int_equal(fchmodat(cache, name, 0620, 0), 0);
}

static void spoil_owner(const char *name)
{
    if (geteuid() == 0) /* nobody else can give a file away */
        assert_int_equal(fchownat(cache, name, SOMEBODY, SOMEBODY, 0), 0);
}

static void set_size(const char *name, off_t size)
{
    _cleanup_close_ int fd = openat(cache, name, O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, size), 0);
}

static void spoil_empty(const char *name)
{
    set_size(name, 0);
}

static void spoil_half_an_instruction(const char *name)
{
    set_size(name, 12);
}

static void spoil_end(const char *name)
{
    set_size(name, 2 * sizeof(struct sock_filter));
}

static void spoil_too_large(const char *name)
{
    set_size(name, SECCOMP_PROGRAM_MAX + sizeof(struct sock_filter));
}

static void spoil_symlink(const char *name)
{
    assert_int_equal(renameat(cache, name, cache, "elsewhere"), 0);
    assert_int_equal(symlinkat("elsewhere", cache, name), 0);
}

static void spoil_fifo(const char *name)
{
    assert_int_equal(unlinkat(cache, name, 0), 0);
    assert_int_equal(mkfifoat(cache, name, 0600), 0);
}

static void a_kept_program_that_somebody_changed_is_made_again(void **unused)
{
    static void (*const spoil[])(const char *name) = {
        spoil_mode, spoil_owner,     spoil_empty,   spoil_half_an_instruction,
        spoil_end,  spoil_too_large, spoil_symlink, spoil_fifo,
    };
    FOREACH_ARRAY (change, spoil, ELEMENTSOF(spoil)) {
        _cleanup_seccomp_program_ struct seccomp_program made = {}, again = {};
        struct stat st;
        const char *name = keep_one(&made);
        (*change)(name);
        prepare(0, cache, &again);
        assert_same(&made, &again);
        assert_int_equal(fstatat(cache, name, &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(st.st_uid, geteuid());
        assert_int_equal(st.st_size, made.count * sizeof(*made.instructions));
    }
}

static void without_a_place_to_keep_it_the_program_is_made_each_time(void **unused)
{
    _cleanup_seccomp_program_ struct seccomp_program made = {}, again = {};
    const char *name = keep_one(&made);
    assert_int_equal(unlinkat(cache, name, 0), 0);
    assert_int_equal(mkdirat(cache, name, 0700), 0);
    prepare(0, cache, &again);
    assert_same(&made, &again);
}

/* Newer than the oldest libseccomp that is in use. */
static const char *const new_names[] = {
    "file_getattr",     "file_setattr",
    "getxattrat",       "listmount",
    "listxattrat",      "lsm_get_self_attr",
    "lsm_list_modules", "mseal",
    "open_tree_attr",   "removexattrat",
    "riscv_hwprobe",    "setxattrat",
    "statmount",        "uprobe",
    "uretprobe",        NULL,
};

static void every_name_of_the_profile_is_a_call(void **unused)
{
    void *library = dlopen("libseccomp.so.2", RTLD_NOW | RTLD_LOCAL);
    assert_non_null(library);
    typeof(&seccomp_syscall_resolve_name) resolve;
    void *symbol = dlsym(library, "seccomp_syscall_resolve_name");
    assert_non_null(symbol);
    memcpy(&resolve, &symbol, sizeof(symbol));
    FOREACH_ARRAY (group, seccomp_groups, n_seccomp_groups)
        for (const char *name = group->names; *name; name += strlen(name) + 1)
            if (resolve(name) == __NR_SCMP_ERROR && !strv_contains((char *const *)new_names, name))
                fail_msg("no call has the name %s", name);
    FOREACH_ARRAY (rule, seccomp_rules, n_seccomp_rules)
        assert_int_not_equal(resolve(rule->name), __NR_SCMP_ERROR);
    (void)dlclose(library);
}

static void every_name_stands_once_and_in_order(void **unused)
{
    _cleanup_strv_ char **seen = NULL;
    FOREACH_ARRAY (group, seccomp_groups, n_seccomp_groups) {
        const char *last = "";
        for (const char *name = group->names; *name; last = name, name += strlen(name) + 1) {
            assert_true(strcmp(last, name) < 0);
            assert_false(strv_contains(seen, name));
            assert_int_equal(strv_append(&seen, name), 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(programs_run_as_without_a_filter),
        cmocka_unit_test(services_can_be_managed_inside),
        cmocka_unit_test(mounts_and_namespaces_are_refused),
        cmocka_unit_test(sys_admin_brings_mounts_and_namespaces_back),
        cmocka_unit_test(a_call_comes_with_its_capability),
        cmocka_unit_test(keyrings_and_io_uring_are_refused_to_everybody),
        cmocka_unit_test(no_argument_gets_round_the_refusal_of_vsock),
        cmocka_unit_test(a_libc_of_tomorrow_falls_back),
#if defined(__x86_64__)
        cmocka_unit_test(programs_of_32_bits_have_the_same_filter),
#endif
        cmocka_unit_test(without_privilege_the_message_says_what_to_do),
        cmocka_unit_test(off_means_no_filter),
        cmocka_unit_test(one_program_is_kept_per_set_of_capabilities_that_matter),
        cmocka_unit_test(the_kept_program_is_the_one_that_was_made),
        cmocka_unit_test(a_kept_program_that_somebody_changed_is_made_again),
        cmocka_unit_test(without_a_place_to_keep_it_the_program_is_made_each_time),
        cmocka_unit_test(every_name_of_the_profile_is_a_call),
        cmocka_unit_test(every_name_stands_once_and_in_order),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
