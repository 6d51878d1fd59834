// The stack machine of pickles, without the calls: every opcode makes a value or puts two together.
// SPDX-License-Identifier: MIT
#include "core/Pickle.h"

#include "core/Error.h"

#include <bit>
#include <unordered_map>

namespace molspectra {

namespace {

using Kind = PickleValue::Kind;

constexpr uint8_t newestProtocol = 4;
/// Every byte can make a value of a hundred; checkpoints of a thousand tensors have 0.3 MB.
constexpr size_t mostBytes = 16 << 20;

class Machine {
public:
    Machine(std::string_view bytes, const std::string& where, std::deque<PickleValue>& values)
        : bytes_(bytes), where_(where), values_(values) {}

    const PickleValue* run();

private:
    bool constant(uint8_t code);
    bool text(uint8_t code);
    bool container(uint8_t code);
    bool object(uint8_t code);
    bool bookkeeping(uint8_t code);

    template <class... Parts>
    [[noreturn]] void damaged(const Parts&... parts) const {
        fail("reading ", where_, ": the pickle ", parts..., " at byte ", start_,
             ", expected what torch.save writes (protocol 2 to 4); the file is damaged or of "
             "another kind");
    }

    std::string_view take(uint64_t count) {
        if (count > bytes_.size() - at_)
            damaged("ends too early");
        at_ += count;
        return bytes_.substr(at_ - count, count);
    }
    uint64_t number(size_t width);
    std::string_view line();
    int64_t signedNumber(std::string_view bytes) const;

    PickleValue& make(Kind kind) {
        values_.emplace_back().kind = kind;
        stack_.push_back(&values_.back());
        return values_.back();
    }
    void makeInteger(Kind kind, int64_t value) { make(kind).integer = value; }
    void makeText(Kind kind, std::string_view value) { make(kind).text = value; }
    void makeLong(std::string_view bytes);

    PickleValue* pop();
    PickleValue& top();
    std::vector<const PickleValue*> popToMark();
    std::vector<const PickleValue*> popSeveral(size_t count);
    void makeList(const std::vector<const PickleValue*>& items) { make(Kind::List).items = items; }
    void addEntries(const std::vector<const PickleValue*>& flat);
    void addItems(const std::vector<const PickleValue*>& items);
    void makeObject(const PickleValue& callee, const PickleValue& arguments);
    void recall(uint64_t index);

    std::string_view bytes_;
    const std::string& where_;
    std::deque<PickleValue>& values_;
    size_t at_ = 0, start_ = 0;
    size_t copied_ = 0;  ///< items of arguments, which objects share in their pickle only
    std::vector<PickleValue*> stack_;
    std::vector<size_t> marks_;
    std::unordered_map<uint64_t, PickleValue*> memo_;
};

uint64_t Machine::number(size_t width) {
    const std::string_view part = take(width);
    uint64_t value = 0;
    for (size_t k = width; k-- > 0;)
        value = value << 8 | uint8_t(part[k]);
    return value;
}

std::string_view Machine::line() {
    const size_t end = bytes_.find('\n', at_);
    if (end == std::string_view::npos)
        damaged("ends too early");
    const std::string_view found = take(end - at_);
    at_++;
    return found;
}

int64_t Machine::signedNumber(std::string_view bytes) const {
    uint64_t value = !bytes.empty() && bytes.back() < 0 ? ~uint64_t{0} : 0;
    for (size_t k = bytes.size(); k-- > 0;)
        value = value << 8 | uint8_t(bytes[k]);
    return int64_t(value);
}

/// Python's integers have any length; those that do not fit stay bytes, as nobody here needs them.
void Machine::makeLong(std::string_view bytes) {
    if (bytes.size() > 8)
        makeText(Kind::Bytes, bytes);
    else
        makeInteger(Kind::Integer, signedNumber(bytes));
}

/// Never takes what lies below the last mark: that belongs to a container still open.
PickleValue* Machine::pop() {
    if (stack_.size() <= (marks_.empty() ? 0 : marks_.back()))
        damaged("takes a value where there is none");
    PickleValue* value = stack_.back();
    stack_.pop_back();
    return value;
}

PickleValue& Machine::top() {
    PickleValue* value = pop();
    stack_.push_back(value);
    return *value;
}

std::vector<const PickleValue*> Machine::popToMark() {
    if (marks_.empty())
        damaged("closes a container that was not opened");
    const auto first = stack_.begin() + std::ptrdiff_t(marks_.back());
    std::vector<const PickleValue*> items(first, stack_.end());
    stack_.erase(first, stack_.end());
    marks_.pop_back();
    return items;
}

std::vector<const PickleValue*> Machine::popSeveral(size_t count) {
    std::vector<const PickleValue*> items(count);
    for (size_t k = count; k-- > 0;)
        items[k] = pop();
    return items;
}

void Machine::addEntries(const std::vector<const PickleValue*>& flat) {
    PickleValue& target = top();
    if (flat.size() % 2 != 0 || !(target.is(Kind::Dictionary) || target.is(Kind::Object)))
        damaged("sets entries of what is no dictionary");
    for (size_t k = 0; k < flat.size(); k += 2)
        target.entries.emplace_back(flat[k], flat[k + 1]);
}

/// Objects that are like lists get items by the same opcodes; nothing here needs those.
void Machine::addItems(const std::vector<const PickleValue*>& items) {
    PickleValue& target = top();
    if (target.is(Kind::List))
        target.items.insert(target.items.end(), items.begin(), items.end());
    else if (!target.is(Kind::Object))
        damaged("appends to what is no list");
}

void Machine::makeObject(const PickleValue& callee, const PickleValue& arguments) {
    if (!arguments.is(Kind::List))
        damaged("calls something without arguments");
    // What is called may itself be the result of a call: then there is no name to keep.
    const PickleValue* named = &callee;
    const bool indirect = callee.text == "copyreg._reconstructor" ||
                          callee.text == "copy_reg._reconstructor";
    if (indirect && !arguments.items.empty())
        named = arguments.items.front();
    PickleValue& made = make(Kind::Object);
    made.text = named->is(Kind::Class) ? named->text : "an unnamed object";
    if (indirect)
        return;
    made.items = arguments.items;
    copied_ += arguments.items.size();
    if (copied_ > mostBytes)
        damaged("uses the same arguments again and again");
}

void Machine::recall(uint64_t index) {
    const auto found = memo_.find(index);
    if (found == memo_.end())
        damaged("recalls value ", index, ", which it never stored,");
    stack_.push_back(found->second);
}

bool Machine::constant(uint8_t code) {
    switch (code) {
    case 'N': make(Kind::None); return true;
    case 0x88: makeInteger(Kind::Boolean, 1); return true;
    case 0x89: makeInteger(Kind::Boolean, 0); return true;
    case 'K': makeInteger(Kind::Integer, int64_t(number(1))); return true;
    case 'M': makeInteger(Kind::Integer, int64_t(number(2))); return true;
    case 'J': makeInteger(Kind::Integer, signedNumber(take(4))); return true;
    case 0x8a: makeLong(take(number(1))); return true;
    case 0x8b: makeLong(take(number(4))); return true;
    case 'G': {
        uint64_t bits = 0;
        for (const char byte : take(8))  // the one number in a pickle that is big-endian
            bits = bits << 8 | uint8_t(byte);
        make(Kind::Real).real = std::bit_cast<double>(bits);
        return true;
    }
    default: return false;
    }
}

bool Machine::text(uint8_t code) {
    switch (code) {
    case 'X':
    case 'T': makeText(Kind::Text, take(number(4))); return true;
    case 'U':
    case 0x8c: makeText(Kind::Text, take(number(1))); return true;
    case 0x8d: makeText(Kind::Text, take(number(8))); return true;
    case 'C': makeText(Kind::Bytes, take(number(1))); return true;
    case 'B': makeText(Kind::Bytes, take(number(4))); return true;
    case 0x8e: makeText(Kind::Bytes, take(number(8))); return true;
    default: return false;
    }
}

bool Machine::container(uint8_t code) {
    switch (code) {
    case ']':
    case ')':
    case 0x8f: make(Kind::List); return true;
    case '}': make(Kind::Dictionary); return true;
    case 'l':
    case 't':
    case 0x91: makeList(popToMark()); return true;
    case 0x85: makeList(popSeveral(1)); return true;
    case 0x86: makeList(popSeveral(2)); return true;
    case 0x87: makeList(popSeveral(3)); return true;
    case 'd': {
        const auto flat = popToMark();
        make(Kind::Dictionary);
        addEntries(flat);
        return true;
    }
    case 'a': addItems(popSeveral(1)); return true;
    case 'e':
    case 0x90: addItems(popToMark()); return true;
    case 's': addEntries(popSeveral(2)); return true;
    case 'u': addEntries(popToMark()); return true;
    default: return false;
    }
}

bool Machine::object(uint8_t code) {
    switch (code) {
    case 'c': {
        const std::string_view module = line();
        makeText(Kind::Class, cat(module, ".", line()));
        return true;
    }
    case 0x93: {
        const auto names = popSeveral(2);
        if (!names[0]->is(Kind::Text) || !names[1]->is(Kind::Text))
            damaged("names a class by what is no text");
        makeText(Kind::Class, cat(names[0]->text, ".", names[1]->text));
        return true;
    }
    case 'R':
    case 0x81: {
        const auto parts = popSeveral(2);
        makeObject(*parts[0], *parts[1]);
        return true;
    }
    case 0x92: {
        const auto parts = popSeveral(3);
        makeObject(*parts[0], *parts[1]);
        return true;
    }
    case 'b': {
        const PickleValue* state = pop();
        top().state = state;
        return true;
    }
    case 'Q': {
        const auto held = popSeveral(1);
        make(Kind::Reference).items = held;
        return true;
    }
    default: return false;
    }
}

bool Machine::bookkeeping(uint8_t code) {
    switch (code) {
    case '(': marks_.push_back(stack_.size()); return true;
    case '0': pop(); return true;
    case '1': popToMark(); return true;
    case '2': stack_.push_back(&top()); return true;
    case 'q': memo_[number(1)] = &top(); return true;
    case 'r': memo_[number(4)] = &top(); return true;
    case 0x94: memo_[memo_.size()] = &top(); return true;
    case 'h': recall(number(1)); return true;
    case 'j': recall(number(4)); return true;
    case 0x95: take(8); return true;  // a frame only says how much to read ahead
    case 0x80:
        if (const uint64_t protocol = number(1); protocol > newestProtocol)
            damaged("is of protocol ", protocol);
        return true;
    default: return false;
    }
}

const PickleValue* Machine::run() {
    if (bytes_.size() > mostBytes)
        fail("reading ", where_, ": its pickle has ", bytes_.size(), " bytes, expected at most ",
             mostBytes, "; save only the state_dict and the hyper_parameters");
    for (;;) {
        start_ = at_;
        const auto code = uint8_t(take(1)[0]);
        if (code == '.')
            return pop();
        if (!constant(code) && !text(code) && !container(code) && !object(code) &&
            !bookkeeping(code))
            damaged("has the unknown opcode ", int(code));
    }
}

}  // namespace

const PickleValue* PickleValue::find(std::string_view key) const {
    for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
        if (entry->first->is(Kind::Text) && entry->first->text == key)
            return entry->second;
    return nullptr;
}

Pickle::Pickle(std::string_view bytes, const std::string& where)
    : root_(Machine(bytes, where, values_).run()) {}

}  // namespace molspectra
