/* Layers as text. */
#include "launcher/layers.h"

#include <errno.h>
#include <string.h>

#include "common/fd.h"
#include "common/text.h"

#define LAYERS_MAX (4 * 1024 * 1024) /* bytes */

static const char trusted[] = "trusted", user[] = "user";

int layers_write(int dirfd, char *const *lower, bool user_attributes)
{
    size_t size = sizeof(trusted) + 1;
    for (char *const *layer = lower; *layer; layer++)
        size += 2 * strlen(*layer) + 1;
    _cleanup_free_ char *text = malloc(size);
    if (!text)
        return -ENOMEM;
    char *out = stpcpy(text, user_attributes ? user : trusted);
    for (char *const *layer = lower; *layer; layer++) {
        *out++ = ':';
        for (const char *c = *layer; *c; c++) {
            if (*c == ':' || *c == '\\')
                *out++ = '\\';
            *out++ = *c;
        }
    }
    *out = 0;
    return replace_file_at(dirfd, "layers", text, 0600);
}

int layers_split(const char *text, char ***ret)
{
    _cleanup_strv_ char **pieces = NULL;
    _cleanup_free_ char *piece = malloc(strlen(text) + 1);
    if (!piece)
        return -ENOMEM;
    for (const char *c = text;; c++) {
        size_t n = 0;
        for (; *c && *c != ':'; c++) {
            if (*c == '\\' && (c[1] == ':' || c[1] == '\\'))
                c++;
            piece[n++] = *c;
        }
        piece[n] = 0;
        int r = strv_append(&pieces, piece);
        if (r < 0)
            return r;
        if (!*c)
            break;
    }
    *ret = TAKE_PTR(pieces);
    return 0;
}

int layers_read(int dirfd, char ***ret_lower, bool *ret_user_attributes, struct failure *failure)
{
    _cleanup_free_ char *text = NULL;

    int r = read_file_at(dirfd, "layers", LAYERS_MAX, &text, NULL);
    if (r < 0)
        return fail(failure, r == -ENOENT ? -ENODATA : r,
                    "the layers of the root: %s: what was changed cannot be told", strerror(-r));
    char *rest = strchr(text, ':');
    if (!rest)
        return fail(failure, -EBADMSG, "the layers of the root: nonsense in the file \"layers\"");
    *rest = 0;
    *ret_user_attributes = streq(text, user);
    return layers_split(rest + 1, ret_lower);
}
