# molspectra_check_swig(extension): stops unless modules made by the SWIG found share their types
# with `extension`, OpenMM's own wrapper. Two SWIG modules do so only if their runtime-data versions
# are equal; if not, System.addForce() refuses every Force of ours with a TypeError.
function(molspectra_check_swig extension)
    if(SWIG_VERSION VERSION_LESS 4.4)
        message(FATAL_ERROR "Looking for SWIG: version ${SWIG_VERSION} found (${SWIG_EXECUTABLE}), "
            "expected 4.4 or newer; install it with `pip install swig`.")
    endif()
    set(header ${CMAKE_CURRENT_BINARY_DIR}/swigRuntime.h)
    execute_process(COMMAND ${SWIG_EXECUTABLE} -python -external-runtime ${header}
        COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
    file(STRINGS ${header} line REGEX "define SWIG_RUNTIME_VERSION")
    string(REGEX MATCH "[0-9]+" ours "${line}")
    file(STRINGS ${extension} lines REGEX "swig_runtime_data[0-9]+")
    string(REGEX MATCH "swig_runtime_data([0-9]+)" _ "${lines}")
    set(theirs ${CMAKE_MATCH_1})
    if(NOT ours STREQUAL theirs)
        message(FATAL_ERROR "Comparing SWIG runtimes: SWIG ${SWIG_VERSION} writes runtime data "
            "version ${ours}, but OpenMM's wrapper (${extension}) has version ${theirs}; install a "
            "SWIG that matches the installed OpenMM.")
    endif()
    message(STATUS "SWIG ${SWIG_VERSION} and OpenMM share runtime data version ${ours}")
endfunction()
