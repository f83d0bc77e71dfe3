/* The child's way down from PID 1's privileges: systemd.exec(5), "Capabilities", and capabilities(7). */
#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/capabilities.h"
#include "init/platform/exec-steps.h"

#define CAPABILITIES_MAX 64 /* that a set has room for */

struct capability_sets {
    struct __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3];
};

static int get_sets(struct capability_sets *sets)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    return negative_errno((int)syscall(SYS_capget, &header, sets->words));
}

static int set_sets(const struct capability_sets *sets)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    return negative_errno((int)syscall(SYS_capset, &header, sets->words));
}

/* inheritable & keep | add */
static int change_inheritable(uint64_t keep, uint64_t add)
{
    struct capability_sets sets;
    bool changed = false;
    int r = get_sets(&sets);

    for (unsigned i = 0; r == 0 && i < _LINUX_CAPABILITY_U32S_3; i++) {
        uint32_t old = sets.words[i].inheritable;
        sets.words[i].inheritable = (old & (uint32_t)(keep >> (32 * i))) | (uint32_t)(add >> (32 * i));
        changed |= sets.words[i].inheritable != old;
    }
    return r == 0 && changed ? set_sets(&sets) : r;
}

/* What the container does not have cannot be dropped, and need not. The program's exec takes the other sets
 * along; until then the child keeps what it needs to get there. */
int exec_step_bounding_set(const struct exec_plan *plan, const char **object)
{
    uint64_t keep = plan->context->bounding_set;

    if (keep == CAPABILITIES_ALL || plan->privileged)
        return 0;
    for (int i = 0; i < CAPABILITIES_MAX; i++) {
        if ((keep & CAPABILITY_MASK(i)) || prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1)
            continue;
        *object = capability_to_string(i);
        if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0)
            return -errno;
    }
    return change_inheritable(keep, 0);
}

/* Of the ambient set, those that the bounding set still has. */
static uint64_t ambient_set(const struct exec_plan *plan)
{
    uint64_t wanted = plan->privileged ? 0 : plan->context->ambient_set;

    for (int i = 0; i < CAPABILITIES_MAX; i++)
        if ((wanted & CAPABILITY_MASK(i)) && prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1)
            wanted &= ~CAPABILITY_MASK(i);
    return wanted;
}

static int raise_ambient(uint64_t wanted, const char **object)
{
    for (int i = 0; i < CAPABILITIES_MAX; i++) {
        if (!(wanted & CAPABILITY_MASK(i)))
            continue;
        *object = capability_to_string(i);
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
            return -errno;
    }
    return 0;
}

int exec_step_ambient_set(const struct exec_plan *plan, const char **object)
{
    uint64_t wanted = ambient_set(plan);

    if (wanted == 0)
        return 0;
    int r = change_inheritable(CAPABILITIES_ALL, wanted);
    return r < 0 ? r : raise_ambient(wanted, object);
}

/* Another user has lost it, and gets it again out of what keep-caps kept. */
int exec_step_ambient_set_of_user(const struct exec_plan *plan, const char **object)
{
    return exec_keeps_user(plan) ? 0 : raise_ambient(ambient_set(plan), object);
}

/* The capability to set them goes with the user, so they are set before, with what keeps it. */
int exec_step_keep_capabilities(const struct exec_plan *plan, const char **object)
{
    const struct exec_context *context = plan->context;

    if (exec_keeps_user(plan) || plan->credentials->uid == 0 ||
        (context->ambient_set == 0 && context->secure_bits == 0))
        return 0;
    int bits = context->secure_bits | SECBIT_KEEP_CAPS;
    return prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == bits
               ? 0
               : negative_errno(prctl(PR_SET_SECUREBITS, bits, 0, 0, 0));
}

/* SECBIT_KEEP_CAPS of the step before ends with the program's exec by itself. */
int exec_step_secure_bits(const struct exec_plan *plan, const char **object)
{
    int bits = plan->context->secure_bits, present = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);

    if (bits == 0 || plan->privileged || (present | SECBIT_KEEP_CAPS) == (bits | SECBIT_KEEP_CAPS))
        return 0;
    return negative_errno(prctl(PR_SET_SECUREBITS, bits, 0, 0, 0));
}
