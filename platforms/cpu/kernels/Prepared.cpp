// Matrices go into panels in both directions: the adjoint reads the transposed one in the same
// order, which costs memory and saves a second kernel.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Prepared.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <variant>

namespace molspectra::native {

namespace {

/// Where tables begin, as a part of the cutoff: 0.6 angstrom of 5.
constexpr double firstKnotPart = 0.12;

/// Radial functions trained to be narrower than this, times, are evaluated exactly everywhere.
constexpr double mostNarrowing = 16;

/// Radians of the cutoff's cosine that ask for as many knots as one width of a radial function.
constexpr double cosineLength = 1.5;

/// How many times narrower the narrowest radial function is than those of a new network: they can
/// be trained.
double narrowing(const ModelConfig& config, const plain::RadialWeights<double>& radial) {
    const double range = config.cutoff - config.cutoffLower, count = config.radialFunctions;
    if (const auto* expnorm = std::get_if<plain::Expnorm<double>>(&radial.functions)) {
        const double width = 2.0 / count * (1.0 - std::exp(-range));
        const auto largest = std::max_element(expnorm->betas.begin(), expnorm->betas.end());
        return std::max(1.0, std::sqrt(*largest) * width);
    }
    const double coefficient = std::get<plain::Gauss<double>>(radial.functions).coefficient;
    return std::max(1.0, std::sqrt(-2.0 * coefficient) * range / (count - 1.0));
}

/// Exponential-normal functions are narrow near r = 0 and widen with exp(alpha r); behind them the
/// cosine of the cutoff sets the length.
KnotGrid gridFor(const ModelConfig& config, int knots, double narrower) {
    if (knots == 0 || !(narrower <= mostNarrowing))
        return {};
    const double first = std::max(config.cutoffLower, firstKnotPart * config.cutoff);
    const double range = config.cutoff - config.cutoffLower, alpha = 5.0 / range;
    // The cosine of a lower cutoff turns once where the other turns half.
    const double turn = config.cutoffLower > 0 ? 2.0 * std::numbers::pi : std::numbers::pi;
    const double smooth = cosineLength * range / turn;
    double contrast = 0.0;
    if (config.radialType == "expnorm") {
        const double width = std::numbers::sqrt2 / (alpha * config.radialFunctions) *
                             std::exp(alpha * (first - config.cutoffLower));
        contrast = narrower * smooth / width;
    }
    const auto count = static_cast<size_t>(std::lround(knots * narrower));
    return {first, config.cutoff, count, contrast, alpha};
}

size_t roundUp(size_t value, size_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

plain::Matrix<double> transposed(const plain::Matrix<double>& matrix) {
    plain::Matrix<double> result(matrix.columns(), matrix.rows());
    for (size_t row = 0; row < matrix.rows(); ++row)
        for (size_t column = 0; column < matrix.columns(); ++column)
            result(column, row) = matrix(row, column);
    return result;
}

}  // namespace

std::vector<double> part(const std::vector<double>& values, size_t begin, size_t size) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
    return {first, first + static_cast<std::ptrdiff_t>(size)};
}

std::vector<double> foldBias(const plain::Dense<double>& dense, size_t firstRow, size_t rows,
                             const std::vector<double>& beta) {
    std::vector<double> bias = part(dense.bias, firstRow, rows);
    for (size_t row = 0; row < rows; ++row)
        for (size_t c = 0; c < beta.size(); ++c)
            bias[row] += dense.weight(firstRow + row, c) * beta[c];
    return bias;
}

template <class T>
PreparedWeights<T>::PreparedWeights(const ModelConfig& config, const Tensors& tensors, int width,
                                    int knots)
    : config_(config), width_(width), F_(static_cast<size_t>(config.channels)),
      W_(static_cast<size_t>(width)), C_(roundUp(F_ / 2, 2 * W_)) {
    const auto weights = plain::readWeights<double>(config, tensors);
    radial_ = weights.radial;
    grid_ = gridFor(config, knots, narrowing(config, radial_));
    prepareEmbedding(weights.embedding);
    layers_.resize(weights.layers.size());
    for (size_t layer = 0; layer < layers_.size(); ++layer)
        prepareLayer(weights.layers[layer], layers_[layer]);
    if (weights.norms.vectors)
        finalWhitening_ = prepareWhitening(*weights.norms.vectors);
    prepareHead(weights.head, weights.norms.scalars);
}

template <class T>
void PreparedWeights<T>::fill(State<T>& state) const {
    state.channels = config_.channels;
    state.blocks = config_.channels / width_;
    state.heads = config_.heads;
    state.headBlocks = state.blocks / config_.heads;
    state.layers = config_.layers;
    state.radial = config_.radialFunctions;
    state.headPanels = static_cast<int>(C_ / (2 * W_));
    state.rows = grid_.empty() ? 0 : static_cast<int>(grid_.size() + 2);
    state.neighborEmbedding = config_.neighborEmbedding;
    state.vectorCutoff = config_.vectorCutoff;
    state.vectorNorm = config_.vectorNorm != "none";
    state.embedding = embedding_;
    state.layer = layers_.data();
    state.finalWhitening = finalWhitening_;
    state.head = head_;
}

template <class T>
std::vector<Filters<T>*> PreparedWeights<T>::filters() {
    std::vector<Filters<T>*> all;
    for (LayerWeights<T>& layer : layers_)
        all.push_back(&layer.filters);
    all.push_back(&embedding_.filters);
    return all;
}

template <class T>
const T* PreparedWeights<T>::keepVector(const std::vector<double>& values, size_t padded) {
    T* to = memory_.take(padded);
    std::transform(values.begin(), values.end(), to, [](double x) { return static_cast<T>(x); });
    return to;
}

template <class T>
Packed<T> PreparedWeights<T>::pack(size_t outputs, size_t inputs, const Entry& entry,
                                   const std::vector<double>& bias) {
    const size_t panel = 2 * W_, panels = (outputs + panel - 1) / panel;
    const size_t rows = roundUp(inputs, panel);
    T* to = memory_.take(panels * panel * rows);
    for (size_t output = 0; output < outputs; ++output)
        for (size_t input = 0; input < inputs; ++input)
            to[(output / panel * rows + input) * panel + output % panel] =
                static_cast<T>(entry(output, input));
    return {to, bias.empty() ? nullptr : keepVector(bias, panels * panel),
            static_cast<int>(rows / panel), static_cast<int>(panels)};
}

template <class T>
void PreparedWeights<T>::packBoth(Packed<T>& matrix, Packed<T>& transposed, size_t outputs,
                                  size_t inputs, const Entry& entry,
                                  const std::vector<double>& bias) {
    // Zeros stand where the width between the head's blocks was rounded up.
    const auto padded = [&](size_t size) { return size == F_ / 2 ? C_ : size; };
    const Entry guarded = [&](size_t output, size_t input) {
        return output < outputs && input < inputs ? entry(output, input) : 0.0;
    };
    matrix = pack(padded(outputs), padded(inputs), guarded, bias);
    transposed = pack(padded(inputs), padded(outputs),
                      [&](size_t output, size_t input) { return guarded(input, output); });
}

template <class T>
WhiteningWeights<T> PreparedWeights<T>::prepareWhitening(
    const plain::WhitenWeights<double>& weights) {
    const auto& r = weights.regularization;
    return {keepVector(weights.weight, F_), {r[0], r[1], r[2]}};
}

template <class T>
void PreparedWeights<T>::prepareEmbedding(const plain::EmbeddingWeights<double>& weights) {
    const size_t elements = weights.embedding.rows();
    T* start = memory_.take(elements * F_);
    embedding_.start = start;
    for (size_t i = 0; i < elements * F_; ++i)
        start[i] = static_cast<T>(weights.embedding.values()[i]);
    if (!weights.neighbor)
        return;
    const plain::Dense<double>& combine = weights.neighbor->combine;
    for (size_t z = 0; z < elements; ++z)
        for (size_t c = 0; c < F_; ++c) {
            double sum = combine.bias[c];
            for (size_t input = 0; input < F_; ++input)
                sum += combine.weight(c, input) * weights.embedding(z, input);
            start[z * F_ + c] = static_cast<T>(sum);
        }
    embedding_.neighbor = keepVector(weights.neighbor->embedding.values(), elements * F_);
    packBoth(embedding_.combine, embedding_.combineT, F_, F_,
             [&](size_t output, size_t input) { return combine.weight(output, F_ + input); });
    embedding_.filters =
        tabulate(weights.neighbor->filter, false);
}

template <class T>
void PreparedWeights<T>::prepareLayer(const plain::LayerWeights<double>& weights,
                                      LayerWeights<T>& to) {
    prepareProjections(weights, to);
    for (size_t m = 0; m < 3; ++m) {
        const plain::Dense<double>& vectors = weights.update.vectors;
        packBoth(to.vector[m], to.vectorT[m], F_, F_, [&](size_t output, size_t input) {
            return vectors.weight(m * F_ + output, input);
        });
        const plain::Dense<double>& outputs = weights.update.output;
        packBoth(
            to.output[m], to.outputT[m], F_, F_,
            [&](size_t output, size_t input) { return outputs.weight(m * F_ + output, input); },
            part(outputs.bias, m * F_, F_));
    }
    to.filters = tabulate(weights.attention.filter, true);
    if (weights.norms) {
        to.normWeight = keepVector(weights.norms->scalars.weight, F_);
        to.normBias = keepVector(weights.norms->scalars.bias, F_);
        to.whitening = prepareWhitening(*weights.norms->vectors);
    }
}

template <class T>
void PreparedWeights<T>::prepareProjections(const plain::LayerWeights<double>& weights,
                                            LayerWeights<T>& to) {
    const plain::Dense<double>& project = weights.attention.project;
    const plain::NormWeights<double>& norm = weights.attention.norm;
    for (size_t m = 0; m < 5; ++m)
        packBoth(
            to.project[m], to.projectT[m], F_, F_,
            [&](size_t output, size_t input) {
                return project.weight(m * F_ + output, input) * norm.weight[input];
            },
            foldBias(project, m * F_, F_, norm.bias));
}

template <class T>
typename PreparedWeights<T>::Evaluated PreparedWeights<T>::evaluate(
    const plain::Dense<double>& filter, double r, bool attention) const {
    const size_t outputs = filter.weight.columns();
    Evaluated at{filter.bias, std::vector<double>(outputs, 0.0)};
    for (size_t k = 0; k < radial_.count(); ++k) {
        const auto e = radial_(k, r);
        const double* weight = &filter.weight(k, 0);
        for (size_t output = 0; output < outputs; ++output) {
            at.value[output] += weight[output] * e.value;
            at.slope[output] += weight[output] * e.slope;
        }
    }
    const auto phi = plain::cutoff(r, radial_.range);
    for (size_t output = 0; output < at.value.size(); ++output) {
        double &value = at.value[output], &slope = at.slope[output];
        if (attention) {
            const double sigma = 1.0 / (1.0 + std::exp(-value));
            slope *= sigma * (1.0 + value * (1.0 - sigma));
            value *= sigma;
        }
        const size_t kind = output / F_;
        if (!attention || kind == 1 || (kind > 1 && config_.vectorCutoff)) {
            slope = slope * phi.value + value * phi.slope;
            value *= phi.value;
        }
    }
    return at;
}

/// Coefficients of cubic B-splines that go through the values at all knots and have the slopes at
/// both ends: (a + 4 b + c) / 6 of three neighbors is the value, (c - a) / 2 the slope along the
/// coordinate.
template <class T>
const T* PreparedWeights<T>::keepSplines(const plain::Dense<double>& filter, bool attention) {
    const size_t outputs = filter.bias.size(), knots = grid_.size(), last = knots - 1;
    const size_t panel = 2 * W_, rows = knots + 2;
    std::vector<std::vector<double>> b(knots);  // right sides, then solutions
    std::vector<double> begin, end;
    for (size_t knot = 0; knot < knots; ++knot) {
        Evaluated at = evaluate(filter, grid_[knot], attention);
        b[knot] = std::move(at.value);
        if (knot == 0 || knot == last)
            for (double& slope : at.slope)
                slope /= grid_.place(grid_[knot]).slope;
        (knot == 0 ? begin : end) = std::move(at.slope);
    }
    std::vector<double> beside(knots);  // what the elimination leaves above the diagonal
    for (size_t knot = 0; knot < knots; ++knot) {
        const double below = knot == 0 ? 0.0 : knot == last ? 2.0 : 1.0;
        const double pivot = 4.0 - (knot == 0 ? 0.0 : below * beside[knot - 1]);
        beside[knot] = (knot == 0 ? 2.0 : 1.0) / pivot;
        for (size_t output = 0; output < outputs; ++output) {
            double& right = b[knot][output];
            right *= 6.0;
            if (knot == 0)
                right += 2.0 * begin[output];
            else
                right -= below * b[knot - 1][output];
            if (knot == last)
                right -= 2.0 * end[output];
            right /= pivot;
        }
    }
    for (size_t knot = last; knot-- > 0;)
        for (size_t output = 0; output < outputs; ++output)
            b[knot][output] -= beside[knot] * b[knot + 1][output];
    T* table = memory_.take(rows * outputs);
    for (size_t output = 0; output < outputs; ++output) {
        T* to = table + output / panel * rows * panel + output % panel;
        to[0] = static_cast<T>(b[1][output] - 2.0 * begin[output]);
        for (size_t knot = 0; knot < knots; ++knot)
            to[(knot + 1) * panel] = static_cast<T>(b[knot][output]);
        to[(rows - 1) * panel] = static_cast<T>(b[last - 1][output] + 2.0 * end[output]);
    }
    return table;
}

template <class T>
Filters<T> PreparedWeights<T>::tabulate(const plain::Dense<double>& filter, bool attention) {
    const plain::Dense<double> columns{transposed(filter.weight), filter.bias};
    const T* table = grid_.empty() ? nullptr : keepSplines(columns, attention);
    const T* self = keepVector(evaluate(columns, 0.0, attention).value, filter.bias.size());
    exactWeights_.push_back(filter.weight.values());
    exactWeights_.push_back(filter.bias);
    return {table, self, nullptr, exactWeights_[exactWeights_.size() - 2].data(),
            exactWeights_.back().data()};
}

template class PreparedWeights<float>;
template class PreparedWeights<double>;

}  // namespace molspectra::native
