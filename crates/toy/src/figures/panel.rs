//! What all panels share: their frame, their titles and the explanation of their colours.

use foil_drawing::{
    Anchor, Area, Canvas, Lettering,
    colour::{self, ColourMap},
};

/// A title.
pub(super) const TITLE: Lettering = Lettering {
    size: 14.5,
    anchor: Anchor::Middle,
    bold: true,
    colour: colour::INK,
};
/// What stands below a title.
pub(super) const SUBTITLE: Lettering = Lettering {
    size: 12.5,
    anchor: Anchor::Middle,
    bold: false,
    colour: colour::FAINT_INK,
};
/// Explanations below the panels.
pub(super) const LEGEND: Lettering = Lettering {
    size: 12.5,
    anchor: Anchor::Start,
    bold: false,
    colour: colour::INK,
};

/// A square place for a panel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) size: f64,
}

impl Slot {
    pub(super) fn area(&self) -> Area {
        Area {
            left: self.left,
            top: self.top,
            width: self.size,
            height: self.size,
        }
    }

    pub(super) fn middle(&self) -> f64 {
        self.left + 0.5 * self.size
    }

    /// Two lines above the panel.
    pub(super) fn titles(&self, canvas: &mut Canvas, title: &str, subtitle: &str) {
        canvas.text([self.middle(), self.top - 26.0], TITLE, title);
        canvas.text([self.middle(), self.top - 8.5], SUBTITLE, subtitle);
    }

    /// The panel's content, in coordinates from 0 to `size`, and a frame over it.
    pub(super) fn draw(&self, canvas: &mut Canvas, content: impl FnOnce(&mut Canvas)) {
        canvas.inside(self.area(), content);
        let paint = format!(
            "fill='none' stroke='{}' stroke-width='0.75'",
            colour::FAINT_INK
        );
        canvas.rectangle(self.area(), &paint);
    }

    /// A heat map over the whole panel.
    pub(super) fn heat_map(&self, panel: &mut Canvas, png: &[u8]) {
        panel.image(
            Area {
                left: 0.0,
                top: 0.0,
                width: self.size,
                height: self.size,
            },
            png,
        );
    }
}

/// A strip of colours with what its ends and its middle mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct ColourBar<'a> {
    pub(super) map: &'a ColourMap,
    pub(super) caption: &'a str,
    /// From left to right, evenly spaced.
    pub(super) labels: &'a [&'a str],
}

impl ColourBar<'_> {
    /// Draws the strip in the middle of `centre`, its upper edge at `top`. The caption stands below
    /// the labels.
    pub(super) fn draw(&self, canvas: &mut Canvas, id: &str, [centre, top]: [f64; 2], width: f64) {
        let left = centre - 0.5 * width;
        canvas.colour_strip(
            id,
            Area {
                left,
                top,
                width,
                height: 9.0,
            },
            self.map,
        );
        let gaps = self.labels.len().saturating_sub(1).max(1) as f64;
        for (index, label) in self.labels.iter().enumerate() {
            let x = left + width * index as f64 / gaps;
            let small = Lettering {
                size: 11.0,
                ..SUBTITLE
            };
            canvas.text([x, top + 21.5], small, label);
        }
        let caption = Lettering {
            anchor: Anchor::Middle,
            ..LEGEND
        };
        canvas.text([centre, top + 38.0], caption, self.caption);
    }
}
