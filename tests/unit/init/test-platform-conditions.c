/* When a unit's conditions hold, on real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/conditions-system.h"
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
    char *const environment[] = {(char *)"GIVEN=here", NULL};
    bool result = condition_holds(&condition, environment);

    /* What is negated is the manager's business: the answer must not change. */
    condition.negate = true;
    assert_int_equal(condition_holds(&condition, environment), result);
    return result;
}

static void paths(void **state)
{
    assert_true(holds(CONDITION_PATH_EXISTS, "full/nothing"));
    assert_false(holds(CONDITION_PATH_EXISTS, "full/no"));
    assert_true(holds(CONDITION_PATH_EXISTS_GLOB, "full/pro*"));
    assert_false(holds(CONDITION_PATH_EXISTS_GLOB, "empty/*"));
    assert_true(holds(CONDITION_PATH_EXISTS_GLOB, "full/{no,{x,pro*}}"));
    assert_true(holds(CONDITION_PATH_EXISTS_GLOB, "{e,f}ull/{no,program}"));
    assert_true(holds(CONDITION_PATH_EXISTS_GLOB, "full{,}"));
    assert_false(holds(CONDITION_PATH_EXISTS_GLOB, "full/{no,neither}"));
    assert_false(holds(CONDITION_PATH_EXISTS_GLOB, "full/{program"));
    assert_false(
        holds(CONDITION_PATH_EXISTS_GLOB, "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"));
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

/* As `systemd-analyze compare-versions` says it. */
static void versions(void **state)
{
    static const char *const ascending[] = {"1~rc1", "1",   "1-2",   "1^3",    "1.a", "1.1",
                                            "1.1.0", "1.9", "1.010", "1.10.1", "2"};
    const size_t n = sizeof(ascending) / sizeof(*ascending);

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            assert_int_equal(compare_versions(ascending[i], ascending[j]), (i > j) - (i < j));
    assert_int_equal(compare_versions("1.010", "1.10"), 0);
    assert_int_equal(compare_versions("18446744073709551616", "18446744073709551615"), 1);
}

static void the_kernel(void **state)
{
    struct utsname name;
    char text[512];

    assert_int_equal(uname(&name), 0);
    assert_true(holds(CONDITION_KERNEL_VERSION, name.release));
    assert_true(holds(CONDITION_KERNEL_VERSION, ">=2.6 <99"));
    assert_true(holds(CONDITION_KERNEL_VERSION, ">= 2.6"));
    assert_true(holds(CONDITION_KERNEL_VERSION, ">= 2.6 \"<99\""));
    assert_false(holds(CONDITION_KERNEL_VERSION, ">= 2.6 < 99"));
    assert_false(holds(CONDITION_KERNEL_VERSION, ">"));
    assert_false(holds(CONDITION_KERNEL_VERSION, "< 2.6"));
    assert_false(holds(CONDITION_KERNEL_VERSION, "0.*"));
    assert_true(holds(CONDITION_KERNEL_VERSION, "!=0.1"));
    (void)snprintf(text, sizeof(text), "=%s", name.release);
    assert_true(holds(CONDITION_KERNEL_VERSION, text));
    assert_true(holds(CONDITION_ARCHITECTURE, "native"));
    assert_false(holds(CONDITION_ARCHITECTURE, "pdp11"));
    if (strcmp(name.machine, "x86_64") == 0)
        assert_true(holds(CONDITION_ARCHITECTURE, "x86-64"));
    assert_true(holds(CONDITION_HOST, name.nodename));
    assert_true(holds(CONDITION_HOST, "*"));
    assert_false(holds(CONDITION_HOST, "no-such-host-?"));
    assert_false(holds(CONDITION_HOST, "00000000000000000000000000000001"));
    assert_false(holds(CONDITION_FIRMWARE, "uefi"));
    assert_false(holds(CONDITION_SECURITY, "no-such-module"));
    assert_false(holds(CONDITION_KERNEL_MODULE_LOADED, "no_such_module"));
    assert_false(holds(CONDITION_KERNEL_MODULE_LOADED, ".."));
}

static void modules(void **state)
{
    _cleanup_closedir_ DIR *modules_directory = opendir("/sys/module");
    struct dirent *entry;

    while (modules_directory && (entry = readdir(modules_directory)))
        if (entry->d_name[0] != '.') {
            assert_true(holds(CONDITION_KERNEL_MODULE_LOADED, entry->d_name));
            return;
        }
    skip();
}

static void the_machine(void **state)
{
    char text[64];
    cpu_set_t affinity;

    assert_int_equal(sched_getaffinity(0, sizeof(affinity), &affinity), 0);
    assert_true(holds(CONDITION_CPUS, "1"));
    assert_true(holds(CONDITION_CPUS, ">0"));
    assert_false(holds(CONDITION_CPUS, "> 100000"));
    assert_false(holds(CONDITION_CPUS, "many"));
    (void)snprintf(text, sizeof(text), "=%d", CPU_COUNT(&affinity));
    assert_true(holds(CONDITION_CPUS, text));
    assert_true(holds(CONDITION_MEMORY, ">= 1M"));
    assert_false(holds(CONDITION_MEMORY, "1000T"));
    assert_true(holds(CONDITION_MEMORY, "<1000T"));
    assert_false(holds(CONDITION_CPU_FEATURE, "nosuchfeature"));
#ifdef __x86_64__
    assert_true(holds(CONDITION_CPU_FEATURE, "sse2"));
#endif
}

static void the_operating_system(void **state)
{
    if (access("/etc/os-release", F_OK) < 0)
        skip();
    assert_true(holds(CONDITION_OS_RELEASE, "ID!=plan9"));
    assert_true(holds(CONDITION_OS_RELEASE, "ID=$*"));
    assert_true(holds(CONDITION_OS_RELEASE, "NO_SUCH_KEY<1"));
    assert_false(holds(CONDITION_OS_RELEASE, "ID=plan9"));
    assert_false(holds(CONDITION_OS_RELEASE, "ID!=plan9 ID=plan9"));
    assert_false(holds(CONDITION_OS_RELEASE, "ID"));
    assert_false(holds(CONDITION_OS_RELEASE, "NO_SUCH_KEY="));
    assert_true(holds(CONDITION_OS_RELEASE, "\"ID!=plan 9\" ID!='plan 9'"));
    assert_false(holds(CONDITION_OS_RELEASE, "\"ID!=plan9"));
}

static void what_pid_1_was_given(void **state)
{
    assert_int_equal(setenv("PID_1", "here", 1), 0);
    assert_true(holds(CONDITION_ENVIRONMENT, "GIVEN"));
    assert_false(holds(CONDITION_ENVIRONMENT, "PID_1"));
    assert_true(holds(CONDITION_ENVIRONMENT, "GIVEN=here"));
    assert_false(holds(CONDITION_ENVIRONMENT, "GIVEN=there"));
    assert_false(holds(CONDITION_ENVIRONMENT, "GIVE"));
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "full", 1), 0);
    assert_true(holds(CONDITION_CREDENTIAL, "program"));
    assert_false(holds(CONDITION_CREDENTIAL, "no-such-secret"));
    assert_false(holds(CONDITION_CREDENTIAL, "../full/program"));
}

/* Exactly one of yes and no holds, whatever this machine is. */
static void a_first_boot_is_one_or_none(void **state)
{
    assert_int_not_equal(holds(CONDITION_FIRST_BOOT, "yes"), holds(CONDITION_FIRST_BOOT, "no"));
    assert_false(holds(CONDITION_FIRST_BOOT, "perhaps"));
}

static void updates(void **state)
{
    const struct timespec future[2] = {{.tv_sec = 4000000000}, {.tv_sec = 4000000000}};
    const struct timespec past[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

    assert_true(holds(CONDITION_NEEDS_UPDATE, "empty"));
    assert_int_equal(close(open("full/.updated", O_CREAT | O_WRONLY | O_CLOEXEC, 0644)), 0);
    assert_int_equal(utimensat(AT_FDCWD, "full/.updated", future, 0), 0);
    assert_false(holds(CONDITION_NEEDS_UPDATE, "full"));
    assert_int_equal(utimensat(AT_FDCWD, "full/.updated", past, 0), 0);
    assert_true(holds(CONDITION_NEEDS_UPDATE, "full"));
    assert_false(holds(CONDITION_PATH_IS_ENCRYPTED, "full"));
    assert_false(holds(CONDITION_PATH_IS_ENCRYPTED, "/proc"));
}

static void control_groups(void **state)
{
    bool v2 = access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;

    assert_int_equal(holds(CONDITION_CONTROL_GROUP_CONTROLLER, "v2"), v2);
    assert_int_equal(holds(CONDITION_CONTROL_GROUP_CONTROLLER, "v1"), !v2);
    /* What is no controller asks for nothing, as in systemd. */
    assert_int_equal(holds(CONDITION_CONTROL_GROUP_CONTROLLER, "nosuch"), v2);
}

static void pressure(void **state)
{
    const enum condition_type types[] = {CONDITION_MEMORY_PRESSURE, CONDITION_CPU_PRESSURE,
                                         CONDITION_IO_PRESSURE};

    for (size_t i = 0; i < 3; i++) {
        assert_true(holds(types[i], "100%"));
        assert_true(holds(types[i], "100%/10s"));
        assert_true(holds(types[i], "no-such.slice:0%")); /* nothing is measured there */
        assert_false(holds(types[i], "much"));
        assert_false(holds(types[i], "100%/soon"));
    }
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
        cmocka_unit_test(versions),
        cmocka_unit_test(the_kernel),
        cmocka_unit_test(modules),
        cmocka_unit_test(the_machine),
        cmocka_unit_test(the_operating_system),
        cmocka_unit_test(what_pid_1_was_given),
        cmocka_unit_test(a_first_boot_is_one_or_none),
        cmocka_unit_test(updates),
        cmocka_unit_test(control_groups),
        cmocka_unit_test(pressure),
    };
    return cmocka_run_group_tests_name("platform-conditions", tests, setup, teardown);
}
