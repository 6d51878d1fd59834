// Between OpenMM's arrays and those of a network: positions in, list of pairs, forces out.
// SPDX-License-Identifier: MIT
//
// In the dialect that OpenMM compiles for CUDA and OpenCL. Defined from outside: MODEL_REAL, the
// type of the network's arithmetic, with its vector MODEL_REAL4; PERIODIC where images of the box
// are seen. Shapes and units: ModelArrays.h. No atomics but for forces, so that the list of pairs
// is the same at every call, sorted by receiver and sender.

#define CANNOT_BE_EVALUATED (-1)

/// Where an atom is, nm: OpenMM may keep an image of it, `image` boxes away.
DEVICE void placeAtom(int slot, int4 image, GLOBAL const real4* RESTRICT posq,
#ifdef USE_MIXED_PRECISION
        GLOBAL const real4* RESTRICT posqCorrection,
#endif
        mixed4 a, mixed4 b, mixed4 c, mixed* place) {
    real4 kept = posq[slot];
    place[0] = kept.x;
    place[1] = kept.y;
    place[2] = kept.z;
#ifdef USE_MIXED_PRECISION
    real4 correction = posqCorrection[slot];
    place[0] += (mixed) correction.x;
    place[1] += (mixed) correction.y;
    place[2] += (mixed) correction.z;
#endif
    place[0] -= image.x*a.x + image.y*b.x + image.z*c.x;
    place[1] -= image.y*b.y + image.z*c.y;
    place[2] -= image.z*c.z;
}

/// Positions relative to the first atom, so that single precision suffices wherever it is. With
/// PERIODIC each atom goes to the image that is nearest by cell coordinates.
KERNEL void gatherPositions(int atoms, GLOBAL const real4* RESTRICT posq,
#ifdef USE_MIXED_PRECISION
        GLOBAL const real4* RESTRICT posqCorrection,
#endif
        GLOBAL const int* RESTRICT slots, GLOBAL const int4* RESTRICT images,
        mixed4 a, mixed4 b, mixed4 c, GLOBAL MODEL_REAL* RESTRICT positions) {
#ifdef USE_MIXED_PRECISION
#define PLACE(i, place) placeAtom(slots[i], images[i], posq, posqCorrection, a, b, c, place)
#else
#define PLACE(i, place) placeAtom(slots[i], images[i], posq, a, b, c, place)
#endif
    for (int i = GLOBAL_ID; i < atoms; i += GLOBAL_SIZE) {
        mixed origin[3], place[3];
        PLACE(0, origin);
        PLACE(i, place);
        for (int d = 0; d < 3; d++)
            place[d] -= origin[d];
#ifdef PERIODIC
        mixed boxes = floor(place[2]/c.z + (mixed) 0.5f);
        place[0] -= boxes*c.x;
        place[1] -= boxes*c.y;
        place[2] -= boxes*c.z;
        boxes = floor(place[1]/b.y + (mixed) 0.5f);
        place[0] -= boxes*b.x;
        place[1] -= boxes*b.y;
        place[0] -= floor(place[0]/a.x + (mixed) 0.5f)*a.x;
#endif
        for (int d = 0; d < 3; d++)
            positions[3*i+d] = (MODEL_REAL) (10*place[d]);
    }
}

/// The pairs that one atom receives. Writes the first `room` of them, from place `first` on.
/// @return how many there are, or CANNOT_BE_EVALUATED for positions that are not finite or too far,
///         and for atoms that coincide
DEVICE int listPairs(int receiver, int atoms, MODEL_REAL cutoff, MODEL_REAL coincidence,
        MODEL_REAL farthest, MODEL_REAL4 a, MODEL_REAL4 b, MODEL_REAL4 c, int4 images,
        GLOBAL const MODEL_REAL* RESTRICT positions, int room, int first, int capacity,
        GLOBAL mm_long* RESTRICT pairs, GLOBAL MODEL_REAL* RESTRICT shifts) {
    MODEL_REAL x = positions[3*receiver], y = positions[3*receiver+1], z = positions[3*receiver+2];
    if (!(fabs(x) < farthest && fabs(y) < farthest && fabs(z) < farthest))
        return CANNOT_BE_EVALUATED;
    int found = 0;
    for (int sender = 0; sender < atoms; sender++) {
        MODEL_REAL dx = positions[3*sender] - x;
        MODEL_REAL dy = positions[3*sender+1] - y;
        MODEL_REAL dz = positions[3*sender+2] - z;
        MODEL_REAL baseX = 0, baseY = 0, baseZ = 0;
#ifdef PERIODIC
        // The nearest image by cell coordinates is the middle of those that are looked at.
        MODEL_REAL boxesC = -floor(dz/c.z + (MODEL_REAL) 0.5f);
        MODEL_REAL boxesB = -floor((dy + boxesC*c.y)/b.y + (MODEL_REAL) 0.5f);
        MODEL_REAL boxesA = -floor((dx + boxesC*c.x + boxesB*b.x)/a.x + (MODEL_REAL) 0.5f);
        baseX = boxesA*a.x + boxesB*b.x + boxesC*c.x;
        baseY = boxesB*b.y + boxesC*c.y;
        baseZ = boxesC*c.z;
#endif
        for (int k = -images.z; k <= images.z; k++)
            for (int j = -images.y; j <= images.y; j++)
                for (int i = -images.x; i <= images.x; i++) {
                    if (receiver == sender && i == 0 && j == 0 && k == 0)
                        continue;
                    MODEL_REAL shiftX = baseX + i*a.x + j*b.x + k*c.x;
                    MODEL_REAL shiftY = baseY + j*b.y + k*c.y;
                    MODEL_REAL shiftZ = baseZ + k*c.z;
                    MODEL_REAL rx = dx + shiftX, ry = dy + shiftY, rz = dz + shiftZ;
                    MODEL_REAL square = rx*rx + ry*ry + rz*rz;
                    if (square < coincidence*coincidence)
                        return CANNOT_BE_EVALUATED;
                    if (!(square < cutoff*cutoff))
                        continue;
                    if (found < room && first + found < capacity) {
                        int place = first + found;
                        pairs[place] = receiver;
                        pairs[capacity+place] = sender;
                        shifts[3*place] = shiftX;
                        shifts[3*place+1] = shiftY;
                        shifts[3*place+2] = shiftZ;
                    }
                    found++;
                }
    }
    return found;
}

/// How many pairs each atom receives. An atom whose force was not finite has no position that could
/// be believed, though rounding to fixed point may have made it a number again.
KERNEL void countPairs(int atoms, MODEL_REAL cutoff, MODEL_REAL coincidence, MODEL_REAL farthest,
        MODEL_REAL4 a, MODEL_REAL4 b, MODEL_REAL4 c, int4 images,
        GLOBAL const MODEL_REAL* RESTRICT positions, GLOBAL mm_long* RESTRICT pairs,
        GLOBAL MODEL_REAL* RESTRICT shifts, GLOBAL int* RESTRICT counts,
        GLOBAL const MODEL_REAL* RESTRICT lastForces) {
    for (int i = GLOBAL_ID; i < atoms; i += GLOBAL_SIZE) {
        bool believable = isfinite(lastForces[3*i]) && isfinite(lastForces[3*i+1]) &&
                          isfinite(lastForces[3*i+2]);
        counts[i] = believable ? listPairs(i, atoms, cutoff, coincidence, farthest, a, b, c, images,
                                           positions, 0, 0, 0, pairs, shifts)
                               : CANNOT_BE_EVALUATED;
    }
}

DEVICE void writePadding(int place, int atoms, MODEL_REAL cutoff, int capacity,
        GLOBAL mm_long* RESTRICT pairs, GLOBAL MODEL_REAL* RESTRICT shifts) {
    pairs[place] = atoms;
    pairs[capacity+place] = atoms;
    shifts[3*place] = 2*cutoff;
    shifts[3*place+1] = 0;
    shifts[3*place+2] = 0;
}

/// Pairs in their places, and padding in those that are left. `total` becomes their number, or
/// CANNOT_BE_EVALUATED. Pairs beyond the capacity are not written: the total tells.
KERNEL void writePairs(int atoms, MODEL_REAL cutoff, MODEL_REAL coincidence, MODEL_REAL farthest,
        MODEL_REAL4 a, MODEL_REAL4 b, MODEL_REAL4 c, int4 images,
        GLOBAL const MODEL_REAL* RESTRICT positions, GLOBAL mm_long* RESTRICT pairs,
        GLOBAL MODEL_REAL* RESTRICT shifts, GLOBAL const int* RESTRICT counts, int capacity,
        GLOBAL int* RESTRICT total) {
    int all = 0, next = GLOBAL_ID, first = 0;
    bool usable = true;
    for (int i = 0; i < atoms; i++) {
        int count = counts[i];
        usable = usable && count >= 0;
        if (i == next) {  // the places before it are now known
            if (usable) {
                int found = listPairs(i, atoms, cutoff, coincidence, farthest, a, b, c, images,
                                      positions, count, first, capacity, pairs, shifts);
                // A pair at the cutoff may be rounded otherwise than when it was counted.
                int place = first + (found > 0 ? found : 0);
                for (; place < first + count && place < capacity; place++)
                    writePadding(place, atoms, cutoff, capacity, pairs, shifts);
            }
            next += GLOBAL_SIZE;
        }
        first += count;
        all += count;
    }
    if (GLOBAL_ID == 0)
        *total = usable ? all : CANNOT_BE_EVALUATED;
    for (int place = all + GLOBAL_ID; usable && place < capacity; place += GLOBAL_SIZE)
        writePadding(place, atoms, cutoff, capacity, pairs, shifts);
}

/// In OpenMM's fixed point. `scale` is kJ/mol/nm for one of the model's unit.
KERNEL void addForces(int atoms, GLOBAL const int* RESTRICT slots,
        GLOBAL const MODEL_REAL* RESTRICT forces, MODEL_REAL scale,
        GLOBAL mm_ulong* RESTRICT forceBuffers) {
    for (int i = GLOBAL_ID; i < atoms; i += GLOBAL_SIZE)
        for (int d = 0; d < 3; d++) {
            mm_long fixed = (mm_long) (scale*forces[3*i+d]*(MODEL_REAL) 0x100000000);
            ATOMIC_ADD(&forceBuffers[slots[i] + d*PADDED_NUM_ATOMS], (mm_ulong) fixed);
        }
}
