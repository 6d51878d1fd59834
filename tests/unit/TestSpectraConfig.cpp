// Options of a SpecFormer: round trip, ranges, and the published numbers.
// SPDX-License-Identifier: MIT
#include "core/SpectraConfig.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

using namespace molspectra;
using molspectra::test::errorOf;
using testing::HasSubstr;

TEST(SpectraConfig, Json_RoundTripsExactly) {
    SpectraConfig config = SpectraConfig::published();
    config.spectra[1].scale = 1.0 / 3;
    EXPECT_EQ(spectraConfigFromJson(toJson(config), "s.pt"), config);
}

TEST(SpectraConfig, Qm9s_HasThePublishedTokens) {
    const SpectraConfig config = SpectraConfig::qm9s();
    EXPECT_EQ(config.spectra[0].patches(), 69);
    EXPECT_EQ(config.spectra[1].patches(), 139);
    EXPECT_EQ(config.tokens(), 347);
}

TEST(SpectraConfig, Reading_NamesWhatIsWrong) {
    nlohmann::json json = toJson(SpectraConfig::qm9s());
    json["head"] = 1;
    EXPECT_THAT(errorOf([&] { spectraConfigFromJson(json, "s.pt"); }),
                HasSubstr("unknown option \"head\"; did you mean \"heads\"?"));
    json.erase("head");
    json["spectra"][0].erase("patch");
    EXPECT_THAT(errorOf([&] { spectraConfigFromJson(json, "s.pt"); }), HasSubstr("\"patch\""));
}

TEST(SpectraConfig, Ranges_AreChecked) {
    const auto refused = [](const std::function<void(SpectraConfig&)>& change) {
        SpectraConfig config = SpectraConfig::qm9s();
        change(config);
        return errorOf([&] { config.validate(); });
    };
    EXPECT_THAT(refused([](auto& c) { c.spectra.clear(); }), HasSubstr("at least one of uv"));
    EXPECT_THAT(refused([](auto& c) { c.spectra[0].kind = "nmr"; }), HasSubstr("uv, ir or raman"));
    EXPECT_THAT(refused([](auto& c) { c.spectra[1].kind = "uv"; }), HasSubstr("each kind once"));
    EXPECT_THAT(refused([](auto& c) { c.spectra[0].step = 0; }), HasSubstr("uv step is 0"));
    EXPECT_THAT(refused([](auto& c) { c.spectra[2].scale = -1; }), HasSubstr("raman scale"));
    EXPECT_THAT(refused([](auto& c) { c.heads = 3; }), HasSubstr("multiple of heads (3)"));
}
