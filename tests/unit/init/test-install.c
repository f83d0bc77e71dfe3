/* Planning links for [Install] sections, over a file system of the test's own. What is expected is what
 * systemctl of systemd 252 does with --root. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/text.h"
#include "init/install/install.h"

#define VENDOR  "/usr/lib/systemd/system/"
#define CONFIG  INSTALL_CONFIG "/"
#define ENTRIES 64

/* --- the file system --------------------------------------------------------------------------------------
 */

static struct {
    char *path, *text, *target; /* a file with a text, or a link */
} entries[ENTRIES];
static size_t n_entries;

static void put(const char *path, const char *text, const char *target)
{
    assert_true(n_entries < ENTRIES);
    entries[n_entries].path = strdup(path);
    entries[n_entries].text = text ? strdup(text) : NULL;
    entries[n_entries].target = target ? strdup(target) : NULL;
    n_entries++;
}

static void take_away(size_t i)
{
    free(entries[i].path);
    free(entries[i].text);
    free(entries[i].target);
    entries[i] = entries[--n_entries];
}

static size_t find(const char *path)
{
    for (size_t i = 0; i < n_entries; i++)
        if (streq(entries[i].path, path))
            return i;
    return ENTRIES;
}

static int fake_read(void *files, const char *path, char **ret, size_t *ret_size)
{
    size_t i = find(path);

    if (i < ENTRIES && entries[i].target)
        return fake_read(files, entries[i].target, ret, ret_size);
    if (i == ENTRIES)
        return -ENOENT;
    *ret = strdup(entries[i].text);
    *ret_size = strlen(*ret);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every directory is there that something is in. */
static int fake_list(void *files, const char *path, char ***ret)
{
    char **names = NULL;

    for (size_t i = 0; i < n_entries; i++) {
        const char *rest = startswith(entries[i].path, path);
        if (!rest || *rest != '/')
            continue;
        char *name = strndup(rest + 1, strcspn(rest + 1, "/"));
        if (strv_contains(names, name))
            free(name);
        else
            assert_int_equal(strv_consume(&names, name), 0);
    }
    if (!names)
        return -ENOENT;
    qsort(names, strv_length(names), sizeof(*names), compare);
    *ret = names;
    return 0;
}

static size_t n_read_links;

static int fake_read_link(void *files, const char *path, char **ret)
{
    n_read_links++;
    size_t i = find(path);
    char **names = NULL;

    if (i == ENTRIES) {
        int r = fake_list(files, path, &names);
        strv_free(names);
        return r < 0 ? -ENOENT : -EINVAL;
    }
    if (!entries[i].target)
        return -EINVAL;
    *ret = strdup(entries[i].target);
    return 0;
}

static const struct unit_files_ops ops = {.read = fake_read, .list = fake_list, .read_link = fake_read_link};
static const char *const search_path[] = {INSTALL_CONFIG, INSTALL_RUNTIME, "/usr/lib/systemd/system", NULL};
static struct install install;

static int setup(void **state)
{
    install = (struct install){
        .loader = {.ops = &ops, .search_path = (char **)search_path},
        .config = INSTALL_CONFIG,
    };
    put(VENDOR "a.service",
        "[Service]\nExecStart=/bin/"
        "true\n[Install]\nWantedBy=multi-user.target\nAlias=z.service\nAlso=b.service\n",
        NULL);
    put(VENDOR "b.service", "[Install]\nRequiredBy=a.service\nAlso=a.service\n", NULL);
    put(VENDOR "s.service", "[Service]\nExecStart=/bin/true\n", NULL);
    put(VENDOR "t@.service", "[Install]\nWantedBy=multi-user.target\nDefaultInstance=one\n", NULL);
    put(VENDOR "n@.service", "[Install]\nWantedBy=multi-user.target\nAlias=m@.service\n", NULL);
    put(VENDOR "p.socket", "[Install]\nWantedBy=%p.target\n", NULL);
    put(VENDOR "p.target", "[Unit]\n", NULL);
    return 0;
}

static int teardown(void **state)
{
    while (n_entries > 0)
        take_away(n_entries - 1);
    return 0;
}

/* --- plans as text ----------------------------------------------------------------------------------------
 */

static void carry_out(const struct install_change *change)
{
    size_t i = find(change->path);

    if (change->kind == INSTALL_LINK) {
        assert_int_equal(i, ENTRIES);
        put(change->path, NULL, change->target);
    } else if (change->kind == INSTALL_UNLINK) {
        assert_true(i < ENTRIES);
        take_away(i);
    }
}

/* Plans and carries out; gives "+path>target", "-path", "!" for an error, "?" for a note, in the plan's
 * order. */
typedef int (*plan_fn)(const struct install *install, char *const *names, struct install_plan *plan);

static char *run(plan_fn fn, const char *words)
{
    struct install_plan plan = {};
    char **names = NULL, **lines = NULL;

    assert_int_equal(strv_split(words, " ", &names), 0);
    assert_int_equal(fn(&install, names, &plan), 0);
    FOREACH_ARRAY (change, plan.changes, plan.n) {
        char *line = change->kind == INSTALL_LINK     ? xasprintf("+%s>%s", change->path, change->target)
                     : change->kind == INSTALL_UNLINK ? xasprintf("-%s", change->path)
                                                      : strdup(change->kind == INSTALL_ERROR ? "!" : "?");
        assert_int_equal(strv_consume(&lines, line), 0);
        carry_out(change);
    }
    char *text = lines ? strv_join(lines, " ") : strdup("");
    strv_free(lines);
    strv_free(names);
    install_plan_done(&plan);
    return text;
}

static void expect(plan_fn fn, const char *words, const char *wanted)
{
    _cleanup_free_ char *text = run(fn, words);
    assert_string_equal(text, wanted);
}

static void expect_state(const char *name, const char *wanted)
{
    enum install_state state;

    int r = install_get_state(&install, name, &state);
    assert_string_equal(r == -ENOENT ? "none" : install_state_to_string(state), wanted);

    /* The same for one who asks about many. */
    assert_int_equal(install_links_read(&install, &install.links), 0);
    r = install_get_state(&install, name, &state);
    install.links = install_links_free(install.links);
    assert_string_equal(r == -ENOENT ? "none" : install_state_to_string(state), wanted);
}

/* --- tests ------------------------------------------------------------------------------------------------
 */

static void test_an_alias_is_in_the_state_of_what_it_leads_to(void **state)
{
    put(CONFIG "plain.service", NULL, VENDOR "a.service");
    put(CONFIG "twice.service", NULL, "plain.service");
    put(CONFIG "nowhere.service", NULL, "no-such.service");
    put(CONFIG "round.service", NULL, "again.service");
    put(CONFIG "again.service", NULL, "round.service");
    put(CONFIG "masked.service", NULL, "/dev/null");
    put(CONFIG "hidden.service", NULL, "masked.service");
    put("/opt/x.service", "[Service]\n", NULL);
    put(CONFIG "linked.service", NULL, "/opt/x.service");
    put(CONFIG "severed.service", NULL, "/opt/no-such.service");
    expect_state("plain.service", "alias");
    expect_state("twice.service", "alias");
    expect_state("linked.service", "alias");
    expect_state("hidden.service", "masked");
    static const char *const none[] = {"nowhere.service", "round.service", "severed.service"};
    FOREACH_ARRAY (name, none, ELEMENTSOF(none)) {
        enum install_state unknown;
        assert_true(install_get_state(&install, *name, &unknown) < 0);
    }
}

static void test_enable_links_to_targets_aliases_and_what_belongs_to_it(void **state)
{
    expect(install_enable, "a.service",
           "+" CONFIG "z.service>" VENDOR "a.service +" CONFIG "multi-user.target.wants/a.service>" VENDOR
           "a.service +" CONFIG "a.service.requires/b.service>" VENDOR "b.service");
    expect(install_enable, "a.service", "");
    expect_state("a.service", "enabled");
    expect_state("b.service", "enabled");
    expect_state("z.service", "alias");
    expect(install_enable, "z.service", "!");
}

static void test_disable_removes_every_link_that_leads_to_it(void **state)
{
    free(run(install_enable, "a.service"));
    put(CONFIG "other.target.wants/z.service", NULL, "/x/z.service");
    expect(install_disable, "a.service",
           "-" CONFIG "a.service.requires/b.service -" CONFIG "multi-user.target.wants/a.service -" CONFIG
           "z.service -" CONFIG "other.target.wants/z.service");
    expect_state("a.service", "disabled");
    expect_state("z.service", "none");
}

static void test_a_unit_without_install_section_is_static(void **state)
{
    expect(install_enable, "s.service", "");
    expect_state("s.service", "static");
    expect_state("multi-user.target", "static");
    expect_state("nobody.service", "none");
    expect(install_enable, "nobody.service", "!");
}

static void test_templates_are_enabled_by_an_instance(void **state)
{
    expect(install_enable, "t@.service",
           "+" CONFIG "multi-user.target.wants/t@one.service>" VENDOR "t@.service");
    expect_state("t@.service", "enabled");
    expect_state("t@one.service", "enabled");
    expect_state("t@two.service", "disabled");
    expect(install_enable, "n@.service", "+" CONFIG "m@.service>" VENDOR "n@.service !");
    expect(install_enable, "n@x.service",
           "+" CONFIG "m@x.service>" VENDOR "n@.service +" CONFIG
           "multi-user.target.wants/n@x.service>" VENDOR "n@.service");
    expect(install_disable, "n@.service",
           "-" CONFIG "m@.service -" CONFIG "m@x.service -" CONFIG "multi-user.target.wants/n@x.service");
}

static void test_specifiers_and_units_of_other_types_are_understood(void **state)
{
    expect(install_enable, "p.socket", "+" CONFIG "p.target.wants/p.socket>" VENDOR "p.socket");
    expect_state("p.socket", "enabled");
}

static void test_a_link_that_leads_elsewhere_is_replaced_by_force_only(void **state)
{
    put(CONFIG "multi-user.target.wants/t@one.service", NULL, "/somewhere/t@.service");
    expect(install_enable, "t@.service", "!");
    install.force = true;
    expect(install_enable, "t@.service",
           "-" CONFIG "multi-user.target.wants/t@one.service +" CONFIG
           "multi-user.target.wants/t@one.service>" VENDOR "t@.service");
}

static void test_relative_links_and_those_of_a_merged_usr_are_the_same(void **state)
{
    put(CONFIG "own.service", "[Install]\nWantedBy=multi-user.target\n", NULL);
    put(CONFIG "multi-user.target.wants/own.service", NULL, "../own.service");
    put(CONFIG "p.target.wants/p.socket", NULL, "/lib/systemd/system/p.socket");
    expect(install_enable, "own.service p.socket", "");
    expect_state("own.service", "enabled");
}

static void test_mask_and_unmask(void **state)
{
    put(CONFIG "own.service", "[Service]\n", NULL);
    expect(install_mask, "own.service", "!");
    expect(install_mask, "a.service", "+" CONFIG "a.service>/dev/null");
    expect_state("a.service", "masked");
    expect(install_enable, "a.service", "!");
    expect(install_disable, "a.service", "?");
    expect(install_mask, "nobody.service", "? +" CONFIG "nobody.service>/dev/null");
    expect(install_unmask, "a.service nobody.service", "-" CONFIG "a.service -" CONFIG "nobody.service");
    expect(install_unmask, "a.service own.service", "");
}

static void test_files_from_elsewhere_are_linked_and_gone_with_disable(void **state)
{
    put("/opt/x.service", "[Install]\nWantedBy=multi-user.target\n", NULL);
    expect(install_link_files, "/opt/x.service", "+" CONFIG "x.service>/opt/x.service");
    expect_state("x.service", "linked");
    expect(install_enable, "x.service", "+" CONFIG "multi-user.target.wants/x.service>/opt/x.service");
    expect_state("x.service", "enabled");
    expect(install_disable, "x.service", "-" CONFIG "multi-user.target.wants/x.service -" CONFIG "x.service");
    expect(install_enable, "/opt/x.service",
           "+" CONFIG "x.service>/opt/x.service +" CONFIG "multi-user.target.wants/x.service>/opt/x.service");
    expect(install_link_files, "/opt/nothing.service", "!");
    expect(install_link_files, "opt/x.service", "!");
}

static void test_drop_ins_count_and_revert_takes_them_away(void **state)
{
    put(CONFIG "s.service.d/x.conf", "[Install]\nWantedBy=p.target\n", NULL);
    expect_state("s.service", "disabled");
    expect(install_enable, "s.service", "+" CONFIG "p.target.wants/s.service>" VENDOR "s.service");
    put(CONFIG "s.service", "[Service]\n", NULL);
    put(CONFIG "own.service", "[Service]\n", NULL);
    expect(install_revert, "s.service own.service", "-" CONFIG "s.service.d/x.conf -" CONFIG "s.service");
}

static void test_the_default_target_is_a_link(void **state)
{
    struct install_plan plan = {};
    char *name = NULL;

    assert_int_equal(install_get_default(&install, &name), 0);
    assert_string_equal(name, "multi-user.target");
    free(name);
    assert_int_equal(install_set_default(&install, "p.target", &plan), 0);
    assert_int_equal(plan.n, 1);
    carry_out(&plan.changes[0]);
    install_plan_done(&plan);
    assert_int_equal(install_get_default(&install, &name), 0);
    assert_string_equal(name, "p.target");
    free(name);
    assert_int_equal(install_set_default(&install, "a.service", &plan), 0);
    assert_int_equal(plan.changes[0].kind, INSTALL_ERROR);
    install_plan_done(&plan);
}

static void test_links_are_read_once_for_many_questions(void **state)
{
    enum install_state answer;

    for (int i = 0; i < 20; i++) {
        _cleanup_free_ char *path = xasprintf(CONFIG "multi-user.target.wants/more-%d.service", i);
        put(path, NULL, VENDOR "a.service");
    }
    assert_int_equal(install_links_read(&install, &install.links), 0);
    n_read_links = 0;
    for (int i = 0; i < 20; i++)
        assert_int_equal(install_get_state(&install, "a.service", &answer), 0);
    install.links = install_links_free(install.links);
    assert_true(n_read_links <= 20 * 3); /* at most each place where the file could be */
}

static void test_the_first_preset_rule_that_matches_counts(void **state)
{
    struct install_presets presets;

    put("/usr/lib/systemd/system-preset/90-all.preset", "# all\nenable *\n", NULL);
    put("/usr/lib/systemd/system-preset/10.preset",
        "disable a.service\nenable t@.service one two\ndisable t@*\n", NULL);
    put("/usr/lib/systemd/system-preset/20.preset", "disable b.service\n", NULL);
    put("/etc/systemd/system-preset/20.preset", "ignore s.service\nnonsense\n", NULL);
    assert_int_equal(install_presets_read(&install, &presets), 0);
    assert_int_equal(install_presets_ask(&presets, "a.service"), PRESET_DISABLE);
    assert_int_equal(install_presets_ask(&presets, "b.service"), PRESET_ENABLE);
    assert_int_equal(install_presets_ask(&presets, "s.service"), PRESET_IGNORE);
    assert_int_equal(install_presets_ask(&presets, "t@two.service"), PRESET_ENABLE);
    assert_int_equal(install_presets_ask(&presets, "t@three.service"), PRESET_DISABLE);
    assert_int_equal(strv_length(install_presets_instances(&presets, "t@.service")), 2);
    install_presets_done(&presets);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_alias_is_in_the_state_of_what_it_leads_to),
        TEST(test_enable_links_to_targets_aliases_and_what_belongs_to_it),
        TEST(test_disable_removes_every_link_that_leads_to_it),
        TEST(test_a_unit_without_install_section_is_static),
        TEST(test_templates_are_enabled_by_an_instance),
        TEST(test_specifiers_and_units_of_other_types_are_understood),
        TEST(test_a_link_that_leads_elsewhere_is_replaced_by_force_only),
        TEST(test_relative_links_and_those_of_a_merged_usr_are_the_same),
        TEST(test_mask_and_unmask),
        TEST(test_files_from_elsewhere_are_linked_and_gone_with_disable),
        TEST(test_drop_ins_count_and_revert_takes_them_away),
        TEST(test_the_default_target_is_a_link),
        TEST(test_links_are_read_once_for_many_questions),
        TEST(test_the_first_preset_rule_that_matches_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
