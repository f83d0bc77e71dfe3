/* What every service gets: show-environment, set-environment, unset-environment. It holds for processes that
 * are started from then on. */
#include <ctype.h>
#include <errno.h>

#include "common/text.h"
#include "init/control/internal.h"

#define ENVIRONMENT_MAX 4096 /* variables: each start copies them */

static bool is_name(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] != '_' && !isalpha((unsigned char)text[i]) &&
            (i == 0 || !isdigit((unsigned char)text[i])))
            return false;
    return size > 0;
}

int control_verb_show_environment(struct control_client *client)
{
    const struct control_server *server = client->server;

    for (char *const *variable = server->ops->environment(server->userdata); variable && *variable;
         variable++) {
        struct record record;
        record_begin(&record, "environment");
        record_add(&record, "Assignment", *variable);
        control_client_send(client, &record);
    }
    control_client_finish(client, "done", 0, NULL);
    return 0;
}

/* Nothing is changed when one word is no good. */
static const char *find_bad(const struct control_request *request, bool set)
{
    for (size_t i = 0; i < request->n_args; i++) {
        const char *word = request->args[i], *equal = strchr(word, '=');
        if (set && !equal)
            return word;
        if (!is_name(word, equal ? (size_t)(equal - word) : strlen(word)))
            return word;
    }
    return NULL;
}

int control_verb_change_environment(struct control_client *client)
{
    const struct control_server *server = client->server;
    const struct control_request *request = &client->request;
    bool set = client->verb->argument;
    size_t n = strv_length(server->ops->environment(server->userdata));
    const char *bad = find_bad(request, set);
    _cleanup_free_ char *message = NULL;
    int r = 0;

    if (bad)
        message = xasprintf("%s: %s", bad, set ? "not of the form NAME=VALUE" : "not the name of a variable");
    else if (set && n + request->n_args > ENVIRONMENT_MAX)
        message = xasprintf("there would be more than %d variables", ENVIRONMENT_MAX);
    for (size_t i = 0; !message && r >= 0 && i < request->n_args; i++)
        r = server->ops->change_environment(server->userdata, request->args[i], set);
    if (r < 0)
        return r;
    control_client_finish(client, message ? "invalid" : "done", message != NULL, message);
    return 0;
}
