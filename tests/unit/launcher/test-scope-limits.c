/* Limits and properties as people write them, as the kernel shows them, and what happens when the two differ.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* launcher/failure.h has its own */

#include "common/cleanup.h"
#include "common/text.h"
#include "launcher/scope-private.h"

#define PROPERTIES(...) ((char *const *)(const char *const[]){__VA_ARGS__, NULL})

struct list {
    struct scope_property *items;
    size_t n;
};

static void cleanup_list(struct list *list)
{
    scope_properties_free(list->items, list->n);
}
#define _cleanup_list_ _cleanup_(cleanup_list)

static void make(struct list *list, char *const *assignments)
{
    struct failure failure = {0};
    int r = scope_properties_make(NULL, assignments, &list->items, &list->n, &failure);
    if (r < 0)
        print_error("%s\n", failure.text);
    assert_int_equal(r, 0);
}

static void assert_refused(const char *assignment, const char *word)
{
    struct failure failure = {0};
    struct list list = {0};
    assert_true(scope_properties_make(NULL, PROPERTIES(assignment), &list.items, &list.n, &failure) < 0);
    if (!strstr(failure.text, word))
        print_error("\"%s\" does not say \"%s\"\n", failure.text, word);
    assert_non_null(strstr(failure.text, word));
}

static void test_values_mean_what_systemd_means(void **state)
{
    static const struct {
        const char *assignment, *bus_name;
        uint64_t number;
    } rows[] = {
        {"MemoryMax=64M", "MemoryMax", 64 << 20},
        {"MemoryMax=infinity", "MemoryMax", UINT64_MAX},
        {"CPUQuota=150%", "CPUQuotaPerSecUSec", 1500000},
        {"CPUQuotaPeriodSec=50ms", "CPUQuotaPeriodUSec", 50000},
        {"RuntimeMaxSec=1min", "RuntimeMaxUSec", 60 * USEC_PER_SEC},
        {"RuntimeMaxSec=2", "RuntimeMaxUSec", 2 * USEC_PER_SEC},
        {"TasksMax=12", "TasksMax", 12},
        {"CPUWeight=10000", "CPUWeight", 10000},
        {"SendSIGHUP=yes", "SendSIGHUP", 1},
        {"KillSignal=SIGINT", "KillSignal", 2},
    };
    FOREACH_ARRAY (row, rows, ELEMENTSOF(rows)) {
        _cleanup_list_ struct list list = {0};
        make(&list, PROPERTIES(row->assignment));
        assert_int_equal(list.n, 1);
        assert_string_equal(list.items[0].type->bus_name, row->bus_name);
        assert_true(list.items[0].number == row->number);
    }
}

static void test_a_share_of_the_memory_is_bytes(void **state)
{
    _cleanup_list_ struct list list = {0};
    uint64_t total = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

    make(&list, PROPERTIES("MemoryHigh=50%"));
    assert_true(list.items[0].number > total / 2 - 4096 && list.items[0].number < total / 2 + 4096);
}

static void test_a_bad_property_is_named_with_the_reason(void **state)
{
    assert_refused("MemoryMaxx=1G", "MemoryMaxx");
    assert_refused("MemoryMax", "NAME=VALUE");
    assert_refused("=1", "NAME=VALUE");
    assert_refused("MemoryMax=lots", "lots");
    assert_refused("MemoryMax=110%", "110%");
    assert_refused("CPUWeight=0", "CPUWeight");
    assert_refused("CPUWeight=10001", "CPUWeight");
    assert_refused("CPUQuota=0%", "CPUQuota");
    assert_refused("AllowedCPUs=3-1", "3-1");
    assert_refused("KillMode=mixed", "monitor");
    assert_refused("Slice=a.slice", "--slice");
    assert_refused("KillSignal=SIGNONE", "SIGNONE");
}

static void test_the_last_word_on_a_limit_counts_and_lists_add_up(void **state)
{
    _cleanup_list_ struct list list = {0};

    make(&list,
         PROPERTIES("MemoryMax=1M", "DeviceAllow=/dev/null r", "MemoryMax=2M", "DeviceAllow=/dev/zero r"));
    assert_int_equal(list.n, 3);
    assert_int_equal(list.items[0].number, 2 << 20);
}

static void test_limits_of_the_options_become_properties(void **state)
{
    _cleanup_list_ struct list list = {0};
    char cpuset[] = "0-1,3";
    struct limits limits = {
        .memory_max = UINT64_MAX,
        .memory_high = UINT64_MAX,
        .swap_max = 0,
        .tasks_max = UINT64_MAX,
        .cpu_quota_per_sec = USEC_INFINITY,
        .cpu_weight = 5,
        .cpuset = cpuset,
    };
    assert_int_equal(scope_properties_make(&limits, NULL, &list.items, &list.n, NULL), 0);
    assert_int_equal(list.n, 3);
    assert_string_equal(list.items[0].type->attribute, "memory.swap.max");
    assert_string_equal(list.items[1].type->attribute, "cpu.weight");
    assert_string_equal(list.items[2].type->attribute, "cpuset.cpus");
    assert_int_equal(list.items[2].mask_size, 1);
    assert_int_equal(list.items[2].mask[0], 0x0b);

    struct failure failure = {0};
    struct list none = {0};
    char wrong[] = "one";
    limits.cpuset = wrong;
    assert_true(scope_properties_make(&limits, NULL, &none.items, &none.n, &failure) < 0);
    assert_non_null(strstr(failure.text, "\"one\""));
}

static void test_cpu_lists_come_back_in_the_kernel_s_form(void **state)
{
    static const char *const rows[][2] = {
        {"0", "0"},       {"0-3", "0-3"}, {"3 1,0", "0-1,3"}, {"7-8,15,16", "7-8,15-16"},
        {"8191", "8191"}, {"", ""},
    };
    FOREACH_ARRAY (row, rows, ELEMENTSOF(rows)) {
        _cleanup_free_ uint8_t *mask = NULL;
        _cleanup_free_ char *text = NULL;
        size_t size;
        assert_int_equal(parse_cpu_list((*row)[0], &mask, &size), 0);
        text = format_cpu_list(mask, size);
        assert_string_equal(text, (*row)[1]);
    }
    static const char *const wrong[] = {"8192", "-1", "1-", "a", "1-2-3", "99999999999999999999"};
    FOREACH_ARRAY (text, wrong, ELEMENTSOF(wrong)) {
        _cleanup_free_ uint8_t *mask = NULL;
        size_t size;
        assert_true(parse_cpu_list(*text, &mask, &size) < 0);
    }
}

static void test_only_the_kernel_s_own_rounding_is_forgiven(void **state)
{
    static const struct {
        const char *assignment, *found;
        bool good;
    } rows[] = {
        {"MemoryMax=1048577", "1048576", true},
        {"MemoryMax=1M", "1044480", false},
        {"MemoryMax=1M", "max", false},
        {"MemoryMax=4095", "0", false},
        {"MemorySwapMax=0", "0", true},
        {"MemoryMax=infinity", "max", true},
        {"TasksMax=9", "9", true},
        {"TasksMax=9", "10", false},
        {"CPUQuota=50%", "50000 100000", true},
        {"CPUQuota=50%", "25000 50000", true},
        {"CPUQuota=50%", "max 100000", false},
        {"CPUQuota=50%", "60000 100000", false},
        {"CPUQuota=50%", "", false},
        {"CPUQuota=50%", "50000 0", false},
        {"CPUQuota=0.12%", "1000 833333", true},
        {"IOWeight=200", "default 200\n8:0 300", true},
        {"IOWeight=200", "default 100", false},
        {"AllowedCPUs=0-1", "0-1", true},
        {"AllowedCPUs=0-7", "", false},
        {"AllowedCPUs=0-7", "0-1", false},
        {"CPUWeight=7", "garbage", false},
    };
    FOREACH_ARRAY (row, rows, ELEMENTSOF(rows)) {
        _cleanup_list_ struct list list = {0};
        make(&list, PROPERTIES(row->assignment));
        bool good = list.items[0].type->format->matches(&list.items[0], row->found);
        if (good != row->good)
            print_error("%s with \"%s\" in its file\n", row->assignment, row->found);
        assert_int_equal(good, row->good);
    }
}

static void test_what_is_written_to_a_file_is_what_is_accepted_from_it(void **state)
{
    static const char *const rows[] = {
        "MemoryMax=4M",    "MemoryMax=infinity", "TasksMax=5",  "CPUQuota=0.1%",  "CPUQuota=0.5%",
        "CPUQuota=33.33%", "CPUQuota=6400%",     "CPUWeight=1", "IOWeight=10000", "AllowedCPUs=1,5-9",
    };
    FOREACH_ARRAY (row, rows, ELEMENTSOF(rows)) {
        _cleanup_list_ struct list list = {0};
        make(&list, PROPERTIES(*row));
        _cleanup_free_ char *text = list.items[0].type->format->to_text(&list.items[0]);

        bool good = list.items[0].type->format->matches(&list.items[0], text);
        if (!good)
            print_error("%s writes \"%s\"\n", *row, text);
        assert_true(good);
    }
}

static void test_slices_nest_by_their_dashes(void **state)
{
    static const char *const rows[][2] = {
        {"machine.slice", "machine.slice"},
        {"a-b.slice", "a.slice/a-b.slice"},
        {"a-b-c.slice", "a.slice/a-b.slice/a-b-c.slice"},
        {"a.b-c.slice", "a.b.slice/a.b-c.slice"},
        {"-.slice", ""},
    };
    FOREACH_ARRAY (row, rows, ELEMENTSOF(rows)) {
        _cleanup_free_ char *path = NULL;
        assert_int_equal(slice_to_path((*row)[0], &path), 0);
        assert_string_equal(path, (*row)[1]);
    }
    static const char *const wrong[] = {"",           ".slice",   "a",        "a.scope",
                                        "../a.slice", "-a.slice", "a-.slice", "a--b.slice"};
    FOREACH_ARRAY (name, wrong, ELEMENTSOF(wrong)) {
        _cleanup_free_ char *path = NULL;
        assert_int_equal(slice_to_path(*name, &path), -EINVAL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_mean_what_systemd_means),
        cmocka_unit_test(test_a_share_of_the_memory_is_bytes),
        cmocka_unit_test(test_a_bad_property_is_named_with_the_reason),
        cmocka_unit_test(test_the_last_word_on_a_limit_counts_and_lists_add_up),
        cmocka_unit_test(test_limits_of_the_options_become_properties),
        cmocka_unit_test(test_cpu_lists_come_back_in_the_kernel_s_form),
        cmocka_unit_test(test_only_the_kernel_s_own_rounding_is_forgiven),
        cmocka_unit_test(test_what_is_written_to_a_file_is_what_is_accepted_from_it),
        cmocka_unit_test(test_slices_nest_by_their_dashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
