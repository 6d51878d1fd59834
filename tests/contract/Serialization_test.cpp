// XML, clones and copies of a MolSpectraForce.
// SPDX-License-Identifier: MIT
#include "contract/Contract.h"
#include "contract/Models.h"

#include <openmm/serialization/XmlSerializer.h>

#include <sstream>

namespace contract {

using OpenMM::XmlSerializer;
using testing::HasSubstr;

namespace {

/// Every field differs from its default.
std::unique_ptr<MolSpectraForce> makeSpecial() {
    std::unique_ptr<MolSpectraForce> force(makeForce(modelBytes("Toy"), {8, 1, 1}));
    force->setName("water & <others>");
    force->setForceGroup(7);
    force->setParticles({4, 2, 9});
    force->setUsesPeriodicBoundaryConditions(true);
    force->setEvaluator("torchscript");
    force->setSelfCheck(false);
    force->setThreads(3);
    return force;
}

std::string toXml(const MolSpectraForce& force) {
    loadPlugins();
    std::ostringstream stream;
    XmlSerializer::serialize<OpenMM::Force>(&force, "Force", stream);
    return stream.str();
}

std::unique_ptr<OpenMM::Force> fromXml(const std::string& xml) {
    std::istringstream stream(xml);
    return std::unique_ptr<OpenMM::Force>(XmlSerializer::deserialize<OpenMM::Force>(stream));
}

void replace(std::string& text, const std::string& from, const std::string& to) {
    const size_t found = text.find(from);
    ASSERT_NE(found, std::string::npos) << from;
    text.replace(found, from.size(), to);
}

std::string refusalOf(const std::string& xml) {
    return messageOf([&] { fromXml(xml); });
}

void expectEqual(const MolSpectraForce& a, const MolSpectraForce& b) {
    EXPECT_EQ(a.getName(), b.getName());
    EXPECT_EQ(a.getForceGroup(), b.getForceGroup());
    EXPECT_EQ(a.getModelBytes(), b.getModelBytes());
    EXPECT_EQ(a.getModelSha256(), b.getModelSha256());
    EXPECT_EQ(a.getAtomicNumbers(), b.getAtomicNumbers());
    EXPECT_EQ(a.getParticles(), b.getParticles());
    EXPECT_EQ(a.usesPeriodicBoundaryConditions(), b.usesPeriodicBoundaryConditions());
    EXPECT_EQ(a.getEvaluator(), b.getEvaluator());
    EXPECT_EQ(a.getSelfCheck(), b.getSelfCheck());
    EXPECT_EQ(a.getThreads(), b.getThreads());
}

}  // namespace

TEST(Serialization, Xml_KeepsEveryField) {
    const auto force = makeSpecial();
    const auto copy = fromXml(toXml(*force));
    const auto* read = dynamic_cast<MolSpectraForce*>(copy.get());
    ASSERT_NE(read, nullptr);
    expectEqual(*force, *read);
}

TEST(Serialization, Clones_ShareOneCopyOfTheModel) {
    const auto force = makeSpecial();
    const std::unique_ptr<OpenMM::Force> clone(XmlSerializer::clone<OpenMM::Force>(*force));
    const auto& read = dynamic_cast<const MolSpectraForce&>(*clone);
    expectEqual(*force, read);
    EXPECT_EQ(&force->getModelBytes(), &read.getModelBytes());
}

TEST(Serialization, ClonedSystem_HasTheSameEnergy) {
    const Sample sample = ethanol();
    auto system = makeSystem(sample.numbers);
    system->addForce(makeForce(modelBytes("Toy"), sample.numbers));
    std::unique_ptr<OpenMM::System> clone(XmlSerializer::clone(*system));
    Bench original(std::move(system), "Reference"), copy(std::move(clone), "Reference");
    EXPECT_EQ(copy.energy(sample.positions), original.energy(sample.positions));
}

TEST(Serialization, EveryLengthOfModel_SurvivesBase64) {
    for (size_t length = 0; length < 9; ++length) {
        std::string bytes;
        for (size_t i = 0; i < length; ++i)
            bytes.push_back(static_cast<char>(251 * i + 255));
        const std::unique_ptr<MolSpectraForce> force(MolSpectraForce::fromBytes(bytes));
        const auto copy = fromXml(toXml(*force));
        EXPECT_EQ(dynamic_cast<MolSpectraForce&>(*copy).getModelBytes(), bytes);
    }
}

TEST(Serialization, DamagedModel_IsRefused) {
    std::string xml = toXml(*makeSpecial());
    const size_t start = xml.find("bytes=\"") + 7;
    xml[start + 100] = xml[start + 100] == 'A' ? 'B' : 'A';
    EXPECT_THAT(refusalOf(xml), HasSubstr("its SHA-256 is"));
    xml[start + 100] = '*';
    EXPECT_THAT(refusalOf(xml), HasSubstr("'*' found where base64 was expected"));
}

TEST(Serialization, NewerVersion_IsRefused) {
    std::string xml = toXml(*makeSpecial());
    replace(xml, "version=\"1\"", "version=\"2\"");
    EXPECT_THAT(refusalOf(xml),
                HasSubstr("written in version 2, this version of the plugin reads up to 1"));
}

TEST(Serialization, XmlOfAnOlderPlugin_IsReadWithDefaults) {
    std::string xml = toXml(*makeSpecial());
    replace(xml, "evaluator=\"torchscript\"", "");
    replace(xml, "selfCheck=\"0\"", "");
    replace(xml, "threads=\"3\"", "");
    const auto copy = fromXml(xml);
    const auto& read = dynamic_cast<const MolSpectraForce&>(*copy);
    EXPECT_EQ(read.getEvaluator(), "auto");
    EXPECT_TRUE(read.getSelfCheck());
    EXPECT_EQ(read.getThreads(), 0);
}

TEST(Serialization, UnknownEvaluator_IsRefused) {
    std::string xml = toXml(*makeSpecial());
    replace(xml, "evaluator=\"torchscript\"", "evaluator=\"abacus\"");
    EXPECT_THAT(refusalOf(xml), HasSubstr("\"abacus\" found, expected one of auto, native"));
}

TEST(Serialization, CppCopies_KeepEveryField) {
    const auto force = makeSpecial();
    const MolSpectraForce copy = *force;
    expectEqual(*force, copy);
}

TEST(Serialization, MalformedNumbers_AreRefused) {
    for (const char* numbers : {"\"8 x 1\"", "\"8 4294967302 1\"", "\"8 -1 1\""}) {
        std::string xml = toXml(*makeSpecial());
        replace(xml, "\"8 1 1\"", numbers);
        EXPECT_THAT(refusalOf(xml), HasSubstr("atomicNumbers")) << numbers;
    }
}

}  // namespace contract
