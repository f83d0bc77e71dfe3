/* Sealed units: nothing of the draft is left in them, and equal parts are one. */
#include "unit-fixture.h"

#include "init/unit/share.h"

#include <cmocka.h>

/* Each setting that is a text or a list of its own. */
static const char everything[] =
    "[Unit]\nDescription=All of it\nDocumentation=man:x(8) "
    "man:y(8)\nConditionPathExists=/x\nWants=w.service\n"
    "After=b.service a.service\n[Service]\n"
    "Environment=A=1 B=2\nPassEnvironment=C "
    "D\nUnsetEnvironment=E\nEnvironmentFile=/e1\nEnvironmentFile=-/e2\n"
    "WorkingDirectory=/w\nUser=u\nGroup=g\nSupplementaryGroups=s1 s2\nLimitNOFILE=10:20\nCPUAffinity=1\n"
    "RootDirectory=/r\nExecSearchPath=/p:/q\nStandardInputText=text\nTTYPath=/dev/ttyx\n"
    "StandardOutput=append:/out\nStandardError=append:/err\nSyslogIdentifier=id\n"
    "RuntimeDirectory=r1:l r2\nStateDirectory=s1:l\nCacheDirectory=c1:l\nLogsDirectory=l1:l\n"
    "ConfigurationDirectory=c1\nPIDFile=/run/pid\nBusName=org.example.X\nType=forking\n"
    "Slice=s.slice\nDelegate=yes\nDelegateSubgroup=main\nMemoryMax=1M\nAllowedCPUs=0\n"
    "ExecCondition=/bin/c\nExecStartPre=/bin/1\nExecStartPre=/bin/2 two\nExecStart=/bin/x arg\n"
    "ExecStartPost=/bin/p\nExecReload=/bin/r\nExecStop=/bin/s\nExecStopPost=/bin/z\n";

/* Words that differ between two drafts of one text are pointers. Returns their number; none may be left. */
static size_t count_pointers(const void *first, const void *second, const void *sealed, size_t size)
{
    size_t n = 0;

    for (size_t at = 0; at + sizeof(void *) <= size; at += sizeof(void *)) {
        const void *a, *b, *s;
        memcpy((void *)&a, (const char *)first + at, sizeof(a));
        memcpy((void *)&b, (const char *)second + at, sizeof(b));
        memcpy((void *)&s, (const char *)sealed + at, sizeof(s));
        if (a == b) {
            assert_ptr_equal(s, a);
            continue;
        }
        assert_ptr_not_equal(s, a);
        assert_non_null(s);
        n++;
    }
    return n;
}

static void test_nothing_of_the_draft_is_left(void **state)
{
    struct unit *unit = load_text_as("x.service", everything);
    _cleanup_unit_ struct unit *twin = load_text_as("x.service", everything);
    struct unit_draft draft = *CONTAINER_OF(unit, struct unit_draft, unit);
    const struct unit_draft *other = CONTAINER_OF(twin, struct unit_draft, unit);

    assert_int_equal(unit->load_state, UNIT_LOADED);
    unit_seal(&unit);
    assert_true(unit->sealed);
#define COUNT(part) count_pointers(&draft.part, &other->part, unit->part, sizeof(draft.part))
    assert_int_equal(COUNT(exec), 26); /* all but input_path, and the links of a ConfigurationDirectory= */
    assert_int_equal(COUNT(kill), 0);
    assert_int_equal(COUNT(cgroup), 3);
    assert_int_equal(COUNT(service), 2);
    assert_int_equal(COUNT(commands), SERVICE_COMMAND_MAX);
    assert_true(COUNT(dependencies) >= 4);
    unit_free(unit);
}

static void test_sealed_units_say_what_their_drafts_said(void **state)
{
    _cleanup_unit_ struct unit *unit = load_text_as("x.service", everything);

    unit_seal(&unit);
    unit_seal(&unit);
    assert_string_equal(unit->name, "x.service");
    assert_string_equal(unit->description, "All of it");
    assert_string_equal(unit->fragment_path, "/etc/x");
    assert_strv(unit->documentation, "[man:x(8)] [man:y(8)]");
    assert_string_equal(unit->conditions[0].parameter, "/x");
    assert_true(depends(unit, UNIT_WANTS, "w.service"));
    assert_strv(unit->exec->environment, "[A=1] [B=2]");
    assert_string_equal(unit->exec->environment_files[1].path, "/e2");
    assert_true(unit->exec->environment_files[1].optional);
    assert_int_equal(unit->exec->limits->of[7].hard, 20);
    assert_memory_equal(unit->exec->input_data, "text\n", unit->exec->input_size);
    assert_strv(unit->exec->directories[DIRECTORY_RUNTIME].names, "[r1] [r2]");
    assert_int_equal(cgroup_context_get(unit->cgroup, LIMIT_MEMORY_MAX, false)->value, 1 << 20);
    assert_string_equal(cgroup_context_get(unit->cgroup, LIMIT_CPUS, false)->text, "0");
    const struct exec_command *first = unit->commands->of[COMMAND_START_PRE];
    assert_string_equal(first->path, "/bin/1");
    assert_strv(first->next->argv, "[/bin/2] [two]");
    assert_null(first->next->next);
    assert_int_equal(unit->service->type, SERVICE_FORKING);
}

static void test_equal_parts_are_one_and_others_are_not(void **state)
{
    const struct memory_file files[] = {
        {"/lib/a.service", "[Service]\nExecStart=/bin/x\nUser=u\nExecStop=/bin/1\nExecStop=/bin/2\n"},
        {"/lib/b.service", "[Service]\nExecStart=/bin/x\nUser=u\nExecStop=/bin/1\nExecStop=/bin/3\n"},
        {"/lib/c.service", "[Service]\nExecStart=/bin/x\nUser=v\nExecStop=/bin/1\nRestart=always\n"},
        {NULL},
    };
    _cleanup_unit_ struct unit *a = load_from(files, "a.service"), *b = load_from(files, "b.service"),
                               *c = load_from(files, "c.service"), *again = load_from(files, "a.service");

    unit_seal(&a);
    unit_seal(&b);
    unit_seal(&c);
    unit_seal(&again);
    assert_string_equal(a->name, "a.service");
    assert_string_equal(a->description, "a.service");
    assert_string_equal(a->fragment_path, "/lib/a.service");
    assert_ptr_equal(a->exec, b->exec);
    assert_ptr_equal(a->service, b->service);
    assert_ptr_equal(a->dependencies, c->dependencies);
    assert_ptr_equal(a->kill, c->kill);
    assert_ptr_equal(a->commands, again->commands);
    assert_ptr_not_equal(a->commands, b->commands);
    assert_ptr_not_equal(a->commands, c->commands);
    assert_ptr_not_equal(a->exec, c->exec);
    assert_ptr_not_equal(a->service, c->service);
    assert_string_equal(b->commands->of[COMMAND_STOP]->next->path, "/bin/3");
    a = unit_free(a);
    assert_string_equal(again->commands->of[COMMAND_STOP]->next->path, "/bin/2");
    assert_string_equal(b->exec->user, "u");
}

static void test_units_that_failed_keep_their_reason(void **state)
{
    const struct memory_file files[] = {{"/lib/a.service", "[Service]\nUser=x\n"}, {NULL}};
    _cleanup_unit_ struct unit *bad = load_from(files, "a.service"), *none = load_from(files, "b.service");

    unit_seal(&bad);
    unit_seal(&none);
    assert_int_equal(bad->load_state, UNIT_BAD_SETTING);
    assert_non_null(strstr(bad->load_error, "neither ExecStart="));
    assert_int_equal(none->load_state, UNIT_NOT_FOUND);
    assert_null(none->fragment_path);
    assert_string_equal(none->description, "b.service");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_of_the_draft_is_left),
        cmocka_unit_test(test_sealed_units_say_what_their_drafts_said),
        cmocka_unit_test(test_equal_parts_are_one_and_others_are_not),
        cmocka_unit_test(test_units_that_failed_keep_their_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
