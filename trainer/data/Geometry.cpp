// RDKit's distance geometry and force fields, with a fixed seed.
// SPDX-License-Identifier: MIT
#include "trainer/data/Geometry.h"

#include "core/Text.h"

#include <GraphMol/DistGeomHelpers/Embedder.h>
#include <GraphMol/ForceFieldHelpers/MMFF/MMFF.h>
#include <GraphMol/ForceFieldHelpers/UFF/UFF.h>
#include <GraphMol/GraphMol.h>
#include <GraphMol/MolOps.h>

namespace molspectra {

namespace {

/// Fixed, so that a file gives the same geometries every time.
constexpr int embeddingSeed = 20250424;
constexpr unsigned embeddingTries = 30;
constexpr int relaxationSteps = 1000;

/// A geometry by distance geometry, tried again from random coordinates.
bool embed(RDKit::ROMol& mol) {
    RDKit::DGeomHelpers::EmbedParameters options = RDKit::DGeomHelpers::ETKDGv3;
    options.randomSeed = embeddingSeed;
    options.maxIterations = embeddingTries;
    if (RDKit::DGeomHelpers::EmbedMolecule(mol, options) >= 0)
        return true;
    options.useRandomCoords = true;
    return RDKit::DGeomHelpers::EmbedMolecule(mol, options) >= 0;
}

/// MMFF, or UFF where MMFF lacks an atom type; without either the embedded geometry stays.
void relax(RDKit::ROMol& mol) {
    if (RDKit::MMFF::MMFFOptimizeMolecule(mol, relaxationSteps).first >= 0)
        return;
    RDKit::UFF::UFFOptimizeMolecule(mol, relaxationSteps);
}

}  // namespace

std::string makeGeometry(RDKit::RWMol& mol, Molecule& molecule) {
    std::vector<int> fragmentOf;
    if (const unsigned fragments = RDKit::MolOps::getMolFrags(mol, fragmentOf); fragments > 1)
        return cat("it has ", fragments, " parts without a bond between them, expected one "
                   "molecule; leave counter-ions and solvents away");
    RDKit::MolOps::addHs(mol);
    if (mol.getNumAtoms() == 0)
        return "it has no atoms";
    if (!embed(mol))
        return "no geometry could be made (ETKDG)";
    relax(mol);
    const RDKit::Conformer& conformer = mol.getConformer();
    for (const RDKit::Atom* atom : mol.atoms()) {
        const RDGeom::Point3D& point = conformer.getAtomPos(atom->getIdx());
        molecule.numbers.push_back(atom->getAtomicNum());
        molecule.positions.insert(molecule.positions.end(), {point.x, point.y, point.z});
    }
    return {};
}

std::string reasonOf(const std::function<std::string()>& work) {
    try {
        return work();
    } catch (const std::exception& error) {
        return trim(split(error.what(), '\n').front());
    }
}

}  // namespace molspectra
