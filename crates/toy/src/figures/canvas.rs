//! An SVG document under construction. Paint is given as SVG attributes; text is escaped here.

use std::fmt::{Arguments, Write};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    Figure,
    colour::{self, ColourMap},
    figure::FONT_FAMILY,
    path::PathData,
};

/// A rectangle of the drawing; y goes down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Which point of a text its position names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lettering {
    pub(super) size: f64,
    pub(super) anchor: Anchor,
    pub(super) bold: bool,
    pub(super) colour: &'static str,
}

/// A drawing.
#[derive(Debug, Default)]
pub(super) struct Canvas {
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
    pub(super) fn rectangle(&mut self, area: Area, paint: &str) {
        self.add(format_args!("<rect {} {paint}/>", Corner(area)));
    }

    /// A path.
    pub(super) fn path(&mut self, data: &PathData, paint: &str) {
        self.add(format_args!("<path d='{}' {paint}/>", data.as_str()));
    }

    /// A path that is drawn where it is [`reused`](Self::reuse).
    pub(super) fn define(&mut self, id: &str, data: &PathData) {
        self.add(format_args!(
            "<defs><path id='{id}' d='{}'/></defs>",
            data.as_str()
        ));
    }

    /// A path defined before.
    pub(super) fn reuse(&mut self, id: &str, paint: &str) {
        self.add(format_args!(
            "<use href='#{id}' xlink:href='#{id}' {paint}/>"
        ));
    }

    /// A line of text on the base line at `y`.
    pub(super) fn text(&mut self, [x, y]: [f64; 2], lettering: Lettering, content: &str) {
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
    pub(super) fn image(&mut self, area: Area, png: &[u8]) {
        let data = BASE64_STANDARD.encode(png);
        let corner = Corner(area);
        self.add(format_args!(
            "<image {corner} preserveAspectRatio='none' xlink:href='data:image/png;base64,{data}'/>"
        ));
    }

    /// A colour map as a strip from left to right.
    pub(super) fn colour_strip(&mut self, id: &str, area: Area, map: &ColourMap) {
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
    pub(super) fn inside(&mut self, area: Area, draw: impl FnOnce(&mut Self)) {
        self.add(format_args!("<svg {} overflow='hidden'>", Corner(area)));
        draw(self);
        self.add(format_args!("</svg>"));
    }

    /// The document.
    pub(super) fn finish(self, width: f64, height: f64) -> Figure {
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

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
