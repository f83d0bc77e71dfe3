/* The child's standard input, output and error. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/text.h"
#include "init/platform/exec-steps.h"
#include "init/platform/exec-terminal.h"

#define TTY_MODE_USED 0620

static int move_to(int from, int to)
{
    _cleanup_close_ int fd = from;
    return fd < 0 ? fd : negative_errno(dup2(fd, to));
}

/* Of a socket in the file system, a connection to it. */
static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path) + 1);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return -errno;
    return TAKE_FD(fd);
}

static int open_path(const char *path, int flags)
{
    int fd = open(path, flags | O_NOCTTY | O_CLOEXEC, 0666);

    if (fd < 0 && errno == ENXIO)
        return connect_to(path);
    return fd < 0 ? -errno : fd;
}

/* PID 1's standard input is the null device, and ours until it is set. */
static int set_null(const struct exec_plan *plan, int fd)
{
    if (plan->context->std_input == INPUT_NULL && plan->input < 0)
        return negative_errno(dup2(STDIN_FILENO, fd));
    return move_to(open_path("/dev/null", O_WRONLY), fd);
}

/* A file in memory that begins where the reader begins, and that nobody can change. */
static int open_data(const struct exec_context *context)
{
    _cleanup_close_ int fd = memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    if (fd < 0)
        return -errno;
    int r = write_all(fd, context->input_data, context->input_size);
    if (r < 0)
        return r;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0 ||
        lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    return TAKE_FD(fd);
}

static bool is_same_file(const struct exec_context *context, enum exec_output output, const char *path)
{
    return context->std_input == INPUT_FILE && output == OUTPUT_FILE && path &&
           streq(context->input_path, path);
}

/* Also for what writes to the same file, which is opened only once. */
static int open_input_file(const struct exec_context *context)
{
    bool both = is_same_file(context, context->std_output, context->output_path) ||
                is_same_file(context, context->std_error, context->error_path);

    return open_path(context->input_path, both ? O_RDWR | O_CREAT : O_RDONLY);
}

/* The user must be able to open its terminal by name. */
static int hand_over_terminal(const struct exec_plan *plan)
{
    if (exec_keeps_user(plan))
        return 0;
    return fchown(STDIN_FILENO, plan->credentials->uid, (gid_t)-1) < 0 ||
                   fchmod(STDIN_FILENO, TTY_MODE_USED) < 0
               ? -errno
               : 0;
}

static int set_terminal_input(const struct exec_plan *plan, const char **object)
{
    *object = exec_terminal_path(plan->context);
    int r = move_to(exec_terminal_acquire(plan->context), STDIN_FILENO);
    return r < 0 ? r : hand_over_terminal(plan);
}

int exec_step_stdin(const struct exec_plan *plan, const char **object)
{
    const struct exec_context *context = plan->context;

    exec_terminal_reset(context);
    if (plan->input >= 0)
        return negative_errno(dup2(plan->input, STDIN_FILENO));
    switch (context->std_input) {
    case INPUT_NULL:
        return 0;
    case INPUT_DATA:
        return move_to(open_data(context), STDIN_FILENO);
    case INPUT_FILE:
        *object = context->input_path;
        return move_to(open_input_file(context), STDIN_FILENO);
    default:
        return set_terminal_input(plan, object);
    }
}

static int set_output(const struct exec_plan *plan, enum exec_output output, const char *path, int fd,
                      const char **object)
{
    static const int flags[EXEC_OUTPUT_MAX] = {
        [OUTPUT_FILE] = O_WRONLY | O_CREAT,
        [OUTPUT_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
        [OUTPUT_TRUNCATE] = O_WRONLY | O_CREAT | O_TRUNC,
    };

    switch (output) {
    case OUTPUT_LOG:
        return negative_errno(dup2(plan->log, fd));
    case OUTPUT_NULL:
        return set_null(plan, fd);
    case OUTPUT_TTY:
        if (exec_input_is_terminal(plan->context->std_input))
            return negative_errno(dup2(STDIN_FILENO, fd));
        *object = exec_terminal_path(plan->context);
        return move_to(open_path(*object, O_WRONLY), fd);
    case OUTPUT_FILE:
    case OUTPUT_APPEND:
    case OUTPUT_TRUNCATE:
        *object = path;
        return is_same_file(plan->context, output, path) ? negative_errno(dup2(STDIN_FILENO, fd))
                                                         : move_to(open_path(path, flags[output]), fd);
    case OUTPUT_INHERIT:
        return negative_errno(dup2(STDIN_FILENO, fd));
    default:
        return 0; /* PID 1's own, which are the container's */
    }
}

int exec_step_stdout(const struct exec_plan *plan, const char **object)
{
    return set_output(plan, plan->context->std_output, plan->context->output_path, STDOUT_FILENO, object);
}

/* What goes to the same place is opened once: the two then do not write over each other. */
int exec_step_stderr(const struct exec_plan *plan, const char **object)
{
    const struct exec_context *context = plan->context;
    bool same =
        context->std_error == context->std_output &&
        (!context->error_path || !context->output_path || streq(context->error_path, context->output_path));

    if (plan->error_log >= 0)
        return negative_errno(dup2(plan->error_log, STDERR_FILENO));
    if (context->std_error == OUTPUT_INHERIT && context->std_output == OUTPUT_CONTAINER)
        return 0;
    if (same || context->std_error == OUTPUT_INHERIT)
        return negative_errno(dup2(STDOUT_FILENO, STDERR_FILENO));
    return set_output(plan, context->std_error, context->error_path, STDERR_FILENO, object);
}
