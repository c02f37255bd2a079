//! A finished drawing: as SVG, and rasterised.

use std::sync::Arc;

use resvg::{
    tiny_skia::{Color, Pixmap, Transform},
    usvg::{Options, Tree, fontdb::Database},
};

use crate::DrawingError;

/// The family of the bundled font.
pub(crate) const FONT_FAMILY: &str = "DejaVu Sans";
const FONTS: [&[u8]; 2] = [
    include_bytes!("../assets/DejaVuSans.ttf"),
    include_bytes!("../assets/DejaVuSans-Bold.ttf"),
];
/// Pixels along the longer side of an image.
const LARGEST_SIDE: f32 = 16_384.0;

/// A drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    svg: String,
}

/// Pixels of a drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raster {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// `[height, width, 3]`
    pub rgb: Vec<u8>,
}

impl Figure {
    pub(crate) fn new(svg: String) -> Self {
        Self { svg }
    }

    /// The drawing as an SVG document.
    pub fn svg(&self) -> &str {
        &self.svg
    }

    /// The drawing as a PNG file with `scale` pixels per unit of the SVG, drawn with the bundled
    /// font alone.
    pub fn png(&self, scale: f32) -> Result<Vec<u8>, DrawingError> {
        let Raster { width, height, rgb } = self.raster(scale)?;
        encode_png(width, height, &rgb)
    }

    /// The drawing's pixels, as they are in its [PNG file](Self::png).
    pub fn raster(&self, scale: f32) -> Result<Raster, DrawingError> {
        let tree = Tree::from_str(&self.svg, &options())?;
        let size = tree.size().to_int_size();
        let (width, height) = (size.width(), size.height());
        let refused = DrawingError::Scale {
            width,
            height,
            scale,
        };
        let [columns, rows] = [width, height].map(|side| (side as f32 * scale).round());
        if !(columns >= 1.0 && rows >= 1.0 && columns.max(rows) <= LARGEST_SIDE) {
            return Err(refused);
        }
        let mut pixels = Pixmap::new(columns as u32, rows as u32).ok_or(refused)?;
        pixels.fill(Color::WHITE);
        resvg::render(
            &tree,
            Transform::from_scale(scale, scale),
            &mut pixels.as_mut(),
        );
        let opaque = pixels.pixels().iter();
        let rgb = opaque
            .flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()])
            .collect();
        Ok(Raster {
            width: pixels.width(),
            height: pixels.height(),
            rgb,
        })
    }
}

/// Only the bundled font is known, so that text looks the same everywhere.
fn options() -> Options<'static> {
    let mut fonts = Database::new();
    for font in FONTS {
        fonts.load_font_data(font.to_vec());
    }
    Options {
        font_family: FONT_FAMILY.to_owned(),
        fontdb: Arc::new(fonts),
        ..Options::default()
    }
}

/// A PNG file of `rgb` `[height, width, 3]`.
pub fn encode_png(width: u32, height: u32, rgb: &[u8]) -> Result<Vec<u8>, DrawingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(rgb)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test that cannot set itself up has failed"
)]
mod tests {
    use crate::{Anchor, Canvas, DrawingError, Lettering, colour};

    #[test]
    fn the_bundled_font_has_the_signs_that_formulas_need() {
        let drawn = |text: &str| {
            let mut canvas = Canvas::default();
            let lettering = Lettering {
                size: 14.5,
                anchor: Anchor::Middle,
                bold: true,
                colour: colour::INK,
            };
            canvas.text([20.0, 20.0], lettering, text);
            canvas.finish(40.0, 30.0).png(1.0).unwrap()
        };
        // What the font lacks is drawn as a box, all alike.
        let unknown = drawn("\u{4e2d}");
        assert_eq!(drawn("\u{6587}"), unknown);
        assert_ne!(drawn(""), unknown);
        for sign in [
            "σ", "Σ", "∇", "−", "×", "·", "∞", "≈", "½", "⅓", "²", "₁", "→", "é",
        ] {
            let sign_drawn = drawn(sign);
            assert!(sign_drawn != unknown && sign_drawn != drawn(""), "{sign}");
        }
    }

    #[test]
    fn a_scale_without_pixels_or_with_too_many_is_refused() {
        let figure = Canvas::default().finish(40.0, 30.0);
        for scale in [0.0, -1.0, f32::NAN, f32::INFINITY, 1e6] {
            assert!(
                matches!(figure.png(scale), Err(DrawingError::Scale { .. })),
                "{scale}"
            );
        }
    }

    #[test]
    fn text_of_any_signs_can_be_drawn() {
        let lettering = Lettering {
            size: 10.0,
            anchor: Anchor::Start,
            bold: false,
            colour: colour::INK,
        };
        for text in ["<a> & 'b' \"c\"", "\0\u{1b}[31m\u{85}", "x\u{fffe}\u{ffff}"] {
            let mut canvas = Canvas::default();
            canvas.text([1.0, 12.0], lettering, text);
            let raster = canvas.finish(90.0, 15.0).raster(1.0).unwrap();
            assert!(raster.rgb.iter().any(|&level| level < 128), "{text:?}");
        }
    }
}
