// Whether a call is one that a rule is about. Asks the kernel only for what the rule names.
#ifndef PRELOAD_WHERE_H
#define PRELOAD_WHERE_H

#include "descriptors.h"
#include "fate.h"

bool is_there(const struct Where* where, const struct Asked* asked, const struct Subject* subject);

// Of the last component of an open file's path: the same in every run and under every root.
uint64_t name_hash(int fd);

#endif
