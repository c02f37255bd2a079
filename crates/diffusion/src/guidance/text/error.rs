//! What is wrong with a text, and where.

/// A text that is no guidance: one line to print, and the place for whoever can draw a caret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("guidance '{}', column {}: {problem}", .text.escape_debug(), .position + 1)]
pub struct TextError {
    text: String,
    position: usize,
    problem: String,
}

impl TextError {
    pub(super) fn new(text: &str, byte: usize, problem: String) -> Self {
        Self {
            text: text.to_owned(),
            position: text[..byte].chars().count(),
            problem,
        }
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The character that the problem is at, from 0; the text's length if something is missing at its end.
    pub fn position(&self) -> usize {
        self.position
    }

    /// What is wrong and what is allowed, without the text and the place.
    pub fn problem(&self) -> &str {
        &self.problem
    }
}
