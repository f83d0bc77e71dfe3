/* sim: runs the manager through simulated worlds. A failing seed prints itself, what was violated and its
 * trace. */
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/parse.h"
#include "common/text.h"
#include "sim.h"

struct options {
    uint64_t first;
    uint64_t runs;
    bool fresh;
    bool trace;
    bool shutdowns;
    bool handovers;
    uint64_t shutdown_after;
};

static struct world *world_new(uint64_t seed, unsigned shutdown_after, FILE *log)
{
    struct world *world = calloc(1, sizeof(*world));
    if (!world)
        abort();
    world->seed = seed;
    world->shutdown_after = shutdown_after;
    world->log = log;
    return world;
}

/* Once more, with a trace: the same seed takes the same way. */
static void print_violation(const struct world *world, bool traced)
{
    unsigned long long seed = world->seed;

    printf("seed %llu: %s\n", seed, world->violation);
    if (!traced) {
        _cleanup_free_ struct world *again = world_new(world->seed, world->shutdown_after, stdout);
        again->handovers = world->handovers;
        (void)world_run(again);
    }
    printf("again with: sim --trace --seed=%llu", seed);
    if (world->shutdown_after != 0)
        printf(" --shutdown-after=%u", world->shutdown_after);
    if (world->handovers != 0)
        printf(" --handovers");
    printf("\n");
}

/* The number of worlds that were lived through, 0 when one has failed. */
static unsigned run_seed(uint64_t seed, const struct options *options)
{
    _cleanup_free_ struct world *world =
        world_new(seed, (unsigned)options->shutdown_after, options->trace ? stdout : NULL);
    unsigned n = options->shutdowns   ? world_run_shutdowns(seed, world->log, world)
                 : options->handovers ? world_run_handovers(seed, world->log, world)
                                      : world_run(world);

    if (n == 0)
        print_violation(world, options->trace);
    return n;
}

static int parse_options(int argc, char **argv, struct options *options)
{
    *options = (struct options){.first = 1, .runs = 1};
    for (int i = 1; i < argc; i++) {
        const char *value;
        int r = 0;
        if ((value = startswith(argv[i], "--seed=")) || (value = startswith(argv[i], "--first=")))
            r = parse_u64(value, &options->first);
        else if ((value = startswith(argv[i], "--runs=")))
            r = parse_u64(value, &options->runs);
        else if ((value = startswith(argv[i], "--shutdown-after=")))
            r = parse_u64(value, &options->shutdown_after);
        else if (streq(argv[i], "--shutdowns"))
            options->shutdowns = true;
        else if (streq(argv[i], "--handovers"))
            options->handovers = true;
        else if (streq(argv[i], "--fresh"))
            options->fresh = true;
        else if (streq(argv[i], "--trace"))
            options->trace = true;
        else
            r = -EINVAL;
        if (r < 0)
            return r;
    }
    return 0;
}

static uint64_t fresh_seed(void)
{
    uint64_t seed = 1;
    _cleanup_fclose_ FILE *file = fopen("/dev/urandom", "re");
    if (file && fread(&seed, sizeof(seed), 1, file) != 1)
        seed = 1;
    return seed >> 1;
}

int main(int argc, char **argv)
{
    struct options options;
    unsigned long long worlds = 0;

    if (parse_options(argc, argv, &options) < 0) {
        fputs("usage: sim [--trace] [--seed=N | --runs=N [--first=SEED | --fresh]] [--shutdowns | "
              "--shutdown-after=EVENT | --handovers]\n",
              stderr);
        return EXIT_FAILURE;
    }
    if (options.fresh)
        options.first = fresh_seed();
    printf("seeds %llu to %llu\n", (unsigned long long)options.first,
           (unsigned long long)(options.first + options.runs - 1));
    for (uint64_t i = 0; i < options.runs; i++) {
        unsigned n = run_seed(options.first + i, &options);
        if (n == 0)
            return EXIT_FAILURE;
        worlds += n;
    }
    printf("%llu worlds\n", worlds);
    return EXIT_SUCCESS;
}
