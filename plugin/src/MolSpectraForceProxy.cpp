// The proxy registers itself when the library is loaded, as XmlSerializer::clone needs it.
// SPDX-License-Identifier: MIT
#include "plugin/src/MolSpectraForceProxy.h"

#include "core/Error.h"
#include "core/Text.h"
#include "plugin/include/MolSpectraForce.h"
#include "plugin/src/Base64.h"
#include "plugin/include/internal/Translate.h"

#include <openmm/serialization/SerializationNode.h>

#include <climits>
#include <memory>
#include <typeinfo>

namespace MolSpectraPlugin {

namespace {

constexpr int newestVersion = 1;

std::string toList(const std::vector<int>& numbers) {
    std::vector<std::string> parts;
    for (const int number : numbers)
        parts.push_back(std::to_string(number));
    return molspectra::join(parts, " ");
}

std::vector<int> fromList(const std::string& text, const char* what) {
    std::vector<int> numbers;
    for (const std::string& part : molspectra::split(text, ' '))
        if (!part.empty()) {
            const auto number = molspectra::parseInteger(part, what);
            if (number < 0 || number > INT_MAX)
                molspectra::fail("reading ", what, " from XML: found ", number,
                                 ", expected numbers from 0 to ", INT_MAX);
            numbers.push_back(static_cast<int>(number));
        }
    return numbers;
}

std::unique_ptr<MolSpectraForce> readModel(const OpenMM::SerializationNode& node) {
    std::unique_ptr<MolSpectraForce> force(
        MolSpectraForce::fromBytes(decodeBase64(node.getStringProperty("bytes"))));
    const std::string expected = node.getStringProperty("sha256");
    if (force->getModelSha256() != expected)
        throw OpenMM::OpenMMException(molspectra::cat(
            "MolSpectraForce: reading the model from XML: its SHA-256 is ",
            force->getModelSha256(), ", expected ", expected, "; the text was damaged"));
    return force;
}

__attribute__((constructor)) void registerMolSpectraSerializationProxies() {
    OpenMM::SerializationProxy::registerProxy(typeid(MolSpectraForce), new MolSpectraForceProxy());
}

}  // namespace

MolSpectraForceProxy::MolSpectraForceProxy() : OpenMM::SerializationProxy("MolSpectraForce") {}

void MolSpectraForceProxy::serialize(const void* object, OpenMM::SerializationNode& node) const {
    const auto& force = *static_cast<const MolSpectraForce*>(object);
    node.setIntProperty("version", newestVersion);
    node.setStringProperty("name", force.getName());
    node.setIntProperty("forceGroup", force.getForceGroup());
    node.setBoolProperty("usesPeriodic", force.usesPeriodicBoundaryConditions());
    node.setStringProperty("atomicNumbers", toList(force.getAtomicNumbers()));
    node.setStringProperty("particles", toList(force.getParticles()));
    node.setStringProperty("evaluator", force.getEvaluator());
    node.setBoolProperty("selfCheck", force.getSelfCheck());
    node.setIntProperty("threads", force.getThreads());
    node.createChildNode("Model")
        .setStringProperty("sha256", force.getModelSha256())
        .setStringProperty("bytes", encodeBase64(force.getModelBytes()));
}

void* MolSpectraForceProxy::deserialize(const OpenMM::SerializationNode& node) const {
    const int version = node.getIntProperty("version");
    if (version < 1 || version > newestVersion)
        throw OpenMM::OpenMMException(molspectra::cat(
            "MolSpectraForce: reading it from XML: it was written in version ", version,
            ", this version of the plugin reads up to ", newestVersion, "; update the plugin"));
    return translateErrors("MolSpectraForce: ", [&] {
        auto force = readModel(node.getChildNode("Model"));
        force->setName(node.getStringProperty("name"));
        force->setForceGroup(node.getIntProperty("forceGroup"));
        force->setUsesPeriodicBoundaryConditions(node.getBoolProperty("usesPeriodic"));
        force->setAtomicNumbers(fromList(node.getStringProperty("atomicNumbers"), "atomicNumbers"));
        force->setParticles(fromList(node.getStringProperty("particles"), "particles"));
        force->setEvaluator(node.getStringProperty("evaluator", "auto"));
        force->setSelfCheck(node.getBoolProperty("selfCheck", true));
        force->setThreads(node.getIntProperty("threads", 0));
        return force.release();
    });
}

}  // namespace MolSpectraPlugin
