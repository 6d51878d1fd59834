// The energy head's weights: the final norm is folded into its first matrix, energy_scale into the
// last.
// SPDX-License-Identifier: MIT
#include "platforms/cpu/kernels/Prepared.h"

namespace molspectra::native {

template <class T>
void PreparedWeights<T>::prepareHead(const plain::HeadWeights<double>& head,
                                     const plain::NormWeights<double>& norm) {
    prepareBlock0(head, norm);
    prepareBlock1(head);
}

template <class T>
void PreparedWeights<T>::prepareBlock0(const plain::HeadWeights<double>& head,
                                       const plain::NormWeights<double>& norm) {
    const plain::BlockWeights<double>& block = head.first;
    const size_t half = F_ / 2;
    packBoth(head_.length0, head_.length0T, F_, F_,
             [&](size_t output, size_t input) { return block.length.weight(output, input); });
    packBoth(head_.direction0, head_.direction0T, half, F_,
             [&](size_t output, size_t input) { return head.direction.weight(output, input); });
    packBoth(
        head_.hiddenX0, head_.hiddenX0T, F_, F_,
        [&](size_t output, size_t input) {
            return block.hidden.weight(output, input) * norm.weight[input];
        },
        foldBias(block.hidden, 0, F_, norm.bias));
    packBoth(head_.hiddenP0, head_.hiddenP0T, F_, F_,
             [&](size_t output, size_t input) { return block.hidden.weight(output, F_ + input); });
    packBoth(
        head_.scalar0, head_.scalar0T, half, F_,
        [&](size_t output, size_t input) { return block.output.weight(output, input); },
        part(block.output.bias, 0, half));
    packBoth(
        head_.gate0, head_.gate0T, half, F_,
        [&](size_t output, size_t input) { return block.output.weight(half + output, input); },
        part(block.output.bias, half, half));
}

template <class T>
void PreparedWeights<T>::prepareBlock1(const plain::HeadWeights<double>& head) {
    const plain::BlockWeights<double>& block = head.last;
    const size_t half = F_ / 2;
    packBoth(head_.length1, head_.length1T, half, half,
             [&](size_t output, size_t input) { return block.length.weight(output, input); });
    packBoth(
        head_.hiddenX1, head_.hiddenX1T, half, half,
        [&](size_t output, size_t input) { return block.hidden.weight(output, input); },
        block.hidden.bias);
    packBoth(
        head_.hiddenP1, head_.hiddenP1T, half, half,
        [&](size_t output, size_t input) { return block.hidden.weight(output, half + input); });
    std::vector<double> output;
    for (size_t c = 0; c < half; ++c)
        output.push_back(block.output.weight(0, c) * head.scale);
    head_.output = keepVector(output, C_);
    head_.bias = block.output.bias[0] * head.scale;
}

template class PreparedWeights<float>;
template class PreparedWeights<double>;

}  // namespace molspectra::native
