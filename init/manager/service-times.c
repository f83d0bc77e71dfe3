/* How long the steps of a service may take, and how often it may be started: what its unit says, or else the
 * manager. */
#include "init/manager/internal.h"

static usec_t or_default(usec_t value, usec_t fallback)
{
    return value == USEC_UNSET ? fallback : value;
}

usec_t service_start_timeout(const struct node *node)
{
    return or_default(node->u.unit->service->timeout_start, node->manager->config.default_timeout_start);
}

usec_t service_stop_timeout(const struct node *node)
{
    return or_default(node->u.unit->service->timeout_stop, node->manager->config.default_timeout_stop);
}

usec_t service_abort_timeout(const struct node *node)
{
    usec_t timeout =
        or_default(node->u.unit->service->timeout_abort, node->manager->config.default_timeout_abort);
    return timeout == TIMEOUT_ABORT_AS_STOP ? service_stop_timeout(node) : timeout;
}

/* Newton's way: PID 1 links no library of mathematics. */
static double square_root(double x)
{
    double root = x > 1 ? x : 1;

    for (double better; (better = (root + x / root) / 2) < root;)
        root = better;
    return root;
}

/* base to the power of numerator/denominator, a fraction below 1, along its binary digits. */
static double power_of_fraction(double base, uint64_t numerator, uint64_t denominator)
{
    double result = 1;

    for (unsigned digit = 0; digit < 40 && numerator != 0; digit++) {
        base = square_root(base);
        numerator *= 2;
        if (numerator < denominator)
            continue;
        result *= base;
        numerator -= denominator;
    }
    return result;
}

/* RestartSteps=: from RestartSec= to RestartMaxDelaySec=, each time by the same factor. */
usec_t service_restart_delay(const struct node *node)
{
    const struct service *service = node->u.unit->service;
    usec_t first = or_default(service->restart_usec, node->manager->config.default_restart);
    usec_t last = service->restart_max_delay;

    if (node->u.n_restarts == 0 || service->restart_steps == 0 || first == 0 || first >= last ||
        last == USEC_INFINITY)
        return first;
    if (node->u.n_restarts >= service->restart_steps)
        return last;
    double ratio = (double)last / (double)first;
    return (usec_t)((double)first * power_of_fraction(ratio, node->u.n_restarts, service->restart_steps));
}

usec_t service_start_limit_interval(const struct node *node)
{
    return or_default(node->u.unit->policy->start_limit_interval,
                      node->manager->config.default_start_limit_interval);
}

unsigned service_start_limit_burst(const struct node *node)
{
    unsigned burst = node->u.unit->policy->start_limit_burst;
    return burst == BURST_UNSET ? node->manager->config.default_start_limit_burst : burst;
}

usec_t service_runtime_left(const struct node *node)
{
    usec_t begin = node->u.active_enter == 0 ? node->manager->now : node->u.active_enter;
    usec_t end = usec_add(usec_add(begin, node->u.unit->service->runtime_max), node->runtime_extra);
    return end == USEC_INFINITY ? USEC_INFINITY : end > node->manager->now ? end - node->manager->now : 1;
}

/* splitmix64: any spread will do. */
static uint64_t manager_random(struct manager *manager)
{
    uint64_t x = manager->config.random_seed += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

void service_choose_runtime_extra(struct node *node)
{
    usec_t extra = node->u.unit->service->runtime_random_extra;

    node->runtime_extra =
        extra == 0 || extra == USEC_INFINITY ? 0 : manager_random(node->manager) % (extra + 1);
}

void manager_times_of(const struct manager_unit *unit, struct service_times *ret)
{
    const struct node *node = CONTAINER_OF(unit, const struct node, u);

    *ret = (struct service_times){
        .start = service_start_timeout(node),
        .stop = service_stop_timeout(node),
        .abort = service_abort_timeout(node),
        .restart = or_default(unit->unit->service->restart_usec, node->manager->config.default_restart),
    };
}
