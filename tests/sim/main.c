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
};

static struct world *world_new(uint64_t seed, FILE *log)
{
    struct world *world = calloc(1, sizeof(*world));
    if (!world)
        abort();
    world->seed = seed;
    world->log = log;
    return world;
}

/* Once more, with a trace: the same seed takes the same way. */
static void print_trace(uint64_t seed)
{
    _cleanup_free_ struct world *world = world_new(seed, stdout);
    (void)world_run(world);
}

static bool run_seed(uint64_t seed, bool trace)
{
    _cleanup_free_ struct world *world = world_new(seed, trace ? stdout : NULL);
    if (world_run(world))
        return true;
    printf("seed %llu: %s\n", (unsigned long long)seed, world->violation);
    if (!trace)
        print_trace(seed);
    printf("again with: sim --trace --seed=%llu\n", (unsigned long long)seed);
    return false;
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

    if (parse_options(argc, argv, &options) < 0) {
        fputs("usage: sim [--trace] [--seed=N | --runs=N [--first=SEED | --fresh]]\n", stderr);
        return EXIT_FAILURE;
    }
    if (options.fresh)
        options.first = fresh_seed();
    printf("seeds %llu to %llu\n", (unsigned long long)options.first,
           (unsigned long long)(options.first + options.runs - 1));
    for (uint64_t i = 0; i < options.runs; i++)
        if (!run_seed(options.first + i, options.trace))
            return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
