// The rows are taken 128 at a time, so that nothing of them leaves the processor's
// cache; going back, what belongs to a row is computed again. The second derivative needs no
// formulas of its own: its two halves are the derivatives of the sums and of their slopes along
// what the slopes' own slopes say, which dual numbers give.
// SPDX-License-Identifier: MIT
#include "model/Messages.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace molspectra {
namespace {

using torch::autograd::AutogradContext;
using Tensors = std::vector<at::Tensor>;

constexpr int64_t rowsAtOnce = 128;

/// Order of MessageInputs in lists; after them the slopes of the sums.
enum Place { Q, KV, V, Weight, Bias, Radial, Phi, Direction, M, W };

/// Carries the rows from forward to backward.
struct Holder : torch::CustomClassHolder {
    explicit Holder(std::shared_ptr<const MessageRows> held) : rows(std::move(held)) {}
    std::shared_ptr<const MessageRows> rows;
};

void keep(AutogradContext* context, const std::shared_ptr<const MessageRows>& rows) {
    context->saved_data["rows"] = c10::IValue::make_capsule(c10::make_intrusive<Holder>(rows));
}

std::shared_ptr<const MessageRows> kept(AutogradContext* context) {
    const auto holder = context->saved_data["rows"].toCapsule();
    return static_cast<const Holder&>(*holder).rows;
}

const float* data(const at::Tensor& tensor) {
    return tensor.numel() > 0 ? tensor.const_data_ptr<float>() : nullptr;
}

float* written(at::Tensor& tensor) {
    return tensor.numel() > 0 ? tensor.data_ptr<float>() : nullptr;
}

MessageShape shapeOf(const MessageRows& rows, const Tensors& in) {
    return {in[Q].size(1), rows.heads, rows.smooth, rows.pairs.data(), rows.starts.data()};
}

MessageArrays arraysOf(const Tensors& in) {
    return {data(in[Q]), data(in[KV]), data(in[V]), data(in[Phi]), data(in[Direction])};
}

/// Runs work(part, first, last) over the chunks of all parts, a thread a part.
template <class Work>
void overChunks(const MessageRows& rows, Work&& work) {
    const auto parts = static_cast<int64_t>(rows.parts.size()) - 1;
    at::parallel_for(0, parts, 1, [&](int64_t begin, int64_t end) {
        const at::NoGradGuard noGradients;
        for (int64_t part = begin; part < end; part++) {
            const int64_t stop = rows.parts[static_cast<size_t>(part) + 1];
            for (int64_t first = rows.parts[static_cast<size_t>(part)]; first < stop;
                 first += rowsAtOnce)
                work(static_cast<size_t>(part), first, std::min(first + rowsAtOnce, stop));
        }
    });
}

/// Slopes of weights with biases as their last column, summed for a part each; added up in one
/// order, so that threads do not change the bits.
class PartSums {
public:
    explicit PartSums(const MessageRows& rows) : sums_(rows.parts.size() - 1) {}

    void add(size_t part, const at::Tensor& slope, const at::Tensor& radial) {
        at::Tensor& sum = sums_[part];
        sum = sum.defined() ? sum.addmm_(slope.t(), radial) : at::mm(slope.t(), radial);
    }
    void writeTo(Tensors& out) const {
        at::Tensor total;
        for (const at::Tensor& sum : sums_)
            if (sum.defined())
                total = total.defined() ? total + sum : sum;
        const int64_t biasColumn = total.size(1) - 1;
        out[Weight] = total.narrow(1, 0, biasColumn);
        out[Bias] = total.select(1, biasColumn);
    }

private:
    Tensors sums_;
};

/// Weights with biases as their last column [4F,K+1]; a product without an addend takes half the
/// time on few rows.
at::Tensor withBiases(const Tensors& in) {
    return at::cat({in[Weight], in[Bias].unsqueeze(1)}, 1);
}

/// Radial functions of rows, with what the biases are multiplied by [R,K+1].
at::Tensor withBiasFactor(const Tensors& in, double factor) {
    return at::constant_pad_nd(in[Radial], {0, 1}, factor);
}

/// Which slopes somebody asks for, besides those of q, kv and v.
struct Wanted {
    bool weights, positions;

    explicit Wanted(const AutogradContext& context)
        : weights(context.needs_input_grad(Weight) || context.needs_input_grad(Bias)),
          positions(context.needs_input_grad(Radial) || context.needs_input_grad(Phi) ||
                    context.needs_input_grad(Direction)) {}

    /// Autograd takes slopes of the inputs' sizes or none.
    void drop(Tensors& slopes) const {
        if (!weights)
            slopes[Weight] = slopes[Bias] = at::Tensor();
        if (!positions)
            slopes[Radial] = slopes[Phi] = slopes[Direction] = at::Tensor();
    }
};

/// Slopes of the inputs from those of the sums, and from these the second derivatives.
class SlopeFunction : public torch::autograd::Function<SlopeFunction> {
public:
    static Tensors forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& kv,
                           const at::Tensor& v, const at::Tensor& weight, const at::Tensor& bias,
                           const at::Tensor& radial, const at::Tensor& phi,
                           const at::Tensor& direction, const at::Tensor& gm,
                           const at::Tensor& gw, Wanted wanted,
                           const std::shared_ptr<const MessageRows>& rows);
    static Tensors backward(AutogradContext* context, Tensors given);
};

/// Those that nobody asks for, and for now those of the weights, have size 0.
Tensors emptySlopes(const Tensors& in, Wanted wanted) {
    const auto none = at::empty({0}, in[Q].options());
    return {at::zeros_like(in[Q]), at::zeros_like(in[KV]), at::zeros_like(in[V]), none, none,
            wanted.positions ? at::empty_like(in[Radial]) : none,
            wanted.positions ? at::empty_like(in[Phi]) : none,
            wanted.positions ? at::empty_like(in[Direction]) : none};
}

MessageSlopes slopesOf(const at::Tensor& gm, const at::Tensor& gw, Tensors& out) {
    return {data(gm), data(gw), written(out[Q]), written(out[KV]), written(out[V]),
            written(out[Phi]), written(out[Direction])};
}

Tensors SlopeFunction::forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& kv,
                               const at::Tensor& v, const at::Tensor& weight,
                               const at::Tensor& bias, const at::Tensor& radial,
                               const at::Tensor& phi, const at::Tensor& direction,
                               const at::Tensor& gm, const at::Tensor& gw, Wanted wanted,
                               const std::shared_ptr<const MessageRows>& rows) {
    const Tensors in{q, kv, v, weight, bias, radial, phi, direction, gm, gw};
    context->save_for_backward(in);
    keep(context, rows);
    Tensors out = emptySlopes(in, wanted);
    const MessageShape shape = shapeOf(*rows, in);
    const MessageArrays arrays = arraysOf(in);
    const MessageSlopes slopes = slopesOf(gm, gw, out);
    const at::Tensor weights = withBiases(in), functions = withBiasFactor(in, 1.0);
    PartSums sums(*rows);
    overChunks(*rows, [&](size_t part, int64_t first, int64_t last) {
        const at::Tensor some = functions.narrow(0, first, last - first);
        const at::Tensor z = at::mm(some, weights.t()), s = at::sigmoid(z);
        at::Tensor gz = at::empty_like(z);
        addSlopes(shape, arrays, first, last, data(z), data(s), written(gz), slopes);
        if (wanted.weights)
            sums.add(part, gz, some);
        if (wanted.positions) {
            at::Tensor slope = out[Radial].narrow(0, first, last - first);
            at::mm_out(slope, gz, weight);
        }
    });
    if (wanted.weights)
        sums.writeTo(out);
    return out;
}

Tensors SlopeFunction::backward(AutogradContext* context, Tensors given) {
    const Tensors in = context->get_saved_variables();
    const auto rows = kept(context);
    const Wanted wanted(*context);
    Tensors along;
    for (const at::Tensor& each : given)
        along.push_back(each.contiguous());
    for (const Place place : {Radial, Phi, Direction})
        if (along[place].numel() != in[place].numel())  // nobody had asked for its slope
            along[place] = at::zeros_like(in[place]);
    const bool alongWeights = along[Weight].numel() > 0;
    Tensors out = emptySlopes(in, wanted);
    at::Tensor m = at::zeros_like(in[M]), w = at::zeros_like(in[W]);
    const MessageShape shape = shapeOf(*rows, in);
    const MessageArrays arrays = arraysOf(in), tangents = arraysOf(along);
    const MessageSlopes slopes = slopesOf(in[M], in[W], out);
    const at::Tensor weights = withBiases(in), functions = withBiasFactor(in, 1.0);
    const at::Tensor dfunctions = withBiasFactor(along, 0.0);
    const at::Tensor dweights = alongWeights ? withBiases(along) : at::Tensor();
    PartSums sums(*rows);
    overChunks(*rows, [&](size_t part, int64_t first, int64_t last) {
        const at::Tensor some = functions.narrow(0, first, last - first);
        const at::Tensor dsome = dfunctions.narrow(0, first, last - first);
        const at::Tensor z = at::mm(some, weights.t()), s = at::sigmoid(z);
        at::Tensor dz = at::mm(dsome, weights.t());
        if (alongWeights)
            dz.addmm_(some, dweights.t());
        addMessageTangents(shape, arrays, tangents, first, last, data(z), data(s), data(dz),
                           {m.data_ptr<float>(), w.data_ptr<float>()});
        at::Tensor gz = at::empty_like(z), dgz = at::empty_like(z);
        addSlopeTangents(shape, arrays, tangents, first, last, data(z), data(s), data(dz),
                         written(gz), written(dgz), slopes);
        if (wanted.weights) {
            sums.add(part, dgz, some);
            sums.add(part, gz, dsome);
        }
        if (wanted.positions) {
            at::Tensor slope = out[Radial].narrow(0, first, last - first);
            at::mm_out(slope, dgz, in[Weight]);
            if (alongWeights)
                slope.addmm_(gz, along[Weight]);
        }
    });
    if (wanted.weights)
        sums.writeTo(out);
    wanted.drop(out);
    out.insert(out.end(), {m, w, at::Tensor(), at::Tensor()});
    return out;
}

class SumFunction : public torch::autograd::Function<SumFunction> {
public:
    static Tensors forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& kv,
                           const at::Tensor& v, const at::Tensor& weight, const at::Tensor& bias,
                           const at::Tensor& radial, const at::Tensor& phi,
                           const at::Tensor& direction,
                           const std::shared_ptr<const MessageRows>& rows) {
        const Tensors in{q, kv, v, weight, bias, radial, phi, direction};
        context->save_for_backward(in);
        keep(context, rows);
        at::Tensor m = at::zeros_like(q);
        at::Tensor w = at::zeros({q.size(0), 3, q.size(1)}, q.options());
        const MessageShape shape = shapeOf(*rows, in);
        const MessageArrays arrays = arraysOf(in);
        const at::Tensor weights = withBiases(in), functions = withBiasFactor(in, 1.0);
        overChunks(*rows, [&](size_t, int64_t first, int64_t last) {
            const at::Tensor z = at::mm(functions.narrow(0, first, last - first), weights.t());
            addMessages(shape, arrays, first, last, data(z), data(at::sigmoid(z)),
                        {m.data_ptr<float>(), w.data_ptr<float>()});
        });
        return {m, w};
    }

    static Tensors backward(AutogradContext* context, Tensors given) {
        const Tensors in = context->get_saved_variables();
        const Wanted wanted(*context);
        Tensors slopes = SlopeFunction::apply(in[Q], in[KV], in[V], in[Weight], in[Bias],
                                              in[Radial], in[Phi], in[Direction],
                                              given[0].contiguous(), given[1].contiguous(),
                                              wanted, kept(context));
        wanted.drop(slopes);
        slopes.emplace_back();
        return slopes;
    }
};

}  // namespace

std::pair<at::Tensor, at::Tensor> sumMessages(const MessageInputs& inputs,
                                              std::shared_ptr<const MessageRows> rows) {
    const at::Tensor v =
        inputs.v.defined() ? inputs.v.contiguous() : at::empty({0}, inputs.q.options());
    const Tensors sums = SumFunction::apply(
        inputs.q.contiguous(), inputs.kv.contiguous(), v, inputs.filterWeight, inputs.filterBias,
        inputs.radial.contiguous(), inputs.phi.contiguous(), inputs.direction.contiguous(), rows);
    return {sums[0], sums[1]};
}

}  // namespace molspectra
