/* --device=PATH[:TARGET][:rwm], as docker and podman write it. */
#include "launcher/device-options.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/stat.h>

#include "common/text.h"
#include "launcher/mount-options.h"

/* File systems, links and the terminal, which every container has of its own. */
static const char *const own[] = {"pts",    "shm",    "mqueue",  "fd",  "stdin",
                                  "stdout", "stderr", "console", "ptmx"};

static int parse_access(const char *text, uint32_t *ret)
{
    static const struct {
        char letter;
        uint32_t access;
    } letters[] = {{'r', BPF_DEVCG_ACC_READ}, {'w', BPF_DEVCG_ACC_WRITE}, {'m', BPF_DEVCG_ACC_MKNOD}};

    if (!*text || strspn(text, "rwm") != strlen(text))
        return -EINVAL;
    *ret = 0;
    FOREACH_ARRAY (one, letters, ELEMENTSOF(letters))
        if (strchr(text, one->letter))
            *ret |= one->access;
    return 0;
}

static int look_at(const char *path, struct device_request *device, struct failure *failure)
{
    struct stat st;

    if (stat(path, &st) < 0)
        return fail(failure, -errno, "%s: %m", path);
    if (S_ISDIR(st.st_mode))
        return fail(failure, -EISDIR, "%s: is a directory: name each device in it", path);
    if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
        return fail(failure, -ENODEV, "%s: is no device: --bind mounts files", path);
    device->mode = st.st_mode;
    device->number = st.st_rdev;
    device->owner = st.st_uid;
    device->group = st.st_gid;
    return 0;
}

static int check_target(const char *target, struct failure *failure)
{
    const char *name = startswith(target, "/dev/");
    if (!name)
        return fail(failure, -EINVAL, "%s: devices lie below /dev: write PATH:/dev/NAME", target);
    FOREACH_ARRAY (one, own, ELEMENTSOF(own)) {
        const char *rest = startswith(name, *one);
        if (rest && (!*rest || *rest == '/'))
            return fail(failure, -EINVAL, "/dev/%s: is the container's own", *one);
    }
    return 0;
}

static int add_device(struct container_config *config, struct device_request *device, struct failure *failure)
{
    FOREACH_ARRAY (other, config->devices, config->n_devices)
        if (streq(other->target, device->target))
            return fail(failure, -EINVAL, "%s: asked for twice", device->target);
    if (config->n_devices >= DEVICES_MAX)
        return fail(failure, -E2BIG, "%s: more than %d devices", device->source, DEVICES_MAX);
    struct device_request *devices =
        realloc(config->devices, (config->n_devices + 1) * sizeof(*config->devices));
    if (!devices)
        return -ENOMEM;
    config->devices = devices;
    devices[config->n_devices++] = *device;
    *device = (struct device_request){};
    return 0;
}

int option_device(const struct option_spec *spec, void *target, const char *value, struct failure *failure)
{
    _cleanup_(device_request_done) struct device_request device = {
        .access = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD};
    _cleanup_strv_ char **parts = NULL;

    int r = split_escaped(value, ':', &parts);
    if (r < 0)
        return r;
    size_t n = strv_length(parts);
    bool has_access = n > 1 && parts[n - 1][0] != '/';
    if (has_access && parse_access(parts[n - 1], &device.access) < 0)
        return fail(failure, -EINVAL, "%s: write r, w and m for reading, writing and making", parts[n - 1]);
    n -= has_access;
    if (n > 2 || parts[0][0] != '/')
        return fail(failure, -EINVAL, "write PATH[:TARGET][:rwm], both absolute");
    device.source = strdup(parts[0]);
    device.target = strdup(parts[n - 1]);
    if (!device.source || !device.target)
        return -ENOMEM;
    path_clean(device.target);
    r = look_at(device.source, &device, failure);
    if (r >= 0)
        r = check_target(device.target, failure);
    return r < 0 ? r : add_device(target, &device, failure);
}
