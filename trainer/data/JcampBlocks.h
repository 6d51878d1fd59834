// The records of a JCAMP-DX file, block by block.
// SPDX-License-Identifier: MIT
#pragma once

#include "trainer/data/JcampTable.h"

#include <map>
#include <string>
#include <vector>

namespace molspectra {

struct JcampRecord {
    int64_t line = 0;
    std::string value;
};

/// A table: the label that it follows, its form, and its lines.
struct JcampTable {
    std::string label, form;
    int64_t line = 0;
    std::vector<JcampLine> lines;
};

struct JcampBlock {
    int64_t line = 0;  ///< of its title
    std::map<std::string, JcampRecord> records;  ///< by label, in small letters and digits alone
    std::vector<JcampTable> tables;
};

/// Blocks in the order of their ends; comments are left out.
/// @throws Error naming the line: a record without "=" or outside of blocks, a block without end
std::vector<JcampBlock> readJcampBlocks(const std::string& path);

}  // namespace molspectra
