/* The one function of a fuzz target, called by libFuzzer or by run-corpus.c. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) __attribute__((visibility("default")));
