#include "load/options.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace mote::load {
namespace {

constexpr const char* kUrl = "ws://127.0.0.1:9000/echo";

Options parse(std::vector<const char*> arguments) { return parse_options(arguments); }

std::string rejection(std::vector<const char*> arguments) {
  try {
    parse_options(arguments);
    return "accepted";
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
}

TEST(LoadOptions, AUrlIsEnough) {
  const Options options = parse({kUrl});
  EXPECT_EQ(options.url, kUrl);
  EXPECT_EQ(options.connections, 1U);
  EXPECT_EQ(options.payload_bytes, 20U);
  EXPECT_TRUE(options.text);
  EXPECT_EQ(options.fill, Fill::ascii);
  EXPECT_EQ(options.pipeline, 1U);
  EXPECT_FALSE(options.rate);
  EXPECT_FALSE(options.messages);
  EXPECT_EQ(options.duration_s, 10);
}

TEST(LoadOptions, AreTakenAsTheyAreGivenOnEitherSideOfTheUrl) {
  const Options options = parse({"--connections",
                                 "64",
                                 "--payload",
                                 "0",
                                 "--binary",
                                 "--pipeline",
                                 "32",
                                 "--ramp",
                                 "0.5",
                                 "--warmup",
                                 "0",
                                 kUrl,
                                 "--duration",
                                 "2.5",
                                 "--verify",
                                 "--insecure",
                                 "--source-addresses",
                                 "8",
                                 "--concurrency",
                                 "16",
                                 "--pid",
                                 "77",
                                 "--json",
                                 "-",
                                 "--report",
                                 "r.html",
                                 "--quiet",
                                 "--seed",
                                 "18446744073709551615",
                                 "--timeout",
                                 "3"});
  EXPECT_EQ(options.connections, 64U);
  EXPECT_EQ(options.payload_bytes, 0U);
  EXPECT_FALSE(options.text);
  EXPECT_EQ(options.pipeline, 32U);
  EXPECT_EQ(options.ramp_s, 0.5);
  EXPECT_EQ(options.warmup_s, 0);
  EXPECT_EQ(options.duration_s, 2.5);
  EXPECT_TRUE(options.verify);
  EXPECT_TRUE(options.insecure);
  EXPECT_EQ(options.source_addresses, 8U);
  EXPECT_EQ(options.concurrency, 16U);
  EXPECT_EQ(options.pid, 77);
  EXPECT_EQ(options.json_file, "-");
  EXPECT_EQ(options.report_file, "r.html");
  EXPECT_TRUE(options.quiet);
  EXPECT_EQ(options.seed, 18446744073709551615ULL);
  EXPECT_EQ(options.timeout_s, 3);
}

TEST(LoadOptions, TheFillFollowsTheKindOfMessageUnlessItIsGiven) {
  EXPECT_EQ(parse({kUrl, "--binary"}).fill, Fill::random);
  EXPECT_EQ(parse({kUrl, "--deflate"}).fill, Fill::json);
  EXPECT_EQ(parse({kUrl, "--binary", "--deflate"}).fill, Fill::json);
  EXPECT_EQ(parse({kUrl, "--fill", "utf8", "--deflate"}).fill, Fill::utf8);
  EXPECT_EQ(parse({"--fill", "random", kUrl, "--binary"}).fill, Fill::random) << "whichever comes first";
}

TEST(LoadOptions, ACountOfMessagesLeavesNoWarmUp) {
  const Options options = parse({kUrl, "--messages", "1000"});
  EXPECT_EQ(options.messages, 1000U);
  EXPECT_EQ(options.warmup_s, 0);
}

TEST(LoadOptions, HelpNeedsNoUrlAndTellsOfEachOption) {
  EXPECT_TRUE(parse({"--help"}).help);
  for (const std::string_view option : {"--connections",
                                        "--payload",
                                        "--text",
                                        "--binary",
                                        "--fill",
                                        "--pipeline",
                                        "--rate",
                                        "--verify",
                                        "--deflate",
                                        "--seed",
                                        "--ramp",
                                        "--warmup",
                                        "--duration",
                                        "--messages",
                                        "--timeout",
                                        "--concurrency",
                                        "--source-addresses",
                                        "--ca",
                                        "--insecure",
                                        "--pid",
                                        "--json",
                                        "--report",
                                        "--quiet",
                                        "--help"}) {
    EXPECT_NE(kUsage.find(option), std::string_view::npos) << option;
  }
}

struct Wrong {
  std::vector<const char*> arguments;
  std::string_view about;
};

TEST(LoadOptions, WhatMakesNoSenseIsNamed) {
  const Wrong all[] = {
      {{}, "the URL is missing"},
      {{"--connections", "0", kUrl}, "--connections needs a whole number from 1 to 1000000, not \"0\""},
      {{"--connections", "-1", kUrl}, "\"-1\""},
      {{"--connections", "many", kUrl}, "\"many\""},
      {{"--connections", "10x", kUrl}, "\"10x\""},
      {{"--connections", "", kUrl}, "\"\""},
      {{kUrl, "--connections"}, "--connections needs a value"},
      {{"--payload", "99999999999999999999", kUrl}, "99999999999999999999"},
      {{"--duration", "nan", kUrl}, "--duration"},
      {{"--duration", "inf", kUrl}, "--duration"},
      {{"--duration", "0", kUrl}, "--duration"},
      {{"--warmup", "-1", kUrl}, "--warmup"},
      {{"--rate", "0", kUrl}, "--rate"},
      {{"--fill", "lorem", kUrl}, "--fill needs ascii, utf8, json or random, not \"lorem\""},
      {{"--frobnicate", kUrl}, "unknown option --frobnicate"},
      {{kUrl, "ws://other"}, "ws://other"},
      {{kUrl, "--fill", "random"}, "--binary"},
      {{kUrl, "--rate", "10", "--pipeline", "1"}, "--rate and --pipeline exclude each other"},
      {{kUrl, "--messages", "10", "--duration", "1"}, "--messages and --warmup or --duration"},
      {{kUrl, "--messages", "10", "--connections", "11"}, "--messages must be at least one for each"},
      {{kUrl, "--insecure", "--ca", "x.pem"}, "--insecure and --ca"},
      {{"ws://example.org", "--source-addresses", "2"}, "ws://example.org"},
      {{"ws+unix:///tmp/x", "--source-addresses", "2"}, "--source-addresses"},
      {{kUrl, "--source-addresses", "255"}, "254"},
      {{kUrl, "--report", ""}, "--report needs the name of a file"},
  };
  for (const Wrong& wrong : all) {
    const std::string text = rejection(wrong.arguments);
    EXPECT_NE(text.find(wrong.about), std::string::npos) << text << ": has no " << wrong.about;
  }
}

}  // namespace
}  // namespace mote::load
