// The pairs are taken a few hundred at a time, so that nothing of them leaves the processor's
// cache; going back, what belongs to a pair is computed again.
// SPDX-License-Identifier: MIT
#include "model/Messages.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <cmath>

// One program for all processors: the loader takes the newest of these that it knows.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define MOLSPECTRA_CLONES \
    __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define MOLSPECTRA_CLONES
#endif

namespace molspectra {
namespace {

constexpr int64_t pairsAtOnce = 256;

/// Plain pointers of one call; w, v and their gradients are [N,3,F], of the first layer v is null.
struct View {
    int64_t F, heads;
    bool smooth;
    const int64_t *receiver, *sender;
    const float *phi, *direction;
    const float *q, *kv, *v;
};

struct Sums {
    float *m, *w;
};

struct Slopes {
    const float *m, *w;     ///< given
    float *q, *kv, *v;      ///< added to; v is null in the first layer
};

/// Adds the messages of pairs first..last-1. z, s [pairs,4F]: filters before SiLU and its sigmoid.
MOLSPECTRA_CLONES
void addMessages(const View& view, int64_t first, int64_t last, const float* z, const float* s,
                 const Sums& sums) {
    const int64_t F = view.F, D = F / view.heads;
    for (int64_t p = first; p < last; p++, z += 4 * F, s += 4 * F) {
        const int64_t i = view.receiver[p], j = view.sender[p];
        const float *q = view.q + i * F, *k = view.kv + j * 4 * F;
        float *m = sums.m + i * F, *w = sums.w + i * 3 * F;
        for (int64_t from = 0; from < F; from += D) {
            float score = 0;
#pragma omp simd reduction(+ : score)
            for (int64_t c = from; c < from + D; c++)
                score += q[c] * k[c] * z[c] * s[c];
            const float a = view.phi[p] * score / (1.0F + std::exp(-score));
#pragma omp simd
            for (int64_t c = from; c < from + D; c++)
                m[c] += a * k[F + c] * z[F + c] * s[F + c];
        }
        const float phi = view.smooth ? view.phi[p] : 1.0F;
        const float *d = view.direction + 3 * p;
        const float d0 = phi * d[0], d1 = phi * d[1], d2 = phi * d[2];
#pragma omp simd
        for (int64_t c = 0; c < F; c++) {
            const float t2 = k[3 * F + c] * z[3 * F + c] * s[3 * F + c];
            w[c] += d0 * t2;
            w[F + c] += d1 * t2;
            w[2 * F + c] += d2 * t2;
        }
        if (view.v == nullptr)
            continue;
        const float* v = view.v + j * 3 * F;
#pragma omp simd
        for (int64_t c = 0; c < F; c++) {
            const float t1 = phi * k[2 * F + c] * z[2 * F + c] * s[2 * F + c];
            w[c] += v[c] * t1;
            w[F + c] += v[F + c] * t1;
            w[2 * F + c] += v[2 * F + c] * t1;
        }
    }
}

/// Adds the slopes of pairs first..last-1, and turns z into the slope of the filters before SiLU.
MOLSPECTRA_CLONES
void addSlopes(const View& view, int64_t first, int64_t last, float* z, const float* s,
               const Slopes& slopes) {
    const int64_t F = view.F, D = F / view.heads;
    for (int64_t p = first; p < last; p++, z += 4 * F, s += 4 * F) {
        const int64_t i = view.receiver[p], j = view.sender[p];
        const float *q = view.q + i * F, *k = view.kv + j * 4 * F;
        const float *gm = slopes.m + i * F, *gw = slopes.w + i * 3 * F;
        float *gq = slopes.q + i * F, *gk = slopes.kv + j * 4 * F;
        for (int64_t from = 0; from < F; from += D) {
            float score = 0, ga = 0;
#pragma omp simd reduction(+ : score, ga)
            for (int64_t c = from; c < from + D; c++) {
                score += q[c] * k[c] * z[c] * s[c];
                ga += gm[c] * k[F + c] * z[F + c] * s[F + c];
            }
            const float sigmoid = 1.0F / (1.0F + std::exp(-score));
            const float a = view.phi[p] * score * sigmoid;
            const float gs = ga * view.phi[p] * sigmoid * (1.0F + score * (1.0F - sigmoid));
#pragma omp simd
            for (int64_t c = from; c < from + D; c++) {
                const float f = z[c] * s[c], f0 = z[F + c] * s[F + c];
                gq[c] += gs * k[c] * f;
                gk[c] += gs * q[c] * f;
                gk[F + c] += a * gm[c] * f0;
                z[c] = gs * q[c] * k[c] * (s[c] + f * (1.0F - s[c]));
                z[F + c] = a * gm[c] * k[F + c] * (s[F + c] + f0 * (1.0F - s[F + c]));
            }
        }
        const float phi = view.smooth ? view.phi[p] : 1.0F;
        const float *d = view.direction + 3 * p;
        const float d0 = phi * d[0], d1 = phi * d[1], d2 = phi * d[2];
#pragma omp simd
        for (int64_t c = 0; c < F; c++) {
            const float f = z[3 * F + c] * s[3 * F + c];
            const float gt = d0 * gw[c] + d1 * gw[F + c] + d2 * gw[2 * F + c];
            gk[3 * F + c] += gt * f;
            z[3 * F + c] = gt * k[3 * F + c] * (s[3 * F + c] + f * (1.0F - s[3 * F + c]));
        }
        if (view.v == nullptr) {
            std::fill_n(z + 2 * F, F, 0.0F);
            continue;
        }
        const float* v = view.v + j * 3 * F;
        float* gv = slopes.v + j * 3 * F;
#pragma omp simd
        for (int64_t c = 0; c < F; c++) {
            const float f = z[2 * F + c] * s[2 * F + c];
            const float t = phi * k[2 * F + c] * f;
            const float gt =
                phi * (gw[c] * v[c] + gw[F + c] * v[F + c] + gw[2 * F + c] * v[2 * F + c]);
            gv[c] += gw[c] * t;
            gv[F + c] += gw[F + c] * t;
            gv[2 * F + c] += gw[2 * F + c] * t;
            gk[2 * F + c] += gt * f;
            z[2 * F + c] = gt * k[2 * F + c] * (s[2 * F + c] + f * (1.0F - s[2 * F + c]));
        }
    }
}

View viewOf(const MessagePairs& pairs, const at::Tensor& q, const at::Tensor& kv,
            const at::Tensor& v) {
    return {q.size(1), pairs.heads, pairs.smooth, pairs.receiver.const_data_ptr<int64_t>(),
            pairs.sender.const_data_ptr<int64_t>(), pairs.phi.const_data_ptr<float>(),
            pairs.direction.const_data_ptr<float>(), q.const_data_ptr<float>(),
            kv.const_data_ptr<float>(), v.numel() > 0 ? v.const_data_ptr<float>() : nullptr};
}

/// Runs work(part, first, last, z, s, radial) over the chunks of all parts, a thread a part.
template <class Work>
void overChunks(const MessagePairs& pairs, const at::Tensor& weight, const at::Tensor& bias,
                Work&& work) {
    const auto parts = static_cast<int64_t>(pairs.parts.size()) - 1;
    const at::Tensor transposed = weight.t();
    at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
        const at::NoGradGuard noGradients;
        for (int64_t part = begin; part < end; part++) {
            const int64_t stop = pairs.parts[static_cast<size_t>(part) + 1];
            for (int64_t first = pairs.parts[static_cast<size_t>(part)]; first < stop;
                 first += pairsAtOnce) {
                const int64_t last = std::min(first + pairsAtOnce, stop);
                const at::Tensor radial = pairs.radial.narrow(0, first, last - first);
                at::Tensor z = at::addmm(bias, radial, transposed);
                const at::Tensor s = at::sigmoid(z);
                work(part, first, last, z, s, radial);
            }
        }
    });
}

/// Carries the pairs from forward to backward.
struct Holder : torch::CustomClassHolder {
    explicit Holder(std::shared_ptr<const MessagePairs> held) : pairs(std::move(held)) {}
    std::shared_ptr<const MessagePairs> pairs;
};

class MessageFunction : public torch::autograd::Function<MessageFunction> {
public:
    static std::vector<at::Tensor> forward(torch::autograd::AutogradContext* context,
                                           const at::Tensor& q, const at::Tensor& kv,
                                           const at::Tensor& v, const at::Tensor& weight,
                                           const at::Tensor& bias,
                                           const std::shared_ptr<const MessagePairs>& pairs) {
        context->save_for_backward({q, kv, v, weight, bias});
        context->saved_data["pairs"] =
            c10::IValue::make_capsule(c10::make_intrusive<Holder>(pairs));
        at::Tensor m = at::zeros_like(q);
        at::Tensor w = at::zeros({q.size(0), 3, q.size(1)}, q.options());
        const View view = viewOf(*pairs, q, kv, v);
        const Sums sums{m.data_ptr<float>(), w.data_ptr<float>()};
        overChunks(*pairs, weight, bias,
                   [&](int64_t, int64_t first, int64_t last, at::Tensor& z, const at::Tensor& s,
                       const at::Tensor&) {
                       addMessages(view, first, last, z.const_data_ptr<float>(),
                                   s.const_data_ptr<float>(), sums);
                   });
        return {m, w};
    }

    static std::vector<at::Tensor> backward(torch::autograd::AutogradContext* context,
                                            std::vector<at::Tensor> given) {
        const auto saved = context->get_saved_variables();
        const at::Tensor &q = saved[0], &kv = saved[1], &v = saved[2];
        const auto holder = context->saved_data["pairs"].toCapsule();
        const auto& pairs = static_cast<const Holder&>(*holder).pairs;
        const at::Tensor gm = given[0].contiguous(), gw = given[1].contiguous();
        at::Tensor gq = at::zeros_like(q), gkv = at::zeros_like(kv);
        at::Tensor gv = v.numel() > 0 ? at::zeros_like(v) : at::Tensor();
        const View view = viewOf(*pairs, q, kv, v);
        const Slopes slopes{gm.const_data_ptr<float>(), gw.const_data_ptr<float>(),
                            gq.data_ptr<float>(), gkv.data_ptr<float>(),
                            gv.defined() ? gv.data_ptr<float>() : nullptr};
        std::vector<at::Tensor> weights(pairs->parts.size() - 1), biases(weights.size());
        overChunks(*pairs, saved[3], saved[4],
                   [&](int64_t part, int64_t first, int64_t last, at::Tensor& z,
                       const at::Tensor& s, const at::Tensor& radial) {
                       addSlopes(view, first, last, z.data_ptr<float>(), s.const_data_ptr<float>(),
                                 slopes);
                       at::Tensor& weight = weights[static_cast<size_t>(part)];
                       at::Tensor& bias = biases[static_cast<size_t>(part)];
                       weight = weight.defined() ? weight.addmm_(z.t(), radial)
                                                 : at::mm(z.t(), radial);
                       bias = bias.defined() ? bias.add_(z.sum(0)) : z.sum(0);
                   });
        return {gq, gkv, gv, total(weights), total(biases), at::Tensor()};
    }

private:
    static at::Tensor total(const std::vector<at::Tensor>& parts) {
        at::Tensor sum;
        for (const at::Tensor& part : parts)
            if (part.defined())
                sum = sum.defined() ? sum.add_(part) : part;
        return sum;
    }
};

}  // namespace

std::pair<at::Tensor, at::Tensor> sumMessages(const at::Tensor& q, const at::Tensor& kv,
                                              const at::Tensor& v, const at::Tensor& filterWeight,
                                              const at::Tensor& filterBias,
                                              std::shared_ptr<const MessagePairs> pairs) {
    const at::Tensor vectors = v.defined() ? v.contiguous() : at::empty({0}, q.options());
    const std::vector<at::Tensor> sums = MessageFunction::apply(
        q.contiguous(), kv.contiguous(), vectors, filterWeight, filterBias, pairs);
    return {sums[0], sums[1]};
}

}  // namespace molspectra
