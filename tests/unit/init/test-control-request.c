/* Requests of the control protocol: what a well-meaning and a hostile client can send. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "berth/control.h"
#include "common/text.h"
#include "init/control/peer.h"
#include "init/control/request.h"

static struct control_request request;
static const char *error;

/* Parses a copy of exactly that size, so that a sanitizer sees any byte too far. */
static int parse(const char *packet, size_t size)
{
    static char *copy;

    free(copy);
    copy = malloc(size ? size : 1);
    memcpy(copy, packet, size);
    return control_request_parse(copy, size, &request, &error);
}
#define PARSE(text) parse(text, sizeof(text) - 1)

static void test_verb_and_units(void **state)
{
    assert_int_equal(PARSE("restart\0a.service\0b.service\0"), 0);
    assert_string_equal(request.verb, "restart");
    assert_int_equal(request.n_args, 2);
    assert_string_equal(request.args[1], "b.service");
    assert_null(request.args[2]);
    assert_false(request.no_block);
    assert_int_equal(request.signal, SIGTERM);
    control_request_done(&request);
}

static void test_options_before_the_verb(void **state)
{
    assert_int_equal(PARSE("--no-block\0--lines=5\0--follow\0--signal=HUP\0--kill-whom=main\0kill\0x\0"), 0);
    assert_true(request.no_block && request.follow);
    assert_int_equal(request.lines, 5);
    assert_int_equal(request.signal, SIGHUP);
    assert_int_equal(request.whom, KILL_MAIN);
    control_request_done(&request);
}

static void test_behind_the_verb_a_dash_is_just_a_word(void **state)
{
    assert_int_equal(PARSE("start\0--no-block\0"), 0);
    assert_false(request.no_block);
    assert_string_equal(request.args[0], "--no-block");
    control_request_done(&request);
}

static void test_bad_requests_get_a_reason(void **state)
{
    static const struct {
        const char *packet;
        size_t size;
    } bad[] = {
        {"", 0},
        {"status", 6},
        {"\0", 1},
        {"--no-block\0", 11},
        {"--no-such\0status\0", 17},
        {"--lines\0logs\0", 13},
        {"--lines=\0logs\0", 14},
        {"--lines=-1\0logs\0", 16},
        {"--no-block=1\0stop\0x\0", 20},
        {"--signal=KILLALL\0kill\0x\0", 24},
        {"--kill-whom=me\0kill\0x\0", 22},
        {"--job-mode=\0start\0x\0", 20},
    };
    for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
        assert_int_equal(parse(bad[i].packet, bad[i].size), -EBADMSG);
        assert_non_null(error);
        assert_null(request.args);
    }
}

static void test_too_many_words_and_too_many_bytes_are_refused(void **state)
{
    static char nuls[CONTROL_PACKET_MAX + 1];

    assert_int_equal(parse(nuls, CONTROL_PACKET_MAX), -EBADMSG);
    assert_int_equal(parse(nuls, 1025), -EBADMSG);
    memset(nuls, 'a', sizeof(nuls) - 1);
    assert_int_equal(parse(nuls, sizeof(nuls)), -EBADMSG);
    assert_non_null(strstr(error, "64 KiB"));
    nuls[CONTROL_PACKET_MAX - 1] = 0;
    assert_int_equal(parse(nuls, CONTROL_PACKET_MAX), 0);
    control_request_done(&request);
}

static void test_root_pid_1_s_own_user_and_the_launcher_may_change_things(void **state)
{
    const struct ucred root = {.pid = 7, .uid = 0}, self = {.pid = 7, .uid = 1000};
    const struct ucred other = {.pid = 7, .uid = 1001}, outside = {.pid = 0, .uid = 65534};

    assert_true(control_peer_may_change(&root, 1000, false));
    assert_true(control_peer_may_change(&self, 1000, false));
    assert_false(control_peer_may_change(&other, 1000, false));
    assert_false(control_peer_may_change(&other, 1000, true));
    assert_true(control_peer_may_change(&outside, 1000, true));
    assert_false(control_peer_may_change(&outside, 1000, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verb_and_units),
        cmocka_unit_test(test_options_before_the_verb),
        cmocka_unit_test(test_behind_the_verb_a_dash_is_just_a_word),
        cmocka_unit_test(test_bad_requests_get_a_reason),
        cmocka_unit_test(test_too_many_words_and_too_many_bytes_are_refused),
        cmocka_unit_test(test_root_pid_1_s_own_user_and_the_launcher_may_change_things),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
