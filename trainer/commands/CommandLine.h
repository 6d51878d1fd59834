// Options of a subcommand: command line, configuration file, presets, help page.
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/program_options.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace molspectra {

/// The user called the program wrongly: printed as one line, exit code 2.
class UsageError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Text of a subcommand's help page around its options.
struct HelpText {
    std::string usage;     ///< "molspectra inspect MODEL [options]"
    std::string purpose;   ///< one or two sentences
    std::string examples;  ///< command lines, one a line
};

/// A subcommand's options, in titled groups.
class CommandLine {
public:
    /// @param positional   the option whose name may be left out
    /// @param positionals  how many values it then takes; -1 is any number
    CommandLine(HelpText help, std::vector<boost::program_options::options_description> groups,
                std::string positional = "", int positionals = 1);

    /// Values by precedence: command line, then the file of --config if there is one, then
    /// `preset` (the same format: lines "key = value"), then defaults.
    /// @param presetOf  text of a preset, asked with what is known so far
    /// @return false if --help was asked for: the page has been printed
    /// @throws UsageError with the nearest known name for an unknown option or key
    bool parse(const std::vector<std::string>& arguments,
               const std::function<std::string(const boost::program_options::variables_map&)>&
                   presetOf = {});

    const boost::program_options::variables_map& values() const { return values_; }

    template <class T>
    T get(const std::string& name) const {
        return values_[name].as<T>();
    }
    bool given(const std::string& name) const {
        return values_.count(name) > 0 && !values_[name].defaulted();
    }
    /// Whether it stood on the command line itself.
    bool givenByUser(const std::string& name) const {
        return std::find(typed_.begin(), typed_.end(), name) != typed_.end();
    }
    /// Value of an option that must be there. @throws UsageError
    std::string required(const std::string& name) const;

    std::string helpPage() const;

    /// Of all options.
    std::vector<std::string> names() const;

    /// All values as a configuration file; `except` is left out. Paths are made absolute, so that
    /// the file means the same in every folder. What such a file cannot hold is written as its
    /// code: '%', '#', ends of lines, and blanks at either end, as in "%23".
    std::string configText(const std::vector<std::string>& except) const;

private:
    void store(const boost::program_options::basic_parsed_options<char>& parsed);
    void readConfig(const std::string& text, const std::string& where);
    [[noreturn]] void refuse(const std::string& what, const std::string& name,
                             const std::string& otherwise = "") const;

    HelpText help_;
    std::vector<boost::program_options::options_description> groups_;
    boost::program_options::options_description all_;
    boost::program_options::positional_options_description positional_;
    boost::program_options::variables_map values_;
    std::vector<std::string> typed_;
};

/// "molspectra 0.1.0"
std::string toolVersion();

}  // namespace molspectra
