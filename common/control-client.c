/* The client's half of the control protocol. */
#include "common/control-client.h"

#include <poll.h>
#include <string.h>

#include "common/fd.h"
#include "common/parse.h"
#include "common/record.h"
#include "common/text.h"

void control_result_done(struct control_result *result)
{
    free(result->result);
    free(result->message);
    *result = (struct control_result){0};
}

static int build_request(char *const *argv, char *ret, size_t *ret_size)
{
    size_t used = 0, words = 0;

    for (; argv && *argv; argv++) {
        size_t n = strlen(*argv) + 1;
        if (++words > CONTROL_ARGS_MAX || n > CONTROL_PACKET_MAX - used)
            return -E2BIG;
        memcpy(ret + used, *argv, n);
        used += n;
    }
    *ret_size = used;
    return words > 0 ? 0 : -EINVAL;
}

static int send_request(int socket, const char *request, size_t size, const int *fds, size_t n_fds,
                        usec_t deadline)
{
    int r = -EAGAIN;

    while (r == -EAGAIN) {
        r = wait_for_fd(socket, POLLOUT, deadline);
        if (r == 0)
            r = send_with_fds(socket, request, size, fds, n_fds);
    }
    return r == -EPIPE ? -ECONNRESET : r;
}

/* One packet, NUL-terminated; returns its size, which is not 0. Descriptors are not expected and dropped. */
static ssize_t receive_packet(int socket, char packet[static CONTROL_PACKET_MAX + 1], usec_t deadline)
{
    ssize_t n = -EAGAIN;

    while (n == -EAGAIN) {
        size_t n_fds = 0;
        n = wait_for_fd(socket, POLLIN, deadline);
        if (n == 0)
            n = receive_with_fds(socket, packet, CONTROL_PACKET_MAX, NULL, &n_fds);
        else if (n < 0)
            return n;
    }
    if (n < 0)
        return n == -EMSGSIZE ? -EPROTO : n;
    packet[n] = 0;
    return n > 0 ? n : -ECONNRESET;
}

static int parse_result(const char *packet, size_t size, struct control_result *ret)
{
    struct control_result result = {
        .result = record_get(packet, size, CONTROL_KEY_RESULT),
        .message = record_get(packet, size, CONTROL_KEY_MESSAGE),
    };
    _cleanup_free_ char *status = record_get(packet, size, CONTROL_KEY_EXIT_STATUS);

    if (!result.result || !*result.result) {
        control_result_done(&result);
        return -EPROTO;
    }
    if (status && (parse_int(status, &result.exit_status) < 0 || result.exit_status < 0 ||
                   result.exit_status > UINT8_MAX)) {
        control_result_done(&result);
        return -EPROTO;
    }
    if (!status)
        result.exit_status = streq(result.result, "done") ? EXIT_SUCCESS : EXIT_FAILURE;
    *ret = result;
    return 0;
}

int control_call(int socket, char *const *argv, const int *fds, size_t n_fds, usec_t deadline,
                 control_record_fn on_record, void *userdata, struct control_result *ret)
{
    size_t size;

    _cleanup_free_ char *packet = malloc(CONTROL_PACKET_MAX + 1);
    if (!packet)
        return -ENOMEM;
    int r = build_request(argv, packet, &size);
    if (r == 0)
        r = send_request(socket, packet, size, fds, n_fds, deadline);
    while (r >= 0) {
        ssize_t n = receive_packet(socket, packet, deadline);
        if (n < 0)
            return (int)n;
        if (startswith(packet, CONTROL_KEY_RESULT "="))
            return parse_result(packet, (size_t)n, ret);
        r = on_record ? on_record(packet, (size_t)n, userdata) : 0;
    }
    return r;
}
