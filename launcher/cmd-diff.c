/* berth diff: what a container changed, from its upper layer. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "common/fd.h"
#include "common/json.h"
#include "common/log.h"
#include "common/text.h"
#include "launcher/diff.h"
#include "launcher/layers.h"
#include "launcher/options.h"
#include "launcher/run-options.h"
#include "launcher/state.h"
#include "launcher/verbs.h"

struct diff_arguments {
    bool json;
};

static const struct option_spec diff_options[] = {
    {"json", 0, NULL, "as JSON", option_flag, offsetof(struct diff_arguments, json)},
};

/* Where a container's changes are: its upper, and what it lies on. */
struct changes {
    int upper_fd;
    char **lower;
    bool user_attributes;
    pid_t leader; /* whose user namespace owns the files; 0: nobody's */
};

static void changes_done(struct changes *changes)
{
    close_fd(changes->upper_fd);
    strv_free(changes->lower);
}

/* A path as one line that means one path: control characters, what is no UTF-8, and the backslash escaped. */
static void print_path(const char *path)
{
    while (*path) {
        uint32_t code;
        size_t n = utf8_decode(path, &code);
        if (n == 0 || is_control_character(code)) {
            for (size_t i = 0; i < MAX(n, (size_t)1); i++)
                printf("\\x%02x", (unsigned char)*path++);
            continue;
        }
        if (*path == '\\')
            putchar('\\');
        fwrite(path, 1, n, stdout);
        path += n;
    }
}

static void print_line(struct diff *diff, char change, const char *path)
{
    printf("%c ", change);
    print_path(path);
    putchar('\n');
}

static void print_json(struct diff *diff, char change, const char *path)
{
    struct json *json = diff->userdata;
    json_object_begin(json, NULL);
    json_string(json, "change", (const char[]){change, 0});
    json_string(json, "path", path);
    json_object_end(json);
}

/* Of a container that runs, or whose monitor was killed. -ENOENT: there is none. */
static int find_by_state(const char *name, struct changes *ret, struct failure *failure)
{
    _cleanup_state_ struct state state = STATE_INIT;
    _cleanup_state_record_ struct state_record record = {};

    int r = state_open(name, &state);
    if (r >= 0)
        r = state_read(&state, &record);
    if (r < 0)
        return r;
    if (!record.upper)
        return fail(failure, -ENODATA,
                    "container %s writes to its root itself (--overlay=none): nothing tells what it changed",
                    name);
    if (!state.running && startswith(record.upper, "/proc/"))
        return -ENOENT; /* it vanished with the monitor */
    ret->upper_fd = open(record.upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret->upper_fd < 0)
        return fail(failure, -EIO, "changes of %s in %s: %m", name, record.upper);
    ret->leader = state.running ? record.leader : 0;
    return layers_read(state.dir_fd, &ret->lower, &ret->user_attributes, failure);
}

/* Of a persistent one that has ended. */
static int find_kept(const char *name, struct changes *ret, struct failure *failure)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_close_ int fd = -EBADF;

    int r = state_persistent_path(name, &path);
    if (r < 0)
        return r;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return fail(
            failure, -ENOENT,
            "no container %s is running, and none of that name has kept changes (--overlay=persistent)",
            name);
    ret->upper_fd = fd < 0 ? -EBADF : openat(fd, "upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret->upper_fd < 0)
        return fail(failure, -errno, "changes of %s in %s: %m", name, path);
    return layers_read(fd, &ret->lower, &ret->user_attributes, failure);
}

/* Files of an ordinary user's container belong to ids of his own range: root of its user namespace may read
 * them. Whoever may not enter reads what he can. */
static void enter_users(pid_t leader)
{
    char path[64];

    if (geteuid() == 0 || leader <= 0)
        return;
    snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)leader);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0)
        (void)setns(fd, CLONE_NEWUSER);
}

/* Each level of the tree holds descriptors. */
static void allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_lowers(char *const *lower, int *fds, size_t *n, struct failure *failure)
{
    for (; *lower; lower++) {
        fds[*n] = open(*lower, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fds[*n] < 0)
            return fail(failure, -errno, "layer %s of the root: %m: what was changed cannot be told", *lower);
        ++*n;
    }
    return 0;
}

static int print_changes(const struct changes *changes, bool as_json, struct failure *failure)
{
    struct json json = {.out = stdout};
    struct diff diff = {
        .attribute_prefix = changes->user_attributes ? "user.overlay." : "trusted.overlay.",
        .on_change = as_json ? print_json : print_line,
        .userdata = &json,
    };
    _cleanup_free_ int *fds = calloc(strv_length(changes->lower) + 1, sizeof(int));
    size_t n = 0;

    allow_descriptors();
    int r = fds ? open_lowers(changes->lower, fds, &n, failure) : -ENOMEM;
    if (r >= 0) {
        enter_users(changes->leader);
        if (as_json)
            json_array_begin(&json, NULL);
        r = diff_walk(&diff, changes->upper_fd, fds, (unsigned)n);
        if (as_json)
            json_array_end(&json);
    }
    for (size_t i = 0; i < n; i++)
        close_fd(fds[i]);
    if (r >= 0 && diff.incomplete)
        r = fail(failure, -EIO, "not all could be looked at: %s", diff.failure.text);
    return r;
}

int cmd_diff(int argc, char **argv)
{
    struct diff_arguments arguments = {};
    _cleanup_(changes_done) struct changes changes = {.upper_fd = -EBADF};
    struct failure failure = {};

    int n = options_parse(diff_options, ELEMENTSOF(diff_options), &arguments, argc, argv, &failure);
    if (n == -ECANCELED) {
        puts("berth diff [OPTIONS] NAME\n\nWhat the container changed: A added, C changed, D deleted.\n");
        options_print_help(diff_options, ELEMENTSOF(diff_options));
        return 0;
    }
    if (n >= 0 && argc - n != 1)
        n = fail(&failure, -EINVAL, "diff needs one NAME: see `berth list`");
    int r = n < 0 ? n : container_name_check(argv[n], &failure);
    if (r >= 0)
        r = find_by_state(argv[n], &changes, &failure);
    if (r == -ENOENT)
        r = find_kept(argv[n], &changes, &failure);
    if (r >= 0)
        r = print_changes(&changes, arguments.json, &failure);
    if (r < 0)
        (void)fail(&failure, r, "changes of a container: %s", strerror(-r));
    return r < 0 ? report_failure(&failure) : 0;
}
