/* What settings write into the files of a control group: a directory of plain files stands in for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/cgroup-device.h"
#include "init/platform/cgroup-limits.h"
#include "tests/unit/init/unit-fixture.h"

static const char *const files[] = {
    "cpu.weight",
    "cpu.max",
    "cpu.idle",
    "cpuset.cpus",
    "memory.min",
    "memory.low",
    "memory.max",
    "memory.high",
    "pids.max",
    "io.weight",
    "memory.swap.max",
    "memory.zswap.max",
    "memory.zswap.writeback",
    "cpuset.mems",
    "io.max",
    "io.latency",
};

struct group {
    char path[32];
    int fd;
    struct cgroup_place place;
    char problems[4096];
};

static void make_file(int fd, const char *name)
{
    close_fd(openat(fd, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
}

static int make_group(void **state)
{
    struct group *group = calloc(1, sizeof(*group));

    assert_non_null(group);
    (void)snprintf(group->path, sizeof(group->path), "/tmp/berth-limits-XXXXXX");
    assert_non_null(mkdtemp(group->path));
    group->fd = open(group->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_true(group->fd >= 0);
    for (size_t i = 0; i < ELEMENTSOF(files); i++)
        make_file(group->fd, files[i]);
    group->place = (struct cgroup_place){.controllers = CONTROLLERS_ALL, .memory = 1 << 30, .tasks = 4000};
    *state = group;
    return 0;
}

static int remove_group(void **state)
{
    struct group *group = *state;

    assert_int_equal(remove_tree_at(AT_FDCWD, group->path), 0);
    close_fd(group->fd);
    free(group);
    return 0;
}

static void keep_problem(void *userdata, const struct cgroup_setting *setting, const char *why)
{
    struct group *group = userdata;
    size_t used = strlen(group->problems);

    (void)snprintf(group->problems + used, sizeof(group->problems) - used, "%s:%u: %s: %s\n", setting->file,
                   setting->line, setting->directive, why);
}

static void apply(struct group *group, const char *lines)
{
    _cleanup_unit_ struct unit *unit = service_with(lines);

    assert_string_equal(reports, "");
    group->problems[0] = 0;
    cgroup_limits_apply(group->fd, unit->cgroup, &group->place, keep_problem, group);
}

static void expect(const struct group *group, const char *file, const char *text)
{
    _cleanup_free_ char *found = NULL;

    assert_int_equal(read_file_at(group->fd, file, 4096, &found, NULL), 0);
    assert_string_equal(found, text);
}

/* One line of a unit, the file it goes to, and what is there then. */
static const struct {
    const char *line, *file, *text;
} conversions[] = {
    {"MemoryMax=64M", "memory.max", "67108864"},
    {"MemoryMax=infinity", "memory.max", "max"},
    {"MemoryMax=25%", "memory.max", "268435456"},
    {"MemoryLimit=1K", "memory.max", "1024"},
    {"MemoryLow=infinity", "memory.low", "max"},
    {"MemoryMin=1M", "memory.min", "1048576"},
    {"MemorySwapMax=0", "memory.swap.max", "0"},
    {"MemoryZSwapMax=1M", "memory.zswap.max", "1048576"},
    {"MemoryZSwapWriteback=no", "memory.zswap.writeback", "0"},
    {"TasksMax=10%", "pids.max", "400"},
    {"TasksMax=7", "pids.max", "7"},
    {"CPUWeight=300", "cpu.weight", "300"},
    {"CPUWeight=idle", "cpu.idle", "1"},
    {"CPUShares=2048", "cpu.weight", "200"},
    {"CPUShares=2", "cpu.weight", "1"},
    {"CPUShares=262144", "cpu.weight", "10000"},
    {"CPUQuota=50%", "cpu.max", "50000 100000"},
    {"CPUQuota=250%\nCPUQuotaPeriodSec=10ms", "cpu.max", "25000 10000"},
    {"CPUQuota=1%\nCPUQuotaPeriodSec=10ms", "cpu.max", "1000 100000"},
    {"CPUQuota=0.01%", "cpu.max", "1000 1000000"},
    {"AllowedCPUs=3 0-1,2", "cpuset.cpus", "0-3"},
    {"AllowedMemoryNodes=0", "cpuset.mems", "0"},
    {"IOWeight=55", "io.weight", "default 55"},
    {"BlockIOWeight=1000", "io.weight", "default 200"},
};

static void every_setting_becomes_what_the_kernel_wants(void **state)
{
    FOREACH_ARRAY (row, conversions, ELEMENTSOF(conversions)) {
        apply(*state, row->line);
        expect(*state, row->file, row->text);
        assert_string_equal(((struct group *)*state)->problems, "");
    }
}

static void an_old_spelling_gives_way_to_a_new_one(void **state)
{
    apply(*state, "CPUShares=2048\nCPUWeight=7\nMemoryLimit=1M\nMemoryHigh=2M\nBlockIOWeight=10\nIOWeight=9");
    expect(*state, "cpu.weight", "7");
    expect(*state, "memory.max", "");
    expect(*state, "memory.high", "2097152");
    expect(*state, "io.weight", "default 9");
}

static void a_startup_setting_holds_while_starting(void **state)
{
    struct group *group = *state;

    group->place.starting = true;
    apply(group, "CPUWeight=50\nStartupCPUWeight=900\nStartupMemoryHigh=1M");
    expect(group, "cpu.weight", "900");
    expect(group, "memory.high", "1048576");
    group->place.starting = false;
    apply(group, "CPUWeight=50\nStartupCPUWeight=900\nStartupMemoryHigh=1M");
    expect(group, "cpu.weight", "50");
    expect(group, "memory.high", "max");
}

/* One line, its file, and what is there while starting and afterwards. */
static const struct {
    const char *line, *file, *starting, *started;
} startups[] = {
    {"StartupAllowedCPUs=1", "cpuset.cpus", "1", "\n"},
    {"StartupAllowedMemoryNodes=0", "cpuset.mems", "0", "\n"},
    {"StartupCPUShares=2048", "cpu.weight", "200", "100"},
    {"StartupIOWeight=300", "io.weight", "default 300", "default 100"},
    {"StartupBlockIOWeight=1000", "io.weight", "default 200", "default 100"},
    {"StartupMemoryLow=1M", "memory.low", "1048576", "0"},
    {"StartupMemoryMax=1M", "memory.max", "1048576", "max"},
    {"StartupMemorySwapMax=1M", "memory.swap.max", "1048576", "max"},
    {"StartupMemoryZSwapMax=1M", "memory.zswap.max", "1048576", "max"},
};

static void every_startup_setting_ends_with_the_start(void **state)
{
    struct group *group = *state;

    FOREACH_ARRAY (row, startups, ELEMENTSOF(startups)) {
        group->place.starting = true;
        apply(group, row->line);
        expect(group, row->file, row->starting);
        group->place.starting = false;
        apply(group, row->line);
        expect(group, row->file, row->started);
        assert_string_equal(group->problems, "");
    }
}

static void what_is_not_set_any_more_is_taken_back(void **state)
{
    struct group *group = *state;
    _cleanup_unit_ struct unit *unit = service_with("MemoryMax=5M");

    apply(group, "MemoryMax=5M\nMemoryHigh=1M\nCPUWeight=7\nCPUQuota=5%\nMemoryLow=1M\nAllowedCPUs=0");
    cgroup_limits_reset(group->fd, unit->cgroup, &group->place);
    expect(group, "memory.max", "5242880");
    expect(group, "memory.high", "max");
    expect(group, "memory.low", "0");
    expect(group, "cpu.weight", "100");
    expect(group, "cpu.max", "max 100000");
    expect(group, "cpuset.cpus", "\n");
}

static void a_slices_default_is_for_units_that_say_nothing(void **state)
{
    struct group *group = *state;

    group->place.default_low = (struct memory_default){.is_set = true, .bytes = 4096};
    group->place.default_min = (struct memory_default){.is_set = true, .bytes = 8192};
    apply(group, "MemoryMin=1M");
    expect(group, "memory.low", "4096");
    expect(group, "memory.min", "1048576");
}

static void assert_default(const struct group *group, const char *lines, enum cgroup_limit limit,
                           bool starting, uint64_t bytes)
{
    _cleanup_unit_ struct unit *unit = service_with(lines);
    struct memory_default given = cgroup_limits_default(unit->cgroup, &group->place, limit, starting);

    assert_true(given.is_set);
    assert_true(given.bytes == bytes);
}

static void a_slice_gives_what_its_defaults_say(void **state)
{
    assert_default(*state, "DefaultMemoryMin=2M", LIMIT_DEFAULT_MEMORY_MIN, false, 2 << 20);
    assert_default(*state, "DefaultMemoryLow=50%", LIMIT_DEFAULT_MEMORY_LOW, false, 1 << 29);
    assert_default(*state, "DefaultMemoryLow=1M\nDefaultStartupMemoryLow=3M", LIMIT_DEFAULT_MEMORY_LOW, true,
                   3 << 20);
    assert_default(*state, "DefaultMemoryLow=1M\nDefaultStartupMemoryLow=3M", LIMIT_DEFAULT_MEMORY_LOW, false,
                   1 << 20);
}

static void a_missing_controller_is_told_with_file_and_line(void **state)
{
    struct group *group = *state;

    group->place.controllers = CONTROLLER_BIT(CONTROLLER_CPU);
    assert_int_equal(unlinkat(group->fd, "memory.max", 0), 0);
    apply(group, "CPUWeight=7\nMemoryMax=1M");
    expect(group, "cpu.weight", "7");
    assert_string_equal(
        group->problems,
        "/etc/x:4: MemoryMax: the cgroup controller memory is not delegated to the container\n");
}

static void a_controller_that_a_slice_disables_is_told(void **state)
{
    struct group *group = *state;

    group->place.disabled = CONTROLLER_BIT(CONTROLLER_PIDS);
    assert_int_equal(unlinkat(group->fd, "pids.max", 0), 0);
    apply(group, "TasksMax=5");
    assert_string_equal(group->problems,
                        "/etc/x:3: TasksMax: DisableControllers= of a slice keeps the cgroup "
                        "controller pids away\n");
}

static void a_value_that_the_kernel_changed_is_told(void **state)
{
    struct group *group = *state;

    /* A file that reads as something else than was written. */
    assert_int_equal(unlinkat(group->fd, "memory.max", 0), 0);
    assert_int_equal(symlinkat("/dev/null", group->fd, "memory.max"), 0);
    apply(group, "MemoryMax=1M");
    assert_string_equal(group->problems,
                        "/etc/x:3: MemoryMax: the kernel did not keep the value in memory.max\n");
}

static void the_roots_limits_are_left_alone(void **state)
{
    struct group *group = *state;

    group->place.is_root = true;
    apply(group, "MemoryMax=1M");
    expect(group, "memory.max", "");
    assert_non_null(strstr(group->problems, "set from outside"));
}

static void a_device_that_is_none_is_told(void **state)
{
    struct group *group = *state;

    apply(group, "IOReadBandwidthMax=/proc/version 5M\nIOWriteIOPSMax=/nowhere/at/all 5");
    assert_string_equal(group->problems,
                        "/etc/x:3: IOReadBandwidthMax: /proc/version: it lies on no block device\n"
                        "/etc/x:4: IOWriteIOPSMax: /nowhere/at/all: no such file\n");
}

/* A setting for a device, the file it goes to, and its line there. */
static const struct {
    const char *name, *value, *file, *text;
} device_settings[] = {
    {"IODeviceWeight=", "300", "io.weight", "8:16 300"},
    {"BlockIODeviceWeight=", "1000", "io.weight", "8:16 200"},
    {"IOReadBandwidthMax=", "1M", "io.max", "8:16 rbps=1000000"},
    {"BlockIOReadBandwidth=", "2M", "io.max", "8:16 rbps=2000000"},
    {"IOWriteBandwidthMax=", "3M", "io.max", "8:16 wbps=3000000"},
    {"BlockIOWriteBandwidth=", "4M", "io.max", "8:16 wbps=4000000"},
    {"IOReadIOPSMax=", "5", "io.max", "8:16 riops=5"},
    {"IOWriteIOPSMax=", "6", "io.max", "8:16 wiops=6"},
    {"IODeviceLatencyTargetSec=", "25ms", "io.latency", "8:16 target=25000"},
};

/* Only root makes nodes of devices. */
static void every_setting_of_a_device_becomes_its_line(void **state)
{
    struct group *group = *state;

    if (mknodat(group->fd, "disk", S_IFBLK | 0600, makedev(8, 16)) < 0)
        skip();
    FOREACH_ARRAY (row, device_settings, ELEMENTSOF(device_settings)) {
        _cleanup_free_ char *line = xasprintf("%s%s/disk %s", row->name, group->path, row->value);
        apply(group, line);
        expect(group, row->file, row->text);
        assert_string_equal(group->problems, "");
    }
}

/* Needs a place on a real disk, which not every machine has. */
static void a_file_means_the_disk_it_lies_on(void **state)
{
    struct group *group = *state;
    char line[96];
    dev_t device;

    if (cgroup_device_find("/usr", &device) < 0)
        skip();
    apply(group, "IOReadBandwidthMax=/usr 5M");
    (void)snprintf(line, sizeof(line), "%u:%u rbps=5000000", major(device), minor(device));
    expect(group, "io.max", line);
}

static void limits_of_devices_that_are_not_declared_any_more_are_lifted(void **state)
{
    struct group *group = *state;
    _cleanup_unit_ struct unit *unit = service_with("MemoryMax=5M");
    static const struct {
        const char *file, *before, *after;
    } devices[] = {
        {"io.max", "8:16 rbps=5000000 wbps=max riops=max wiops=max\n",
         "8:16 rbps=max wbps=max riops=max wiops=max"},
        {"io.latency", "8:0 target=75000\n", "8:0 target=0"},
    };

    FOREACH_ARRAY (file, devices, ELEMENTSOF(devices)) {
        assert_int_equal(write_file_at(group->fd, file->file, file->before), 0);
    }
    cgroup_limits_reset(group->fd, unit->cgroup, &group->place);
    FOREACH_ARRAY (file, devices, ELEMENTSOF(devices))
        expect(group, file->file, file->after);
}

static void only_controllers_that_settings_need_are_asked_for(void **state)
{
    _cleanup_unit_ struct unit *none = service_with("MemoryMax=infinity\nTasksMax=infinity\nCPUWeight=100");
    _cleanup_unit_ struct unit *some = service_with("CPUQuota=5%\nAllowedCPUs=0\nMemoryLow=1M");

    assert_int_equal(cgroup_limits_controllers(none->cgroup), 0);
    assert_int_equal(cgroup_limits_controllers(some->cgroup), CONTROLLER_BIT(CONTROLLER_CPU) |
                                                                  CONTROLLER_BIT(CONTROLLER_CPUSET) |
                                                                  CONTROLLER_BIT(CONTROLLER_MEMORY));
}

static void what_a_place_lacks_is_known_before_the_start(void **state)
{
    struct group *group = *state;
    _cleanup_unit_ struct unit *unit = service_with("CPUQuota=5%\nTasksMax=9\nMemoryMax=infinity");

    cgroup_limits_check(unit->cgroup, cgroup_controllers_parse("cpu memory rdma\n"), true, keep_problem,
                        group);
    assert_string_equal(group->problems,
                        "/etc/x:4: TasksMax: the cgroup controller pids is not delegated to the container\n");
    group->problems[0] = 0;
    cgroup_limits_check(unit->cgroup, 0, false, keep_problem, group);
    assert_string_equal(group->problems,
                        "/etc/x:3: CPUQuota: no cgroup v2 tree is delegated to the container\n"
                        "/etc/x:4: TasksMax: no cgroup v2 tree is delegated to the container\n");
}

#define IN_GROUP(test) cmocka_unit_test_setup_teardown(test, make_group, remove_group)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_GROUP(every_setting_becomes_what_the_kernel_wants),
        IN_GROUP(an_old_spelling_gives_way_to_a_new_one),
        IN_GROUP(a_startup_setting_holds_while_starting),
        IN_GROUP(every_startup_setting_ends_with_the_start),
        IN_GROUP(what_is_not_set_any_more_is_taken_back),
        IN_GROUP(a_slices_default_is_for_units_that_say_nothing),
        IN_GROUP(a_slice_gives_what_its_defaults_say),
        IN_GROUP(a_missing_controller_is_told_with_file_and_line),
        IN_GROUP(a_controller_that_a_slice_disables_is_told),
        IN_GROUP(a_value_that_the_kernel_changed_is_told),
        IN_GROUP(the_roots_limits_are_left_alone),
        IN_GROUP(a_device_that_is_none_is_told),
        IN_GROUP(every_setting_of_a_device_becomes_its_line),
        IN_GROUP(a_file_means_the_disk_it_lies_on),
        IN_GROUP(limits_of_devices_that_are_not_declared_any_more_are_lifted),
        IN_GROUP(only_controllers_that_settings_need_are_asked_for),
        IN_GROUP(what_a_place_lacks_is_known_before_the_start),
    };
    return cmocka_run_group_tests_name("platform-cgroup-limits", tests, NULL, NULL);
}
