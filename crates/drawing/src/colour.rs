//! Colours of text and lines, and maps from numbers to colours.

/// Where a heat map has nothing to say.
pub const BLANK: Rgb = [238, 238, 238];
/// Text, frames and arrows.
pub const INK: &str = "#1a1a1a";
/// Text and lines that matter less.
pub const FAINT_INK: &str = "#666666";

/// Red, green and blue of sRGB.
pub type Rgb = [u8; 3];

/// Evenly spaced colours with straight lines between them.
#[derive(Debug, Clone, Copy)]
pub struct ColourMap {
    /// From 0 to 1, at least two.
    pub anchors: &'static [Rgb],
}

/// White to blue, not so dark that lines over it disappear. Lightness falls in equal steps of
/// OKLab, from 1 to 0.44.
pub const SEQUENTIAL: ColourMap = ColourMap {
    anchors: &[
        [255, 255, 255],
        [192, 230, 255],
        [131, 203, 254],
        [63, 172, 254],
        [3, 139, 237],
        [6, 107, 204],
        [12, 77, 168],
    ],
};

/// Blue over white to red. Lightness falls to both sides in equal steps of OKLab, from 1 to 0.44.
pub const DIVERGING: ColourMap = ColourMap {
    anchors: &[
        [30, 78, 158],
        [51, 114, 195],
        [81, 151, 227],
        [126, 188, 247],
        [186, 223, 255],
        [255, 255, 255],
        [255, 206, 185],
        [251, 153, 118],
        [228, 105, 72],
        [193, 64, 42],
        [153, 22, 20],
    ],
};

impl ColourMap {
    /// The colour of a number; those below 0 or above 1 have the colour of the end.
    pub fn at(&self, value: f32) -> Rgb {
        let last = self.anchors.len() - 1;
        let position = value.clamp(0.0, 1.0) * last as f32;
        let below = (position as usize).min(last - 1);
        let share = position - below as f32;
        let (low, high) = (self.anchors[below], self.anchors[below + 1]);
        mixed(low, high, share)
    }
}

/// The colour at a share of the way from one colour to another.
pub fn mixed(from: Rgb, to: Rgb, share: f32) -> Rgb {
    std::array::from_fn(|channel| {
        let (from, to) = (f32::from(from[channel]), f32::from(to[channel]));
        (from + share * (to - from)).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::{ColourMap, DIVERGING, Rgb, SEQUENTIAL};

    /// L of OKLab. Ottosson 2020.
    fn lightness(colour: Rgb) -> f64 {
        let [r, g, b] = colour.map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        });
        let l = 0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b;
        let m = 0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b;
        let s = 0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b;
        0.210_454_255_3 * l.cbrt() + 0.793_617_785_0 * m.cbrt() - 0.004_072_046_8 * s.cbrt()
    }

    #[test]
    fn maps_have_the_colours_of_their_ends_beyond_them() {
        for map in [SEQUENTIAL, DIVERGING] {
            let (first, last) = (map.anchors[0], map.anchors[map.anchors.len() - 1]);
            assert_eq!(
                [map.at(0.0), map.at(-7.0), map.at(f32::NEG_INFINITY)],
                [first; 3]
            );
            assert_eq!([map.at(1.0), map.at(1.5), map.at(f32::INFINITY)], [last; 3]);
        }
        assert_eq!(
            (SEQUENTIAL.at(0.0), DIVERGING.at(0.5)),
            ([255; 3], [255; 3])
        );
    }

    #[test]
    fn between_anchors_colours_are_mixed() {
        let map = ColourMap {
            anchors: &[[0, 0, 0], [100, 0, 200], [200, 0, 0]],
        };
        assert_eq!(
            [map.at(0.25), map.at(0.5), map.at(0.9)],
            [[50, 0, 100], [100, 0, 200], [180, 0, 40]]
        );
    }

    #[test]
    fn lightness_changes_evenly() {
        let even = |anchors: &[Rgb], step: f64| {
            for pair in anchors.windows(2) {
                assert!(
                    (lightness(pair[1]) - lightness(pair[0]) - step).abs() < 0.006,
                    "{pair:?}"
                );
            }
        };
        even(SEQUENTIAL.anchors, -0.56 / 6.0);
        even(&DIVERGING.anchors[..6], 0.56 / 5.0);
        even(&DIVERGING.anchors[5..], -0.56 / 5.0);
    }
}
