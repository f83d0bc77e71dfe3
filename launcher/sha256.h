/* SHA-256 (FIPS 180-4), for names that follow from contents which others chose. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

void sha256(const void *data, size_t size, uint8_t ret[static SHA256_SIZE]);
