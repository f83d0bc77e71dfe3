/* The client against a server that answers as it should, and against others. The answers wait in the socket
 * before the client asks, so the tests need no second process. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/control-client.h"
#include "common/fd.h"
#include "common/record.h"

static int ends[2]; /* the client's, the server's */

static int open_pair(void **state)
{
    return packet_pair(ends);
}

static int close_pair(void **state)
{
    ends[0] = close_fd(ends[0]);
    ends[1] = close_fd(ends[1]);
    return 0;
}

static void answer(const char *packet, size_t size)
{
    assert_int_equal(send_with_fds(ends[1], packet, size, NULL, 0), 0);
}
#define ANSWER(text) answer(text, strlen(text))

static char *const status_argv[] = {(char *)"--json", (char *)"status", NULL};

static int call(control_record_fn on_record, void *userdata, struct control_result *result)
{
    return control_call(ends[0], status_argv, NULL, 0, now_monotonic() + 5 * USEC_PER_SEC, on_record,
                        userdata, result);
}

static int count(char *packet, size_t size, void *userdata)
{
    assert_int_equal(packet[size], 0);
    ++*(unsigned *)userdata;
    return 0;
}

static int refuse(char *packet, size_t size, void *userdata)
{
    return -EBADMSG;
}

static void the_request_is_words_ended_by_nul(void **state)
{
    struct control_result result = {0};
    char request[64];
    int fd = -EBADF;
    size_t n = 1;

    ANSWER("Result=done\n");
    assert_int_equal(control_call(ends[0], status_argv, (int[]){0}, 1, USEC_INFINITY, NULL, NULL, &result),
                     0);
    assert_int_equal(receive_with_fds(ends[1], request, sizeof(request), &fd, &n), 14);
    assert_memory_equal(request, "--json\0status\0", 14);
    assert_int_equal(n, 1);
    close_fd(fd);
    control_result_done(&result);
}

static void records_come_before_the_result(void **state)
{
    struct control_result result = {0};
    unsigned records = 0;

    ANSWER("Record=unit\nId=a\n");
    ANSWER("Record=unit\nId=b\n");
    ANSWER("Result=no-such-unit\nMessage=no unit \\\"x\\\"\\nhere\nExitStatus=4\n");
    assert_int_equal(call(count, &records, &result), 0);
    assert_int_equal(records, 2);
    assert_string_equal(result.result, "no-such-unit");
    assert_string_equal(result.message, "no unit \\\"x\\\"\nhere");
    assert_int_equal(result.exit_status, 4);
    control_result_done(&result);
    assert_null(result.result);
}

static void without_a_status_only_done_is_success(void **state)
{
    struct control_result result = {0};

    ANSWER("Result=done\n");
    assert_int_equal(call(NULL, NULL, &result), 0);
    assert_int_equal(result.exit_status, 0);
    assert_null(result.message);
    control_result_done(&result);
    ANSWER("Result=failed\n");
    assert_int_equal(call(NULL, NULL, &result), 0);
    assert_int_equal(result.exit_status, 1);
    control_result_done(&result);
}

static void an_answer_that_is_none_is_a_protocol_error(void **state)
{
    static const char *const bad[] = {
        "Result=\n",
        "Result=done",
        "Result=done\nExitStatus=\n",
        "Result=done\nExitStatus=256\n",
        "Result=done\nExitStatus=-1\n",
        "Result=done\nExitStatus=x\n",
    };
    struct control_result result = {0};

    FOREACH_ARRAY (text, bad, ELEMENTSOF(bad)) {
        ANSWER(*text);
        assert_int_equal(call(NULL, NULL, &result), -EPROTO);
        assert_null(result.result);
    }
}

static void a_packet_that_is_too_long_is_a_protocol_error(void **state)
{
    static char packet[CONTROL_PACKET_MAX + 1];
    struct control_result result = {0};
    unsigned records = 0;

    memset(packet, 'x', sizeof(packet));
    answer(packet, CONTROL_PACKET_MAX);
    answer(packet, CONTROL_PACKET_MAX + 1);
    assert_int_equal(call(count, &records, &result), -EPROTO);
    assert_int_equal(records, 1);
}

static void a_server_that_goes_is_a_reset(void **state)
{
    struct control_result result = {0};

    ANSWER("Record=unit\nId=a\n");
    ends[1] = close_fd(ends[1]);
    assert_int_equal(call(NULL, NULL, &result), -ECONNRESET);
}

static void a_server_that_is_silent_is_left_at_the_deadline(void **state)
{
    struct control_result result = {0};
    usec_t deadline = now_monotonic() + 5 * USEC_PER_MSEC;

    assert_int_equal(control_call(ends[0], status_argv, NULL, 0, deadline, NULL, NULL, &result), -ETIMEDOUT);
    assert_true(now_monotonic() >= deadline);
}

static void the_caller_stops_the_exchange(void **state)
{
    struct control_result result = {0};

    ANSWER("Record=unit\nId=a\n");
    ANSWER("Result=done\n");
    assert_int_equal(call(refuse, NULL, &result), -EBADMSG);
}

static void requests_without_or_with_too_many_words_are_not_sent(void **state)
{
    static char word[CONTROL_PACKET_MAX + 1];
    static char *many[CONTROL_ARGS_MAX + 2];
    char *large[] = {word, NULL};
    struct control_result result = {0};
    char request[16];
    size_t n = 0;

    memset(word, 'x', CONTROL_PACKET_MAX);
    for (size_t i = 0; i <= CONTROL_ARGS_MAX; i++)
        many[i] = (char *)"x";
    assert_int_equal(control_call(ends[0], NULL, NULL, 0, 0, NULL, NULL, &result), -EINVAL);
    assert_int_equal(control_call(ends[0], large, NULL, 0, 0, NULL, NULL, &result), -E2BIG);
    assert_int_equal(control_call(ends[0], many, NULL, 0, 0, NULL, NULL, &result), -E2BIG);
    ends[0] = close_fd(ends[0]);
    assert_int_equal(receive_with_fds(ends[1], request, sizeof(request), NULL, &n), 0);
}

#define PAIR_TEST(test) cmocka_unit_test_setup_teardown(test, open_pair, close_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIR_TEST(the_request_is_words_ended_by_nul),
        PAIR_TEST(records_come_before_the_result),
        PAIR_TEST(without_a_status_only_done_is_success),
        PAIR_TEST(an_answer_that_is_none_is_a_protocol_error),
        PAIR_TEST(a_packet_that_is_too_long_is_a_protocol_error),
        PAIR_TEST(a_server_that_goes_is_a_reset),
        PAIR_TEST(a_server_that_is_silent_is_left_at_the_deadline),
        PAIR_TEST(the_caller_stops_the_exchange),
        PAIR_TEST(requests_without_or_with_too_many_words_are_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
