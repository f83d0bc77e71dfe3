/* What people see of the units, and what a hostile container can show them. */
#include "test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/record.h"
#include "common/status-view.h"
#include "common/text.h"

static struct record record;

/* Adds a record of "Key=value" strings. */
static void add(struct status_view *view, const char *kind, const char *const *fields)
{
    record_begin(&record, kind);
    for (; *fields; fields++) {
        _cleanup_free_ char *key = strndup(*fields, strcspn(*fields, "="));
        record_add(&record, key, strchr(*fields, '=') + 1);
    }
    assert_int_equal(status_view_add(record.data, record.size, view), 0);
}
#define ADD(view, kind, ...) add(view, kind, (const char *const[]){__VA_ARGS__, NULL})

static char *print(const struct status_view *view, void (*how)(const struct status_view *view, FILE *out))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    how(view, out);
    fclose(out);
    return text;
}

static void add_services(struct status_view *view)
{
    ADD(view, "manager", "SystemState=degraded", "NFailedUnits=1", "Tracking=cgroups",
        "NowMonotonic=200000000");
    ADD(view, "unit", "Id=web.service", "Slice=system.slice", "LoadState=loaded", "ActiveState=failed",
        "SubState=failed", "Result=exit-code", "ExecMainCode=1", "ExecMainStatus=1",
        "StateChangeTimestampMonotonic=100000000");
    ADD(view, "unit", "Id=db.service", "Slice=system.slice", "LoadState=loaded", "ActiveState=active",
        "SubState=running", "Result=success", "MainPID=12", "NRestarts=2", "MemoryCurrent=1258291",
        "StatusText=ready", "Description=The data base", "StateChangeTimestampMonotonic=100000000");
    ADD(view, "unit", "Id=multi-user.target", "LoadState=loaded", "ActiveState=active", "SubState=active");
    ADD(view, "unit", "Id=system.slice", "LoadState=loaded", "ActiveState=active", "SubState=active");
    ADD(view, "unit", "Id=late.service", "Slice=user.slice", "LoadState=loaded", "ActiveState=activating",
        "SubState=start", "MainPID=0", "MemoryCurrent=infinity");
    ADD(view, "log", "Unit=db.service", "Line=listening");
}

static void services_stand_below_their_slices(void **state)
{
    struct status_view *view = status_view_new(false, false);
    add_services(view);
    _cleanup_free_ char *text = print(view, status_view_print_tree);
    assert_string_equal(
        text, "* degraded, 1 of 3 services up, 1 failed, tracking: cgroups\n"
              "|-system.slice\n"
              "| |-* db.service   running, PID 12, for 1min 40s, 2 restarts, memory 1.1M, \"ready\"\n"
              "| `-x web.service  failed, 1min 40s ago, exit code 1\n"
              "`-user.slice\n"
              "  `-~ late.service start\n"
              "\n"
              "db: listening\n");
    status_view_free(view);
}

static void what_only_counts_as_started_is_no_service_that_is_up(void **state)
{
    struct status_view *view = status_view_new(false, false);
    ADD(view, "manager", "SystemState=running", "Tracking=cgroups");
    ADD(view, "unit", "Id=web.service", "ActiveState=active", "SubState=running");
    ADD(view, "unit", "Id=systemd-udevd.service", "LoadState=loaded", "ActiveState=active", "SubState=active",
        "CountsAsStarted=part of systemd itself");
    ADD(view, "unit", "Id=dev-sda.device", "ActiveState=active", "CountsAsStarted=devices are there");
    _cleanup_free_ char *text = print(view, status_view_print_tree);
    assert_string_equal(text, "* running, 1 of 1 service up, tracking: cgroups\n`-* web.service running\n");
    _cleanup_free_ char *details = print(view, status_view_print_details);
    assert_non_null(strstr(details, "     Active: active (active)\n    Not run: part of systemd itself\n"));
    status_view_free(view);
}

static void colours_and_lines_are_drawn_for_a_terminal(void **state)
{
    struct status_view *view = status_view_new(true, false);
    add_services(view);
    assert_int_equal(setenv("LC_ALL", "C.UTF-8", 1), 0);
    _cleanup_free_ char *text = print(view, status_view_print_tree);
    assert_non_null(strstr(text, "│ ├─\033[1;32m●\033[0m db.service"));
    assert_non_null(strstr(text, "│ └─\033[1;31m×\033[0m web.service"));
    assert_non_null(strstr(text, "  └─\033[1;33m●\033[0m late.service"));
    assert_int_equal(setenv("LC_ALL", "de_DE.ISO-8859-1", 1), 0);
    _cleanup_free_ char *plain = print(view, status_view_print_tree);
    assert_non_null(strstr(plain, "`-\033[1;31mx\033[0m web.service"));
    status_view_free(view);
}

static void the_list_has_the_columns_of_systemctl(void **state)
{
    struct status_view *view = status_view_new(false, false);
    add_services(view);
    _cleanup_free_ char *text = print(view, status_view_print_list);
    assert_ptr_equal(startswith(text, "  UNIT              LOAD   ACTIVE     SUB     DESCRIPTION\n"
                                      "* web.service       loaded failed     failed  \n"
                                      "  db.service        loaded active     running The data base\n"
                                      "  multi-user.target loaded active     active  \n"),
                     strstr(text, "  system.slice"));
    status_view_free(view);
}

static void json_has_every_key_as_it_came(void **state)
{
    struct status_view *view = status_view_new(true, true);
    ADD(view, "manager", "SystemState=running");
    ADD(view, "unit", "Id=a.service", "MainPID=7", "Text=\x1b\"\n");
    ADD(view, "unit", "Id=b.target");
    _cleanup_free_ char *tree = print(view, status_view_print_tree);
    _cleanup_free_ char *list = print(view, status_view_print_list);
    assert_string_equal(tree, "[{\"Id\":\"a.service\",\"MainPID\":\"7\",\"Text\":\"\\u001b\\\"\\n\"},"
                              "{\"Id\":\"b.target\"}]\n");
    assert_string_equal(list, tree);
    status_view_free(view);
}

static void a_failure_says_why(void **state)
{
    static const struct {
        const char *fields[4];
        const char *reason;
    } cases[] = {
        {{"Result=exit-code", "ExecMainCode=1", "ExecMainStatus=203"}, ", exit code 203 (EXEC)\n"},
        {{"Result=signal", "ExecMainCode=2", "ExecMainStatus=11"}, ", signal SIGSEGV\n"},
        {{"Result=core-dump", "ExecMainCode=3", "ExecMainStatus=6"}, ", signal SIGABRT, core dumped\n"},
        {{"Result=timeout", "ExecMainCode=2", "ExecMainStatus=9"}, ", timeout\n"},
        {{"Result=exit-code", "ExecError=GROUP: no such group"}, ", GROUP: no such group\n"},
        {{"Result=exit-code", "ExecMainCode=1", "ExecMainStatus=999999"}, ", exit-code\n"},
        {{"LoadState=bad-setting", "LoadError=x.service:3: what"}, " bad-setting, x.service:3: what\n"},
    };
    FOREACH_ARRAY (c, cases, ELEMENTSOF(cases)) {
        struct status_view *view = status_view_new(false, false);
        record_begin(&record, "unit");
        record_add(&record, "Id", "x.service");
        record_add(&record, "ActiveState", "failed");
        for (size_t i = 0; i < ELEMENTSOF(c->fields) && c->fields[i]; i++) {
            _cleanup_free_ char *key = strndup(c->fields[i], strcspn(c->fields[i], "="));
            record_add(&record, key, strchr(c->fields[i], '=') + 1);
        }
        assert_int_equal(status_view_add(record.data, record.size, view), 0);
        _cleanup_free_ char *text = print(view, status_view_print_tree);
        assert_non_null(strstr(text, c->reason));
        status_view_free(view);
    }
}

static void no_control_byte_reaches_the_terminal(void **state)
{
    static const char *const keys[] = {"Id",         "Slice",       "LoadState", "ActiveState",
                                       "SubState",   "Result",      "LoadError", "ExecError",
                                       "StatusText", "Description", "Unit",      "Line",
                                       "Timestamp",  "SystemState", "Tracking",  "ExecStart"};
    static const char *const kinds[] = {"unit", "log", "manager", "job"};
    struct status_view *view = status_view_new(false, false);

    FOREACH_ARRAY (kind, kinds, ELEMENTSOF(kinds)) {
        record_begin(&record, *kind);
        FOREACH_ARRAY (key, keys, ELEMENTSOF(keys))
            record_add(&record, *key, "\x1b]0;x\x07\r\n\x7f\xc2\x9b\xff\x9b%s%n");
        assert_int_equal(status_view_add(record.data, record.size, view), 0);
    }
    _cleanup_free_ char *tree = print(view, status_view_print_tree);
    _cleanup_free_ char *list = print(view, status_view_print_list);
    for (const char *p = tree; *p; p++)
        assert_true(*p == '\n' || (*p >= ' ' && *p < 0x7f));
    for (const char *p = list; *p; p++)
        assert_true(*p == '\n' || (*p >= ' ' && *p < 0x7f));
    status_view_free(view);
}

static void hostile_records_are_refused(void **state)
{
    static char huge[CONTROL_PACKET_MAX];
    struct status_view *view = status_view_new(false, false);

    memset(huge, 'x', sizeof(huge));
    assert_int_equal(status_view_add(huge, sizeof(huge), view), -EBADMSG);
    memset(huge, 0, sizeof(huge));
    assert_int_equal(status_view_add(huge, sizeof(huge), view), -EBADMSG);
    assert_int_equal(status_view_add((char[]){"Record=unit\nId=a\0b\n"}, 19, view), -EBADMSG);
    assert_int_equal(status_view_add((char[]){"Record=unit"}, 11, view), -EBADMSG);
    assert_int_equal(status_view_add((char[]){"Record=new\nA=b\n"}, 15, view), 0);
    assert_int_equal(status_view_add(huge, 0, view), 0);
    _cleanup_free_ char *text = print(view, status_view_print_tree);
    assert_string_equal(text, "");
    status_view_free(view);
}

static void a_flood_of_records_is_bounded(void **state)
{
    struct status_view *view = status_view_new(false, false);
    int r = 0;
    size_t n = 0;

    for (; r == 0 && n < 100000; n++) {
        record_begin(&record, "unit");
        while (!record.truncated) /* 64 KiB of keys */
            record_add(&record, "K", "");
        r = status_view_add(record.data, record.size, view);
    }
    assert_int_equal(r, -E2BIG);
    assert_true(n < 300);
    status_view_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(services_stand_below_their_slices),
        cmocka_unit_test(what_only_counts_as_started_is_no_service_that_is_up),
        cmocka_unit_test(colours_and_lines_are_drawn_for_a_terminal),
        cmocka_unit_test(the_list_has_the_columns_of_systemctl),
        cmocka_unit_test(json_has_every_key_as_it_came),
        cmocka_unit_test(a_failure_says_why),
        cmocka_unit_test(no_control_byte_reaches_the_terminal),
        cmocka_unit_test(hostile_records_are_refused),
        cmocka_unit_test(a_flood_of_records_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
