/* Resource settings as files declare them. */
#include "tests/unit/init/unit-fixture.h"

#include "init/unit/directive.h"

static const struct cgroup_setting *get(const struct unit *unit, enum cgroup_limit limit)
{
    return cgroup_context_get(unit->cgroup, limit, false);
}

static void assert_set(const struct unit *unit, enum cgroup_limit limit, uint64_t value)
{
    const struct cgroup_setting *setting = get(unit, limit);
    assert_non_null(setting);
    assert_true(setting->value == value);
}

static void a_unit_that_sets_nothing_keeps_nothing(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("CPUAccounting=yes\nMemoryMax=\nTasksMax=");
    assert_null(unit->cgroup->settings);
    assert_false(unit->cgroup->delegate);
}

static void limits_of_memory_and_tasks(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("MemoryMax=512M\nMemoryHigh=infinity\nMemoryMin=10%\nMemorySwapMax=0\nTasksMax=33%\n"
                     "MemoryZSwapWriteback=no");
    assert_string_equal(reports, "");
    assert_set(unit, LIMIT_MEMORY_MAX, 512 << 20);
    assert_set(unit, LIMIT_MEMORY_HIGH, UINT64_MAX);
    assert_set(unit, LIMIT_MEMORY_MIN, 1000);
    assert_true(get(unit, LIMIT_MEMORY_MIN)->is_share);
    assert_set(unit, LIMIT_MEMORY_SWAP_MAX, 0);
    assert_set(unit, LIMIT_TASKS_MAX, 3300);
    assert_set(unit, LIMIT_MEMORY_ZSWAP_WRITEBACK, 0);
}

static void a_setting_knows_its_directive_file_and_line(void **state)
{
    static const struct memory_file files[] = {
        {"/etc/x.service", "[Service]\nExecStart=/bin/true\nMemoryMax=1M\n", NULL},
        {"/etc/x.service.d/limits.conf", "[Service]\n\nMemoryMax=2M\n", NULL},
        {0},
    };
    _cleanup_unit_ struct unit *unit = load_from(files, "x.service");
    const struct cgroup_setting *setting = get(unit, LIMIT_MEMORY_MAX);
    assert_string_equal(setting->directive, "MemoryMax");
    assert_string_equal(setting->file, "/etc/x.service.d/limits.conf");
    assert_int_equal(setting->line, 3);
    assert_true(setting->value == 2 << 20);
    assert_null(unit->cgroup->settings->next);
}

static void an_empty_value_takes_only_its_own_kind_back(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("MemoryMax=1M\nMemoryHigh=1M\nStartupMemoryMax=2M\nMemoryMax=\nCPUQuota=5%\nCPUQuota=");
    assert_null(get(unit, LIMIT_MEMORY_MAX));
    assert_set(unit, LIMIT_MEMORY_HIGH, 1 << 20);
    assert_non_null(cgroup_context_get(unit->cgroup, LIMIT_MEMORY_MAX, true));
    assert_null(get(unit, LIMIT_CPU_QUOTA));
}

static void a_startup_setting_counts_while_starting_only(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("StartupCPUWeight=900\nCPUWeight=50\nIOWeight=7");
    assert_int_equal(cgroup_context_get(unit->cgroup, LIMIT_CPU_WEIGHT, true)->value, 900);
    assert_set(unit, LIMIT_CPU_WEIGHT, 50);
    assert_int_equal(cgroup_context_get(unit->cgroup, LIMIT_IO_WEIGHT, true)->value, 7);
}

static void each_startup_setting_counts_while_starting_only(void **state)
{
    static const struct {
        const char *line;
        enum cgroup_limit limit;
        uint64_t value;
    } rows[] = {
        {"StartupCPUShares=2048", LIMIT_CPU_SHARES, 2048},
        {"StartupIOWeight=7", LIMIT_IO_WEIGHT, 7},
        {"StartupBlockIOWeight=500", LIMIT_BLOCK_IO_WEIGHT, 500},
        {"StartupMemoryLow=1M", LIMIT_MEMORY_LOW, 1 << 20},
        {"StartupMemorySwapMax=2M", LIMIT_MEMORY_SWAP_MAX, 2 << 20},
        {"StartupMemoryZSwapMax=3M", LIMIT_MEMORY_ZSWAP_MAX, 3 << 20},
        {"DefaultStartupMemoryLow=4M", LIMIT_DEFAULT_MEMORY_LOW, 4 << 20},
    };

    FOREACH_ARRAY (row, rows, ELEMENTSOF(rows)) {
        _cleanup_unit_ struct unit *unit = service_with(row->line);
        assert_string_equal(reports, "");
        assert_true(cgroup_context_get(unit->cgroup, row->limit, true)->value == row->value);
        assert_null(get(unit, row->limit));
    }
    _cleanup_unit_ struct unit *unit = service_with("StartupAllowedCPUs=0-3\nStartupAllowedMemoryNodes=0");
    assert_non_null(cgroup_context_get(unit->cgroup, LIMIT_CPUS, true));
    assert_non_null(cgroup_context_get(unit->cgroup, LIMIT_MEMORY_NODES, true));
    assert_null(get(unit, LIMIT_CPUS));
}

static void old_spellings_and_defaults_are_kept_as_their_own_kinds(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("DefaultMemoryMin=1M\nMemoryZSwapMax=2M\nBlockIODeviceWeight=/dev/vda 300\n"
                     "BlockIOReadBandwidth=/dev/vda 4M\nBlockIOWriteBandwidth=/dev/vda 5M");
    assert_string_equal(reports, "");
    assert_set(unit, LIMIT_DEFAULT_MEMORY_MIN, 1 << 20);
    assert_set(unit, LIMIT_MEMORY_ZSWAP_MAX, 2 << 20);
    assert_set(unit, LIMIT_BLOCK_IO_DEVICE_WEIGHT, 300);
    assert_set(unit, LIMIT_BLOCK_IO_READ_BANDWIDTH, 4 * 1000 * 1000);
    assert_set(unit, LIMIT_BLOCK_IO_WRITE_BANDWIDTH, 5 * 1000 * 1000);
}

static void limits_of_cpu(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("CPUQuota=150%\nCPUQuotaPeriodSec=10ms\nCPUWeight=idle\nAllowedCPUs=4,0-1\n"
                     "AllowedCPUs=2\nAllowedMemoryNodes=0");
    assert_string_equal(reports, "");
    assert_set(unit, LIMIT_CPU_QUOTA, 1500 * USEC_PER_MSEC);
    assert_set(unit, LIMIT_CPU_PERIOD, 10 * USEC_PER_MSEC);
    assert_set(unit, LIMIT_CPU_WEIGHT, CPU_WEIGHT_IDLE);
    assert_string_equal(get(unit, LIMIT_CPUS)->text, "0-2,4");
    assert_string_equal(get(unit, LIMIT_MEMORY_NODES)->text, "0");
}

static void a_list_of_all_cpus_fits(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("AllowedCPUs=0-1023");
    assert_string_equal(get(unit, LIMIT_CPUS)->text, "0-1023");
}

/* Of a device the last word counts, of several devices each. */
static void limits_of_devices(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with(
        "IOReadBandwidthMax=/dev/%p 5M\nIOReadBandwidthMax=/dev/b 1K\nIOReadBandwidthMax=/dev/x 7\n"
        "IODeviceWeight=/dev/b 10000\nIODeviceLatencyTargetSec=\"/dev/with space\" 25ms\n"
        "IOWriteIOPSMax=/dev/b infinity\nIOWriteIOPSMax=");
    const struct cgroup_setting *setting = unit->cgroup->settings;
    assert_string_equal(reports, "");
    assert_string_equal(setting->text, "/dev/b");
    assert_int_equal(setting->value, 1000);
    setting = setting->next;
    assert_string_equal(setting->text, "/dev/x");
    assert_int_equal(setting->value, 7);
    assert_set(unit, LIMIT_IO_DEVICE_WEIGHT, 10000);
    assert_string_equal(get(unit, LIMIT_IO_LATENCY)->text, "/dev/with space");
    assert_set(unit, LIMIT_IO_LATENCY, 25 * USEC_PER_MSEC);
    assert_null(get(unit, LIMIT_IO_WRITE_IOPS));
}

static const char *const wrong[] = {
    "MemoryMax=lots",
    "MemoryMax=0",
    "MemoryMax=101%",
    "TasksMax=0",
    "TasksMax=1K",
    "TasksMax=-1",
    "CPUQuota=0%",
    "CPUQuota=50",
    "CPUQuotaPeriodSec=soon",
    "CPUWeight=0",
    "CPUWeight=10001",
    "IOWeight=idle",
    "CPUShares=1",
    "BlockIOWeight=9",
    "AllowedCPUs=3-1",
    "AllowedCPUs=a",
    "AllowedCPUs=1024",
    "AllowedCPUs=0-18446744073709551615",
    "IODeviceWeight=/dev/sda",
    "IODeviceWeight=dev/sda 5",
    "IODeviceWeight=/dev/sda 0",
    "IOReadBandwidthMax=/dev/sda 0",
    "IOReadBandwidthMax=/dev/sda 99999999999E",
    "IODeviceLatencyTargetSec=/dev/sda infinity",
    "DelegateSubgroup=a/b",
    "DelegateSubgroup=..",
    "MemoryZSwapWriteback=maybe",
};

static void what_makes_no_sense_is_told_and_left_out(void **state)
{
    FOREACH_ARRAY (line, wrong, ELEMENTSOF(wrong)) {
        _cleanup_unit_ struct unit *unit = service_with(*line);
        assert_int_equal(unit->load_state, UNIT_LOADED);
        if (unit->cgroup->settings || unit->cgroup->delegate_subgroup ||
            !strstr(reports, "/etc/x:3: warning: "))
            fail_msg("\"%s\" was taken: %s", *line, reports);
    }
}

static void what_is_delegated(void **state)
{
    _cleanup_unit_ struct unit *all = service_with("Delegate=yes");
    _cleanup_unit_ struct unit *some = service_with("Delegate=cpu blkio\nDelegate=pids");
    _cleanup_unit_ struct unit *none = service_with("Delegate=memory\nDelegate=\nDelegateSubgroup=main");
    _cleanup_unit_ struct unit *off = service_with("Delegate=memory\nDelegate=no");
    assert_true(all->cgroup->delegate);
    assert_int_equal(all->cgroup->delegate_controllers, CONTROLLERS_ALL);
    assert_int_equal(some->cgroup->delegate_controllers, CONTROLLER_BIT(CONTROLLER_CPU) |
                                                             CONTROLLER_BIT(CONTROLLER_IO) |
                                                             CONTROLLER_BIT(CONTROLLER_PIDS));
    assert_true(none->cgroup->delegate);
    assert_int_equal(none->cgroup->delegate_controllers, 0);
    assert_string_equal(none->cgroup->delegate_subgroup, "main");
    assert_false(off->cgroup->delegate);
    assert_int_equal(off->cgroup->delegate_controllers, 0);
}

static void controllers_that_a_slice_disables(void **state)
{
    _cleanup_unit_ struct unit *unit = load_text_as(
        "a.slice",
        "[Slice]\nDisableControllers=cpu nonsense\nDisableControllers=io\nDelegate=yes\nMemoryMax=1M\n");
    assert_int_equal(unit->cgroup->disable_controllers,
                     CONTROLLER_BIT(CONTROLLER_CPU) | CONTROLLER_BIT(CONTROLLER_IO));
    assert_non_null(strstr(reports, "/etc/x:2: warning: DisableControllers=: \"nonsense\""));
    assert_non_null(strstr(reports, "/etc/x:4: warning: Delegate=: a slice cannot be delegated"));
    assert_false(unit->cgroup->delegate);
    assert_set(unit, LIMIT_MEMORY_MAX, 1 << 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_that_sets_nothing_keeps_nothing),
        cmocka_unit_test(limits_of_memory_and_tasks),
        cmocka_unit_test(each_startup_setting_counts_while_starting_only),
        cmocka_unit_test(old_spellings_and_defaults_are_kept_as_their_own_kinds),
        cmocka_unit_test(a_setting_knows_its_directive_file_and_line),
        cmocka_unit_test(an_empty_value_takes_only_its_own_kind_back),
        cmocka_unit_test(a_startup_setting_counts_while_starting_only),
        cmocka_unit_test(limits_of_cpu),
        cmocka_unit_test(a_list_of_all_cpus_fits),
        cmocka_unit_test(limits_of_devices),
        cmocka_unit_test(what_makes_no_sense_is_told_and_left_out),
        cmocka_unit_test(what_is_delegated),
        cmocka_unit_test(controllers_that_a_slice_disables),
    };
    return cmocka_run_group_tests_name("unit-resource", tests, NULL, NULL);
}
