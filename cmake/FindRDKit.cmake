# RDKit as Debian packages it: headers and libraries, without a CMake package.
#
# Makes RDKit::RDKit with the parts that read molecules and make geometries of them; RDKIT_DIR is
# another place to look in.
find_path(RDKit_INCLUDE_DIR GraphMol/GraphMol.h HINTS ${RDKIT_DIR}/include PATH_SUFFIXES rdkit)
set(_required RDKit_INCLUDE_DIR)
foreach(_part SmilesParse FileParsers DistGeomHelpers ForceFieldHelpers ForceField GraphMol RDGeneral)
    find_library(RDKit_${_part}_LIBRARY RDKit${_part} HINTS ${RDKIT_DIR}/lib)
    mark_as_advanced(RDKit_${_part}_LIBRARY)
    list(APPEND _required RDKit_${_part}_LIBRARY)
    list(APPEND RDKit_LIBRARIES ${RDKit_${_part}_LIBRARY})
endforeach()
mark_as_advanced(RDKit_INCLUDE_DIR)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(RDKit REQUIRED_VARS ${_required}
    REASON_FAILURE_MESSAGE "Install librdkit-dev, or give RDKIT_DIR.")
if(RDKit_FOUND AND NOT TARGET RDKit::RDKit)
    add_library(RDKit::RDKit INTERFACE IMPORTED)
    set_target_properties(RDKit::RDKit PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES ${RDKit_INCLUDE_DIR}
        INTERFACE_LINK_LIBRARIES "${RDKit_LIBRARIES}")
endif()
