//! An SVG document under construction. Paint is given as SVG attributes; text is escaped here.

use std::fmt::{Arguments, Write};

use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{
    Figure, PathData,
    colour::{self, ColourMap},
    figure::FONT_FAMILY,
};

/// A rectangle of the drawing; y goes down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Its left edge.
    pub left: f64,
    /// Its upper edge.
    pub top: f64,
    /// To the right.
    pub width: f64,
    /// Downwards.
    pub height: f64,
}

/// Which point of a text its position names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Where it begins.
    Start,
    /// Its middle.
    Middle,
    /// Where it ends.
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub struct Lettering {
    /// Height of the type.
    pub size: f64,
    /// What its position is.
    pub anchor: Anchor,
    /// Whether it is bold.
    pub bold: bool,
    /// As SVG writes colours.
    pub colour: &'static str,
}

/// A drawing.
#[derive(Debug, Default)]
pub struct Canvas {
    body: String,
}

impl Canvas {
    fn add(&mut self, element: Arguments<'_>) {
        self.body
            .write_fmt(element)
            .expect("a string takes all text");
        self.body.push('\n');
    }

    /// A rectangle.
    pub fn rectangle(&mut self, area: Area, paint: &str) {
        self.add(format_args!("<rect {} {paint}/>", Corner(area)));
    }

    /// A path.
    pub fn path(&mut self, data: &PathData, paint: &str) {
        self.add(format_args!("<path d='{}' {paint}/>", data.as_str()));
    }

    /// A path that is drawn where it is [`reused`](Self::reuse).
    pub fn define(&mut self, id: &str, data: &PathData) {
        self.add(format_args!(
            "<defs><path id='{id}' d='{}'/></defs>",
            data.as_str()
        ));
    }

    /// A path defined before.
    pub fn reuse(&mut self, id: &str, paint: &str) {
        self.add(format_args!(
            "<use href='#{id}' xlink:href='#{id}' {paint}/>"
        ));
    }

    /// A line of text on the base line at `y`.
    pub fn text(&mut self, [x, y]: [f64; 2], lettering: Lettering, content: &str) {
        let Lettering { size, colour, .. } = lettering;
        let anchor = match lettering.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let weight = if lettering.bold { "bold" } else { "normal" };
        let style = format!(
            "font-size='{size}' font-weight='{weight}' text-anchor='{anchor}' fill='{colour}'"
        );
        self.add(format_args!(
            "<text x='{x}' y='{y}' {style}>{}</text>",
            escaped(content)
        ));
    }

    /// A PNG file, smoothly scaled.
    pub fn image(&mut self, area: Area, png: &[u8]) {
        let data = BASE64_STANDARD.encode(png);
        let corner = Corner(area);
        self.add(format_args!(
            "<image {corner} preserveAspectRatio='none' xlink:href='data:image/png;base64,{data}'/>"
        ));
    }

    /// A colour map as a strip from left to right.
    pub fn colour_strip(&mut self, id: &str, area: Area, map: &ColourMap) {
        let last = (map.anchors.len() - 1) as f64;
        self.add(format_args!("<defs><linearGradient id='{id}'>"));
        for (index, [red, green, blue]) in map.anchors.iter().enumerate() {
            let offset = index as f64 / last;
            self.add(format_args!(
                "<stop offset='{offset}' stop-color='rgb({red},{green},{blue})'/>"
            ));
        }
        self.add(format_args!("</linearGradient></defs>"));
        self.rectangle(
            area,
            &format!(
                "fill='url(#{id})' stroke='{}' stroke-width='0.5'",
                colour::FAINT_INK
            ),
        );
    }

    /// A drawing of its own inside an area, cut off at its edges, whose origin is the area's upper
    /// left corner.
    pub fn inside(&mut self, area: Area, draw: impl FnOnce(&mut Self)) {
        self.add(format_args!("<svg {} overflow='hidden'>", Corner(area)));
        draw(self);
        self.add(format_args!("</svg>"));
    }

    /// The document.
    pub fn finish(self, width: f64, height: f64) -> Figure {
        let namespaces =
            "xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'";
        let font = format!("font-family=\"'{FONT_FAMILY}', Verdana, sans-serif\"");
        let extent = format!("viewBox='0 0 {width} {height}' width='{width}' height='{height}'");
        let background = "<rect width='100%' height='100%' fill='#ffffff'/>";
        Figure::new(format!(
            "<svg {namespaces} {extent} {font}>\n{background}\n{}</svg>\n",
            self.body
        ))
    }
}

/// The attributes that place a rectangle.
struct Corner(Area);

impl std::fmt::Display for Corner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Area {
            left,
            top,
            width,
            height,
        } = self.0;
        write!(
            formatter,
            "x='{left}' y='{top}' width='{width}' height='{height}'"
        )
    }
}

/// What XML cannot hold becomes a replacement character: a name from outside must not make a drawing unreadable.
fn escaped(text: &str) -> String {
    let possible = |sign: char| !sign.is_control() && !matches!(sign, '\u{fffe}' | '\u{ffff}');
    let text = text.replace(|sign| !possible(sign), "\u{fffd}");
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
