// Options of a subcommand: command line, configuration file, presets, help page.
// SPDX-License-Identifier: MIT
#include "trainer/commands/CommandLine.h"

#include "core/Files.h"
#include "core/Text.h"

#include <filesystem>
#include <iostream>
#include <sstream>

namespace molspectra {

namespace po = boost::program_options;

namespace {

/// A value as text that the same option reads back.
std::string textOf(const boost::any& value) {
    if (const auto* text = boost::any_cast<std::string>(&value))
        return *text;
    if (const auto* number = boost::any_cast<double>(&value))
        return toText(*number);
    if (const auto* integer = boost::any_cast<int64_t>(&value))
        return std::to_string(*integer);
    if (const auto* flag = boost::any_cast<bool>(&value))
        return *flag ? "on" : "off";
    return {};
}

/// A value as a configuration file may hold it: Boost ends a line at '#' and trims blanks.
std::string escaped(const std::string& value) {
    constexpr char digits[] = "0123456789ABCDEF";
    std::string text;
    for (size_t n = 0; n < value.size(); n++) {
        const char letter = value[n];
        const bool atEnd = n == 0 || n + 1 == value.size();
        if (std::string_view("%#\r\n").find(letter) != std::string_view::npos ||
            (atEnd && (letter == ' ' || letter == '\t')))
            text += {'%', digits[letter / 16], digits[letter % 16]};
        else
            text += letter;
    }
    return text;
}

/// The value that escaped() was given; a '%' without two digits after it is one.
std::string unescaped(const std::string& text) {
    std::string value;
    for (size_t n = 0; n < text.size(); n++) {
        const std::string code = text[n] == '%' ? text.substr(n + 1, 2) : "";
        if (code.size() == 2 && code.find_first_not_of("0123456789ABCDEFabcdef") == code.npos) {
            value += static_cast<char>(std::stoi(code, nullptr, 16));
            n += 2;
        } else {
            value += text[n];
        }
    }
    return value;
}

/// What an option's value has to be, by its type.
const char* expectation(const po::options_description& all, std::string name) {
    name.erase(0, name.find_first_not_of('-'));
    const po::option_description* const option = all.find_nothrow(name, false);
    const auto* const typed =
        option ? dynamic_cast<const po::typed_value_base*>(option->semantic().get()) : nullptr;
    if (!typed)
        return "another value";
    if (typed->value_type() == typeid(int64_t))
        return "a whole number";
    if (typed->value_type() == typeid(double))
        return "a number";
    return typed->value_type() == typeid(bool) ? "on or off" : "another value";
}

std::string absolute(const std::string& path) {
    return std::filesystem::absolute(path).lexically_normal().string();
}

}  // namespace

CommandLine::CommandLine(HelpText help, std::vector<po::options_description> groups,
                         std::string positional, int positionals)
    : help_(std::move(help)), groups_(std::move(groups)) {
    groups_.back().add_options()("help", "show this page");
    for (const auto& group : groups_)
        all_.add(group);
    if (!positional.empty())
        positional_.add(positional.c_str(), positionals);
}

bool CommandLine::parse(const std::vector<std::string>& arguments,
                        const std::function<std::string(const po::variables_map&)>& presetOf) {
    try {
        const int style = po::command_line_style::default_style &
                          ~po::command_line_style::allow_guessing;
        const auto parsed = po::command_line_parser(arguments)
                                .options(all_).positional(positional_).style(style).run();
        for (const auto& option : parsed.options)
            typed_.push_back(option.string_key);
        store(parsed);
    } catch (const po::unknown_option& error) {
        refuse("option", error.get_option_name());
    } catch (const po::validation_error& error) {
        throw UsageError(cat(error.what(), ", expected ",
                             expectation(all_, error.get_option_name())));
    } catch (const po::error& error) {
        throw UsageError(cat(help_.usage, ": ", error.what()));
    }
    if (values_.count("help")) {
        std::cout << helpPage();
        return false;
    }
    if (values_.count("config")) {
        const std::string file = values_["config"].as<std::string>();
        readConfig(readFile(file), file);
    }
    if (presetOf)
        readConfig(presetOf(values_), "the preset");
    return true;
}

void CommandLine::store(const po::basic_parsed_options<char>& parsed) {
    po::store(parsed, values_);
}

void CommandLine::readConfig(const std::string& text, const std::string& where) {
    std::istringstream stream(text);
    try {
        auto parsed = po::parse_config_file(stream, all_, true);
        for (auto& option : parsed.options) {
            if (option.unregistered)
                refuse(cat("key in ", where), option.string_key,
                       ", or does the file belong to another command");
            std::transform(option.value.begin(), option.value.end(), option.value.begin(),
                           unescaped);
        }
        store(parsed);
    } catch (const po::validation_error& error) {
        throw UsageError(cat("reading ", where, ": ", error.what(), ", expected ",
                             expectation(all_, error.get_option_name())));
    } catch (const po::error& error) {
        throw UsageError(cat("reading ", where, ": ", error.what()));
    }
}

std::vector<std::string> CommandLine::names() const {
    std::vector<std::string> list;
    for (const auto& option : all_.options())
        list.push_back(option->long_name());
    return list;
}

void CommandLine::refuse(const std::string& what, const std::string& name,
                         const std::string& otherwise) const {
    std::string bare = name;
    bare.erase(0, bare.find_first_not_of('-'));
    throw UsageError(cat("unknown ", what, ": found '", name, "'; did you mean '",
                         nearest(bare, names()), "'", otherwise, "?"));
}

std::string CommandLine::required(const std::string& name) const {
    if (values_.count(name) == 0)
        throw UsageError(cat(help_.usage, ": --", name, " is missing; --help shows all options"));
    return values_[name].as<std::string>();
}

std::string CommandLine::helpPage() const {
    std::ostringstream page;
    page << "usage: " << help_.usage << "\n\n" << help_.purpose << "\n";
    for (const auto& group : groups_)
        page << "\n" << group;
    page << "\nExamples:\n";
    for (const std::string& line : split(help_.examples, '\n'))
        page << "  " << line << "\n";
    return page.str();
}

std::string CommandLine::configText(const std::vector<std::string>& except) const {
    std::string text;
    for (const auto& [name, value] : values_) {
        if (std::find(except.begin(), except.end(), name) != except.end())
            continue;
        if (const auto* list = boost::any_cast<std::vector<std::string>>(&value.value()))
            for (const std::string& item : *list)
                text += cat(name, " = ", escaped(absolute(item)), "\n");
        else if (name == "model" || name == "spectra-model" || name == "split")
            text += cat(name, " = ", escaped(absolute(textOf(value.value()))), "\n");
        else
            text += cat(name, " = ", escaped(textOf(value.value())), "\n");
    }
    return text;
}

std::string toolVersion() {
    return cat("molspectra ", MOLSPECTRA_VERSION);
}

}  // namespace molspectra
