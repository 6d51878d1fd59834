# molspectra_warnings(target): the warnings that every target of ours is built with.
function(molspectra_warnings target)
    target_compile_options(${target} PRIVATE -Wall -Wextra)
endfunction()
