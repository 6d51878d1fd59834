# LibTorch without find_package(Torch), which needs a CUDA toolkit and sets global flags.
#
# Looks in LIBTORCH_DIR (a folder with include/ and lib/), else in the torch package of the Python
# interpreter found. Makes LibTorch::LibTorch (headers, libtorch_cpu, libc10) and sets
# LibTorch_VERSION and LibTorch_LIBRARY_DIR.
if(NOT LIBTORCH_DIR)
    execute_process(
        COMMAND ${Python_EXECUTABLE} -c
            "import importlib.util as u; print(list(u.find_spec('torch').submodule_search_locations)[0])"
        OUTPUT_VARIABLE _torch OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(_torch)
        set(LIBTORCH_DIR "${_torch}" CACHE PATH "Folder with LibTorch's include/ and lib/")
    endif()
endif()
find_path(LibTorch_INCLUDE_DIR torch/script.h PATHS ${LIBTORCH_DIR}/include NO_DEFAULT_PATH)
find_library(LibTorch_CPU_LIBRARY torch_cpu PATHS ${LIBTORCH_DIR}/lib NO_DEFAULT_PATH)
find_library(LibTorch_C10_LIBRARY c10 PATHS ${LIBTORCH_DIR}/lib NO_DEFAULT_PATH)
mark_as_advanced(LibTorch_INCLUDE_DIR LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY)
if(LibTorch_INCLUDE_DIR)
    file(STRINGS ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include/torch/version.h _torch_lines
        REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    if(NOT _torch_lines)
        file(STRINGS ${LibTorch_INCLUDE_DIR}/torch/headeronly/version.h _torch_lines
            REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
    endif()
    string(REGEX MATCHALL "[0-9]+" _torch_numbers "${_torch_lines}")
    string(REPLACE ";" "." LibTorch_VERSION "${_torch_numbers}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch
    REQUIRED_VARS LibTorch_CPU_LIBRARY LibTorch_C10_LIBRARY LibTorch_INCLUDE_DIR
    VERSION_VAR LibTorch_VERSION
    REASON_FAILURE_MESSAGE "Give LIBTORCH_DIR, or a Python interpreter whose torch package is installed.")
if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
    get_filename_component(LibTorch_LIBRARY_DIR ${LibTorch_CPU_LIBRARY} DIRECTORY)
    add_library(LibTorch::c10 SHARED IMPORTED)
    set_target_properties(LibTorch::c10 PROPERTIES IMPORTED_LOCATION ${LibTorch_C10_LIBRARY})
    add_library(LibTorch::LibTorch SHARED IMPORTED)
    set_target_properties(LibTorch::LibTorch PROPERTIES
        IMPORTED_LOCATION ${LibTorch_CPU_LIBRARY}
        INTERFACE_LINK_LIBRARIES LibTorch::c10
        INTERFACE_INCLUDE_DIRECTORIES "${LibTorch_INCLUDE_DIR};${LibTorch_INCLUDE_DIR}/torch/csrc/api/include"
        INTERFACE_COMPILE_DEFINITIONS "_GLIBCXX_USE_CXX11_ABI=1")
endif()
