/* What a person reads behind the sentence of a step that failed. What needs a kernel that lacks something is
 * in tests/integration/test_features.py. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* launcher/failure.h has its own */

#include "launcher/hint.h"

static const struct container_config config = {.userns = USERNS_HOST};

static void test_a_file_system_that_is_missing_has_its_remedy(void **state)
{
    assert_non_null(strstr(hint_for_filesystem("overlay"), "--overlay=none"));
    assert_non_null(strstr(hint_for_filesystem("cgroup2"), "--cgroupns=host"));
    assert_non_null(strstr(hint_for_filesystem("mqueue"), "CONFIG_POSIX_MQUEUE"));
    assert_true(strlen(hint_for_filesystem("proc")) > 0);
}

static void test_what_the_kernel_does_not_lack_gets_no_hint(void **state)
{
    static const int errors[] = {-EIO, -ENOENT, -ENOSPC, -ENOSYS, -EINVAL, -EACCES};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct failure failure = {0};
        fail(&failure, errors[i], "mount on /x");
        hint_add(&failure, "filesystems", &config);
        assert_string_equal(failure.text, "mount on /x");
        assert_int_equal(failure.error, errors[i]);
    }
}

static void test_a_hint_follows_the_sentence(void **state)
{
    struct failure failure = {0};

    fail(&failure, -EINVAL, "device program");
    hint_add(&failure, "device-policy", &config);
    assert_ptr_equal(strstr(failure.text, "device program: berth needs CONFIG_BPF_SYSCALL"), failure.text);
    assert_non_null(strstr(failure.text, "--cgroup-manager=none goes without"));
    assert_int_equal(failure.error, -EINVAL);
}

static void test_a_hint_is_cut_not_overflowed(void **state)
{
    struct {
        struct failure failure;
        char behind[16];
    } it = {.behind = "untouched"};
    char path[sizeof(it.failure.text) - 8];

    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    fail(&it.failure, -ENOSPC, "%s", path);
    hint_add(&it.failure, "clone", &config);
    assert_int_equal(strlen(it.failure.text), sizeof(it.failure.text) - 1);
    assert_string_equal(it.behind, "untouched");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file_system_that_is_missing_has_its_remedy),
        cmocka_unit_test(test_what_the_kernel_does_not_lack_gets_no_hint),
        cmocka_unit_test(test_a_hint_follows_the_sentence),
        cmocka_unit_test(test_a_hint_is_cut_not_overflowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
