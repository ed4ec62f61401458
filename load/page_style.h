#pragma once

#include <string_view>

namespace mote::load {

/// The style sheet of html_report().
inline constexpr std::string_view kPageStyle = R"(
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1b1f24; --muted: #5f6873; --grid: #d5dae1; --edge: #e2e6eb;
  --rate: #1a66c9; --latency: #b35309; --bad: #b42318;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101317; --card: #181c22; --text: #e6e9ed; --muted: #98a2ae; --grid: #343b45; --edge: #2a3038;
    --rate: #6ea8ff; --latency: #f0a35e; --bad: #ff8a7a;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; padding: 32px 20px; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}
main { max-width: 980px; margin: 0 auto; }
h1 { margin: 0; font-size: 24px; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 0 0 12px; font-size: 16px; }
.lead { margin: 4px 0 20px; color: var(--muted); }
.bad { color: var(--bad); }
.card { margin: 0 0 16px; padding: 20px; background: var(--card); border: 1px solid var(--edge); border-radius: 8px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); gap: 16px; }
.tile b { display: block; font-size: 24px; line-height: 1.2; font-weight: 600; white-space: nowrap; }
.tile span { color: var(--muted); font-size: 13px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); column-gap: 16px; }
.pair { align-items: start; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 0; text-align: left; vertical-align: top; border-top: 1px solid var(--edge); }
tr:first-child th, tr:first-child td { border-top: 0; }
th { width: 9.5em; padding-right: 16px; color: var(--muted); font-weight: normal; }
.figures { margin-top: 12px; font-size: 14px; }
.figures th, .figures td { width: auto; padding: 2px 0; text-align: right; border-top: 0; }
svg { display: block; width: 100%; height: auto; font-size: 13px; }
.rate { --ink: var(--rate); }
.latency { --ink: var(--latency); }
.grid { stroke: var(--grid); stroke-width: 1; shape-rendering: crispEdges; }
.faint { opacity: 0.5; }
.tick { fill: var(--muted); text-anchor: middle; font-variant-numeric: tabular-nums; }
.axis { fill: var(--muted); text-anchor: middle; }
.begin { text-anchor: start; }
.left { text-anchor: end; }
.word { fill: var(--muted); text-anchor: middle; }
.shade { fill: var(--muted); opacity: 0.1; }
.area { fill: var(--ink); opacity: 0.12; }
.curve { fill: none; stroke: var(--ink); stroke-width: 2; stroke-linejoin: round; }
.level { stroke: var(--text); stroke-width: 1; stroke-dasharray: 5 4; opacity: 0.7; }
.label { fill: var(--text); paint-order: stroke; stroke: var(--card); stroke-width: 4; stroke-linejoin: round; }
.dot { fill: var(--card); stroke: var(--ink); stroke-width: 2; }
footer { color: var(--muted); font-size: 13px; }
)";

}  // namespace mote::load
