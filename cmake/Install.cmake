# cmake --install build --prefix P: the program in P/bin, the Python package with the plugin's libraries
# in P/lib/python3.x/site-packages, which is its place if P is a virtual environment, and the header
# for C++ in P/include/molspectra. Our files find each other wherever P is moved to; LibTorch
# and OpenMM are those of the build, all else is the system's.
set(package lib/python${Python_VERSION_MAJOR}.${Python_VERSION_MINOR}/site-packages/molspectra)

# molspectra_install(folder target... [OURS path]): `path` leads to libraries of ours, here and in
# build/, where the package is laid out alike.
function(molspectra_install folder)
    cmake_parse_arguments(INSTALL "" "OURS" "" ${ARGN})
    foreach(target ${INSTALL_UNPARSED_ARGUMENTS})
        if(TARGET ${target})
            get_target_property(theirs ${target} BUILD_RPATH)
            if(NOT theirs)
                set(theirs ${LibTorch_LIBRARY_DIR})
            endif()
            set(folders ${INSTALL_OURS} ${theirs})
            set_target_properties(${target} PROPERTIES BUILD_WITH_INSTALL_RPATH ON
                INSTALL_RPATH "${folders}" INSTALL_RPATH_USE_LINK_PATH ON)
            install(TARGETS ${target} RUNTIME DESTINATION ${folder} LIBRARY DESTINATION ${folder})
        endif()
    endforeach()
endfunction()

molspectra_install(bin molspectra molspectra_nccl)
molspectra_install(${package} molspectra_wrapper OURS $ORIGIN/lib)
molspectra_install(${package}/lib OpenMMMolSpectra)
molspectra_install(${package}/lib/plugins OURS $ORIGIN/..
    OpenMMMolSpectraReference OpenMMMolSpectraOpenCL OpenMMMolSpectraCUDA)
if(MOLSPECTRA_BUILD_PYTHON)
    install(DIRECTORY ${PROJECT_BINARY_DIR}/python/molspectra/ DESTINATION ${package}
        FILES_MATCHING PATTERN *.py PATTERN *.pyi PATTERN py.typed
        PATTERN lib EXCLUDE PATTERN __pycache__ EXCLUDE)
endif()
if(MOLSPECTRA_BUILD_PLUGIN)
    install(FILES plugin/include/MolSpectraForce.h DESTINATION include/molspectra)
    install(FILES plugin/include/internal/Export.h DESTINATION include/molspectra/internal)
endif()
