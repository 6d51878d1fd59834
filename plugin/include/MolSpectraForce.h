// The OpenMM Force whose energy is a MolSpectra network: which model, which particles.
// SPDX-License-Identifier: MIT
#pragma once

#include "internal/Export.h"

#include <openmm/Context.h>
#include <openmm/Force.h>

#include <memory>
#include <string>
#include <vector>

namespace MolSpectraPlugin {

struct ModelBlob;

/// Adds the energy of a MolSpectra network to a System.
///
/// The object is data only: it holds the bytes of a model file, the elements of the atoms the
/// network sees, and whether it sees periodic images. Neither the constructor nor any setter
/// loads LibTorch's interpreter; the model is compiled when a Context is created, and everything
/// the Force was told is checked then. Changes made after a Context exists do not reach it before
/// its reinitialize().
///
/// The atoms count as one molecule for the energy's offset: unless the model has an offset for each
/// element, energies are comparable between geometries of the same atoms only. Without periodic
/// images they are one body to OpenMM as well, which moves them together when it scales or wraps
/// molecules.
///
/// What does not happen: the network replaces nothing that other Forces compute (Python's
/// createMixedSystem removes those terms of a mixed System); it has no electrostatics beyond its
/// cutoff; and with periodic images it reports no bonds, so a Monte Carlo barostat scales, and
/// enforcePeriodicBox wraps, each of its atoms on its own unless another Force (a HarmonicBondForce
/// of zero strength will do) bonds them.
///
/// Copies, and clones made by XmlSerializer, share one immutable copy of the model's bytes.
class MOLSPECTRA_EXPORT MolSpectraForce : public OpenMM::Force {
public:
    /// Reads the whole file at once; it may be moved or deleted afterwards.
    /// @param modelFile  path of a model written by the program molspectra
    /// @throws OpenMMException if the file is missing or unreadable. Its content is not judged yet.
    explicit MolSpectraForce(const std::string& modelFile);

    /// The same from the content of a model file.
    /// @param modelBytes  content of a model file; not judged yet
    /// @return a new Force, owned by the caller (System::addForce takes it over)
    static MolSpectraForce* fromBytes(const std::string& modelBytes);

    /// Content of the model file.
    const std::string& getModelBytes() const;

    /// SHA-256 of the model's bytes, 64 hexadecimal digits.
    const std::string& getModelSha256() const;

    /// What error messages call the model: the path given to the constructor, or "model bytes"
    /// with the first digits of the SHA-256. Not serialized: a path means nothing elsewhere.
    const std::string& getModelName() const;

    /// The model's description of itself, JSON text: configuration, units, species, energy
    /// offset, provenance.
    /// @throws OpenMMException if the bytes are no model file, or in a format newer than known
    std::string getModelDescription() const;

    /// Distance beyond which two atoms do not exchange messages, nm.
    /// @throws OpenMMException as getModelDescription()
    double getCutoff() const;

    /// Atomic numbers the model was trained on, ascending. No other element is accepted.
    /// @throws OpenMMException as getModelDescription()
    std::vector<int> getSpecies() const;

    /// Sets the element of every atom the network sees: of every particle of the System in order,
    /// or of the particles named by setParticles() in their order. Must be called.
    /// @param atomicNumbers  one for each atom [N]
    void setAtomicNumbers(const std::vector<int>& atomicNumbers);

    /// Atomic numbers given by setAtomicNumbers() [N].
    const std::vector<int>& getAtomicNumbers() const;

    /// Limits the network to some particles. The others feel nothing and are not seen.
    /// @param particles  indices, each at most once [N]; empty (the default) for all particles
    void setParticles(const std::vector<int>& particles);

    /// Indices given by setParticles() [N]; empty for all particles.
    const std::vector<int>& getParticles() const;

    /// Whether the network sees the periodic images of the Context's box; false by default. Any
    /// triclinic box will do: one smaller than the cutoff yields several images of a neighbor.
    /// When false, the atoms are taken where they are, even in a periodic System.
    void setUsesPeriodicBoundaryConditions(bool periodic);

    /// Whether the network sees periodic images.
    bool usesPeriodicBoundaryConditions() const override;

    /// Chooses what evaluates the network on the Reference and CPU platforms:
    /// "native"       our own kernels, in the precision of the model's weights;
    /// "torchscript"  LibTorch in double precision: any model, and the specification;
    /// "auto"         (the default) native on the CPU platform where it can evaluate the model,
    ///                TorchScript elsewhere.
    /// CUDA and OpenCL refuse "native" when a Context is made.
    /// @throws OpenMMException for another name
    void setEvaluator(const std::string& evaluator);

    /// The choice made by setEvaluator().
    const std::string& getEvaluator() const;

    /// What evaluates the network in a Context: "native: " or "torchscript: ", and then how, or
    /// why it is that one.
    /// @throws OpenMMException if this Force is not one of the Context's System
    std::string getEvaluatorInUse(const OpenMM::Context& context) const;

    /// Whether a Context compares native results with those of TorchScript in double precision
    /// before it returns its first (on the first 100 atoms of a larger system); true by default.
    /// A Context whose results differ refuses to evaluate.
    void setSelfCheck(bool selfCheck);

    /// Whether the first native results are compared.
    bool getSelfCheck() const;

    /// Sets the most threads that one evaluation may use; small molecules get fewer. It is
    /// serialized, because OpenMM copies Forces through their XML.
    /// @param threads  0 (the default) for the CPU platform's property Threads; on the Reference
    ///                 platform for every processor natively, and one in TorchScript; on the
    ///                 OpenCL platform for every processor
    /// @throws OpenMMException for a negative number
    void setThreads(int threads);

    /// The number given by setThreads().
    int getThreads() const;

protected:
    OpenMM::ForceImpl* createImpl() const override;

private:
    MolSpectraForce(std::shared_ptr<const ModelBlob> model, const std::string& modelName);

    std::shared_ptr<const ModelBlob> model;
    std::string modelName;
    std::vector<int> atomicNumbers;
    std::vector<int> particles;
    bool periodic = false;
    std::string evaluator = "auto";
    bool selfCheck = true;
    int threads = 0;
};

}  // namespace MolSpectraPlugin
