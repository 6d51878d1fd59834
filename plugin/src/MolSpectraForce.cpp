// Data only: reading the file is all the work done here.
// SPDX-License-Identifier: MIT
#include "plugin/include/MolSpectraForce.h"

#include "core/Files.h"
#include "core/Units.h"
#include "plugin/include/internal/ModelBlob.h"
#include "plugin/include/internal/MolSpectraForceImpl.h"
#include "plugin/include/internal/Translate.h"

#include <algorithm>

namespace MolSpectraPlugin {

using molspectra::cat;
using OpenMM::OpenMMException;

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
                               cat("model bytes (sha256 ", digits, ")"));
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
    const auto description = readAnyDescription(model->bytes, modelName);
    return description.config.cutoff / molspectra::angstroms("nm");
}

std::vector<int> MolSpectraForce::getSpecies() const {
    return readAnyDescription(model->bytes, modelName).species;
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

void MolSpectraForce::setEvaluator(const std::string& evaluator) {
    static const std::vector<std::string> known = {"auto", "native", "torchscript"};
    if (std::ranges::find(known, evaluator) == known.end())
        throw OpenMMException(cat("MolSpectraForce: choosing the evaluator: \"", evaluator,
                                  "\" found, expected one of ", molspectra::join(known, ", ")));
    this->evaluator = evaluator;
}

const std::string& MolSpectraForce::getEvaluator() const {
    return evaluator;
}

std::string MolSpectraForce::getEvaluatorInUse(const OpenMM::Context& context) const {
    const OpenMM::ForceImpl* impl = nullptr;
    try {
        impl = &getImplInContext(context);
    }
    catch (const OpenMMException&) {
        throw OpenMMException("MolSpectraForce: asking for the evaluator in use: the Context does "
                              "not have this Force, expected one of its System's Forces");
    }
    return dynamic_cast<const MolSpectraForceImpl&>(*impl).getEvaluatorInUse();
}

void MolSpectraForce::setSelfCheck(bool selfCheck) {
    this->selfCheck = selfCheck;
}

bool MolSpectraForce::getSelfCheck() const {
    return selfCheck;
}

void MolSpectraForce::setThreads(int threads) {
    if (threads < 0)
        throw OpenMMException(cat("MolSpectraForce: choosing the number of threads: ", threads,
                                  " found, expected 0 (for the platform's) or more"));
    this->threads = threads;
}

int MolSpectraForce::getThreads() const {
    return threads;
}

OpenMM::ForceImpl* MolSpectraForce::createImpl() const {
    return new MolSpectraForceImpl(*this);
}

}  // namespace MolSpectraPlugin
