/* Names of capabilities. */
#include "test.h"

#include <errno.h>
#include <linux/capability.h>

#include "common/capabilities.h"

static void every_capability_of_the_kernel_headers_reads_back(void **state)
{
    for (int i = 0; i <= CAP_LAST_CAP; i++) {
        const char *name = capability_to_string(i);
        assert_non_null(name);
        assert_int_equal(capability_from_string(name), i);
        assert_int_equal(capability_from_string(name + 4), i);
    }
    assert_null(capability_to_string(-1));
    assert_null(capability_to_string(64));
}

static void docker_and_systemd_spellings_are_taken(void **state)
{
    assert_int_equal(capability_from_string("CAP_NET_ADMIN"), CAP_NET_ADMIN);
    assert_int_equal(capability_from_string("net_admin"), CAP_NET_ADMIN);
    assert_int_equal(capability_from_string("Cap_Sys_Admin"), CAP_SYS_ADMIN);
}

static void what_is_no_capability_is_refused(void **state)
{
    assert_int_equal(capability_from_string(""), -EINVAL);
    assert_int_equal(capability_from_string("cap_"), -EINVAL);
    assert_int_equal(capability_from_string("cap_cap_chown"), -EINVAL);
    assert_int_equal(capability_from_string("net_admin "), -EINVAL);
    assert_int_equal(capability_from_string("12"), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_capability_of_the_kernel_headers_reads_back),
        cmocka_unit_test(docker_and_systemd_spellings_are_taken),
        cmocka_unit_test(what_is_no_capability_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
