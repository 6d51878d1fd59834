# OpenMM from its folder or its Python wheel, which ship no CMake package.
#
# Looks in OPENMM_DIR (a folder with include/ and lib/), else beside the openmm package of the
# Python interpreter found. Makes OpenMM::OpenMM, OpenMM::OpenCL and OpenMM::CUDA where those
# platforms' libraries are, and sets OpenMM_VERSION, OpenMM_LIBRARY_DIR, OpenMM_PLUGIN_DIR and
# OpenMM_SWIG_DIR.
if(NOT OPENMM_DIR)
    execute_process(
        COMMAND ${Python_EXECUTABLE} -c
            "import importlib.util as u, pathlib as p; print(p.Path(list(u.find_spec('openmm').submodule_search_locations)[0]).parent / 'OpenMM.libs')"
        OUTPUT_VARIABLE _openmm OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(_openmm)
        set(OPENMM_DIR "${_openmm}" CACHE PATH "Folder with OpenMM's include/ and lib/")
    endif()
endif()
find_path(OpenMM_INCLUDE_DIR OpenMM.h PATHS ${OPENMM_DIR}/include NO_DEFAULT_PATH)
find_library(OpenMM_LIBRARY OpenMM PATHS ${OPENMM_DIR}/lib NO_DEFAULT_PATH)
find_path(OpenMM_SWIG_DIR OpenMMSwigHeaders.i PATHS ${OPENMM_DIR}/include/swig NO_DEFAULT_PATH)
mark_as_advanced(OpenMM_INCLUDE_DIR OpenMM_LIBRARY OpenMM_SWIG_DIR)
if(OpenMM_LIBRARY)
    get_filename_component(OpenMM_LIBRARY_DIR ${OpenMM_LIBRARY} DIRECTORY)
    set(OpenMM_PLUGIN_DIR ${OpenMM_LIBRARY_DIR}/plugins)
    execute_process(
        COMMAND ${Python_EXECUTABLE} -c
            "from importlib.metadata import version; print(version('openmm'))"
        OUTPUT_VARIABLE OpenMM_VERSION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OpenMM
    REQUIRED_VARS OpenMM_LIBRARY OpenMM_INCLUDE_DIR VERSION_VAR OpenMM_VERSION
    REASON_FAILURE_MESSAGE "Give OPENMM_DIR, or a Python interpreter whose openmm package is installed.")
if(OpenMM_FOUND AND NOT TARGET OpenMM::OpenMM)
    add_library(OpenMM::OpenMM SHARED IMPORTED)
    set_target_properties(OpenMM::OpenMM PROPERTIES
        IMPORTED_LOCATION ${OpenMM_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${OpenMM_INCLUDE_DIR})
endif()
foreach(_platform OpenCL CUDA)
    find_library(OpenMM_${_platform}_LIBRARY OpenMM${_platform}
        PATHS ${OpenMM_PLUGIN_DIR} NO_DEFAULT_PATH)
    mark_as_advanced(OpenMM_${_platform}_LIBRARY)
    if(OpenMM_${_platform}_LIBRARY AND NOT TARGET OpenMM::${_platform})
        add_library(OpenMM::${_platform} SHARED IMPORTED)
        set_target_properties(OpenMM::${_platform} PROPERTIES
            IMPORTED_LOCATION ${OpenMM_${_platform}_LIBRARY}
            INTERFACE_LINK_LIBRARIES OpenMM::OpenMM)
    endif()
endforeach()
