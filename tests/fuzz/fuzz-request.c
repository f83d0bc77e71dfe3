/* Hostile requests to PID 1. What was accepted must be usable as it is: every word inside of the packet. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/signals.h"
#include "init/control/request.h"
#include "tests/fuzz/fuzz.h"

static void check_word(const char *word, const char *packet, size_t size)
{
    if (word < packet || word + strlen(word) >= packet + size)
        abort();
}

static void check_request(const struct control_request *request, const char *packet, size_t size)
{
    if (!*request->verb || request->args[request->n_args] || !signal_to_string(request->signal))
        abort();
    check_word(request->verb, packet, size);
    for (size_t i = 0; i < request->n_args; i++)
        check_word(request->args[i], packet, size);
}

static const char *next_name(void *userdata, size_t *cursor)
{
    static const char *const names[] = {"a.service", "system-foo\\x2dbar.slice", "getty@tty1.service"};
    return *cursor < sizeof(names) / sizeof(names[0]) ? names[(*cursor)++] : NULL;
}

/* What patterns stand for: no pattern is left, and no name twice. */
static void check_expansion(struct control_request *request)
{
    if (control_request_expand(request, next_name, NULL) < 0)
        return;
    if (request->args[request->n_args])
        abort();
    for (size_t i = 0; i < request->n_args; i++)
        if (strpbrk(request->args[i], "*?["))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_free_ char *packet = malloc(size > 0 ? size : 1);
    struct control_request request;
    const char *error;

    if (!packet)
        return 0;
    if (size > 0)
        memcpy(packet, data, size);
    int r = control_request_parse(packet, size, &request, &error);
    if ((r < 0) != (error != NULL))
        abort();
    if (r < 0)
        return 0;
    check_request(&request, packet, size);
    check_expansion(&request);
    control_request_done(&request);
    return 0;
}
