// Python's view of MolSpectraForce, in OpenMM's conventions; text for help() is in Docstrings.i.
// SPDX-License-Identifier: MIT
%module(package="molspectra") force

%import(module="openmm") "OpenMMSwigHeaders.i"
%include "std_string.i"

%{
#include "MolSpectraForce.h"

#include <OpenMM.h>
#include <OpenMMAmoeba.h>
#include <OpenMMDrude.h>
#include <openmm/RPMDIntegrator.h>
#include <openmm/RPMDMonteCarloBarostat.h>

#include <memory>
%}

%pythoncode %{
import os

import openmm
from openmm import unit

__all__ = ["MolSpectraForce"]
%}

// Every C++ exception arrives as openmm.OpenMMException.
%exception {
    try {
        $action
    }
    catch (const std::exception& error) {
        PyObject* openmm = PyImport_ImportModule("openmm");
        PyObject* type = openmm ? PyObject_GetAttrString(openmm, "OpenMMException") : nullptr;
        if (type)
            PyErr_SetString(type, error.what());
        Py_XDECREF(type);
        Py_XDECREF(openmm);
        SWIG_fail;
    }
}

// Any sequence or iterable of integers goes in (NumPy arrays too), a tuple comes out.
%typemap(in) const std::vector<int>& (std::vector<int> values) {
    PyObject* items =
        PySequence_Fast($input, "in method '$symname', expected a sequence of integers");
    if (!items)
        SWIG_fail;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items); ++i) {
        PyObject* item = PySequence_Fast_GET_ITEM(items, i);
        const Py_ssize_t value = PyNumber_AsSsize_t(item, PyExc_OverflowError);
        if (value != static_cast<int>(value))
            PyErr_SetString(PyExc_OverflowError, "in method '$symname', integer out of range");
        if (PyErr_Occurred()) {
            Py_DECREF(items);
            SWIG_fail;
        }
        values.push_back(static_cast<int>(value));
    }
    Py_DECREF(items);
    $1 = &values;
}
%fragment("tupleOfIntegers", "header") {
    static PyObject* tupleOfIntegers(const std::vector<int>& values) {
        PyObject* tuple = PyTuple_New(static_cast<Py_ssize_t>(values.size()));
        for (size_t i = 0; tuple && i < values.size(); ++i)
            PyTuple_SET_ITEM(tuple, static_cast<Py_ssize_t>(i), PyLong_FromLong(values[i]));
        return tuple;
    }
}
%typemap(out, fragment="tupleOfIntegers") const std::vector<int>& {
    $result = tupleOfIntegers(*$1);
}
%typemap(out, fragment="tupleOfIntegers") std::vector<int> {
    $result = tupleOfIntegers($1);
}

// One integer goes in likewise.
%typemap(in) int threads {
    const Py_ssize_t value = PyNumber_AsSsize_t($input, PyExc_OverflowError);
    if (PyErr_Occurred())
        SWIG_fail;
    if (value != static_cast<int>(value))
        SWIG_exception_fail(SWIG_OverflowError, "in method '$symname', integer out of range");
    $1 = static_cast<int>(value);
}

// A model is bytes in Python and std::string in C++.
%typemap(in) const std::string& modelBytes (std::string bytes) {
    char* data = nullptr;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize($input, &data, &size) != 0)
        SWIG_fail;
    bytes.assign(data, static_cast<size_t>(size));
    $1 = &bytes;
}
%typemap(freearg) const std::string& modelBytes ""
%typemap(out) const std::string& getModelBytes {
    $result = PyBytes_FromStringAndSize($1->data(), static_cast<Py_ssize_t>($1->size()));
}

%pythonprepend MolSpectraPlugin::MolSpectraForce::MolSpectraForce %{
    if type(modelFile) is bytes:
        raise TypeError("MolSpectraForce: found bytes, expected the path of a model file; "
                        "MolSpectraForce.fromBytes takes a file's content")
    modelFile = os.fspath(modelFile)
%}
%pythonprepend MolSpectraPlugin::MolSpectraForce::cast %{
    if type(force) is MolSpectraForce:
        return force
%}
%pythonappend MolSpectraPlugin::MolSpectraForce::getCutoff %{
    val = unit.Quantity(val, unit.nanometer)
%}
%pythonappend MolSpectraPlugin::MolSpectraForce::cast %{
    if force.thisown:
        # Both proxies share the one that owns: the object lives as long as either.
        force.thisown = False
        val.thisown = True
        force.this = val.this
%}
%newobject MolSpectraPlugin::MolSpectraForce::fromBytes;

%include "Docstrings.i"

namespace MolSpectraPlugin {

class MolSpectraForce : public OpenMM::Force {
public:
    MolSpectraForce(const std::string& modelFile);
    static MolSpectraForce* fromBytes(const std::string& modelBytes);
    const std::string& getModelBytes() const;
    const std::string& getModelSha256() const;
    const std::string& getModelName() const;
    std::string getModelDescription() const;
    double getCutoff() const;
    std::vector<int> getSpecies() const;
    void setAtomicNumbers(const std::vector<int>& atomicNumbers);
    const std::vector<int>& getAtomicNumbers() const;
    void setParticles(const std::vector<int>& particles);
    const std::vector<int>& getParticles() const;
    void setUsesPeriodicBoundaryConditions(bool periodic);
    bool usesPeriodicBoundaryConditions() const;
    void setEvaluator(const std::string& evaluator);
    const std::string& getEvaluator() const;
    std::string getEvaluatorInUse(const OpenMM::Context& context) const;
    void setSelfCheck(bool selfCheck);
    bool getSelfCheck() const;
    void setThreads(int threads);
    int getThreads() const;

    %extend {
        static bool isinstance(OpenMM::Force& force) {
            return dynamic_cast<MolSpectraPlugin::MolSpectraForce*>(&force) != nullptr;
        }

        static MolSpectraPlugin::MolSpectraForce& cast(OpenMM::Force& force) {
            if (auto* found = dynamic_cast<MolSpectraPlugin::MolSpectraForce*>(&force))
                return *found;
            throw OpenMM::OpenMMException("MolSpectraForce: casting a Force: it is a " +
                                          force.getName() + ", expected a MolSpectraForce");
        }

        // OpenMM's own copying and unpickling return plain Force objects.
        %pythoncode %{
            def __copy__(self):
                return MolSpectraForce.cast(openmm.XmlSerializer.clone(self))

            def __setstate__(self, state):
                self.this = MolSpectraForce.cast(openmm.XmlSerializer.deserialize(state)).this
        %}
    }
};

}  // namespace MolSpectraPlugin
