/* The table of directives and the values that it gives to a unit. */
#include <limits.h>
#include <signal.h>

#include "tests/unit/init/unit-fixture.h"

#include "init/unit/directive.h"

static void every_row_is_complete(void **state)
{
    FOREACH_ARRAY (row, directives, n_directives) {
        assert_non_null(row->name);
        assert_true(row->sections != 0);
        assert_true((row->disposition == DIRECTIVE_APPLIED || row->disposition == DIRECTIVE_INSTALL) ==
                    (row->parse != NULL));
        assert_true((row->disposition == DIRECTIVE_APPLIED) == (row->reason == NULL));
    }
}

static void no_directive_stands_twice_in_a_section(void **state)
{
    for (size_t i = 0; i < n_directives; i++)
        for (size_t j = i + 1; j < n_directives; j++)
            if ((directives[i].sections & directives[j].sections) &&
                streq(directives[i].name, directives[j].name))
                fail_msg("%s stands twice", directives[i].name);
}

static void a_service_without_settings_has_systemds_defaults(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("");
    assert_string_equal(reports, "");
    assert_int_equal(unit->service->type, SERVICE_SIMPLE);
    assert_int_equal(unit->service->restart, RESTART_NO);
    assert_int_equal(unit->kill->signal, SIGTERM);
    assert_int_equal(unit->exec->umask, 0022);
    assert_int_equal(unit->exec->nice, INT_MIN);
    assert_true(unit->exec->ignore_sigpipe);
    assert_string_equal(unit->description, "x.service");
}

static void a_service_without_settings_leaves_its_times_to_the_manager(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("");
    assert_true(unit->service->timeout_start == USEC_UNSET);
    assert_true(unit->service->timeout_stop == USEC_UNSET);
    assert_true(unit->service->timeout_abort == USEC_UNSET);
    assert_true(unit->service->restart_usec == USEC_UNSET);
    assert_int_equal(unit->policy->start_limit_burst, BURST_UNSET);
    assert_true(unit->policy->start_limit_interval == USEC_UNSET);
}

static void times_of_a_service(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("TimeoutStartSec=1min 30s\nTimeoutStopSec=0\nRestartSec=250ms\n"
                     "WatchdogSec=5\nRuntimeMaxSec=infinity\nTimeoutAbortSec=7");
    assert_int_equal(unit->service->timeout_start, 90 * USEC_PER_SEC);
    assert_true(unit->service->timeout_stop == USEC_INFINITY);
    assert_int_equal(unit->service->restart_usec, 250 * USEC_PER_MSEC);
    assert_int_equal(unit->service->watchdog, 5 * USEC_PER_SEC);
    assert_true(unit->service->runtime_max == USEC_INFINITY);
    assert_int_equal(unit->service->timeout_abort, 7 * USEC_PER_SEC);
    assert_int_equal(unit->service->notify_access, NOTIFY_MAIN);
}

static void how_a_service_is_restarted_and_ended(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with(
        "RestartSec=1\nRestartSteps=4\nRestartMaxDelaySec=1min\nRestartMode=direct\nExitType=cgroup\n"
        "TimeoutStartFailureMode=kill\nTimeoutStopFailureMode=abort\nRuntimeRandomizedExtraSec=5\n"
        "WatchdogSignal=SIGQUIT");
    assert_string_equal(reports, "");
    assert_int_equal(unit->service->restart_steps, 4);
    assert_int_equal(unit->service->restart_max_delay, 60 * USEC_PER_SEC);
    assert_int_equal(unit->service->restart_mode, RESTART_MODE_DIRECT);
    assert_int_equal(unit->service->exit_type, EXIT_TYPE_CGROUP);
    assert_int_equal(unit->service->timeout_start_failure_mode, TIMEOUT_KILL);
    assert_int_equal(unit->service->timeout_stop_failure_mode, TIMEOUT_ABORT);
    assert_int_equal(unit->service->runtime_random_extra, 5 * USEC_PER_SEC);
    assert_int_equal(unit->kill->watchdog_signal, SIGQUIT);
}

static void what_a_service_keeps_and_survives(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with(
        "FileDescriptorStoreMax=3\nFileDescriptorStorePreserve=yes\nReloadSignal=USR2\nOOMPolicy=kill");
    assert_string_equal(reports, "");
    assert_int_equal(unit->service->fd_store_max, 3);
    assert_int_equal(unit->service->fd_store_preserve, PRESERVE_YES);
    assert_int_equal(unit->service->reload_signal, SIGUSR2);
    assert_int_equal(unit->service->oom_policy, OOM_KILL);
    assert_int_equal(unit->service->notify_access, NOTIFY_MAIN);
}

static void restart_steps_need_room_to_grow(void **state)
{
    _cleanup_unit_ struct unit *alone = service_with("RestartSteps=4");
    assert_int_equal(alone->service->restart_steps, 0);
    assert_non_null(strstr(reports, "without each other"));
    _cleanup_unit_ struct unit *narrow = service_with("RestartSec=9\nRestartSteps=4\nRestartMaxDelaySec=9");
    assert_int_equal(narrow->service->restart_steps, 0);
    assert_non_null(strstr(reports, "does not grow"));
}

static void a_oneshot_has_no_exit_type_cgroup(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("Type=oneshot\nExitType=cgroup");
    assert_int_equal(unit->load_state, UNIT_BAD_SETTING);
}

static void timeout_sec_sets_both(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("TimeoutSec=3");
    assert_int_equal(unit->service->timeout_start, 3 * USEC_PER_SEC);
    assert_int_equal(unit->service->timeout_stop, 3 * USEC_PER_SEC);
}

static void a_oneshot_may_start_forever_unless_it_says_how_long(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("Type=oneshot");
    _cleanup_unit_ struct unit *limited = service_with("Type=oneshot\nTimeoutStartSec=5");
    assert_true(unit->service->timeout_start == USEC_INFINITY);
    assert_int_equal(limited->service->timeout_start, 5 * USEC_PER_SEC);
}

static void exit_statuses_by_number_and_name(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("SuccessExitStatus=TEMPFAIL 250 SIGKILL nonsense EXEC 256");
    const struct exit_status_set *set = &unit->service->success_status;
    assert_true(exit_status_set_has(set, CLD_EXITED, 75));
    assert_true(exit_status_set_has(set, CLD_EXITED, 250));
    assert_true(exit_status_set_has(set, CLD_EXITED, 203));
    assert_true(exit_status_set_has(set, CLD_KILLED, SIGKILL));
    assert_true(exit_status_set_has(set, CLD_DUMPED, SIGKILL));
    assert_false(exit_status_set_has(set, CLD_EXITED, 0));
    assert_false(exit_status_set_has(set, CLD_KILLED, SIGTERM));
    assert_non_null(strstr(reports, "\"nonsense\""));
    assert_non_null(strstr(reports, "\"256\""));
}

static void environment_of_a_service(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with(
        "Environment=A=1 \"B=two words\" 'C=%n'\nEnvironment=A=2\nEnvironment=1X=y D=\nPassEnvironment=P Q\n"
        "EnvironmentFile=-/etc/default/%p\nEnvironmentFile=relative");
    assert_strv(unit->exec->environment, "[A=2] [B=two words] [C=x.service] [D=]");
    assert_strv(unit->exec->pass_environment, "[P] [Q]");
    assert_int_equal(unit->exec->n_environment_files, 1);
    assert_string_equal(unit->exec->environment_files[0].path, "/etc/default/x");
    assert_true(unit->exec->environment_files[0].optional);
    assert_non_null(strstr(reports, "\"1X=y\" is not NAME=VALUE"));
    assert_non_null(strstr(reports, "\"relative\" is not an absolute path"));
}

static void an_empty_environment_forgets_the_older_one(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("Environment=A=1\nEnvironment=\nEnvironment=B=2\n"
                                                    "EnvironmentFile=/a\nEnvironmentFile=");
    assert_strv(unit->exec->environment, "[B=2]");
    assert_int_equal(unit->exec->n_environment_files, 0);
}

static void identity_and_place(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with(
        "User=www-data\nGroup=33\nSupplementaryGroups=ssl adm\nWorkingDirectory=-/srv\nUMask=0077\nNice=-5\n"
        "OOMScoreAdjust=-500\nNoNewPrivileges=yes\nRuntimeDirectory=web web/sub\nRuntimeDirectoryMode=2750");
    assert_string_equal(unit->exec->user, "www-data");
    assert_string_equal(unit->exec->group, "33");
    assert_strv(unit->exec->supplementary_groups, "[ssl] [adm]");
    assert_string_equal(unit->exec->working_directory, "/srv");
    assert_true(unit->exec->working_directory_optional);
    assert_int_equal(unit->exec->umask, 0077);
    assert_int_equal(unit->exec->nice, -5);
    assert_int_equal(unit->exec->oom_score_adjust, -500);
    assert_true(unit->exec->no_new_privileges);
    assert_strv(unit->exec->directories[DIRECTORY_RUNTIME].names, "[web] [web/sub]");
    assert_int_equal(unit->exec->directories[DIRECTORY_RUNTIME].mode, 02750);
}

static void a_runtime_directory_stays_below_run(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("RuntimeDirectory=/etc ../x a/../../b ok .. . a/. ok//");
    assert_strv(unit->exec->directories[DIRECTORY_RUNTIME].names, "[ok]");
}

static void a_bad_working_directory_is_bad_setting(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("WorkingDirectory=srv");
    assert_int_equal(unit->load_state, UNIT_BAD_SETTING);
    assert_string_equal(unit->load_error,
                        "/etc/x:3: WorkingDirectory=: \"srv\" is neither an absolute path nor \"~\"");
}

static void where_output_goes(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("StandardOutput=append:/var/log/%p\nStandardError=null");
    _cleanup_unit_ struct unit *journal = service_with("StandardOutput=syslog\nStandardError=socket");
    assert_int_equal(unit->exec->std_output, OUTPUT_APPEND);
    assert_string_equal(unit->exec->output_path, "/var/log/x");
    assert_int_equal(unit->exec->std_error, OUTPUT_NULL);
    assert_int_equal(journal->exec->std_output, OUTPUT_LOG);
    assert_int_equal(journal->exec->std_error, OUTPUT_PASSED);
}

static void how_a_service_is_killed(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with(
        "KillMode=mixed\nKillSignal=QUIT\nFinalKillSignal=RTMIN+1\nSendSIGKILL=no\nSendSIGHUP=on\n"
        "RestartKillSignal=nonsense");
    assert_int_equal(unit->kill->mode, KILL_MIXED);
    assert_int_equal(unit->kill->signal, SIGQUIT);
    assert_int_equal(unit->kill->final_signal, SIGRTMIN + 1);
    assert_false(unit->kill->send_sigkill);
    assert_true(unit->kill->send_sighup);
    assert_int_equal(unit->kill->restart_signal, 0);
}

static void a_slice_is_needed_and_waited_for(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("Slice=apps-web.slice");
    assert_string_equal(unit->cgroup->slice, "apps-web.slice");
    assert_true(depends(unit, UNIT_AFTER, "apps-web.slice"));
    assert_true(depends(unit, UNIT_REQUIRES, "apps-web.slice"));
}

static void a_pid_file_is_relative_to_run(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("Type=forking\nPIDFile=%p.pid");
    assert_string_equal(unit->service->pid_file, "/run/x.pid");
}

static void permissions_start_only_frees_the_other_commands(void **state)
{
    _cleanup_unit_ struct unit *unit =
        service_with("PermissionsStartOnly=yes\nExecStartPre=/bin/pre\nUser=x");
    assert_int_equal(unit->commands->of[COMMAND_START_PRE]->flags, EXEC_FULL_PRIVILEGES);
    assert_int_equal(unit->commands->of[COMMAND_START]->flags, 0);
}

static void settings_of_the_manager_have_their_fields(void **state)
{
    _cleanup_unit_ struct unit *unit = load_text_as(
        "x.service",
        "[Unit]\nDocumentation=man:x(8) https://example.org/\nIgnoreOnIsolate=yes\nAllowIsolate=yes\n"
        "RefuseManualStop=yes\nFailureActionExitStatus=9\nJobTimeoutSec=7\nStartLimitInterval=3\n"
        "PropagatesReloadTo=a.service\nPropagateReloadTo=b.service\nReloadPropagatedFrom=c.service\n"
        "PropagateReloadFrom=d.service\n[Service]\nExecStart=/a\nGuessMainPID=no\n"
        "RestartForceExitStatus=3\nMemoryLimit=1M\n");
    assert_string_equal(reports, "");
    assert_strv(unit->documentation, "[man:x(8)] [https://example.org/]");
    assert_true(unit->ignore_on_isolate && unit->allow_isolate && unit->refuse_manual_stop);
    assert_int_equal(unit->policy->failure_action_exit_status, 9);
    assert_int_equal(unit->policy->job_timeout, 7 * USEC_PER_SEC);
    assert_int_equal(unit->policy->start_limit_interval, 3 * USEC_PER_SEC);
    assert_true(depends(unit, UNIT_PROPAGATES_RELOAD_TO, "a.service"));
    assert_true(depends(unit, UNIT_PROPAGATES_RELOAD_TO, "b.service"));
    assert_true(depends(unit, UNIT_RELOAD_PROPAGATED_FROM, "c.service"));
    assert_true(depends(unit, UNIT_RELOAD_PROPAGATED_FROM, "d.service"));
    assert_false(unit->service->guess_main_pid);
    assert_true(exit_status_set_has(&unit->service->restart_force_status, CLD_EXITED, 3));
    assert_int_equal(cgroup_context_get(unit->cgroup, LIMIT_MEMORY_LIMIT, false)->value, 1 << 20);
}

static void a_wrong_value_is_told_and_ignored(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("Restart=maybe\nUMask=9\nNice=40\nTimeoutSec=soon");
    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_int_equal(unit->service->restart, RESTART_NO);
    assert_non_null(strstr(reports, "/etc/x:3: warning: Restart=: \"maybe\" is not known, ignored"));
    assert_non_null(strstr(reports, "/etc/x:4: warning: UMask=: \"9\""));
    assert_non_null(strstr(reports, "/etc/x:5: warning: Nice=: \"40\" is not a number from -20 to 19"));
    assert_non_null(strstr(reports, "/etc/x:6: warning: TimeoutSec=: \"soon\""));
}

static void unknown_directives_are_told_once_with_their_line(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("Foo=1\nX-Mine=1\n[X-Other]\nA=b\n[Strange]\nB=c");
    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_string_equal(reports, "/etc/x:3: warning: unknown directive Foo= in [Service], ignored\n"
                                 "/etc/x:7: warning: unknown section [Strange], ignored\n");
}

static void what_has_no_effect_is_told_unless_it_is_off(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("PrivateTmp=yes\nProtectHome=no\nPAMName=x\nUtmpMode=");
    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_string_equal(reports, "/etc/x:3: warning: PrivateTmp=: not applied: the container is the sandbox\n"
                                 "/etc/x:5: info: PAMName=: no PAM session is opened\n");
}

static void a_service_on_the_bus_is_told_that_nobody_looks_there(void **state)
{
    _cleanup_unit_ struct unit *said = service_with("Type=dbus\nBusName=org.example.A");
    assert_int_equal(said->service->type, SERVICE_DBUS);
    assert_non_null(strstr(reports, "/etc/x:3: info: Type=: the bus is not watched"));
    _cleanup_unit_ struct unit *meant = service_with("BusName=org.example.A");
    assert_int_equal(meant->service->type, SERVICE_DBUS);
    assert_non_null(strstr(reports, "the bus is not watched"));
}

static void a_root_of_its_own_is_refused(void **state)
{
    _cleanup_unit_ struct unit *unit = service_with("RootImage=/srv/root.img");
    assert_int_equal(unit->load_state, UNIT_BAD_SETTING);
}

static void conditions_keep_their_signs(void **state)
{
    _cleanup_unit_ struct unit *unit = load_text_as(
        "x.target", "[Unit]\nConditionPathExists=|!/a\nAssertPathExists=/%p\nConditionUser=root\n"
                    "ConditionPathExists=relative\nConditionVersion=x\n");
    assert_int_equal(unit->n_conditions, 3);
    assert_true(unit->conditions[0].trigger && unit->conditions[0].negate && !unit->conditions[0].assert_);
    assert_string_equal(unit->conditions[0].parameter, "/a");
    assert_true(unit->conditions[1].assert_);
    assert_string_equal(unit->conditions[1].parameter, "/x");
    assert_int_equal(unit->conditions[2].type, CONDITION_USER);
    assert_non_null(strstr(reports, "/etc/x:5: warning"));
    assert_non_null(strstr(reports, "/etc/x:6: warning: ConditionVersion=: not checked, taken as true"));
}

/* Every kind that systemd.unit(5) has, read and kept with its marks. */
static void all_conditions_are_known(void **state)
{
    size_t n = 0;

    FOREACH_ARRAY (row, directives, n_directives) {
        if (row->parse != parse_condition)
            continue;
        _cleanup_free_ char *text = xasprintf("[Unit]\n%s=|!/x\n", row->name);
        _cleanup_unit_ struct unit *unit = load_text_as("x.target", text);
        assert_string_equal(reports, "");
        assert_int_equal(unit->n_conditions, 1);
        assert_true(unit->conditions[0].negate && unit->conditions[0].trigger);
        assert_int_equal(unit->conditions[0].assert_, row->name[0] == 'A');
        n++;
    }
    assert_int_equal(n, 2 * CONDITION_TYPE_MAX);
}

static void an_empty_condition_resets_its_kind_only(void **state)
{
    _cleanup_unit_ struct unit *unit = load_text_as(
        "x.target", "[Unit]\nConditionPathExists=/a\nConditionFileNotEmpty=/b\nAssertPathExists=/c\n"
                    "ConditionPathExists=\n");
    assert_int_equal(unit->n_conditions, 2);
    assert_string_equal(unit->conditions[0].parameter, "/b");
    assert_string_equal(unit->conditions[1].parameter, "/c");
}

static void the_end_of_a_unit_can_end_the_container(void **state)
{
    _cleanup_unit_ struct unit *unit = load_text_as(
        "x.target", "[Unit]\nSuccessAction=exit\nSuccessActionExitStatus=7\nFailureAction=poweroff-force\n");
    assert_int_equal(unit->policy->success_action, ACTION_EXIT);
    assert_int_equal(unit->policy->success_action_exit_status, 7);
    assert_int_equal(unit->policy->failure_action, ACTION_POWEROFF_FORCE);
    assert_int_equal(unit->policy->failure_action_exit_status, -1);
}

static void what_a_unit_does_to_jobs(void **state)
{
    _cleanup_unit_ struct unit *unit = load_text_as(
        "x.target", "[Unit]\nJobRunningTimeoutSec=4\nJobTimeoutAction=reboot\nStartLimitAction=halt\n"
                    "OnFailureJobMode=ignore-requirements\nOnSuccessJobMode=flush\n"
                    "CollectMode=inactive-or-failed\n");
    assert_string_equal(reports, "");
    assert_int_equal(unit->policy->job_running_timeout, 4 * USEC_PER_SEC);
    assert_int_equal(unit->policy->job_timeout_action, ACTION_REBOOT);
    assert_int_equal(unit->policy->start_limit_action, ACTION_HALT);
    assert_int_equal(unit->policy->on_failure_job_mode, JOB_IGNORE_REQUIREMENTS);
    assert_int_equal(unit->policy->on_success_job_mode, JOB_FLUSH);
    assert_int_equal(unit->policy->collect_mode, COLLECT_INACTIVE_OR_FAILED);
}

static void jobs_of_the_end_have_systemds_modes(void **state)
{
    _cleanup_unit_ struct unit *unit = load_text_as("x.target", "[Unit]\n");
    _cleanup_unit_ struct unit *isolates = load_text_as("x.target", "[Unit]\nOnFailureIsolate=yes\n");
    assert_int_equal(unit->policy->on_failure_job_mode, JOB_REPLACE);
    assert_int_equal(unit->policy->on_success_job_mode, JOB_FAIL);
    assert_int_equal(isolates->policy->on_failure_job_mode, JOB_ISOLATE);
}

/* Settings that do not fit together, and the start of what is said. */
static const struct {
    const char *text, *problem;
} misfits[] = {
    {"[Service]\n", "/etc/x: the service has neither ExecStart="},
    {"[Unit]\nDescription=x\n", "/etc/x: the service has neither ExecStart="},
    {"[Service]\nExecStop=/a\nType=simple\n", "/etc/x: the service has no ExecStart=, which only"},
    {"[Service]\nExecStop=/a\n", "/etc/x: the service has no ExecStart=, and neither"},
    {"[Service]\nExecStart=/a\nExecStart=/b\n", "/etc/x: more than one ExecStart="},
    {"[Service]\nType=oneshot\nExecStart=/a\nRestart=always\n", "/etc/x: Restart=always"},
    {"[Service]\nType=dbus\nExecStart=/a\n", "/etc/x: Type=dbus needs BusName="},
};

static void settings_that_do_not_fit_are_bad_setting(void **state)
{
    FOREACH_ARRAY (misfit, misfits, ELEMENTSOF(misfits)) {
        _cleanup_unit_ struct unit *unit = load_text_as("x.service", misfit->text);
        assert_int_equal(unit->load_state, UNIT_BAD_SETTING);
        if (!startswith(unit->load_error, misfit->problem))
            fail_msg("\"%s\" does not begin with \"%s\"", unit->load_error, misfit->problem);
    }
}

static void a_stop_command_alone_is_a_service_that_remains(void **state)
{
    _cleanup_unit_ struct unit *unit =
        load_text_as("x.service", "[Service]\nExecStop=/a\nRemainAfterExit=yes\n");
    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_int_equal(unit->service->type, SERVICE_ONESHOT);
}

static void every_specifier_stands_for_something(void **state)
{
    _cleanup_unit_ struct unit *unit =
        load_text_as("a-b\\x2dc@d-e.service", "[Unit]\nDescription=%n|%N|%p|%P|%i|%I|%j|%J|%f|%t|%S|%C|%L|%E|"
                                              "%H|%l|%m|%b|%v|%u|%U|%g|%G|%h|%s|%%|%|%-|%a|%o|%w|%A|%d\n");
    assert_string_equal(
        unit->description,
        "a-b\\x2dc@d-e.service|a-b\\x2dc@d-e|a-b\\x2dc|a/b-c|d-e|d/e|b\\x2dc|b-c|/d/e|/run|/var/lib|/var/"
        "cache|"
        "/var/log|/"
        "etc|web1.example.org|web1|0123456789abcdef0123456789abcdef|fedcba9876543210fedcba9876543210|"
        "6.1.0|root|0|root|0|/root|/bin/sh|%|%|%-|x86-64|debian|12||/run/credentials/a-b\\x2dc@d-e.service");
}

static void a_file_that_grows_by_specifiers_is_stopped(void **state)
{
    _cleanup_free_ char *value = malloc(600001);
    memset(value, 0, 600001);
    for (size_t i = 0; i < 300000; i++)
        memcpy(value + 2 * i, "%H", 2);
    _cleanup_free_ char *text = xasprintf("[Unit]\nDescription=%s\n", value);
    _cleanup_unit_ struct unit *unit = load_text_as("x.target", text);
    assert_string_equal(unit->description, "x.target");
    assert_non_null(strstr(reports, "too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(no_directive_stands_twice_in_a_section),
        cmocka_unit_test(a_service_without_settings_has_systemds_defaults),
        cmocka_unit_test(a_service_without_settings_leaves_its_times_to_the_manager),
        cmocka_unit_test(times_of_a_service),
        cmocka_unit_test(how_a_service_is_restarted_and_ended),
        cmocka_unit_test(what_a_service_keeps_and_survives),
        cmocka_unit_test(restart_steps_need_room_to_grow),
        cmocka_unit_test(a_oneshot_has_no_exit_type_cgroup),
        cmocka_unit_test(timeout_sec_sets_both),
        cmocka_unit_test(a_oneshot_may_start_forever_unless_it_says_how_long),
        cmocka_unit_test(exit_statuses_by_number_and_name),
        cmocka_unit_test(environment_of_a_service),
        cmocka_unit_test(an_empty_environment_forgets_the_older_one),
        cmocka_unit_test(identity_and_place),
        cmocka_unit_test(a_runtime_directory_stays_below_run),
        cmocka_unit_test(a_bad_working_directory_is_bad_setting),
        cmocka_unit_test(where_output_goes),
        cmocka_unit_test(how_a_service_is_killed),
        cmocka_unit_test(a_slice_is_needed_and_waited_for),
        cmocka_unit_test(a_pid_file_is_relative_to_run),
        cmocka_unit_test(permissions_start_only_frees_the_other_commands),
        cmocka_unit_test(settings_of_the_manager_have_their_fields),
        cmocka_unit_test(a_wrong_value_is_told_and_ignored),
        cmocka_unit_test(unknown_directives_are_told_once_with_their_line),
        cmocka_unit_test(what_has_no_effect_is_told_unless_it_is_off),
        cmocka_unit_test(a_service_on_the_bus_is_told_that_nobody_looks_there),
        cmocka_unit_test(a_root_of_its_own_is_refused),
        cmocka_unit_test(conditions_keep_their_signs),
        cmocka_unit_test(all_conditions_are_known),
        cmocka_unit_test(an_empty_condition_resets_its_kind_only),
        cmocka_unit_test(the_end_of_a_unit_can_end_the_container),
        cmocka_unit_test(what_a_unit_does_to_jobs),
        cmocka_unit_test(jobs_of_the_end_have_systemds_modes),
        cmocka_unit_test(settings_that_do_not_fit_are_bad_setting),
        cmocka_unit_test(a_stop_command_alone_is_a_service_that_remains),
        cmocka_unit_test(every_specifier_stands_for_something),
        cmocka_unit_test(a_file_that_grows_by_specifiers_is_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
