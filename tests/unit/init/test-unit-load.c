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

static void links_in_a_circle_lead_nowhere(void **state)
{
    const struct memory_file files[] = {{"/etc/a.service", .link = "b.service"},
                                        {"/etc/b.service", .link = "c.service"},
                                        {"/etc/c.service", .link = "a.service"},
                                        {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_int_equal(unit->load_state, UNIT_NOT_FOUND);
    assert_string_equal(unit->load_error, "a.service: symbolic links in a circle");
    assert_string_equal(unit->name, "a.service");
    assert_null(unit->aliases);
}

static void a_unit_knows_all_of_its_names(void **state)
{
    const struct memory_file files[] = {
        {"/etc/b.service", .link = "../lib/a.service"},
        {"/etc/c.service.d/c.conf", "[Service]\nEnvironment=C=c\n"},
        {"/etc/d.service.upholds/e.service", .link = "../e.service"},
        {"/lib/a.service", SERVICE("x")},
        {"/lib/a.service.d/b.conf", "[Service]\nEnvironment=A=a\n"},
        {"/lib/b.service.d/b.conf", "[Service]\nEnvironment=A=hidden\n"},
        {"/lib/c.service", .link = "b.service"},
        {"/lib/d.service", .link = "/lib/a.service"},
        {"/run/other.service", .link = "another.service"},
        {NULL},
    };
    static const char *const names[] = {"a.service", "b.service", "c.service", "d.service"};

    FOREACH_ARRAY (name, names, ELEMENTSOF(names)) {
        _cleanup_unit_ struct unit *unit = load_from(files, *name);
        assert_string_equal(unit->name, "a.service");
        assert_int_equal(strv_length(unit->aliases), 3);
        FOREACH_ARRAY (alias, names + 1, ELEMENTSOF(names) - 1)
            assert_true(strv_contains(unit->aliases, *alias));
        assert_strv(unit->exec->environment, "[A=a] [C=c]");
        assert_true(depends(unit, UNIT_UPHOLDS, "e.service"));
        assert_string_equal(reports, "");
    }
}

static void names_of_a_template_are_those_of_the_instance(void **state)
{
    const struct memory_file files[] = {{"/etc/b@.service", .link = "a@.service"},
                                        {"/etc/c@x.service", .link = "a@.service"},
                                        {"/etc/d@x.service", .link = "a@x.service"},
                                        {"/etc/b@y.service", SERVICE("its own")},
                                        {"/etc/a@.service", SERVICE("x")},
                                        {"/etc/c@x.service.d/x.conf", "[Service]\nEnvironment=C=%i\n"},
                                        {NULL}};
    _cleanup_unit_ struct unit *x = load_from(files, "a@x.service"), *y = load_from(files, "a@y.service");
    assert_strv(x->aliases, "[d@x.service] [b@x.service] [c@x.service]");
    assert_strv(x->exec->environment, "[C=x]");
    assert_null(y->aliases);
}

static void a_name_that_is_hidden_or_masked_is_none(void **state)
{
    const struct memory_file files[] = {{"/etc/b.service", .link = "/dev/null"},
                                        {"/etc/c.service", SERVICE("its own")},
                                        {"/lib/a.service", SERVICE("x")},
                                        {"/lib/b.service", .link = "a.service"},
                                        {"/lib/b.service.d/x.conf", "[Service]\nEnvironment=B=b\n"},
                                        {"/lib/c.service", .link = "a.service"},
                                        {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_null(unit->aliases);
    assert_null(unit->exec->environment);
}

static void names_without_end_are_not_looked_for(void **state)
{
    struct memory_file files[202] = {{"/lib/a.service", SERVICE("x")}};
    _cleanup_strv_ char **paths = NULL;

    for (size_t i = 1; i + 1 < ELEMENTSOF(files); i++) {
        assert_int_equal(strv_consume(&paths, xasprintf("/lib/b%zu.service", i)), 0);
        files[i] = (struct memory_file){.path = paths[i - 1], .link = "a.service"};
    }
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_int_equal(unit->load_state, UNIT_LOADED);
    assert_int_equal(strv_length(unit->aliases), 64);
}

static void a_link_to_a_unit_of_another_kind_is_as_if_it_were_not_there(void **state)
{
    static const struct {
        const char *name, *file, *target;
    } links[] = {
        {"b.service", "b.service", "a.target"},       {"b.service", "b.service", "a@.service"},
        {"b.service", "b.service", "a@x.service"},    {"b@x.service", "b@.service", "a.service"},
        {"b@x.service", "b@x.service", "a.service"},  {"b@x.service", "b@x.service", "a@y.service"},
        {"b@x.service", "b@.service", "a@x.service"}, {"b.slice", "b.slice", "a.slice"},
        {"b.service", "b.service", "no unit"},
    };
    FOREACH_ARRAY (link, links, ELEMENTSOF(links)) {
        _cleanup_free_ char *path = xasprintf("/etc/%s", link->file),
                            *below = xasprintf("/lib/%s", link->file);
        const struct memory_file files[] = {{path, .link = link->target},
                                            {"/lib/a.service", SERVICE("a")},
                                            {"/lib/a@.service", SERVICE("a@")},
                                            {"/lib/a.target", "[Unit]\n"},
                                            {"/lib/a.slice", "[Unit]\n"},
                                            {below, SERVICE("below")},
                                            {NULL}};
        _cleanup_unit_ struct unit *unit = load_from(files, link->name);
        assert_string_equal(unit->name, link->name);
        assert_string_equal(unit->description, "below");
        assert_non_null(strstr(reports, ": warning: ignored: a symbolic link to "));
    }
}

static void a_link_to_itself_below_is_not_worth_a_word(void **state)
{
    const struct memory_file files[] = {
        {"/etc/a.service", SERVICE("a"), "/lib/a.service"}, {"/lib/a.service", SERVICE("a")}, {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_string_equal(unit->fragment_path, "/lib/a.service");
    assert_string_equal(reports, "");
}

static void a_link_to_a_file_elsewhere_is_a_unit_of_its_own_name(void **state)
{
    const struct memory_file files[] = {{"/etc/b.service", SERVICE("%n"), "/opt/a.service"},
                                        {"/etc/c.service", SERVICE("%n"), "../etc/./../opt/x/a.service"},
                                        {"/etc/d.service", .link = "/opt/is-gone.service"},
                                        {"/lib/a.service", SERVICE("a")},
                                        {"/lib/d.service", SERVICE("hidden")},
                                        {NULL}};
    _cleanup_unit_ struct unit *a = load_from(files, "a.service"), *b = load_from(files, "b.service");
    _cleanup_unit_ struct unit *c = load_from(files, "c.service"), *d = load_from(files, "d.service");
    assert_null(a->aliases);
    assert_string_equal(b->description, "b.service");
    assert_string_equal(b->fragment_path, "/etc/b.service");
    assert_string_equal(c->description, "c.service");
    assert_int_equal(d->load_state, UNIT_NOT_FOUND);
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

static void drop_ins_of_all_that_a_name_begins_with_have_an_order(void **state)
{
    static const char *const paths[] = {
        "/etc/a-b-c@x-y.service.d/x.conf", "/etc/a-b-c@.service.d/x.conf",   "/etc/a-b-.service.d/x.conf",
        "/etc/a-.service.d/x.conf",        "/etc/a-b-@x-y.service.d/x.conf", "/etc/a-b-@.service.d/x.conf",
        "/etc/a-@x-y.service.d/x.conf",    "/etc/a-@.service.d/x.conf",      "/etc/service.d/x.conf",
    };
    struct memory_file files[ELEMENTSOF(paths) + 2] = {{"/lib/a-b-c@.service", SERVICE("x")}};

    for (size_t i = 0; i < ELEMENTSOF(paths); i++)
        files[i + 1] = (struct memory_file){.path = paths[i], .text = "[Service]\nUMask=0\n"};
    for (size_t i = 0; i < ELEMENTSOF(paths); i++) {
        _cleanup_unit_ struct unit *unit = load_from(files, "a-b-c@x-y.service");
        assert_int_equal(strv_length(unit->drop_in_paths), 1);
        assert_string_equal(unit->drop_in_paths[0], paths[i]);
        files[i + 1].path = ""; /* the first goes, the next one counts */
    }
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
    const struct memory_file files[] = {{"/etc/multi-user.target.wants/a.service", .link = "../a.service"},
                                        {"/etc/multi-user.target.wants/b@x.service", .link = "../b@.service"},
                                        {"/lib/a.service", SERVICE("a")},
                                        {"/lib/b@.service", SERVICE("b")},
                                        {"/lib/c.service", SERVICE("c")},
                                        {"/lib/multi-user.target.requires/c.service", .link = "../c.service"},
                                        {"/lib/multi-user.target.upholds/d.service", .link = "../d.service"},
                                        {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "multi-user.target");
    assert_true(depends(unit, UNIT_WANTS, "a.service"));
    assert_true(depends(unit, UNIT_WANTS, "b@x.service"));
    assert_true(depends(unit, UNIT_REQUIRES, "c.service"));
    assert_true(depends(unit, UNIT_UPHOLDS, "d.service"));
}

static void an_entry_of_a_folder_may_be_masked_and_has_to_be_a_link(void **state)
{
    const struct memory_file files[] = {{"/etc/a.service.wants/file.service", SERVICE("x")},
                                        {"/etc/a.service.wants/masked.service", .link = "/dev/null"},
                                        {"/etc/b.service", .link = "a.service"},
                                        {"/lib/a.service", SERVICE("x")},
                                        {"/lib/a.service.wants/file.service", .link = "../file.service"},
                                        {"/lib/a.service.wants/masked.service", .link = "../masked.service"},
                                        {"/lib/b.service.wants/masked.service", .link = "../masked.service"},
                                        {"/lib/b.service.wants/other.service", .link = "../called.service"},
                                        {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a.service");
    assert_strv(unit->dependencies->of[UNIT_WANTS], "[other.service]");
    assert_string_equal(
        reports,
        "/etc/a.service.wants/file.service:0: warning: ignored: not a symbolic link to a unit file\n");
}

static void folders_of_a_prefix_and_of_the_type_count(void **state)
{
    const struct memory_file files[] = {{"/etc/a-.service.wants/prefix.service", .link = "../prefix.service"},
                                        {"/etc/service.wants/type.service", .link = "../type.service"},
                                        {"/lib/a-b.service", SERVICE("x")},
                                        {NULL}};
    _cleanup_unit_ struct unit *unit = load_from(files, "a-b.service");
    assert_strv(unit->dependencies->of[UNIT_WANTS], "[prefix.service] [type.service]");
}

static void a_template_that_is_needed_gets_an_instance(void **state)
{
    const struct memory_file files[] = {
        {"/lib/a-b.service", "[Unit]\nWants=c@.service\n[Service]\nExecStart=/a\n"},
        {"/lib/a@.service", "[Unit]\nWants=c@.service\n[Service]\nExecStart=/a\n"},
        {"/lib/a@.service.wants/d@.service", .link = "../d@.service"},
        {NULL}};
    _cleanup_unit_ struct unit *plain = load_from(files, "a-b.service");
    _cleanup_unit_ struct unit *instance = load_from(files, "a@x.service");
    assert_strv(plain->dependencies->of[UNIT_WANTS], "[c@a-b.service]");
    assert_strv(instance->dependencies->of[UNIT_WANTS], "[c@x.service] [d@x.service]");
}

static void default_target_is_multi_user_when_no_file_says_otherwise(void **state)
{
    const struct memory_file none[] = {{NULL}};
    const struct memory_file files[] = {{"/etc/default.target", .link = "/lib/mine.target"},
                                        {"/lib/mine.target", "[Unit]\nDescription=Mine\n"},
                                        {NULL}};
    _cleanup_unit_ struct unit *builtin = load_from(none, "default.target");
    assert_string_equal(builtin->name, "multi-user.target");
    assert_strv(builtin->aliases,
                "[default.target] [runlevel2.target] [runlevel3.target] [runlevel4.target]");
    assert_true(depends(builtin, UNIT_REQUIRES, "basic.target"));
    _cleanup_unit_ struct unit *mine = load_from(files, "default.target");
    assert_string_equal(mine->name, "mine.target");
    _cleanup_unit_ struct unit *without = load_from(files, "multi-user.target");
    assert_strv(without->aliases, "[runlevel2.target] [runlevel3.target] [runlevel4.target]");
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
    assert_strv(unit->dependencies->of[UNIT_WANTS], "[b@i.service] [d@i.service]");
    assert_non_null(strstr(reports, "\"c\" is not the name of a unit"));
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
        cmocka_unit_test(links_in_a_circle_lead_nowhere),
        cmocka_unit_test(a_unit_knows_all_of_its_names),
        cmocka_unit_test(names_of_a_template_are_those_of_the_instance),
        cmocka_unit_test(a_name_that_is_hidden_or_masked_is_none),
        cmocka_unit_test(names_without_end_are_not_looked_for),
        cmocka_unit_test(a_link_to_a_unit_of_another_kind_is_as_if_it_were_not_there),
        cmocka_unit_test(a_link_to_itself_below_is_not_worth_a_word),
        cmocka_unit_test(a_link_to_a_file_elsewhere_is_a_unit_of_its_own_name),
        cmocka_unit_test(a_template_gets_its_instance),
        cmocka_unit_test(an_instance_of_its_own_goes_before_the_template),
        cmocka_unit_test(an_alias_of_a_template_keeps_the_instance),
        cmocka_unit_test(drop_ins_are_read_in_the_order_of_their_names),
        cmocka_unit_test(an_instance_takes_the_drop_ins_of_its_template),
        cmocka_unit_test(drop_ins_of_all_that_a_name_begins_with_have_an_order),
        cmocka_unit_test(a_drop_in_can_be_masked),
        cmocka_unit_test(a_broken_drop_in_leaves_the_unit_alone),
        cmocka_unit_test(folders_add_dependencies),
        cmocka_unit_test(an_entry_of_a_folder_may_be_masked_and_has_to_be_a_link),
        cmocka_unit_test(folders_of_a_prefix_and_of_the_type_count),
        cmocka_unit_test(a_template_that_is_needed_gets_an_instance),
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
