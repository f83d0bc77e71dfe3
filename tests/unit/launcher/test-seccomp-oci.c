/* What of a filter in JSON counts, and what is said of one that is wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <linux/capability.h>
#include <linux/seccomp.h>

#include "common/capabilities.h"
#include "common/text.h"
#include "launcher/seccomp-oci.h"
#include "launcher/sha256.h"

#include <cmocka.h> /* last: its fail() would shadow ours */

#define ALLOW "\"action\": \"SCMP_ACT_ALLOW\""

static const struct seccomp_situation here = {
    .capabilities = CAPABILITY_MASK(CAP_SYS_PTRACE) | CAPABILITY_MASK(CAP_KILL),
    .machine = "x86_64",
    .kernel_major = 5,
    .kernel_minor = 10,
};

static struct seccomp_oci read_good(const char *text)
{
    struct seccomp_oci profile = {};
    struct failure failure = {};
    if (seccomp_oci_read("f", text, strlen(text), &here, &profile, &failure) < 0)
        fail_msg("%s", failure.text);
    return profile;
}

/* "name name" of the rules that count among those of a list. */
static void assert_rules(const char *rules, const char *expected)
{
    _cleanup_free_ char *text =
        xasprintf("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [%s]}", rules);
    _cleanup_seccomp_oci_ struct seccomp_oci profile = read_good(text);
    char names[256] = "";
    for (size_t i = 0; i < profile.n_rules; i++)
        snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? " " : "",
                 profile.rules[i].name);
    assert_string_equal(names, expected);
}

static void names_and_the_older_name_are_read(void **state)
{
    assert_rules("{\"names\": [\"read\", \"wr\\u0069te\"], " ALLOW "}, {\"name\": \"open\", " ALLOW "}",
                 "read write open");
    assert_rules("", "");
}

static void rules_count_with_their_conditions_only(void **state)
{
    static const struct {
        const char *more, *expected;
    } cases[] = {
        {", \"includes\": {}, \"excludes\": null", "x"},
        {", \"includes\": {\"caps\": [\"CAP_SYS_PTRACE\"]}", "x"},
        {", \"includes\": {\"caps\": [\"CAP_SYS_PTRACE\", \"CAP_SYS_ADMIN\"]}", ""},
        {", \"includes\": {\"caps\": [\"CAP_OF_TOMORROW\"]}", ""},
        {", \"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\"]}", "x"},
        {", \"excludes\": {\"caps\": [\"CAP_SYS_ADMIN\", \"CAP_KILL\"]}", ""},
        {", \"includes\": {\"arches\": [\"arm64\", \"amd64\"]}", "x"},
        {", \"includes\": {\"arches\": [\"arm64\"]}", ""},
        {", \"excludes\": {\"arches\": [\"amd64\"]}", ""},
        {", \"includes\": {\"minKernel\": \"4.8\"}", "x"},
        {", \"includes\": {\"minKernel\": \"5.10\"}", "x"},
        {", \"includes\": {\"minKernel\": \"5.11\"}", ""},
        {", \"excludes\": {\"minKernel\": \"5.9\"}", ""},
    };
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        _cleanup_free_ char *rule = xasprintf("{\"names\": [\"x\"], " ALLOW "%s}", cases[i].more);
        assert_rules(rule, cases[i].expected);
    }
}

static void actions_have_their_errors(void **state)
{
    _cleanup_seccomp_oci_ struct seccomp_oci profile =
        read_good("{\"defaultAction\": \"SCMP_ACT_ERRNO\", \"defaultErrnoRet\": 38, \"syscalls\": ["
                  "{\"names\": [\"a\"], \"action\": \"SCMP_ACT_ERRNO\"},"
                  "{\"names\": [\"b\"], \"action\": \"SCMP_ACT_ERRNO\", \"errnoRet\": 0},"
                  "{\"names\": [\"c\"], \"action\": \"SCMP_ACT_ERRNO\", \"errno\": \"EACCES\"},"
                  "{\"names\": [\"d\"], \"action\": \"SCMP_ACT_KILL\", \"errnoRet\": 5}]}");
    assert_int_equal(profile.default_action, SECCOMP_RET_ERRNO | 38);
    assert_int_equal(profile.rules[0].action, SECCOMP_RET_ERRNO | EPERM);
    assert_int_equal(profile.rules[1].action, SECCOMP_RET_ERRNO);
    assert_int_equal(profile.rules[2].action, SECCOMP_RET_ERRNO | EACCES);
    assert_int_equal(profile.rules[3].action, SECCOMP_RET_KILL_THREAD);
}

static void conditions_hold_together_but_for_one_argument_apart(void **state)
{
    _cleanup_seccomp_oci_ struct seccomp_oci profile =
        read_good("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"a\"], \"action\": "
                  "\"SCMP_ACT_LOG\", \"args\": ["
                  "{\"index\": 0, \"value\": 18446744073709551615, \"op\": \"SCMP_CMP_EQ\"},"
                  "{\"index\": 5, \"value\": 2, \"valueTwo\": 3, \"op\": \"SCMP_CMP_MASKED_EQ\"}]},"
                  "{\"names\": [\"b\"], \"action\": \"SCMP_ACT_LOG\", \"args\": ["
                  "{\"index\": 1, \"value\": 1, \"op\": \"SCMP_CMP_EQ\"}, {\"index\": 1, \"value\": 2, "
                  "\"op\": \"SCMP_CMP_NE\"}]}]}");
    assert_int_equal(profile.n_rules, 3);
    assert_int_equal(profile.rules[0].n_conditions, 2);
    assert_true(profile.rules[0].conditions[0].value == UINT64_MAX);
    assert_int_equal(profile.rules[0].conditions[1].value_two, 3);
    assert_int_equal(profile.rules[0].conditions[1].operator, SECCOMP_OP_MASKED_EQ);
    assert_int_equal(profile.rules[2].n_conditions, 1);
    assert_int_equal(profile.rules[2].conditions[0].operator, SECCOMP_OP_NE);
}

static void architectures_are_those_of_this_machine(void **state)
{
    _cleanup_seccomp_oci_ struct seccomp_oci profile =
        read_good("{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"archMap\": ["
                  "{\"architecture\": \"SCMP_ARCH_AARCH64\", \"subArchitectures\": [\"SCMP_ARCH_ARM\"]},"
                  "{\"architecture\": \"SCMP_ARCH_X86_64\", \"subArchitectures\": [\"SCMP_ARCH_X86\", "
                  "\"SCMP_ARCH_X32\"]}]}");
    assert_int_equal(profile.n_architectures, 2);
    assert_string_equal(profile.architectures[0], "SCMP_ARCH_X86");
}

#define SYSCALL(more)                                                                                        \
    "{\"defaultAction\": \"SCMP_ACT_ALLOW\",\n\"syscalls\": [{\"names\": [\"x\"], " ALLOW more "}]}"

static void a_wrong_profile_is_told_with_line_and_field(void **state)
{
    static const struct {
        const char *text, *said;
    } cases[] = {
        {"", "line 1: a value is missing"},
        {"{}", "has no defaultAction"},
        {"[]", "must be an object"},
        {"{\"defaultAction\": 1}", "line 1: defaultAction: must be a text"},
        {"{\n\"defaultAction\": \"SCMP_ACT_NO\"}", "line 2: defaultAction: is no action"},
        {"{\"defaultAction\": \"SCMP_ACT_NOTIFY\"}", "no agent to notify"},
        {"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"sycalls\": []}", "sycalls: unknown field"},
        {"{\"defaultAction\": \"SCMP_ACT_ALLOW\"} x", "something follows the end"},
        {"{\"defaultAction\": \"SCMP_ACT_ALLOW\"", "a comma or } is missing"},
        {"{\"defaultAction\": \"SCMP_ACT_ALLOW", "a string does not end on its line"},
        {"{\"a\": \"\\ud800\"}", "this character is not for names"},
        {"{\"a\": \"\\x\"}", "unknown escape"},
        {"[[[[[[[[[[[[[[[[[[", "too many brackets"},
        {SYSCALL(", \"args\": [{\"index\": 6}]"),
         "line 2: syscalls[0].args[0].index: must be a number from 0 to 5"},
        {SYSCALL(", \"args\": [{\"index\": 0, \"value\": -1}]"), "args[0].value: must be a whole number"},
        {SYSCALL(", \"args\": [{\"index\": 0, \"value\": 1}]"), "args[0]: has no op"},
        {SYSCALL(", \"args\": [{\"op\": \"EQ\"}]"), "args[0].op: is no comparison"},
        {SYSCALL(", \"errnoRet\": 99999"), "errnoRet: must be a number from 0 to 4095"},
        {SYSCALL(", \"errno\": \"EWHAT\""), "errno: is no error"},
        {SYSCALL(", \"includes\": {\"minKernel\": \"new\"}"), "includes.minKernel: must be MAJOR.MINOR"},
        {SYSCALL(", \"includes\": {\"cap\": []}"), "includes.cap: unknown field"},
        {SYSCALL(", \"includes\": {\"caps\": [1]}"), "includes.caps[0]: must be a text"},
        {"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{\"names\": [\"x\"]}]}",
         "syscalls[0]: has no action"},
        {"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"syscalls\": [{" ALLOW "}]}", "syscalls[0]: has no names"},
        {"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": [\"X\"]}", "flags[0]: is not known"},
        {"{\"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"x86\"]}",
         "architectures[0]: must be SCMP_ARCH"},
        {"{\"a\\u001bb\": 1}", "a?b: unknown field"},
    };
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        struct seccomp_oci profile = {};
        struct failure failure = {};
        int r =
            seccomp_oci_read("file.json", cases[i].text, strlen(cases[i].text), &here, &profile, &failure);
        assert_int_equal(r, -EINVAL);
        assert_ptr_equal(strstr(failure.text, "--seccomp=file.json: "), failure.text);
        if (!strstr(failure.text, cases[i].said))
            fail_msg("%s is not in: %s", cases[i].said, failure.text);
    }
}

static void a_hash_is_that_of_the_standard(void **state)
{
    static const struct {
        const char *text;
        uint8_t begin[4];
    } cases[] = {
        {"", {0xe3, 0xb0, 0xc4, 0x42}},
        {"abc", {0xba, 0x78, 0x16, 0xbf}},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", {0x24, 0x8d, 0x6a, 0x61}},
    };
    for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
        uint8_t hash[SHA256_SIZE];
        sha256(cases[i].text, strlen(cases[i].text), hash);
        assert_memory_equal(hash, cases[i].begin, sizeof(cases[i].begin));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_the_older_name_are_read),
        cmocka_unit_test(rules_count_with_their_conditions_only),
        cmocka_unit_test(actions_have_their_errors),
        cmocka_unit_test(conditions_hold_together_but_for_one_argument_apart),
        cmocka_unit_test(architectures_are_those_of_this_machine),
        cmocka_unit_test(a_wrong_profile_is_told_with_line_and_field),
        cmocka_unit_test(a_hash_is_that_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
