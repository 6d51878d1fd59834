# The CUDA part of the LibTorch found, with the CUDA headers and runtime that it is built for.
#
# These come from torch's own CUDA packages beside it, else from a CUDA Toolkit of the same major
# version; no compiler of CUDA is needed. Makes LibTorch::CUDA (libtorch_cuda, libc10_cuda and the
# runtime) and sets LibTorchCUDA_MAJOR, the major version, LibTorchCUDA_LIBRARY_DIR, the folder of
# CUDA's libraries, and LibTorchCUDA_OBSTACLE, what is missing where something is.
find_library(LibTorchCUDA_TORCH_LIBRARY torch_cuda PATHS ${LibTorch_LIBRARY_DIR} NO_DEFAULT_PATH)
find_library(LibTorchCUDA_C10_LIBRARY c10_cuda PATHS ${LibTorch_LIBRARY_DIR} NO_DEFAULT_PATH)
mark_as_advanced(LibTorchCUDA_TORCH_LIBRARY LibTorchCUDA_C10_LIBRARY)
set(LibTorchCUDA_OBSTACLE "LibTorch in ${LibTorch_LIBRARY_DIR} has no CUDA part")
if(LibTorchCUDA_C10_LIBRARY)
    # A second copy of the runtime must not come into the process, so it is the one of this name.
    execute_process(COMMAND ${CMAKE_READELF} -d ${LibTorchCUDA_C10_LIBRARY}
        OUTPUT_VARIABLE _dynamic ERROR_QUIET)
    string(REGEX MATCH "libcudart[^]]*\\.so\\.([0-9]+)" _runtime "${_dynamic}")
    set(LibTorchCUDA_MAJOR ${CMAKE_MATCH_1})
    get_filename_component(_packages ${LibTorch_LIBRARY_DIR}/../../nvidia ABSOLUTE)
    set(_folders ${_packages}/cu${LibTorchCUDA_MAJOR} ${_packages}/cuda_runtime)
    if(NOT EXISTS ${_packages}/cu${LibTorchCUDA_MAJOR} AND NOT EXISTS ${_packages}/cuda_runtime)
        find_package(CUDAToolkit ${LibTorchCUDA_MAJOR} QUIET)
        if(CUDAToolkit_VERSION_MAJOR STREQUAL LibTorchCUDA_MAJOR)
            list(APPEND _folders ${CUDAToolkit_INCLUDE_DIRS} ${CUDAToolkit_LIBRARY_DIR})
        endif()
    endif()
    find_path(LibTorchCUDA_INCLUDE_DIR cuda_runtime_api.h
        PATHS ${_folders} PATH_SUFFIXES include NO_DEFAULT_PATH)
    find_file(LibTorchCUDA_RUNTIME_LIBRARY ${_runtime}
        PATHS ${LibTorch_LIBRARY_DIR} ${_folders} PATH_SUFFIXES lib NO_DEFAULT_PATH)
    mark_as_advanced(LibTorchCUDA_INCLUDE_DIR LibTorchCUDA_RUNTIME_LIBRARY)
    set(LibTorchCUDA_OBSTACLE "LibTorch is built for CUDA ${LibTorchCUDA_MAJOR}, whose headers or ${_runtime} are neither in ${_packages} nor in a CUDA Toolkit")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorchCUDA
    REQUIRED_VARS LibTorchCUDA_TORCH_LIBRARY LibTorchCUDA_C10_LIBRARY LibTorchCUDA_INCLUDE_DIR
        LibTorchCUDA_RUNTIME_LIBRARY
    REASON_FAILURE_MESSAGE "${LibTorchCUDA_OBSTACLE}.")
if(LibTorchCUDA_FOUND AND NOT TARGET LibTorch::CUDA)
    get_filename_component(LibTorchCUDA_LIBRARY_DIR ${LibTorchCUDA_RUNTIME_LIBRARY} DIRECTORY)
    add_library(LibTorch::CUDA SHARED IMPORTED)
    set_target_properties(LibTorch::CUDA PROPERTIES
        IMPORTED_LOCATION ${LibTorchCUDA_TORCH_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${LibTorchCUDA_INCLUDE_DIR}
        INTERFACE_LINK_LIBRARIES
            "${LibTorchCUDA_C10_LIBRARY};${LibTorchCUDA_RUNTIME_LIBRARY};LibTorch::LibTorch")
endif()
