/* System call filters in JSON: what is read lies in bounds, what is refused is told on one line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "launcher/seccomp-oci.h"
#include "tests/fuzz/fuzz.h"

static void check(const struct seccomp_oci *profile)
{
    for (size_t i = 0; i < profile->n_rules; i++) {
        const struct seccomp_oci_rule *rule = &profile->rules[i];
        if (!rule->name || rule->n_conditions > SECCOMP_ARGUMENTS_MAX)
            abort();
        for (unsigned j = 0; j < rule->n_conditions; j++)
            if (rule->conditions[j].argument >= SECCOMP_ARGUMENTS_MAX || !rule->conditions[j].operator)
                abort();
    }
    for (size_t i = 0; i < profile->n_architectures; i++)
        if (!startswith(profile->architectures[i], "SCMP_ARCH_"))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct seccomp_situation situation = {
        .capabilities = 0xa80425fb, .machine = "x86_64", .kernel_major = 6, .kernel_minor = 1};
    _cleanup_seccomp_oci_ struct seccomp_oci profile = {};
    struct failure failure = {};

    int r = seccomp_oci_read("fuzz", (const char *)data, size, &situation, &profile, &failure);
    if (r >= 0)
        check(&profile);
    else if (!failure.text[0] || strchr(failure.text, '\n'))
        abort();
    return 0;
}
