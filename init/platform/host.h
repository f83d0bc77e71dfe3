/* What the specifiers of unit files stand for in this container: systemd.unit(5), "Specifiers". */
#pragma once

#include "init/platform/platform.h"

/* Fills loader->host with texts that live in `host`. What cannot be read stays empty. */
void host_read(struct host_texts *host, struct unit_loader *loader);
void host_done(struct host_texts *host);
