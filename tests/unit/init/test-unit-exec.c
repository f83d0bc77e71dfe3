/* Values of systemd.exec(5) that go beyond one number or text. */
#include <linux/securebits.h>
#include <sched.h>
#include <sys/resource.h>

#include "tests/unit/init/unit-fixture.h"

#include "common/capabilities.h"

static void expect_limit(const struct unit *unit, int resource, uint64_t soft, uint64_t hard)
{
    const struct exec_limits *limits = unit->exec->limits;

    assert_non_null(limits);
    assert_true(limits->set & (1U << resource));
    assert_true(limits->of[resource].soft == soft);
    assert_true(limits->of[resource].hard == hard);
}

static void limits_have_the_units_of_what_they_count(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("LimitNOFILE=1024:4096\nLimitFSIZE=1.5G\nLimitCPU=1min 500ms\nLimitRTTIME=2ms:1s\n"
                     "LimitNICE=-5\nLimitCORE=0:infinity\nLimitNPROC=infinity\nLimitSTACK=64K:8M");
    assert_string_equal(reports, "");
    expect_limit(unit, RLIMIT_NOFILE, 1024, 4096);
    expect_limit(unit, RLIMIT_FSIZE, UINT64_C(3) << 29, UINT64_C(3) << 29);
    expect_limit(unit, RLIMIT_CPU, 61, 61);
    expect_limit(unit, RLIMIT_RTTIME, 2000, 1000000);
    expect_limit(unit, RLIMIT_NICE, 25, 25);
    expect_limit(unit, RLIMIT_CORE, 0, UINT64_MAX);
    expect_limit(unit, RLIMIT_NPROC, UINT64_MAX, UINT64_MAX);
    expect_limit(unit, RLIMIT_STACK, 64 << 10, 8 << 20);
}

static void nice_limits_are_written_in_two_ways(void **state)
{
    static const struct {
        const char *text;
        uint64_t number;
    } forms[] = {{"LimitNICE=+19", 1},
                 {"LimitNICE=+0", 20},
                 {"LimitNICE=-20", 40},
                 {"LimitNICE=0", 0},
                 {"LimitNICE=40", 40}};

    FOREACH_ARRAY (form, forms, ELEMENTSOF(forms)) {
        _cleanup_unit_ struct unit *unit = service_with(form->text);
        expect_limit(unit, RLIMIT_NICE, form->number, form->number);
    }
    FOREACH_ARRAY (text, ((const char *[]){"LimitNICE=+20", "LimitNICE=-21", "LimitNICE=41"}), 3) {
        _cleanup_unit_ struct unit *unit = service_with(*text);
        assert_null(unit->exec->limits);
    }
}

static void a_wrong_limit_leaves_the_older_one(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("LimitNOFILE=5\nLimitNOFILE=9:8\nLimitNOFILE=x\nLimitNOFILE=1:2:3\nLimitNOFILE="
                     "64K\nLimitCORE=1\nLimitCORE=");
    expect_limit(unit, RLIMIT_NOFILE, 5, 5);
    assert_false(unit->exec->limits->set & (1U << RLIMIT_CORE));
    assert_non_null(strstr(reports, "/etc/x:4: warning: LimitNOFILE=: the soft limit in \"9:8\" is above"));
    assert_non_null(strstr(reports, "/etc/x:5: warning: LimitNOFILE=: \"x\" is neither"));
    assert_non_null(strstr(reports, "\"1:2:3\""));
    assert_non_null(strstr(reports, "\"64K\""));
}

static void io_class_and_priority_go_together(void **state)
{
    _cleanup_unit_ struct unit *idle = service_with("IOSchedulingClass=idle\nIOSchedulingPriority=7");
    _cleanup_unit_ struct unit *level = service_with("IOSchedulingPriority=0");
    _cleanup_unit_ struct unit *number = service_with("IOSchedulingClass=1");
    _cleanup_unit_ struct unit *none = service_with("IOSchedulingPriority=1\nIOSchedulingClass=none");
    _cleanup_unit_ struct unit *reset = service_with("IOSchedulingClass=idle\nIOSchedulingClass=");
    _cleanup_unit_ struct unit *wrong = service_with("IOSchedulingClass=fast\nIOSchedulingPriority=8");
    assert_int_equal(idle->exec->io_priority, 3 << 13 | 7);
    assert_int_equal(level->exec->io_priority, 2 << 13);
    assert_int_equal(number->exec->io_priority, 1 << 13 | 4);
    assert_int_equal(none->exec->io_priority, 2 << 13 | 4);
    assert_int_equal(reset->exec->io_priority, IO_PRIORITY_UNSET);
    assert_int_equal(wrong->exec->io_priority, IO_PRIORITY_UNSET);
    assert_non_null(strstr(reports, "\"fast\" is not a class"));
    assert_non_null(strstr(reports, "\"8\" is not a number from 0 to 7"));
}

static void cpu_policy_moves_the_priority_into_its_range(void **state)
{
    _cleanup_unit_ struct unit *rr = service_with("CPUSchedulingPolicy=rr\nCPUSchedulingResetOnFork=yes");
    _cleanup_unit_ struct unit *batch = service_with("CPUSchedulingPriority=9\nCPUSchedulingPolicy=batch");
    _cleanup_unit_ struct unit *fifo = service_with("CPUSchedulingPolicy=fifo\nCPUSchedulingPriority=50");
    _cleanup_unit_ struct unit *wrong = service_with("CPUSchedulingPolicy=4\nCPUSchedulingPriority=100");
    assert_int_equal(rr->exec->cpu_policy, SCHED_RR);
    assert_int_equal(rr->exec->cpu_priority, 1);
    assert_true(rr->exec->cpu_reset_on_fork);
    assert_int_equal(batch->exec->cpu_policy, SCHED_BATCH);
    assert_int_equal(batch->exec->cpu_priority, 0);
    assert_int_equal(fifo->exec->cpu_priority, 50);
    assert_int_equal(wrong->exec->cpu_policy, CPU_POLICY_UNSET);
}

static void cpus_add_up_until_they_are_reset(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("CPUAffinity=0-2,5\nCPUAffinity=7\nCPUAffinity=1 9-8");
    _cleanup_unit_ struct unit *reset = service_with("CPUAffinity=3\nCPUAffinity=\nCPUAffinity=8192");
    assert_int_equal(unit->exec->cpus->mask[0], 0xa7);
    assert_null(reset->exec->cpus);
    assert_non_null(strstr(reports, "\"8192\" is not a list of CPUs"));
}

static void timer_slack_is_nanoseconds_unless_it_says_more(void **state)
{
    _cleanup_unit_ struct unit *bare = service_with("TimerSlackNSec=1234");
    _cleanup_unit_ struct unit *span = service_with("TimerSlackNSec=2ms");
    _cleanup_unit_ struct unit *wrong = service_with("TimerSlackNSec=soon");
    assert_int_equal(bare->exec->timer_slack_nsec, 1234);
    assert_int_equal(span->exec->timer_slack_nsec, 2000000);
    assert_true(wrong->exec->timer_slack_nsec == TIMER_SLACK_UNSET);
}

static void directories_have_names_links_and_modes(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with(
        "StateDirectory=%p/db %p:old %p:older\nStateDirectoryMode=0700\nLogsDirectory=a\nLogsDirectory=\n"
        "CacheDirectory=\"two words\"\nConfigurationDirectory=c d:e\nRuntimeDirectoryPreserve=restart");
    const struct exec_directory *directories = unit->exec->directories;
    assert_strv(directories[DIRECTORY_STATE].names, "[x/db] [x]");
    assert_strv(directories[DIRECTORY_STATE].links, "[x:old] [x:older]");
    assert_int_equal(directories[DIRECTORY_STATE].mode, 0700);
    assert_null(directories[DIRECTORY_LOGS].names);
    assert_strv(directories[DIRECTORY_CACHE].names, "[two words]");
    assert_int_equal(directories[DIRECTORY_CACHE].mode, 0755);
    assert_strv(directories[DIRECTORY_CONFIGURATION].names, "[c]");
    assert_int_equal(unit->exec->runtime_preserve, PRESERVE_RESTART);
    assert_non_null(strstr(reports, "\"d:e\": symbolic links are not for this kind"));
}

static void preserving_is_a_boolean_or_restart(void **state)
{
    _cleanup_unit_ struct unit *yes = service_with("RuntimeDirectoryPreserve=on");
    _cleanup_unit_ struct unit *wrong =
        service_with("RuntimeDirectoryPreserve=on\nRuntimeDirectoryPreserve=maybe");
    _cleanup_unit_ struct unit *no = service_with("RuntimeDirectoryPreserve=on\nRuntimeDirectoryPreserve=0");
    assert_int_equal(yes->exec->runtime_preserve, PRESERVE_YES);
    assert_int_equal(wrong->exec->runtime_preserve, PRESERVE_YES);
    assert_int_equal(no->exec->runtime_preserve, PRESERVE_NO);
}

static uint64_t capabilities_of(const char *settings, bool ambient)
{
    _cleanup_unit_ struct unit *unit = service_with(settings);
    return ambient ? unit->exec->ambient_set : unit->exec->bounding_set;
}

static void capability_sets_are_replaced_merged_and_inverted(void **state)
{
    const uint64_t chown = 1, kill = 1 << 5, all = CAPABILITIES_ALL;

    assert_true(capabilities_of("", false) == all);
    assert_true(capabilities_of("CapabilityBoundingSet=CAP_CHOWN cap_kill", false) == (chown | kill));
    assert_true(capabilities_of("CapabilityBoundingSet=CAP_CHOWN\nCapabilityBoundingSet=CAP_KILL", false) ==
                (chown | kill));
    assert_true(capabilities_of("CapabilityBoundingSet=CAP_CHOWN CAP_KILL\nCapabilityBoundingSet=~CAP_KILL",
                                false) == chown);
    assert_true(capabilities_of("CapabilityBoundingSet=~CAP_KILL", false) == (all & ~kill));
    assert_true(capabilities_of("CapabilityBoundingSet=CAP_KILL\nCapabilityBoundingSet=", false) == 0);
    assert_true(capabilities_of("CapabilityBoundingSet=CAP_KILL\nCapabilityBoundingSet=~", false) == all);
    assert_true(capabilities_of("", true) == 0);
    assert_true(capabilities_of("AmbientCapabilities=CAP_CHOWN\nAmbientCapabilities=CAP_KILL CAP_FLY",
                                true) == (chown | kill));
    assert_non_null(strstr(reports, "\"CAP_FLY\" is not a capability"));
}

static void secure_bits_add_up(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("SecureBits=keep-caps noroot\nSecureBits=noroot-locked no-root");
    _cleanup_unit_ struct unit *reset = service_with("SecureBits=keep-caps\nSecureBits=");
    assert_int_equal(unit->exec->secure_bits, SECBIT_KEEP_CAPS | SECBIT_NOROOT | SECBIT_NOROOT_LOCKED);
    assert_int_equal(reset->exec->secure_bits, 0);
}

static void a_dynamic_user_is_named_after_its_unit(void **state)
{
    _cleanup_unit_ struct unit *plain = service_with("DynamicUser=yes");
    _cleanup_unit_ struct unit *odd =
        load_text_as("0-odd@i.service", "[Service]\nExecStart=/a\nDynamicUser=yes\nGroup=adm\n");
    _cleanup_unit_ struct unit *named = service_with("DynamicUser=yes\nUser=me\nNoNewPrivileges=no");
    assert_string_equal(plain->exec->user, "x");
    assert_string_equal(plain->exec->group, "x");
    assert_true(plain->exec->no_new_privileges);
    assert_non_null(startswith(odd->exec->user, "_du"));
    assert_int_equal(strlen(odd->exec->user), strlen("_du0123456789abcdef"));
    assert_string_equal(odd->exec->group, "adm");
    assert_string_equal(named->exec->user, "me");
    assert_string_equal(named->exec->group, "me");
    assert_true(named->exec->no_new_privileges);
}

static void a_root_and_a_search_path_are_absolute(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("RootDirectory=/srv/%p\nExecSearchPath=/a:b:/c\nExecSearchPath=/d");
    _cleanup_unit_ struct unit *reset =
        service_with("RootDirectory=//\nExecSearchPath=/a\nExecSearchPath=\nSetLoginEnvironment=no");
    _cleanup_unit_ struct unit *wrong = service_with("RootDirectory=srv");
    assert_string_equal(unit->exec->root_directory, "/srv/x");
    assert_strv(unit->exec->search_path, "[/a] [/c] [/d]");
    assert_int_equal(unit->exec->login_environment, -1);
    assert_null(reset->exec->root_directory);
    assert_null(reset->exec->search_path);
    assert_int_equal(reset->exec->login_environment, 0);
    assert_int_equal(wrong->load_state, UNIT_BAD_SETTING);
}

static void input_is_text_and_data_in_their_order(void **state)
{
    _cleanup_unit_ struct unit *reset = service_with("StandardInputText=x\nStandardInputData=");
    _cleanup_unit_ struct unit *unit =
        service_with("StandardInputText=a\\tb %p\nStandardInputData=AAEC /w==\nStandardInputData=YQ==\n"
                     "StandardInputText=bad \\q\nStandardInputData=a=b=\nStandardInputData=abc");
    static const char expected[] = "a\tb x\n\0\1\2\377a";
    assert_int_equal(unit->exec->std_input, INPUT_DATA);
    assert_int_equal(unit->exec->input_size, sizeof(expected) - 1);
    assert_memory_equal(unit->exec->input_data, expected, sizeof(expected) - 1);
    assert_int_equal(reset->exec->std_input, INPUT_NULL);
    assert_non_null(strstr(reports, "\"bad \\q\", ignored"));
    assert_non_null(strstr(reports, "\"a=b=\" is not Base64"));
    assert_non_null(strstr(reports, "\"abc\" is not Base64"));
}

static void inherited_output_is_the_terminal_or_the_log(void **state)
{
    static const struct {
        const char *settings;
        enum exec_input input;
        enum exec_output output;
    } forms[] = {
        {"", INPUT_NULL, OUTPUT_LOG},
        {"StandardOutput=inherit", INPUT_NULL, OUTPUT_LOG},
        {"StandardInput=tty", INPUT_TTY, OUTPUT_INHERIT},
        {"StandardOutput=journal\nStandardInput=tty-force", INPUT_TTY_FORCE, OUTPUT_LOG},
        {"StandardOutput=inherit\nStandardInput=tty-fail", INPUT_TTY_FAIL, OUTPUT_INHERIT},
        {"StandardInput=file:/%p", INPUT_FILE, OUTPUT_LOG},
        {"StandardInput=fd:x\nStandardOutput=journal", INPUT_PASSED, OUTPUT_LOG},
        {"StandardInput=socket", INPUT_PASSED, OUTPUT_INHERIT},
        {"StandardOutput=fd", INPUT_NULL, OUTPUT_PASSED},
        {"StandardInput=file:relative\nStandardOutput=nonsense", INPUT_NULL, OUTPUT_LOG},
    };

    FOREACH_ARRAY (form, forms, ELEMENTSOF(forms)) {
        _cleanup_unit_ struct unit *unit = service_with(form->settings);
        assert_int_equal(unit->exec->std_input, form->input);
        assert_int_equal(unit->exec->std_output, form->output);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_have_the_units_of_what_they_count),
        cmocka_unit_test(nice_limits_are_written_in_two_ways),
        cmocka_unit_test(a_wrong_limit_leaves_the_older_one),
        cmocka_unit_test(io_class_and_priority_go_together),
        cmocka_unit_test(cpu_policy_moves_the_priority_into_its_range),
        cmocka_unit_test(cpus_add_up_until_they_are_reset),
        cmocka_unit_test(timer_slack_is_nanoseconds_unless_it_says_more),
        cmocka_unit_test(directories_have_names_links_and_modes),
        cmocka_unit_test(preserving_is_a_boolean_or_restart),
        cmocka_unit_test(capability_sets_are_replaced_merged_and_inverted),
        cmocka_unit_test(secure_bits_add_up),
        cmocka_unit_test(a_dynamic_user_is_named_after_its_unit),
        cmocka_unit_test(a_root_and_a_search_path_are_absolute),
        cmocka_unit_test(input_is_text_and_data_in_their_order),
        cmocka_unit_test(inherited_output_is_the_terminal_or_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
