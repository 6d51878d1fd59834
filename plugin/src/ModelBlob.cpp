// Equal models are found by their SHA-256 in a table of weak pointers.
// SPDX-License-Identifier: MIT
#include "plugin/include/internal/ModelBlob.h"

#include "core/Files.h"
#include "core/Zip.h"
#include "plugin/include/internal/Translate.h"

#include <map>
#include <mutex>

namespace MolSpectraPlugin {

std::shared_ptr<const ModelBlob> shareModel(std::string bytes) {
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<const ModelBlob>> blobs;
    std::string hash = molspectra::sha256(bytes);
    const std::lock_guard lock(mutex);
    std::erase_if(blobs, [](const auto& entry) { return entry.second.expired(); });
    if (const auto found = blobs.find(hash); found != blobs.end())
        if (auto blob = found->second.lock())
            return blob;
    auto blob = std::make_shared<const ModelBlob>(ModelBlob{std::move(bytes), hash});
    blobs[hash] = blob;
    return blob;
}

std::string readDescriptionText(const std::string& bytes, const std::string& name) {
    return translateErrors("MolSpectraForce: ", [&] {
        const molspectra::ZipArchive archive(bytes, name);
        // LibTorch puts every extra file under <archive name>/extra/.
        const std::string ending = molspectra::cat("/extra/", molspectra::descriptionFile);
        for (const auto& member : archive.members())
            if (member.name.ends_with(ending))
                return archive.read(member.name);
        molspectra::fail("reading model ", name, ": no ", molspectra::descriptionFile,
                         " found inside, expected a model that describes itself; write it with "
                         "the program molspectra");
    });
}

molspectra::ModelDescription readAnyDescription(const std::string& bytes,
                                                const std::string& name) {
    const std::string text = readDescriptionText(bytes, name);
    return translateErrors("MolSpectraForce: ",
                           [&] { return molspectra::parseDescription(text, name); });
}

molspectra::ModelDescription readDescription(const std::string& bytes, const std::string& name) {
    const auto description = readAnyDescription(bytes, name);
    translateErrors("MolSpectraForce: ",
                    [&] { molspectra::requireEnergies(description, name); });
    return description;
}

}  // namespace MolSpectraPlugin
