// How a MolSpectraForce is written to XML and read back.
// SPDX-License-Identifier: MIT
#pragma once

#include <openmm/serialization/SerializationProxy.h>

namespace MolSpectraPlugin {

/// Version 1: name, force group, periodicity, atoms, and the whole model in base64 beside its
/// SHA-256, which is compared on reading. The XML needs no other file. Evaluator, self-check and
/// threads have their defaults where an older plugin did not write them.
class MolSpectraForceProxy : public OpenMM::SerializationProxy {
public:
    MolSpectraForceProxy();
    void serialize(const void* object, OpenMM::SerializationNode& node) const override;
    /// @throws OpenMMException for a newer version or a model whose SHA-256 differs
    void* deserialize(const OpenMM::SerializationNode& node) const override;
};

}  // namespace MolSpectraPlugin
