/* Where a service is found in the cgroup tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "common/text.h"
#include "init/platform/cgroup-name.h"

static void expect_name(const char *name, const char *slice, const char *expected)
{
    _cleanup_unit_ struct unit *unit = unit_new(name);
    _cleanup_free_ char *path = NULL;

    assert_non_null(unit);
    free(unit->cgroup->slice);
    unit->cgroup->slice = slice ? strdup(slice) : NULL;
    assert_int_equal(cgroup_unit_name(unit, &path), 0);
    assert_string_equal(path, expected);
}

static void services_are_in_system_slice(void **state)
{
    expect_name("web.service", NULL, "system.slice/web.service");
    expect_name("a-b.service", NULL, "system.slice/a-b.service");
}

static void slices_are_nested_by_their_dashes(void **state)
{
    expect_name("x.service", "a-b-c.slice", "a.slice/a-b.slice/a-b-c.slice/x.service");
    expect_name("a-b.slice", NULL, "a.slice/a-b.slice");
    expect_name("x.service", "-.slice", "x.service");
}

static void names_of_kernel_files_get_an_underscore(void **state)
{
    expect_name("cgroup.service", NULL, "system.slice/_cgroup.service");
    expect_name("memory.service", NULL, "system.slice/_memory.service");
    expect_name("_x.service", NULL, "system.slice/__x.service");
    expect_name("memoryx.service", NULL, "system.slice/memoryx.service");
    assert_string_equal(cgroup_unescape("_memory.service"), "memory.service");
    assert_string_equal(cgroup_unescape("web.service"), "web.service");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_are_in_system_slice),
        cmocka_unit_test(slices_are_nested_by_their_dashes),
        cmocka_unit_test(names_of_kernel_files_get_an_underscore),
    };
    return cmocka_run_group_tests_name("platform-cgroup-name", tests, NULL, NULL);
}
