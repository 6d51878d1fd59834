// The subcommands of the program: each is given its arguments and returns the exit code.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace molspectra {

int convertData(const std::vector<std::string>& arguments);
int pretrain(const std::vector<std::string>& arguments);
int finetune(const std::vector<std::string>& arguments);
int evaluateModel(const std::vector<std::string>& arguments);
int inspect(const std::vector<std::string>& arguments);
int exportModel(const std::vector<std::string>& arguments);
int match(const std::vector<std::string>& arguments);
int reconstruct(const std::vector<std::string>& arguments);
int importModel(const std::vector<std::string>& arguments);

}  // namespace molspectra
