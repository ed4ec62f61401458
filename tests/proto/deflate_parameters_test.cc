#include "proto/deflate_parameters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/feed.h"

namespace mote::proto {
namespace {

using mote::test::RowName;
using mote::test::Source;

constexpr std::uint32_t kSeed = 20261124;

constexpr Compression kOff{};
constexpr Compression kOn{.mode = CompressionMode::on};
constexpr Compression kTakeover{
    .mode = CompressionMode::on, .server_context_takeover = true, .client_context_takeover = true};

Compression windows(int server, int client, Compression settings = kTakeover) {
  settings.server_max_window_bits = server;
  settings.client_max_window_bits = client;
  return settings;
}

// What the response says for fields with these values; empty for none.
std::string answer(const std::vector<std::string>& values, const Compression& settings) {
  std::string lines;
  for (const std::string& value : values) lines.append("Sec-WebSocket-Extensions: ").append(value).append("\r\n");
  const ExtensionsVerdict verdict = judge_extensions(Headers(lines), settings);
  if (verdict.malformed) return "malformed";
  return verdict.deflate ? verdict.deflate->to_string() : "";
}

std::string answer(std::string_view value, const Compression& settings) {
  return answer(std::vector{std::string(value)}, settings);
}

struct Row {
  Source source;
  std::string offer;
  Compression settings;
  std::string answer;  // empty: declined
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.source; }

const std::string kNeither = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

Row declined(const char* name, int checklist, std::string offer) {
  return {{name, "7692 §7", checklist}, std::move(offer), kTakeover, ""};
}

std::vector<Row> rows() {
  return {
      {{"NoParameters", "7692 §7.1", 95}, "permessage-deflate", kTakeover, "permessage-deflate"},
      {{"NotWanted", "7692 §5", 95}, "permessage-deflate", kOff, ""},
      {{"NoTakeoverUnlessWanted", "7692 §7.1.1", 101}, "permessage-deflate", kOn, kNeither},
      {{"ServerTakeoverDeclinedByTheClient", "7692 §7.1.1.1", 100},
       "permessage-deflate; server_no_context_takeover",
       kTakeover,
       "permessage-deflate; server_no_context_takeover"},
      {{"ClientTakeoverDeclinedByTheClient", "7692 §7.1.1.2", 101},
       "permessage-deflate; client_no_context_takeover",
       kTakeover,
       "permessage-deflate; client_no_context_takeover"},
      {{"AnyOrder", "7692 §7.1", 95},
       "permessage-deflate; client_max_window_bits=12; server_max_window_bits=11; client_no_context_takeover; "
       "server_no_context_takeover",
       kTakeover,
       kNeither + "; server_max_window_bits=11; client_max_window_bits=12"},
      {{"ServerWindow", "7692 §7.1.2.1", 102},
       "permessage-deflate; server_max_window_bits=10",
       kTakeover,
       "permessage-deflate; server_max_window_bits=10"},
      {{"ServerWindowConfirmedEvenIfItIsTheLargest", "7692 §7.1.2.1", 102},
       "permessage-deflate; server_max_window_bits=15",
       kTakeover,
       "permessage-deflate; server_max_window_bits=15"},
      {{"SmallestServerWindow", "7692 §7.1.2.1", 102},
       "permessage-deflate; server_max_window_bits=8",
       kTakeover,
       "permessage-deflate; server_max_window_bits=8"},
      {{"ServerWindowOfOurOwn", "7692 §7.1.2.1", 102},
       "permessage-deflate",
       windows(9, 15),
       "permessage-deflate; server_max_window_bits=9"},
      {{"SmallerOfTheServerWindows", "7692 §7.1.2.1", 102},
       "permessage-deflate; server_max_window_bits=12",
       windows(9, 15),
       "permessage-deflate; server_max_window_bits=9"},
      {{"SmallerServerWindowOfTheClient", "7692 §7.1.2.1", 102},
       "permessage-deflate; server_max_window_bits=9",
       windows(12, 15),
       "permessage-deflate; server_max_window_bits=9"},
      {{"ClientWindowWithoutValue", "7692 §7.1.2.2", 103},
       "permessage-deflate; client_max_window_bits",
       kTakeover,
       "permessage-deflate"},
      {{"ClientWindowOfOurOwn", "7692 §7.1.2.2", 103},
       "permessage-deflate; client_max_window_bits",
       windows(15, 10),
       "permessage-deflate; client_max_window_bits=10"},
      {{"SmallerOfTheClientWindows", "7692 §7.1.2.2", 103},
       "permessage-deflate; client_max_window_bits=12",
       windows(15, 10),
       "permessage-deflate; client_max_window_bits=10"},
      {{"SmallerClientWindowOfTheClient", "7692 §7.1.2.2", 103},
       "permessage-deflate; client_max_window_bits=9",
       windows(15, 10),
       "permessage-deflate; client_max_window_bits=9"},
      {{"ClientWindowNeverWithoutAnOffer", "7692 §7.1.2.2", 103},
       "permessage-deflate",
       windows(15, 10),
       "permessage-deflate; client_no_context_takeover"},
      {{"QuotedValue", "7692 §7.1", 53},
       "permessage-deflate; server_max_window_bits=\"1\\0\"",
       kTakeover,
       "permessage-deflate; server_max_window_bits=10"},
      {{"FirstOfSeveralOffers", "7692 §5.1", 95},
       "permessage-deflate; server_max_window_bits=10, permessage-deflate",
       kTakeover,
       "permessage-deflate; server_max_window_bits=10"},
      {{"OneAnswerToSeveralOffers", "7692 §5", 97},
       "permessage-deflate, permessage-deflate; client_no_context_takeover, x-webkit-deflate-frame",
       kTakeover,
       "permessage-deflate"},
      {{"NextAfterOneThatIsDeclined", "7692 §5.1", 95},
       "permessage-deflate; unknown, permessage-deflate; server_max_window_bits=7, permessage-deflate; "
       "server_max_window_bits=9",
       kTakeover,
       "permessage-deflate; server_max_window_bits=9"},
      {{"AmongOthers", "7692 §5.1", 51}, "foo; bar, permessage-deflate, baz", kTakeover, "permessage-deflate"},
      {{"InALaterField", "6455 §11.3.2", 54},
       "foo\r\nSec-WebSocket-Extensions: bar, permessage-deflate; client_max_window_bits",
       kTakeover,
       "permessage-deflate"},
      declined("OtherExtension", 51, "permessage-bzip2"),
      declined("NameInCapitals", 95, "Permessage-Deflate"),
      declined("UnknownParameter", 95, "permessage-deflate; level=3"),
      declined("ParameterInCapitals", 95, "permessage-deflate; Server_max_window_bits=10"),
      declined("RepeatedFlag", 95, "permessage-deflate; server_no_context_takeover; server_no_context_takeover"),
      declined("RepeatedClientFlag", 95, "permessage-deflate; client_no_context_takeover; client_no_context_takeover"),
      declined("RepeatedServerWindow", 95, "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9"),
      declined("RepeatedClientWindow", 95, "permessage-deflate; client_max_window_bits; client_max_window_bits=10"),
      declined("ServerFlagWithValue", 100, "permessage-deflate; server_no_context_takeover=1"),
      declined("ClientFlagWithValue", 101, "permessage-deflate; client_no_context_takeover=true"),
      declined("ServerWindowWithoutValue", 102, "permessage-deflate; server_max_window_bits"),
      declined("ServerWindowTooSmall", 102, "permessage-deflate; server_max_window_bits=7"),
      declined("ServerWindowTooLarge", 102, "permessage-deflate; server_max_window_bits=16"),
      declined("ServerWindowZero", 102, "permessage-deflate; server_max_window_bits=0"),
      declined("ServerWindowWithLeadingZero", 102, "permessage-deflate; server_max_window_bits=09"),
      declined("ServerWindowWithManyDigits", 102, "permessage-deflate; server_max_window_bits=4294967306"),
      declined("ServerWindowWithSign", 102, "permessage-deflate; server_max_window_bits=+9"),
      declined("ServerWindowInHexadecimal", 102, "permessage-deflate; server_max_window_bits=a"),
      declined("ServerWindowWithFraction", 102, "permessage-deflate; server_max_window_bits=9.0"),
      declined("ClientWindowTooSmall", 103, "permessage-deflate; client_max_window_bits=7"),
      declined("ClientWindowTooLarge", 103, "permessage-deflate; client_max_window_bits=16"),
      declined("ClientWindowWithLeadingZero", 103, "permessage-deflate; client_max_window_bits=015"),
      declined("QuotedLeadingZero", 102, "permessage-deflate; server_max_window_bits=\"\\010\""),
  };
}

class DeflateOffer : public testing::TestWithParam<Row> {};

TEST_P(DeflateOffer, GetsItsAnswer) {
  const Row& row = GetParam();
  EXPECT_EQ(answer(row.offer, row.settings), row.answer) << row.offer;
}

INSTANTIATE_TEST_SUITE_P(Rows, DeflateOffer, testing::ValuesIn(rows()), RowName());

TEST(DeflateOffers, AMalformedListIsNotNegotiated) {  // RFC 6455 §9.1, checklist 52
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=", kTakeover), "malformed");
  EXPECT_EQ(answer("permessage-deflate, a;", kTakeover), "malformed");
  EXPECT_EQ(answer("permessage-deflate; server_max_window_bits=\"1 0\"", kTakeover), "malformed");
  EXPECT_EQ(answer(std::vector<std::string>{"permessage-deflate", "a b"}, kTakeover), "malformed");
  EXPECT_EQ(answer(std::vector<std::string>{"", ", ,"}, kTakeover), "malformed");
}

// ---- The client's side

TEST(DeflateOffer, SaysWhatTheSettingsWant) {  // RFC 7692 §7.1
  EXPECT_EQ(deflate_offer(kOff), "");
  EXPECT_EQ(deflate_offer(kOn), kNeither + "; client_max_window_bits");
  EXPECT_EQ(deflate_offer(kTakeover), "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(deflate_offer(windows(10, 9)), "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9");
  EXPECT_EQ(deflate_offer(windows(8, 8, {.mode = CompressionMode::on_request})),
            kNeither + "; server_max_window_bits=8; client_max_window_bits=8");
}

struct AnswerRow {
  Source source;
  std::string answer;  // value of the field; lines that follow it, too
  Compression settings;
  ResponseFault fault;
  DeflateParameters agreed = {};
};

void PrintTo(const AnswerRow& row, std::ostream* out) { *out << row.source; }

std::vector<AnswerRow> answers() {
  using enum ResponseFault;
  const std::string deflate = "permessage-deflate";
  return {
      {{"Plain", "7692 §7.1", 96}, deflate, kTakeover, none, {}},
      {{"BothTakeoversDeclined", "7692 §7.1.1", 100},
       kNeither,
       kOn,
       none,
       {.server_no_context_takeover = true, .client_no_context_takeover = true}},
      {{"TheOfferBindsTheClientItself", "7692 §7.1.1.2", 101},
       deflate + "; server_no_context_takeover",
       kOn,
       none,
       {.server_no_context_takeover = true, .client_no_context_takeover = true}},
      {{"TakeoverDeclinedUnasked", "7692 §7.1.1", 101},
       kNeither,
       kTakeover,
       none,
       {.server_no_context_takeover = true, .client_no_context_takeover = true}},
      {{"WindowsUnasked", "7692 §7.1.2", 103},
       deflate + "; client_max_window_bits=8; server_max_window_bits=\"1\\1\"",
       kTakeover,
       none,
       {.server_max_window_bits = 11,
        .client_max_window_bits = 8,
        .names_server_window = true,
        .names_client_window = true}},
      {{"SmallerWindowsThanOffered", "7692 §7.1.2", 103},
       deflate + "; server_max_window_bits=8; client_max_window_bits=9",
       windows(10, 10),
       none,
       {.server_max_window_bits = 8,
        .client_max_window_bits = 9,
        .names_server_window = true,
        .names_client_window = true}},
      {{"TheOffersWindowBindsTheClientItself", "7692 §7.1.2.2", 103},
       deflate,
       windows(15, 10),
       none,
       {.client_max_window_bits = 10}},
      {{"NothingOffered", "6455 §9.1", 62}, deflate, kOff, extension_not_offered},
      {{"OtherExtension", "6455 §9.1", 62}, "permessage-bzip2", kTakeover, extension_not_offered},
      {{"NameInCapitals", "6455 §9.1", 62}, "Permessage-Deflate", kTakeover, extension_not_offered},
      {{"SeveralExtensions", "6455 §9.1", 62}, deflate + ", foo", kTakeover, several_extensions},
      {{"TheSameTwice", "7692 §5", 62}, deflate + ", " + deflate, kTakeover, several_extensions},
      {{"RepeatedField", "6455 §11.3.2", 62},
       deflate + "\r\nSec-WebSocket-Extensions: " + deflate,
       kTakeover,
       repeated_extensions},
      {{"Empty", "6455 §9.1", 62}, " ,", kTakeover, malformed_extensions},
      {{"Malformed", "6455 §9.1", 62}, deflate + ";", kTakeover, malformed_extensions},
      {{"UnknownParameter", "7692 §7", 96}, deflate + "; level=1", kTakeover, deflate_parameter},
      {{"RepeatedFlag", "7692 §7", 96}, kNeither + "; client_no_context_takeover", kTakeover, deflate_parameter},
      {{"FlagWithValue", "7692 §7.1.1.1", 96},
       deflate + "; server_no_context_takeover=1",
       kTakeover,
       deflate_parameter},
      {{"ServerWindowWithoutValue", "7692 §7.1.2.1", 96},
       deflate + "; server_max_window_bits",
       kTakeover,
       deflate_parameter},
      {{"ServerWindowTooSmall", "7692 §7.1.2.1", 96},
       deflate + "; server_max_window_bits=7",
       kTakeover,
       deflate_parameter},
      {{"ServerWindowTooLarge", "7692 §7.1.2.1", 96},
       deflate + "; server_max_window_bits=16",
       kTakeover,
       deflate_parameter},
      {{"ClientWindowWithoutValue", "7692 §7.1.2.2", 96},
       deflate + "; client_max_window_bits",
       kTakeover,
       deflate_parameter},
      {{"ClientWindowWithLeadingZero", "7692 §7.1.2.2", 96},
       deflate + "; client_max_window_bits=09",
       kTakeover,
       deflate_parameter},
      {{"ServerTakeoverNotDeclined", "7692 §7.1.1.1", 96},
       deflate + "; client_no_context_takeover",
       kOn,
       server_takeover_not_declined},
      {{"ServerWindowNotConfirmed", "7692 §7.1.2.1", 96}, deflate, windows(14, 15), server_window_above_offer},
      {{"ServerWindowAboveTheOffer", "7692 §7.1.2.1", 96},
       deflate + "; server_max_window_bits=12",
       windows(11, 15),
       server_window_above_offer},
      {{"ClientWindowAboveTheOffer", "7692 §7.1.2.2", 96},
       deflate + "; client_max_window_bits=12",
       windows(15, 11),
       client_window_above_offer},
  };
}

class DeflateAnswer : public testing::TestWithParam<AnswerRow> {};

TEST_P(DeflateAnswer, IsJudged) {
  const AnswerRow& row = GetParam();
  const std::string lines = "Sec-WebSocket-Extensions: " + row.answer + "\r\n";
  const ExtensionsAnswer answer = judge_extensions_answer(Headers(lines), row.settings);
  EXPECT_EQ(answer.fault, row.fault) << info_of(answer.fault).text;
  ASSERT_EQ(answer.deflate.has_value(), row.fault == ResponseFault::none);
  if (answer.deflate) {
    EXPECT_EQ(*answer.deflate, row.agreed) << answer.deflate->to_string();
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, DeflateAnswer, testing::ValuesIn(answers()), RowName());

TEST(DeflateAnswers, NoneMeansNoCompression) {
  const ExtensionsAnswer answer = judge_extensions_answer(Headers("Upgrade: websocket\r\n"), kTakeover);
  EXPECT_EQ(answer.fault, ResponseFault::none);
  EXPECT_FALSE(answer.deflate);
}

TEST(DeflateAnswers, BothSidesOfMoteUnderstandEachOther) {  // RFC 7692 §7.1
  for (int one = 8; one <= 15; ++one) {
    for (int other = 8; other <= 15; ++other) {
      for (const Compression& asked : {windows(one, other, kOn), windows(one, other)}) {
        for (const Compression& wanted : {windows(other, one, kOn), windows(other, one)}) {
          const std::string said = answer(deflate_offer(asked), wanted);
          const std::string lines = "Sec-WebSocket-Extensions: " + said + "\r\n";
          const ExtensionsAnswer understood = judge_extensions_answer(Headers(lines), asked);
          ASSERT_EQ(understood.fault, ResponseFault::none) << said;
          ASSERT_LE(understood.deflate->server_max_window_bits, one) << said;
          ASSERT_LE(understood.deflate->client_max_window_bits, std::min(one, other)) << said;
          ASSERT_EQ(understood.deflate->to_string(), said);
        }
      }
    }
  }
}

// ---- Every offer gets a legal answer: judged by sentences of RFC 7692 §7, with a parser of its own

struct Parameter {
  std::string name;
  std::optional<std::string> value;
};

struct GeneratedOffer {
  std::vector<Parameter> parameters;
  std::string text;
};

class OfferMaker {
 public:
  explicit OfferMaker(std::mt19937& random) : random_(random) {}

  GeneratedOffer make() {
    GeneratedOffer offer{{}, "permessage-deflate"};
    for (int left = pick(6); left > 0; --left) {
      Parameter parameter{names_[static_cast<std::size_t>(pick(static_cast<int>(names_.size())))], std::nullopt};
      const bool flag = parameter.name.find("takeover") != std::string::npos;
      if (pick(flag ? 8 : 4) == 0 || (!flag && pick(6) != 0)) {
        if (!flag || pick(2) == 0) parameter.value = value();
      }
      offer.text.append(spaces()).append(";").append(spaces()).append(parameter.name);
      if (parameter.value) {
        const bool quoted = pick(3) == 0;
        offer.text.append(spaces()).append("=").append(spaces());
        offer.text.append(quoted ? "\"" + *parameter.value + "\"" : *parameter.value);
      }
      offer.parameters.push_back(std::move(parameter));
    }
    return offer;
  }
  int pick(int below) { return std::uniform_int_distribution<int>(0, below - 1)(random_); }

 private:
  std::string value() {
    if (pick(3) != 0) return std::to_string(8 + pick(8));
    static const std::array<std::string, 10> odd = {"7",  "16", "0", "08",  "015",
                                                    "99", "-9", "x", "1e1", "18446744073709551624"};
    return odd[static_cast<std::size_t>(pick(static_cast<int>(odd.size())))];
  }
  std::string spaces() {
    return std::string(static_cast<std::size_t>(std::max(0, pick(5) - 2)), pick(2) == 0 ? ' ' : '\t');
  }

  std::mt19937& random_;
  std::vector<std::string> names_ = {"server_no_context_takeover",
                                     "client_no_context_takeover",
                                     "server_max_window_bits",
                                     "client_max_window_bits",
                                     "server_max_window_bits",
                                     "client_max_window_bits",
                                     "mystery"};
};

bool legal_bits(const std::optional<std::string>& value) {
  static const std::array<std::string, 8> all = {"8", "9", "10", "11", "12", "13", "14", "15"};
  return value && std::find(all.begin(), all.end(), *value) != all.end();
}

const Parameter* find(const std::vector<Parameter>& parameters, std::string_view name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const auto& p) { return p.name == name; });
  return found == parameters.end() ? nullptr : &*found;
}

bool acceptable(const GeneratedOffer& offer) {
  for (std::size_t i = 0; i < offer.parameters.size(); ++i) {
    const auto& [name, value] = offer.parameters[i];
    if (find(offer.parameters, name) != &offer.parameters[i]) return false;  // repeated
    if (name == "server_no_context_takeover" || name == "client_no_context_takeover") {
      if (value) return false;
    } else if (name == "server_max_window_bits") {
      if (!legal_bits(value)) return false;
    } else if (name == "client_max_window_bits") {
      if (value && !legal_bits(value)) return false;
    } else {
      return false;
    }
  }
  return true;
}

std::vector<Parameter> parse_answer(std::string_view text) {
  std::vector<Parameter> parameters;
  for (std::size_t at = 0; at != std::string_view::npos;) {
    const std::size_t end = text.find("; ", at);
    const std::string_view part = text.substr(at, end == std::string_view::npos ? end : end - at);
    const std::size_t equals = part.find('=');
    parameters.push_back({std::string(part.substr(0, equals)), std::nullopt});
    if (equals != std::string_view::npos) parameters.back().value = part.substr(equals + 1);
    at = end == std::string_view::npos ? end : end + 2;
  }
  return parameters;
}

// RFC 7692 §7.1: what a response to `offer` may not say, in words; empty where all is well.
std::string objection(const GeneratedOffer& offer, std::string_view answer_text, const Compression& settings) {
  auto answer = parse_answer(answer_text);
  if (answer.empty() || answer[0].name != "permessage-deflate") return "another extension";
  answer.erase(answer.begin());
  if (!acceptable({answer, {}})) return "malformed parameters";
  const auto bits = [](const Parameter* parameter) {
    return parameter && parameter->value ? std::stoi(*parameter->value) : 15;
  };
  const Parameter* const server_asked = find(offer.parameters, "server_max_window_bits");
  const Parameter* const server_said = find(answer, "server_max_window_bits");
  const Parameter* const client_asked = find(offer.parameters, "client_max_window_bits");
  const Parameter* const client_said = find(answer, "client_max_window_bits");
  if (find(offer.parameters, "server_no_context_takeover") && !find(answer, "server_no_context_takeover")) {
    return "server_no_context_takeover is not confirmed";
  }
  if (server_asked && (!server_said || bits(server_said) > bits(server_asked))) return "server window above the offer";
  if (client_said && !client_asked) return "client window without an offer";
  if (client_said && !client_said->value) return "client window without a value";
  if (client_said && bits(client_said) > bits(client_asked)) return "client window above the offer";
  if (bits(server_said) > settings.server_max_window_bits) return "server window above ours";
  const bool client_keeps = !find(answer, "client_no_context_takeover");
  if (client_keeps && bits(client_said) > settings.client_max_window_bits) return "client context above ours";
  if (client_keeps && !settings.client_context_takeover) return "client context that we do not want";
  return {};
}

TEST(DeflateOffers, WhateverIsOfferedTheAnswerIsLegal) {  // RFC 7692 §7, checklist 95, 102, 103
  std::mt19937 random(kSeed);
  OfferMaker maker(random);
  int accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::vector<GeneratedOffer> offers;
    std::vector<std::string> fields;
    for (int count = 1 + maker.pick(3); count > 0; --count) {
      offers.push_back(maker.make());
      if (fields.empty() || maker.pick(3) == 0) {
        fields.push_back(offers.back().text);
      } else {
        fields.back().append(" , ").append(offers.back().text);
      }
    }
    const Compression settings = windows(8 + maker.pick(8), 8 + maker.pick(8), maker.pick(2) == 0 ? kOn : kTakeover);
    const std::string said = answer(fields, settings);
    const auto first = std::find_if(offers.begin(), offers.end(), acceptable);
    if (first == offers.end()) {
      ASSERT_EQ(said, "") << "seed " << kSeed << " round " << round << ": " << fields.front();
    } else {
      ASSERT_EQ(objection(*first, said, settings), "") << "seed " << kSeed << " round " << round << ": " << said;
      ++accepted;
    }
  }
  EXPECT_GT(accepted, 20'000);
}

}  // namespace
}  // namespace mote::proto
