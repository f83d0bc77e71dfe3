/* What a service says with sd_notify(3), and who may say it: systemd.service(5), NotifyAccess=, WatchdogSec=,
 * FileDescriptorStoreMax=, Type=notify-reload. */
#include "script.h"

#define START "[Service]\nExecStart=/bin/a\n"

/* --- who may speak --- */

static void only_the_main_process_speaks_by_default(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\n");
    script_start(s, "a.service");
    script_leftover(s, "a.service");
    script_leftover_notifies(s, "a.service", "READY=1");
    assert_state(s, "a.service", "start");
    script_notify(s, "a.service", "READY=1");
    assert_state(s, "a.service", "running");
}

static void with_access_exec_control_processes_speak_too(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "NotifyAccess=exec\nExecReload=/bin/r\n");
    script_start(s, "a.service");
    script_leftover(s, "a.service");
    assert_int_equal(script_request(s, JOB_RELOAD, "a.service"), 0);
    script_leftover_notifies(s, "a.service", "STATUS=leftover");
    assert_null(manager_report_of(script_find(s, "a.service"))->status_text);
    script_control_notifies(s, "a.service", "STATUS=control");
    assert_string_equal(manager_report_of(script_find(s, "a.service"))->status_text, "control");
}

static void with_access_all_every_process_speaks(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify\nNotifyAccess=all\n");
    script_start(s, "a.service");
    script_leftover(s, "a.service");
    script_leftover_notifies(s, "a.service", "READY=1");
    assert_state(s, "a.service", "running");
}

static void with_access_none_nobody_speaks(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "NotifyAccess=none\n");
    script_start(s, "a.service");
    script_notify(s, "a.service", "STATUS=main");
    assert_null(manager_report_of(script_find(s, "a.service"))->status_text);
}

/* --- what is said --- */

static void errors_are_kept_until_the_next_start(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "NotifyAccess=main\n");
    script_start(s, "a.service");
    script_notify(s, "a.service", "ERRNO=13\nBUSERROR=org.example.Full\nEXIT_STATUS=4");
    const struct manager_unit *unit = script_find(s, "a.service");
    assert_int_equal(manager_report_of(unit)->status_errno, 13);
    assert_string_equal(manager_report_of(unit)->bus_error, "org.example.Full");
    assert_int_equal(manager_report_of(unit)->notified_exit, 4);
    script_restart(s, "a.service");
    assert_int_equal(manager_report_of(unit)->status_errno, 0);
    assert_null(manager_report_of(unit)->bus_error);
    assert_int_equal(manager_report_of(unit)->notified_exit, -1);
}

static void a_watchdog_can_be_triggered_and_changed(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "WatchdogSec=2\n");
    script_start(s, "a.service");
    script_notify(s, "a.service", "WATCHDOG_USEC=9000000");
    script_pass(s, 9 * USEC_PER_SEC - 1);
    assert_state(s, "a.service", "running");
    script_notify(s, "a.service", "WATCHDOG=1");
    script_pass(s, 8 * USEC_PER_SEC);
    assert_state(s, "a.service", "running");
    script_notify(s, "a.service", "WATCHDOG=trigger");
    assert_result(s, "a.service", "watchdog");
}

static void more_time_is_also_time_for_the_watchdog(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "WatchdogSec=2\n");
    script_start(s, "a.service");
    script_notify(s, "a.service", "EXTEND_TIMEOUT_USEC=5000000");
    script_pass(s, 5 * USEC_PER_SEC - 1);
    assert_state(s, "a.service", "running");
    script_pass(s, 1);
    assert_result(s, "a.service", "watchdog");
}

static void more_time_for_a_stop_is_given(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "NotifyAccess=main\nTimeoutStopSec=2\n");
    s->stubborn = "a.service";
    script_start(s, "a.service");
    script_stop(s, "a.service");
    script_notify(s, "a.service", "EXTEND_TIMEOUT_USEC=6000000");
    script_pass(s, 6 * USEC_PER_SEC - 1);
    assert_not_logged(s, "signal 9 a.service");
    script_pass(s, 1);
    assert_logged(s, "signal 9 a.service");
}

/* --- reloads --- */

static void a_reload_signal_can_be_chosen(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify-reload\nReloadSignal=SIGUSR1\n");
    script_start(s, "a.service");
    script_notify(s, "a.service", "READY=1");
    assert_int_equal(script_request(s, JOB_RELOAD, "a.service"), 0);
    assert_logged(s, "signal 10 a.service");
    assert_not_logged(s, "signal 1 a.service");
}

static void words_of_an_earlier_reload_do_not_count(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "Type=notify-reload\n");
    script_start(s, "a.service");
    script_notify(s, "a.service", "READY=1");
    script_pass(s, USEC_PER_SEC);
    assert_int_equal(script_request(s, JOB_RELOAD, "a.service"), 0);
    script_notify(s, "a.service", "RELOADING=1\nMONOTONIC_USEC=1999999");
    script_notify(s, "a.service", "READY=1");
    assert_state(s, "a.service", "reload");
    script_notify(s, "a.service", "RELOADING=1");
    script_notify(s, "a.service", "READY=1");
    assert_state(s, "a.service", "reload");
    script_notify(s, "a.service", "MONOTONIC_USEC=2000000\nRELOADING=1");
    assert_state(s, "a.service", "reload");
    script_notify(s, "a.service", "READY=1");
    assert_state(s, "a.service", "running");
    assert_logged(s, "job reload a.service done");
}

static void a_reload_that_the_service_began_is_passed_on(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", "PropagatesReloadTo=b.service c.service\n" START "Type=notify\n");
    script_unit(s, "b.service", START "ExecReload=/bin/r\n");
    script_unit(s, "c.service", START);
    script_start(s, "a.service");
    script_start(s, "b.service");
    script_start(s, "c.service");
    script_notify(s, "a.service", "READY=1");
    script_notify(s, "a.service", "RELOADING=1");
    assert_state(s, "a.service", "reload");
    assert_logged(s, "spawn b.service ExecReload");
    assert_state(s, "c.service", "running");
    script_notify(s, "a.service", "READY=1");
    assert_state(s, "a.service", "running");
}

/* --- stored descriptors --- */

static void descriptors_are_kept_up_to_the_limit(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "FileDescriptorStoreMax=2\n");
    script_start(s, "a.service");
    assert_logged(s, "environment FDSTORE=2");
    script_notify_with(s, "a.service", "FDSTORE=1\nFDNAME=web", 1);
    script_notify_with(s, "a.service", "FDSTORE=1\nFDPOLL=0", 2);
    assert_logged(s, "store a.service web 1");
    assert_logged(s, "store a.service stored 1 unwatched");
    assert_logged(s, "message a.service: its store of descriptors is full");
    assert_int_equal(script_find(s, "a.service")->n_stored, 2);
}

static void without_a_store_nothing_is_kept(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "NotifyAccess=main\n");
    script_start(s, "a.service");
    script_notify_with(s, "a.service", "FDSTORE=1", 1);
    assert_int_equal(s->stored, 0);
    assert_logged(s, "message a.service: its descriptors are not kept");
}

static void a_bad_name_is_replaced(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "FileDescriptorStoreMax=9\n");
    script_start(s, "a.service");
    script_notify_with(s, "a.service", "FDSTORE=1\nFDNAME=a:b", 1);
    assert_logged(s, "store a.service stored 1");
}

static void descriptors_are_removed_by_name(void **state)
{
    struct script *s = *state;
    script_unit(s, "a.service", START "FileDescriptorStoreMax=9\n");
    script_start(s, "a.service");
    script_notify_with(s, "a.service", "FDSTORE=1\nFDNAME=web", 1);
    script_notify(s, "a.service", "FDSTOREREMOVE=1\nFDNAME=web");
    assert_logged(s, "drop a.service web");
    assert_int_equal(script_find(s, "a.service")->n_stored, 0);
}

/* What is left after a restart by hand, an automatic one, and a stop. */
static void expect_preserved(struct script *s, const char *mode, unsigned by_hand, unsigned automatic,
                             unsigned stopped)
{
    char name[64], text[256];
    (void)snprintf(name, sizeof(name), "%s.service", mode);
    (void)snprintf(text, sizeof(text),
                   START "Restart=on-failure\nFileDescriptorStoreMax=1\nFileDescriptorStorePreserve=%s\n",
                   mode);
    script_unit(s, name, text);
    script_start(s, name);
    script_notify_with(s, name, "FDSTORE=1", 1);
    script_restart(s, name);
    assert_int_equal(script_find(s, name)->n_stored, by_hand);
    script_notify_with(s, name, "FDSTORE=1", 1);
    script_main_exits(s, name, 1);
    script_pass(s, USEC_PER_SEC);
    assert_state(s, name, "running");
    assert_int_equal(script_find(s, name)->n_stored, automatic);
    script_notify_with(s, name, "FDSTORE=1", 1);
    script_stop(s, name);
    assert_int_equal(script_find(s, name)->n_stored, stopped);
}

static void descriptors_are_preserved_as_told(void **state)
{
    expect_preserved(*state, "no", 0, 0, 0);
    expect_preserved(*state, "restart", 1, 1, 0);
    expect_preserved(*state, "yes", 1, 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(only_the_main_process_speaks_by_default),
        SCENARIO(with_access_exec_control_processes_speak_too),
        SCENARIO(with_access_all_every_process_speaks),
        SCENARIO(with_access_none_nobody_speaks),
        SCENARIO(errors_are_kept_until_the_next_start),
        SCENARIO(a_watchdog_can_be_triggered_and_changed),
        SCENARIO(more_time_is_also_time_for_the_watchdog),
        SCENARIO(more_time_for_a_stop_is_given),
        SCENARIO(a_reload_signal_can_be_chosen),
        SCENARIO(words_of_an_earlier_reload_do_not_count),
        SCENARIO(a_reload_that_the_service_began_is_passed_on),
        SCENARIO(descriptors_are_kept_up_to_the_limit),
        SCENARIO(without_a_store_nothing_is_kept),
        SCENARIO(a_bad_name_is_replaced),
        SCENARIO(descriptors_are_removed_by_name),
        SCENARIO(descriptors_are_preserved_as_told),
    };
    return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
