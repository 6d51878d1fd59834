// Data only: reading the file is all the work done here.
// SPDX-License-Identifier: MIT
#include "plugin/include/MolSpectraForce.h"

#include "core/Files.h"
#include "core/Units.h"
#include "plugin/include/internal/ModelBlob.h"
#include "plugin/include/internal/MolSpectraForceImpl.h"
#include "plugin/include/internal/Translate.h"

namespace MolSpectraPlugin {

MolSpectraForce::MolSpectraForce(std::shared_ptr<const ModelBlob> model,
                                 const std::string& modelName)
    : model(std::move(model)), modelName(modelName) {
    setName("MolSpectraForce");
}

MolSpectraForce::MolSpectraForce(const std::string& modelFile)
    : MolSpectraForce(shareModel(translateErrors("MolSpectraForce: ",
                                                 [&] { return molspectra::readFile(modelFile); })),
                      modelFile) {}

MolSpectraForce* MolSpectraForce::fromBytes(const std::string& modelBytes) {
    auto model = shareModel(modelBytes);
    const std::string digits = model->sha256.substr(0, 8);
    return new MolSpectraForce(std::move(model),
                               molspectra::cat("model bytes (sha256 ", digits, ")"));
}

const std::string& MolSpectraForce::getModelBytes() const {
    return model->bytes;
}

const std::string& MolSpectraForce::getModelSha256() const {
    return model->sha256;
}

const std::string& MolSpectraForce::getModelName() const {
    return modelName;
}

std::string MolSpectraForce::getModelDescription() const {
    const std::string text = readDescriptionText(model->bytes, modelName);
    translateErrors("MolSpectraForce: ",
                    [&] { return molspectra::parseDescription(text, modelName); });
    return text;
}

double MolSpectraForce::getCutoff() const {
    const auto description = readDescription(model->bytes, modelName);
    return description.config.cutoff / molspectra::angstroms("nm");
}

std::vector<int> MolSpectraForce::getSpecies() const {
    return readDescription(model->bytes, modelName).species;
}

void MolSpectraForce::setAtomicNumbers(const std::vector<int>& atomicNumbers) {
    this->atomicNumbers = atomicNumbers;
}

const std::vector<int>& MolSpectraForce::getAtomicNumbers() const {
    return atomicNumbers;
}

void MolSpectraForce::setParticles(const std::vector<int>& particles) {
    this->particles = particles;
}

const std::vector<int>& MolSpectraForce::getParticles() const {
    return particles;
}

void MolSpectraForce::setUsesPeriodicBoundaryConditions(bool periodic) {
    this->periodic = periodic;
}

bool MolSpectraForce::usesPeriodicBoundaryConditions() const {
    return periodic;
}

OpenMM::ForceImpl* MolSpectraForce::createImpl() const {
    return new MolSpectraForceImpl(*this);
}

}  // namespace MolSpectraPlugin
