// The periodic table's symbols in order of atomic number.
// SPDX-License-Identifier: MIT
#include "core/Elements.h"

#include "core/Error.h"
#include "core/Text.h"

#include <array>

namespace molspectra {

namespace {

constexpr std::array<std::string_view, maxElement> symbols = {
    "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si", "P",
    "S",  "Cl", "Ar", "K",  "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn",
    "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",  "Zr", "Nb", "Mo", "Tc", "Ru", "Rh",
    "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I",  "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd",
    "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W",  "Re",
    "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th",
    "Pa", "U",  "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db",
    "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og"};

}  // namespace

std::string symbolOf(int atomicNumber) {
    if (atomicNumber < 1 || atomicNumber > maxElement)
        fail("naming an element: ", atomicNumber, " was found, expected an atomic number in [1, ",
             maxElement, "]");
    return std::string(symbols[size_t(atomicNumber) - 1]);
}

std::string symbolsOf(const std::vector<int>& atomicNumbers) {
    std::vector<std::string> symbols;
    for (const int number : atomicNumbers)
        symbols.push_back(symbolOf(number));
    return join(symbols, ", ");
}

int atomicNumberOf(std::string_view symbol) {
    const std::string wanted = lower(symbol);
    for (size_t i = 0; i < symbols.size(); i++)
        if (lower(symbols[i]) == wanted)
            return int(i) + 1;
    fail("reading an element: \"", symbol, "\" was found, expected a symbol such as H, C or Cl");
}

}  // namespace molspectra
