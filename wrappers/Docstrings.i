// What help() says of MolSpectraForce, in numpydoc form. C++ readers: see MolSpectraForce.h.
// SPDX-License-Identifier: MIT
%define DOC(member, text)
%feature("docstring") MolSpectraPlugin::MolSpectraForce::member text;
%enddef

%feature("docstring") MolSpectraPlugin::MolSpectraForce "
Adds the energy of a MolSpectra network to a System.

The object is data only. The model is compiled, and everything the force was
told is checked, when a Context is created; changes made later do not reach it
before context.reinitialize().

The atoms, all of the System or those of setParticles, count as one molecule
for the energy's offset: unless the model has an offset for each element,
energies are comparable between geometries of the same atoms only.

Without periodic images the atoms are one body to OpenMM, which moves them
together when it scales or wraps molecules. With them no bonds are reported: a
Monte Carlo barostat scales, and enforcePeriodicBox wraps, each atom on its own
unless another force bonds them.

The network replaces nothing that other forces compute (createMixedSystem
removes those terms of a System), and has no electrostatics beyond its cutoff.
Reading a System with this force from XML or a pickle needs `import molspectra`
first.
";

DOC(MolSpectraForce, "
Create a force from a model file, which is read at once.

Parameters
----------
modelFile : str or os.PathLike
    Model written by the program molspectra.

Raises
------
openmm.OpenMMException
    If the file is missing or unreadable. Its content is not judged yet.
")

DOC(fromBytes, "
Create a force from the content of a model file.

Parameters
----------
modelBytes : bytes
    Content of a model file; not judged yet.

Returns
-------
MolSpectraForce
    A new force.
")

DOC(getModelBytes, "
Get the content of the model file.

Returns
-------
bytes
    The model, as given to the constructor.
")

DOC(getModelSha256, "
Get the SHA-256 of the model's bytes.

Returns
-------
str
    64 hexadecimal digits.
")

DOC(getModelName, "
Get what error messages call the model. It is not serialized.

Returns
-------
str
    The path given to the constructor, or 'model bytes' with the first digits
    of the SHA-256.
")

DOC(getModelDescription, "
Get the model's description of itself.

Returns
-------
str
    JSON: configuration, units, species, energy offset and provenance.

Raises
------
openmm.OpenMMException
    If the bytes are no model file, or in a format newer than known.
")

DOC(getCutoff, "
Get the distance beyond which two atoms do not exchange messages.

Returns
-------
openmm.unit.Quantity
    The cutoff, a length.
")

DOC(getSpecies, "
Get the elements the model was trained on. No other is accepted.

Returns
-------
tuple of int
    Atomic numbers, ascending.
")

DOC(setAtomicNumbers, "
Set the element of every atom the network sees. Must be called.

Parameters
----------
atomicNumbers : sequence of int
    One for each particle of the System in order, or for each of the particles
    named by setParticles in their order.
")

DOC(getAtomicNumbers, "
Get the atomic numbers given by setAtomicNumbers.

Returns
-------
tuple of int
    One for each atom.
")

DOC(setParticles, "
Limit the network to some particles. The others feel nothing and are not seen.

Parameters
----------
particles : sequence of int
    Indices, each at most once; empty (the default) for all particles.
")

DOC(getParticles, "
Get the indices given by setParticles.

Returns
-------
tuple of int
    Empty for all particles.
")

DOC(setUsesPeriodicBoundaryConditions, "
Set whether the network sees the periodic images of the Context's box.

Parameters
----------
periodic : bool
    False by default: the atoms are taken where they are, even in a periodic
    System. Any triclinic box will do, also one smaller than the cutoff.
")

DOC(usesPeriodicBoundaryConditions, "
Get whether the network sees periodic images.

Returns
-------
bool
    True if it does.
")

DOC(setEvaluator, "
Choose what evaluates the network on the Reference and CPU platforms.

Parameters
----------
evaluator : str
    'native' for the kernels of this package, in the precision of the model's
    weights; 'torchscript' for LibTorch in double precision, which evaluates any
    model; 'auto' (the default) for native on the CPU platform where it can
    evaluate the model, and TorchScript elsewhere. The platforms CUDA and OpenCL
    refuse 'native' when a Context is created.

Raises
------
openmm.OpenMMException
    If it is another name.
")

DOC(getEvaluator, "
Get the choice made by setEvaluator.

Returns
-------
str
    'auto', 'native' or 'torchscript'.
")

DOC(getEvaluatorInUse, "
Get what evaluates the network in a Context.

Parameters
----------
context : openmm.Context
    A Context of the System that holds this force; molspectra.forces gives the
    force of a System.

Returns
-------
str
    'native: ' or 'torchscript: ', and then how, or why it is that one.

Raises
------
openmm.OpenMMException
    If this force is not one of the Context's System.
")

DOC(setSelfCheck, "
Set whether a Context compares native results with TorchScript before its first.

Parameters
----------
selfCheck : bool
    True by default: a Context whose results differ refuses to evaluate. Of a
    larger system the first 100 atoms are compared.
")

DOC(getSelfCheck, "
Get whether the first native results are compared.

Returns
-------
bool
    True if they are.
")

DOC(setThreads, "
Set the most threads that one evaluation may use; small molecules get fewer.

Parameters
----------
threads : int
    0 (the default) for the CPU platform's property Threads; on the Reference
    platform for every processor natively, and one in TorchScript; on the OpenCL
    platform for every processor.

Raises
------
openmm.OpenMMException
    If the number is negative.
")

DOC(getThreads, "
Get the number given by setThreads.

Returns
-------
int
    0 if the platform decides.
")

DOC(isinstance, "
Tell whether a force, as read back from a System or XML, is a MolSpectraForce.

Parameters
----------
force : openmm.Force
    Any force.

Returns
-------
bool
    True if cast will succeed.
")

DOC(cast, "
Get the MolSpectraForce behind a plain Force, as System.getForce returns it.

If the argument owned its C++ object, both do so together afterwards.

Parameters
----------
force : openmm.Force
    A force for which isinstance is true.

Returns
-------
MolSpectraForce
    The same force with all its methods.

Raises
------
openmm.OpenMMException
    If it is another kind of force.
")
