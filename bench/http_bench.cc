// The head of a request, whole and cut into reads, and the opening handshake from the request's bytes to those of the
// response (RFC 6455 §4.2). Bytes are those of the request, or of the response where only that is made.

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <span>
#include <string>
#include <string_view>

#include <mote/options.h>

#include "bench/host.h"
#include "bench/requests.h"
#include "net/dispatcher.h"
#include "net/http_service.h"
#include "net/server_opening.h"
#include "proto/handshake.h"
#include "proto/head_collector.h"
#include "proto/http_response.h"
#include "proto/request_head.h"
#include "proto/upgrade_decision.h"

namespace {

using mote::bench::kBrowserRequest;
using mote::bench::kLibraryRequest;
using mote::proto::HeadLimits;
using mote::proto::HeadProgress;
using Collector = mote::proto::HeadCollector<mote::proto::RequestHead, HeadLimits>;

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::int64_t kWhole = 4096;  // one read, with room for more

HeadLimits default_limits() {
  const mote::Options options;
  return {options.max_request_head_bytes, options.max_header_lines, options.max_target_bytes};
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void set_bytes(benchmark::State& state, std::size_t each) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(each));
}

void parse(benchmark::State& state, std::string_view request) {
  const HeadLimits limits = default_limits();
  for (auto _ : state) {
    benchmark::DoNotOptimize(request);
    mote::proto::RequestHead head;
    if (head.parse(request, limits) != HeadProgress::complete) {
      state.SkipWithError("the head is not complete");
      break;
    }
    benchmark::DoNotOptimize(head);
  }
  set_bytes(state, request.size());
}

// In reads of so many bytes.
void collect(benchmark::State& state, std::string_view request) {
  const HeadLimits limits = default_limits();
  const auto read_bytes = static_cast<std::size_t>(state.range(0));
  Collector collector;
  for (auto _ : state) {
    benchmark::DoNotOptimize(request);
    auto progress = HeadProgress::incomplete;
    for (std::size_t at = 0; at < request.size(); at += read_bytes) {
      progress = collector.feed(bytes_of(request.substr(at, read_bytes)), limits).progress;
    }
    if (progress != HeadProgress::complete) {
      state.SkipWithError("the head is not complete");
      break;
    }
    benchmark::DoNotOptimize(collector);
    collector.begin_next();
  }
  state.SetLabel(read_bytes == kWhole ? "whole" : "split");
  set_bytes(state, request.size());
}

// Request in, the callback's decision, response out, through what `proto` has for it.
void handshake(benchmark::State& state, std::string_view request, mote::CompressionMode compression) {
  using Access = mote::UpgradeDecisionAccess;
  const HeadLimits limits = default_limits();
  const mote::proto::UpgradePolicy policy{.compression = {.mode = compression}};
  Collector collector;
  for (auto _ : state) {
    benchmark::DoNotOptimize(request);
    std::string response;
    const auto progress = collector.feed(bytes_of(request), limits).progress;
    const auto verdict = mote::proto::judge_upgrade(collector.head(), policy);
    if (progress != HeadProgress::complete || verdict.kind != mote::proto::UpgradeVerdict::Kind::accept) {
      state.SkipWithError("the handshake is not accepted");
      break;
    }
    const auto decision = Access::make(collector.head().headers(), verdict.subprotocol);
    mote::proto::append_switching_protocols(response, verdict.key, {Access::subprotocol(decision), verdict.deflate},
                                            Access::extra_lines(decision));
    benchmark::DoNotOptimize(response.data());
    benchmark::ClobberMemory();
    collector.begin_next();
  }
  set_bytes(state, request.size());
}

// The same as a server does it: with what it keeps of the request, and without an upgrade filter.
void server_opening(benchmark::State& state, std::string_view request) {
  const mote::Options options;
  mote::net::Dispatcher dispatcher;
  mote::net::Admission admission(options);
  mote::core::BlockCache blocks;
  mote::net::HttpService service(options, dispatcher, admission, "");
  for (auto _ : state) {
    benchmark::DoNotOptimize(request);
    mote::net::ServerOpening opening(service, blocks, {});
    const auto step = opening.feed(bytes_of(request));
    if (step.answer.after != mote::net::AfterAnswer::open) {
      state.SkipWithError("the handshake is not accepted");
      break;
    }
    benchmark::DoNotOptimize(step.answer.bytes.data());
  }
  set_bytes(state, request.size());
}

void accept_value(benchmark::State& state) {
  std::string_view key = kKey;
  for (auto _ : state) {
    benchmark::DoNotOptimize(key);
    benchmark::DoNotOptimize(mote::proto::accept_value(key));
  }
  set_bytes(state, key.size());
}

void response(benchmark::State& state) {
  const std::string date = mote::proto::http_date(std::time(nullptr));
  const std::string body(static_cast<std::size_t>(state.range(0)), 'x');
  std::size_t bytes = 0;
  for (auto _ : state) {
    std::string out;
    mote::proto::append_response(out, {.content_type = "text/html", .date = date}, body, mote::proto::Body::include);
    bytes = out.size();
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  set_bytes(state, bytes);
}

void reads(benchmark::internal::Benchmark* bench) { bench->ArgName("read")->Arg(kWhole)->Arg(256)->Arg(64)->Arg(1); }

BENCHMARK_CAPTURE(parse, library, kLibraryRequest)->Name("request_head/library");
BENCHMARK_CAPTURE(parse, browser, kBrowserRequest)->Name("request_head/browser");
BENCHMARK_CAPTURE(collect, browser, kBrowserRequest)->Name("head_collector/browser")->Apply(reads);
BENCHMARK(accept_value)->Name("accept_value");
BENCHMARK_CAPTURE(handshake, library, kLibraryRequest, mote::CompressionMode::off)->Name("handshake/library");
BENCHMARK_CAPTURE(handshake, browser, kBrowserRequest, mote::CompressionMode::off)->Name("handshake/browser");
BENCHMARK_CAPTURE(handshake, deflate, kBrowserRequest, mote::CompressionMode::on)->Name("handshake/browser/deflate");
BENCHMARK_CAPTURE(server_opening, library, kLibraryRequest)->Name("server_opening/library");
BENCHMARK_CAPTURE(server_opening, browser, kBrowserRequest)->Name("server_opening/browser");
BENCHMARK(response)->Name("http_response")->Arg(100)->Arg(16 * 1024);

}  // namespace

int main(int argc, char** argv) { return mote::bench::run(argc, argv); }
