#include "load/svg.h"

#include "load/escape.h"
#include "load/units.h"

namespace mote::load {
namespace {

// In the picture's own units, which are pixels where the page is wide enough.
constexpr double kWidth = 900;
constexpr double kHeight = 320;
constexpr double kLeft = 84;
constexpr double kRight = 20;
constexpr double kTop = 28;
constexpr double kBottom = 52;

double across(double x) { return kLeft + x * (kWidth - kLeft - kRight); }
double down(double y) { return kHeight - kBottom - y * (kHeight - kTop - kBottom); }
std::string pixels(double value) { return fixed(value, 1); }

std::string attribute(std::string_view name, double value) {
  return std::string(" ").append(name).append("=\"").append(pixels(value)).append("\"");
}

}  // namespace

Svg::Svg(std::string_view description) : description_(html_escaped(description)) {}

void Svg::tick_y(double y, std::string_view label) {
  add_line(label.empty() ? "grid faint" : "grid", {0, y}, {1, y});
  if (!label.empty()) add_text("tick left", kLeft - 10, down(y) + 4, label);
}

void Svg::tick_x(double x, std::string_view label) {
  add_line("grid faint", {x, 0}, {x, 1});
  add_text("tick", across(x), kHeight - kBottom + 20, label);
}

void Svg::title_x(std::string_view text) { add_text("axis", across(0.5), kHeight - 8, text); }
void Svg::title_y(std::string_view text) { add_text("axis begin", 8, 14, text); }

void Svg::shade(double from, double to, std::string_view word) {
  const double width = across(to) - across(from);
  body_.append(R"(<rect class="shade")").append(attribute("x", across(from))).append(attribute("y", down(1)));
  body_.append(attribute("width", width)).append(attribute("height", down(0) - down(1))).append("/>\n");
  if (width > 9 * static_cast<double>(word.size())) add_text("word", across((from + to) / 2), down(1) + 16, word);
}

void Svg::curve(const std::vector<Point>& points) {
  if (points.empty()) return;
  std::string path;
  for (const Point& point : points) {
    path.append(path.empty() ? "M" : "L").append(pixels(across(point.x))).append(" ").append(pixels(down(point.y)));
  }
  body_.append(R"(<path class="area" d=")").append(path);
  body_.append("L").append(pixels(across(points.back().x))).append(" ").append(pixels(down(0)));
  body_.append("L").append(pixels(across(points.front().x))).append(" ").append(pixels(down(0))).append("Z\"/>\n");
  body_.append(R"(<path class="curve" d=")").append(path).append("\"/>\n");
}

void Svg::level(double from, double to, double y) { add_line("level", {from, y}, {to, y}); }

void Svg::legend_level(std::string_view text) {
  constexpr double y = 14;
  constexpr double widest_character = 7.4;
  const double end = across(1) - widest_character * static_cast<double>(text.size()) - 8;
  body_.append(R"(<line class="level")").append(attribute("x1", end - 28)).append(attribute("y1", y - 4));
  body_.append(attribute("x2", end)).append(attribute("y2", y - 4)).append("/>\n");
  add_text("axis left", across(1), y, text);
}

void Svg::dot(Point at, std::string_view label, std::string_view hint, Side side) {
  body_.append(R"(<circle class="dot")").append(attribute("cx", across(at.x))).append(attribute("cy", down(at.y)));
  body_.append(" r=\"4\"><title>").append(html_escaped(hint)).append("</title></circle>\n");
  if (side == Side::above) {
    add_text("label left", across(at.x) - 7, down(at.y) - 9, label);
  } else {
    add_text("label", across(at.x) + 9, down(at.y) + 17, label);
  }
}

void Svg::add_line(std::string_view kind, Point from, Point to) {
  body_.append("<line class=\"").append(kind).append("\"").append(attribute("x1", across(from.x)));
  body_.append(attribute("y1", down(from.y))).append(attribute("x2", across(to.x)));
  body_.append(attribute("y2", down(to.y))).append("/>\n");
}

void Svg::add_text(std::string_view kind, double x, double y, std::string_view text) {
  body_.append("<text class=\"").append(kind).append("\"").append(attribute("x", x)).append(attribute("y", y));
  body_.append(">").append(html_escaped(text)).append("</text>\n");
}

std::string Svg::text() const {
  std::string svg = R"(<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 )";
  svg.append(fixed(kWidth, 0)).append(" ").append(fixed(kHeight, 0)).append("\">\n<title>").append(description_);
  return svg.append("</title>\n").append(body_).append("</svg>\n");
}

}  // namespace mote::load
