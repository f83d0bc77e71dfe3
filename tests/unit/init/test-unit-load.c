/* Finding a unit: search path, aliases, masks, templates, drop-ins, folders, built-in units. */
#include "tests/unit/init/unit-fixture.h"

#include "init/unit/name.h"

#define SERVICE(description) "[Unit]\nDescription=" description "\n[Service]\nExecStart=/bin/true\n"

static void the_first_directory_wins(void **state)
{
    const struct memory_file files[] = {
        {"/etc/a.service", SERVICE("etc")}, {"/lib/a.service", SERVICE("lib")}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_string_equal(unit->description, "etc");
    assert_string_equal(unit->fragment_path, "/etc/a.service");
}

static void a_missing_unit_is_not_found(void **state)
{
    const struct memory_file files[] = {{NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_int_equal(unit->load_state, UNIT_NOT_FOUND);
    assert_string_equal(unit->load_error, "no file a.service in the unit search path");
}

static void a_file_that_cannot_be_read_is_an_error(void **state)
{
    const struct memory_file files[] = {{"/etc/a.service"}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_int_equal(unit->load_state, UNIT_ERROR);
    assert_string_equal(unit->load_error, "/etc/a.service: Permission denied");
}

static void a_broken_file_is_an_error_with_its_line(void **state)
{
    const struct memory_file files[] = {{"/etc/a.service", "[Unit]\n\n[Service\n"}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_int_equal(unit->load_state, UNIT_ERROR);
    assert_string_equal(unit->load_error, "/etc/a.service:3: a section header has no \"]\"");
}

static void names_that_cannot_be_loaded(void **state)
{
    struct unit *unit = NULL;
    assert_int_equal(unit_load(&memory_loader, "a@.service", &unit), -EINVAL);
    assert_int_equal(unit_load(&memory_loader, "a.socket", &unit), -EINVAL);
    assert_int_equal(unit_load(&memory_loader, "a", &unit), -EINVAL);
}

static void a_link_to_dev_null_masks(void **state)
{
    const struct memory_file files[] = {
        {"/etc/a.service", .link = "/dev/null"}, {"/lib/a.service", SERVICE("lib")}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_int_equal(unit->load_state, UNIT_MASKED);
    assert_string_equal(unit->load_error, "masked by /etc/a.service");
}

static void an_empty_file_masks(void **state)
{
    const struct memory_file files[] = {{"/etc/a.service", ""}, {"/lib/a.service", SERVICE("lib")}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_int_equal(unit->load_state, UNIT_MASKED);
}

static void a_symlink_gives_another_name(void **state)
{
    const struct memory_file files[] = {{"/etc/sshd.service", SERVICE("ssh"), "/lib/ssh.service"},
                                        {"/etc/sshd.service.d/x.conf", "[Unit]\nDescription=changed\n"},
                                        {"/lib/ssh.service", SERVICE("ssh")},
                                        {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "sshd.service");
    assert_string_equal(unit->name, "ssh.service");
    assert_strv(unit->aliases, "[sshd.service]");
    assert_string_equal(unit->fragment_path, "/lib/ssh.service");
    assert_string_equal(unit->description, "changed");
}

static void a_linked_file_of_the_same_name_is_the_unit(void **state)
{
    const struct memory_file files[] = {{"/etc/a.service", SERVICE("opt"), "/opt/a.service"}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_string_equal(unit->description, "opt");
    assert_null(unit->aliases);
}

static void links_in_a_circle_are_an_error(void **state)
{
    const struct memory_file files[] = {
        {"/etc/a.service", .link = "b.service"}, {"/etc/b.service", .link = "a.service"}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_int_equal(unit->load_state, UNIT_ERROR);
}

static void a_template_gets_its_instance(void **state)
{
    const struct memory_file files[] = {{"/lib/a@.service", SERVICE("%p of %i")}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a@one.service");
    assert_string_equal(unit->name, "a@one.service");
    assert_string_equal(unit->description, "a of one");
    assert_string_equal(unit->cgroup->slice, "system-a.slice");
}

static void an_instance_of_its_own_goes_before_the_template(void **state)
{
    const struct memory_file files[] = {
        {"/etc/a@.service", SERVICE("template")}, {"/lib/a@one.service", SERVICE("instance")}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a@one.service");
    assert_string_equal(unit->description, "instance");
}

static void an_alias_of_a_template_keeps_the_instance(void **state)
{
    const struct memory_file files[] = {
        {"/etc/b@.service", .link = "/lib/a@.service"}, {"/lib/a@.service", SERVICE("%i")}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "b@one.service");
    assert_string_equal(unit->name, "a@one.service");
}

static void drop_ins_are_read_in_the_order_of_their_names(void **state)
{
    const struct memory_file files[] = {{"/etc/a-b.service.d/20.conf", "[Service]\nEnvironment=X=20\n"},
                                        {"/etc/a-b.service.d/note.txt", "[Service]\nEnvironment=X=txt\n"},
                                        {"/lib/a-.service.d/30.conf", "[Service]\nEnvironment=X=30\n"},
                                        {"/lib/a-b.service", SERVICE("x")},
                                        {"/lib/a-b.service.d/10.conf", "[Service]\nEnvironment=X=10\n"},
                                        {"/lib/a-b.service.d/20.conf", "[Service]\nEnvironment=Y=hidden\n"},
                                        {"/lib/service.d/05.conf", "[Service]\nEnvironment=Z=all\n"},
                                        {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a-b.service");
    assert_strv(unit->drop_in_paths, "[/lib/service.d/05.conf] [/lib/a-b.service.d/10.conf] "
                                     "[/etc/a-b.service.d/20.conf] [/lib/a-.service.d/30.conf]");
    assert_strv(unit->exec->environment, "[Z=all] [X=30]");
}

static void an_instance_takes_the_drop_ins_of_its_template(void **state)
{
    const struct memory_file files[] = {{"/etc/a@.service.d/x.conf", "[Service]\nEnvironment=T=%i\n"},
                                        {"/etc/a@one.service.d/y.conf", "[Service]\nEnvironment=I=%i\n"},
                                        {"/lib/a@.service", SERVICE("x")},
                                        {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a@one.service");
    assert_strv(unit->exec->environment, "[T=one] [I=one]");
}

static void a_drop_in_can_be_masked(void **state)
{
    const struct memory_file files[] = {{"/etc/a.service.d/x.conf", .link = "/dev/null"},
                                        {"/lib/a.service", SERVICE("x")},
                                        {"/lib/a.service.d/x.conf", "[Service]\nEnvironment=A=1\n"},
                                        {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_null(unit->exec->environment);
    assert_null(unit->drop_in_paths);
}

static void a_broken_drop_in_leaves_the_unit_alone(void **state)
{
    const struct memory_file files[] = {
        {"/etc/a.service.d/x.conf", "[Broken\n"}, {"/lib/a.service", SERVICE("x")}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_non_null(strstr(reports, "/etc/a.service.d/x.conf:1: warning: a section header"));
}

static void folders_add_dependencies(void **state)
{
    const struct memory_file files[] = {{"/etc/multi-user.target.wants/a.service", SERVICE("a")},
                                        {"/etc/multi-user.target.wants/b@x.service", SERVICE("b")},
                                        {"/lib/a.service", SERVICE("a")},
                                        {"/lib/b@.service", SERVICE("b")},
                                        {"/lib/c.service", SERVICE("c")},
                                        {"/lib/multi-user.target.requires/c.service", SERVICE("c")},
                                        {"/lib/multi-user.target.upholds/d.service", SERVICE("d")},
                                        {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "multi-user.target");
    assert_true(depends(unit, UNIT_WANTS, "a.service"));
    assert_true(depends(unit, UNIT_WANTS, "b@x.service"));
    assert_true(depends(unit, UNIT_REQUIRES, "c.service"));
    assert_true(depends(unit, UNIT_UPHOLDS, "d.service"));
}

static void default_target_is_multi_user_when_no_file_says_otherwise(void **state)
{
    const struct memory_file none[] = {{NULL}};
    const struct memory_file files[] = {{"/etc/default.target", .link = "/lib/mine.target"},
                                        {"/lib/mine.target", "[Unit]\nDescription=Mine\n"},
                                        {NULL}};
    _cleanup_unit_ struct unit *builtin = load_from(none, "default.target");
    assert_string_equal(builtin->name, "multi-user.target");
    assert_strv(builtin->aliases, "[default.target]");
    assert_true(depends(builtin, UNIT_REQUIRES, "basic.target"));
    _cleanup_unit_ struct unit *mine = load_from(files, "default.target");
    assert_string_equal(mine->name, "mine.target");
}

/* All that a boot pulls in without any file has to load without a word. */
static void built_in_targets_need_no_files(void **state)
{
    static const char *const names[] = {
        "multi-user.target",  "graphical.target",  "basic.target",
        "sysinit.target",     "network.target",    "network-online.target",
        "network-pre.target", "local-fs.target",   "local-fs-pre.target",
        "remote-fs.target",   "nss-lookup.target", "nss-user-lookup.target",
        "time-sync.target",   "timers.target",     "sockets.target",
        "paths.target",       "slices.target",     "shutdown.target",
        "umount.target",      "exit.target",       "poweroff.target",
        "reboot.target",      "getty.target",      "rpcbind.target",
        "swap.target",        "system.slice",      "-.slice",
        "final.target",       "rescue.target",
    };
    const struct memory_file none[] = {{NULL}};
    FOREACH_ARRAY (name, names, ELEMENTSOF(names)) {
        _cleanup_unit_ struct unit *unit = load_from(none, *name);
        assert_int_equal(unit->load_state, UNIT_LOADED);
        assert_string_equal(reports, "");
        for (char **needed = unit->dependencies->of[UNIT_REQUIRES]; needed && *needed; needed++) {
            _cleanup_unit_ struct unit *other = load_from(none, *needed);
            assert_int_equal(other->load_state, UNIT_LOADED);
        }
    }
}

static void a_service_starts_after_the_basics_and_stops_at_shutdown(void **state)
{
    _cleanup_unit_ struct unit *unit = load_text_as("a.service", SERVICE("x"));
    assert_strv(unit->dependencies->of[UNIT_REQUIRES], "[system.slice] [sysinit.target]");
    assert_strv(unit->dependencies->of[UNIT_AFTER], "[system.slice] [sysinit.target] [basic.target]");
    assert_strv(unit->dependencies->of[UNIT_CONFLICTS], "[shutdown.target]");
    assert_strv(unit->dependencies->of[UNIT_BEFORE], "[shutdown.target]");
}

static void default_dependencies_can_be_switched_off(void **state)
{
    _cleanup_unit_ struct unit *unit =
        load_text_as("a.service", "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/a\n");
    assert_strv(unit->dependencies->of[UNIT_AFTER], "[system.slice]");
    assert_null(unit->dependencies->of[UNIT_CONFLICTS]);
}

static void a_slice_lies_in_its_parent(void **state)
{
    const struct memory_file none[] = {{NULL}};
    _cleanup_unit_ struct unit *unit = load_from(none, "a-b.slice");
    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_true(depends(unit, UNIT_REQUIRES, "a.slice"));
    _cleanup_unit_ struct unit *parent = load_from(none, "a.slice");
    assert_true(depends(parent, UNIT_REQUIRES, "-.slice"));
}

static void units_of_the_host_count_as_started(void **state)
{
    static const char *const names[] = {"systemd-udevd.service", "dev-sda1.device", "var-lib-x.mount",
                                        "getty@tty1.service", "syslog.socket"};
    const struct memory_file files[] = {{"/lib/systemd-udevd.service", SERVICE("udev")}, {NULL}};
    FOREACH_ARRAY (name, names, ELEMENTSOF(names)) {
        _cleanup_unit_ struct unit *unit = load_from(files, *name);
        assert_int_equal(unit->load_state, UNIT_LOADED);
        assert_int_equal(unit->type, UNIT_TARGET);
        assert_null(unit->dependencies->of[UNIT_AFTER]);
        assert_non_null(strstr(reports, ": info: counts as started: "));
    }
}

static void a_need_for_a_socket_unit_is_bad_setting(void **state)
{
    _cleanup_unit_ struct unit *unit =
        load_text_as("a.service", "[Unit]\nAfter=a.socket\nRequires=a.socket\n[Service]\nExecStart=/a\n");
    assert_int_equal(unit->load_state, UNIT_BAD_SETTING);
    assert_string_equal(unit->load_error,
                        "/etc/x:3: Requires=: a.socket is needed, and .socket units are not supported");
    assert_false(depends(unit, UNIT_AFTER, "a.socket"));
}

static void a_wish_for_a_timer_unit_is_left_out(void **state)
{
    _cleanup_unit_ struct unit *unit = load_text_as("a.target", "[Unit]\nWants=a.timer b.service\n");
    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_strv(unit->dependencies->of[UNIT_WANTS], "[b.service]");
    assert_string_equal(reports,
                        "/etc/x:2: warning: Wants=: .timer units are not supported, a.timer is left out\n");
}

static void dependencies_take_specifiers_and_names_once(void **state)
{
    _cleanup_unit_ struct unit *unit =
        load_text_as("a@i.target", "[Unit]\nWants=b@%i.service  b@i.service\nWants=\nWants=c d@.service\n");
    assert_strv(unit->dependencies->of[UNIT_WANTS], "[b@i.service]");
    assert_non_null(strstr(reports, "\"c\" is not the name of a unit"));
    assert_non_null(strstr(reports, "\"d@.service\" is not the name of a unit"));
}

static void every_dependency_has_its_inverse(void **state)
{
    for (enum unit_dependency d = 0; d < UNIT_DEPENDENCY_MAX; d++) {
        assert_int_equal(unit_dependency_inverse(unit_dependency_inverse(d)), d);
        assert_int_equal(unit_dependency_from_string(unit_dependency_to_string(d)), d);
    }
    assert_int_equal(unit_dependency_inverse(UNIT_BEFORE), UNIT_AFTER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_directory_wins),
        cmocka_unit_test(a_missing_unit_is_not_found),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error),
        cmocka_unit_test(a_broken_file_is_an_error_with_its_line),
        cmocka_unit_test(names_that_cannot_be_loaded),
        cmocka_unit_test(a_link_to_dev_null_masks),
        cmocka_unit_test(an_empty_file_masks),
        cmocka_unit_test(a_symlink_gives_another_name),
        cmocka_unit_test(a_linked_file_of_the_same_name_is_the_unit),
        cmocka_unit_test(links_in_a_circle_are_an_error),
        cmocka_unit_test(a_template_gets_its_instance),
        cmocka_unit_test(an_instance_of_its_own_goes_before_the_template),
        cmocka_unit_test(an_alias_of_a_template_keeps_the_instance),
        cmocka_unit_test(drop_ins_are_read_in_the_order_of_their_names),
        cmocka_unit_test(an_instance_takes_the_drop_ins_of_its_template),
        cmocka_unit_test(a_drop_in_can_be_masked),
        cmocka_unit_test(a_broken_drop_in_leaves_the_unit_alone),
        cmocka_unit_test(folders_add_dependencies),
        cmocka_unit_test(default_target_is_multi_user_when_no_file_says_otherwise),
        cmocka_unit_test(built_in_targets_need_no_files),
        cmocka_unit_test(a_service_starts_after_the_basics_and_stops_at_shutdown),
        cmocka_unit_test(default_dependencies_can_be_switched_off),
        cmocka_unit_test(a_slice_lies_in_its_parent),
        cmocka_unit_test(units_of_the_host_count_as_started),
        cmocka_unit_test(a_need_for_a_socket_unit_is_bad_setting),
        cmocka_unit_test(a_wish_for_a_timer_unit_is_left_out),
        cmocka_unit_test(dependencies_take_specifiers_and_names_once),
        cmocka_unit_test(every_dependency_has_its_inverse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
