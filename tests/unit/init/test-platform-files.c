/* Unit files from a real root, also where the kernel has no openat2(2). */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/files.h"

/* From here on openat2(2) fails like that. */
static int forbid_openat2(int error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = ELEMENTSOF(code), .filter = code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return -errno;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? -errno : 0;
}

/* Whether path can be read, in a process of its own: a filter cannot be taken back. */
static int read_without_openat2(int error, bool is_own, const char *path)
{
    struct root_files files = {.root_fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), .is_own = is_own};
    int status;

    pid_t pid = fork();
    if (pid == 0) {
        char *text = NULL;
        size_t size;
        int r = forbid_openat2(error);
        if (r == 0)
            r = root_files_ops.read(&files, path, &text, &size);
        free(text);
        _exit(-r);
    }
    close(files.root_fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

static void an_older_kernel_or_filter_boots_all_the_same(void **state)
{
    assert_int_equal(read_without_openat2(ENOSYS, true, "/etc/passwd"), 0);
    assert_int_equal(read_without_openat2(EPERM, true, "/etc/passwd"), 0);
    assert_int_equal(read_without_openat2(ENOSYS, true, "/etc/no-such-file"), -ENOENT);
}

static void another_root_is_never_looked_into_without_a_way_to_stay_inside(void **state)
{
    assert_int_equal(read_without_openat2(ENOSYS, false, "/etc/passwd"), -ENOSYS);
    assert_int_equal(read_without_openat2(EPERM, false, "/etc/passwd"), -ENOSYS);
}

static void what_is_no_file_is_refused_and_never_waited_for(void **state)
{
    char directory[] = "/tmp/test-files-XXXXXX", *text;
    size_t size;

    assert_non_null(mkdtemp(directory));
    struct root_files files = {.root_fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC)};
    assert_int_equal(mkfifoat(files.root_fd, "fifo", 0600), 0);
    assert_int_equal(root_files_ops.read(&files, "/fifo", &text, &size), -EINVAL);
    assert_int_equal(root_files_ops.read(&files, "/", &text, &size), -EISDIR);
    assert_int_equal(remove_tree_at(AT_FDCWD, directory), 0);
    close(files.root_fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_kernel_or_filter_boots_all_the_same),
        cmocka_unit_test(another_root_is_never_looked_into_without_a_way_to_stay_inside),
        cmocka_unit_test(what_is_no_file_is_refused_and_never_waited_for),
    };
    return cmocka_run_group_tests_name("platform-files", tests, NULL, NULL);
}
