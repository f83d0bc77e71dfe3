/* When a unit's conditions hold, on real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/conditions.h"

static char directory[] = "/tmp/test-conditions-XXXXXX";

static int setup(void **state)
{
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chdir(directory), 0);
    assert_int_equal(mkdir("empty", 0755), 0);
    assert_int_equal(mkdir("full", 0755), 0);
    assert_int_equal(close(open("full/nothing", O_CREAT | O_WRONLY | O_CLOEXEC, 0644)), 0);
    assert_int_equal(replace_file_at(AT_FDCWD, "full/program", "#!/bin/sh\n", 0755), 0);
    assert_int_equal(symlink("full", "link"), 0);
    return 0;
}

static int teardown(void **state)
{
    return chdir("/") < 0 ? -1 : remove_tree_at(AT_FDCWD, directory);
}

static bool holds(enum condition_type type, const char *parameter)
{
    _cleanup_free_ char *copy = strdup(parameter);
    struct condition condition = {.type = type, .parameter = copy};
    bool result = condition_holds(&condition);

    /* What is negated is the manager's business: the answer must not change. */
    condition.negate = true;
    assert_int_equal(condition_holds(&condition), result);
    return result;
}

static void paths(void **state)
{
    assert_true(holds(CONDITION_PATH_EXISTS, "full/nothing"));
    assert_false(holds(CONDITION_PATH_EXISTS, "full/no"));
    assert_true(holds(CONDITION_PATH_EXISTS_GLOB, "full/pro*"));
    assert_false(holds(CONDITION_PATH_EXISTS_GLOB, "empty/*"));
    assert_true(holds(CONDITION_PATH_IS_DIRECTORY, "link"));
    assert_false(holds(CONDITION_PATH_IS_DIRECTORY, "full/nothing"));
    assert_true(holds(CONDITION_PATH_IS_SYMBOLIC_LINK, "link"));
    assert_false(holds(CONDITION_PATH_IS_SYMBOLIC_LINK, "full"));
    assert_true(holds(CONDITION_PATH_IS_READ_WRITE, "full"));
    assert_false(holds(CONDITION_PATH_IS_READ_WRITE, "/no/such"));
}

static void mount_points(void **state)
{
    assert_true(holds(CONDITION_PATH_IS_MOUNT_POINT, "/proc"));
    assert_true(holds(CONDITION_PATH_IS_MOUNT_POINT, "/proc/"));
    assert_false(holds(CONDITION_PATH_IS_MOUNT_POINT, "full"));
}

static void contents(void **state)
{
    assert_true(holds(CONDITION_DIRECTORY_NOT_EMPTY, "full"));
    assert_false(holds(CONDITION_DIRECTORY_NOT_EMPTY, "empty"));
    assert_false(holds(CONDITION_DIRECTORY_NOT_EMPTY, "no"));
    assert_true(holds(CONDITION_FILE_NOT_EMPTY, "full/program"));
    assert_false(holds(CONDITION_FILE_NOT_EMPTY, "full/nothing"));
    assert_true(holds(CONDITION_FILE_IS_EXECUTABLE, "full/program"));
    assert_false(holds(CONDITION_FILE_IS_EXECUTABLE, "full/nothing"));
}

static void the_container_is_known_by_its_name(void **state)
{
    assert_int_equal(setenv("container", "berth", 1), 0);
    assert_true(holds(CONDITION_VIRTUALIZATION, "yes"));
    assert_true(holds(CONDITION_VIRTUALIZATION, "container"));
    assert_true(holds(CONDITION_VIRTUALIZATION, "berth"));
    assert_false(holds(CONDITION_VIRTUALIZATION, "no"));
    assert_false(holds(CONDITION_VIRTUALIZATION, "vm"));
    assert_false(holds(CONDITION_VIRTUALIZATION, "docker"));
}

static void users_and_groups(void **state)
{
    char uid[16], gid[16], other[16];

    (void)snprintf(uid, sizeof(uid), "%u", getuid());
    (void)snprintf(gid, sizeof(gid), "%u", getgid());
    (void)snprintf(other, sizeof(other), "%u", getuid() + 1);
    assert_true(holds(CONDITION_USER, uid));
    assert_false(holds(CONDITION_USER, other));
    assert_false(holds(CONDITION_USER, "no-such-user"));
    assert_int_equal(holds(CONDITION_USER, "root"), getuid() == 0);
    assert_true(holds(CONDITION_GROUP, gid));
    assert_false(holds(CONDITION_GROUP, "no-such-group"));
}

static void what_is_no_capability_does_not_hold(void **state)
{
    assert_false(holds(CONDITION_CAPABILITY, "CAP_NO_SUCH"));
    assert_false(holds(CONDITION_KERNEL_COMMAND_LINE, "no.such.word"));
    assert_true(holds(CONDITION_AC_POWER, "true"));
    assert_false(holds(CONDITION_AC_POWER, "false"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(mount_points),
        cmocka_unit_test(contents),
        cmocka_unit_test(the_container_is_known_by_its_name),
        cmocka_unit_test(users_and_groups),
        cmocka_unit_test(what_is_no_capability_does_not_hold),
    };
    return cmocka_run_group_tests_name("platform-conditions", tests, setup, teardown);
}
