// CSV spectra: rows are read or counted by line; molecules get those of their index.
// SPDX-License-Identifier: MIT
#include "trainer/data/SpectraCsv.h"
#include "unit/BuildMolecule.h"
#include "unit/Fixtures.h"

#include <gmock/gmock.h>

using namespace molspectra;
using namespace molspectra::test;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

std::string refusal(const std::string& content) {
    const TemporaryFolder folder;
    const std::string path = folder.write("ir.csv", content);
    return errorOf([&] { SpectraCsv(path, SpectrumKind::IR); });
}

}  // namespace

TEST(SpectraCsv, Rows_AreReadWithTheirGrid) {
    const TemporaryFolder folder;
    const std::string text = ",500,500.5,\"501\"\r\n0,1,+2.5,1e-3\n\n7.0, 0 ,1e-60,\"3\"\n";
    SpectraCsv file(folder.write("a.csv", text), SpectrumKind::IR);
    EXPECT_EQ(file.grid(), (SpectrumGrid{500, 0.5, 3}));
    SpectrumRow row;
    ASSERT_TRUE(file.next(row));
    EXPECT_EQ(row.index, 0);
    EXPECT_THAT(row.intensities, ElementsAre(1, 2.5, 1e-3f));
    ASSERT_TRUE(file.next(row));
    EXPECT_EQ(row.index, 7);
    EXPECT_THAT(row.intensities, ElementsAre(0, 0, 3));
    EXPECT_FALSE(file.next(row));
    EXPECT_EQ(file.report().failed, 0);
    EXPECT_EQ(file.report().read, 2);
}

TEST(SpectraCsv, BadRows_AreCountedByLine) {
    const TemporaryFolder folder;
    const std::string text = "i,1,2\n0,1\n1,1,2,3\n2,nan,1\n3,1,-0.5\n4,1,\n5,1,x\n6.5,1,1\n"
                             "seven,1,1\n8,1,1\n8,2,2\n3,1,1\n9,inf,1\n10,1,1\n";
    SpectraCsv file(folder.write("a.csv", text), SpectrumKind::IR);
    SpectrumRow row;
    ASSERT_TRUE(file.next(row));
    EXPECT_EQ(row.index, 8);
    ASSERT_TRUE(file.next(row));
    EXPECT_EQ(row.index, 10);
    EXPECT_FALSE(file.next(row));
    EXPECT_THAT(file.report().reasons,
                ElementsAre(HasSubstr("line 2: it has 1 intensities, expected 2"),
                            HasSubstr("line 3: it has 3 intensities, expected 2"),
                            HasSubstr("line 4: cell 1 is \"nan\""),
                            HasSubstr("line 5: cell 2 is -0.5, expected no negative"),
                            HasSubstr("line 6: cell 2 is \"\""), HasSubstr("line 7: cell 2"),
                            HasSubstr("line 8: its first cell is \"6.5\""),
                            HasSubstr("line 9: its first cell is \"seven\""),
                            HasSubstr("line 11: its index is 8 after 8"),
                            HasSubstr("line 12: its index is 3 after 8"),
                            HasSubstr("line 13: cell 1 is \"inf\"")));
}

TEST(SpectraCsv, GridsThatAreNone_AreRefused) {
    EXPECT_THAT(refusal(""), HasSubstr("the file is empty"));
    EXPECT_THAT(refusal("index,500\n"), HasSubstr("2 cells were found"));
    EXPECT_THAT(refusal("index,500,501,503\n"), HasSubstr("point 1 of the grid is 501"));
    EXPECT_THAT(refusal("index,502,501,500\n"), HasSubstr("from 502 to 500"));
    EXPECT_THAT(refusal("index,a,b\n"), HasSubstr("\"a\" was found"));
    EXPECT_THAT(refusal("index,1,nan,3\n"), HasSubstr("is nan"));
    EXPECT_THAT(errorOf([] { SpectraCsv("no/such.csv", SpectrumKind::IR); }),
                HasSubstr("No such file"));
}

TEST(SpectraCsv, WavelengthsOfUV_AreRefused) {
    const TemporaryFolder folder;
    const std::string path = folder.write("uv.csv", "i,200,210,220\n0,1,1,1\n");
    EXPECT_THAT(errorOf([&] { SpectraCsv(path, SpectrumKind::UV); }),
                HasSubstr("from 200 to 220, expected eV"));
}

TEST(SpectraCsv, RoundedGrids_AreTaken) {
    const TemporaryFolder folder;
    const SpectraCsv file(folder.write("a.csv", "i,1.0,1.0200000001,1.0399999,1.06\n"),
                          SpectrumKind::UV);
    EXPECT_NEAR(file.grid().step, 0.02, 1e-12);
}

TEST(SpectraJoin, Molecules_GetTheSpectraOfTheirIndex) {
    const TemporaryFolder folder;
    SpectraJoin join({"", folder.write("ir.csv", "i,1,2\n0,1,1\n2,3,3\n4,5,5\n9,1,1\n"),
                      folder.write("raman.csv", "i,1,3\n2,7,8\n")});
    std::vector<Molecule> molecules(3, water());
    for (size_t k = 0; k < 3; k++) {
        molecules[k].index = int64_t(k) + 2;
        join.join(molecules[k]);
    }
    join.finish(3, true);
    EXPECT_THAT(molecules[0].spectra[1]->intensities, ElementsAre(3, 3));
    EXPECT_THAT(molecules[0].spectra[2]->intensities, ElementsAre(7, 8));
    EXPECT_EQ(molecules[0].spectra[2]->grid, (SpectrumGrid{1, 2, 2}));
    EXPECT_FALSE(molecules[0].spectra[0].has_value());
    EXPECT_FALSE(molecules[1].spectra[1].has_value());
    EXPECT_THAT(molecules[2].spectra[1]->intensities, ElementsAre(5, 5));
    EXPECT_FALSE(join.report(SpectrumKind::UV).has_value());
    EXPECT_EQ(join.report(SpectrumKind::IR)->joined, 2);
    EXPECT_EQ(join.report(SpectrumKind::IR)->withoutMolecule, 2);
    EXPECT_EQ(join.report(SpectrumKind::Raman)->withoutMolecule, 0);
}

TEST(SpectraJoin, RowsNumberedFromOne_AreRefused) {
    const TemporaryFolder folder;
    const auto joined = [&](const std::string& rows, int64_t molecules, bool counted = true) {
        SpectraJoin join({"", folder.write("ir.csv", "i,1,2\n" + rows), ""});
        for (int64_t k = 0; k < molecules; k++) {
            Molecule molecule = water();
            molecule.index = k;
            join.join(molecule);
        }
        join.finish(molecules, counted);
    };
    EXPECT_THAT(errorOf([&] { joined("1,1,1\n2,3,3\n3,5,5\n", 3); }),
                HasSubstr("numbered from 1 to 3 and the molecules from 0 to 2"));
    EXPECT_THAT(errorOf([&] { joined("1,1,1\n2,3,3\n3,5,5\n", 3, false); }),
                HasSubstr("numbered from 1 to 3"));
    joined("1,1,1\n2,3,3\n3,5,5\n", 4);  // as from 0, with the first one missing
    joined("0,1,1\n1,3,3\n2,5,5\n", 3);
}

TEST(SpectraJoin, MoleculesThatDoNotAscend_AreRefused) {
    const TemporaryFolder folder;
    SpectraJoin join({folder.write("uv.csv", "i,1,2\n0,1,1\n"), "", ""});
    Molecule molecule = water();
    join.join(molecule);
    EXPECT_THAT(errorOf([&] { join.join(molecule); }), HasSubstr("expected ascending indices"));
}
