// Marks what the shared libraries of the plugin show to others; all else is hidden.
// SPDX-License-Identifier: MIT
#pragma once

#define MOLSPECTRA_EXPORT __attribute__((visibility("default")))
