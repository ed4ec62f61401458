#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace mote::load {

/// One plot: a frame with axes, and what is drawn in it. Coordinates are shares of the frame, 0 to 1, y upwards.
class Svg {
 public:
  struct Point {
    double x;
    double y;
  };

  /// `description`: for those who cannot see it.
  explicit Svg(std::string_view description);

  /// A horizontal line across the frame; `label` stands left of it.
  void tick_y(double y, std::string_view label);
  /// A vertical line; `label` stands below it.
  void tick_x(double x, std::string_view label);
  void title_x(std::string_view text);
  void title_y(std::string_view text);
  /// A shaded part, with a word at its top where that has room.
  void shade(double from, double to, std::string_view word);
  /// A curve, and the area under it.
  void curve(const std::vector<Point>& points);
  /// A dashed line across a part of the frame.
  void level(double from, double to, double y);
  /// What that is, above the frame.
  void legend_level(std::string_view text);
  /// A dot on a rising curve; `label` stands left of it and above, or right and below, and `hint` shows when it is
  /// pointed at.
  enum class Side { above, below };
  void dot(Point at, std::string_view label, std::string_view hint, Side side);

  /// The `<svg>` element.
  [[nodiscard]] std::string text() const;

 private:
  void add_line(std::string_view kind, Point from, Point to);
  void add_text(std::string_view kind, double x, double y, std::string_view text);

  std::string description_;
  std::string body_;
};

}  // namespace mote::load
