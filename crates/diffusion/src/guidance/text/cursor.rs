//! A place in a text, and the parts that may start there.

use super::TextError;

pub(in crate::guidance) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(in crate::guidance) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The place of the next part, after spaces.
    pub(super) fn place(&mut self) -> usize {
        self.at += self.rest().len() - self.rest().trim_start().len();
        self.at
    }

    pub(super) fn peek(&mut self) -> Option<char> {
        self.place();
        self.rest().chars().next()
    }

    /// Goes past a sign if it is the next part.
    pub(super) fn take(&mut self, sign: &str) -> bool {
        self.place();
        let found = self.rest().starts_with(sign);
        if found {
            self.at += sign.len();
        }
        found
    }

    pub(super) fn expect(&mut self, sign: &str, purpose: &str) -> Result<(), TextError> {
        if self.take(sign) {
            return Ok(());
        }
        let found = self.found();
        Err(self.fail(format!("expected '{sign}' {purpose}, found {found}")))
    }

    /// A name, with its place: letters, digits and hyphens.
    pub(super) fn name(&mut self, what: &str) -> Result<(usize, &'t str), TextError> {
        let start = self.place();
        let is_part = |sign: char| sign.is_ascii_alphanumeric() || sign == '-';
        let name = self.run(is_part);
        if name.is_empty() {
            let found = self.found();
            return Err(self.fail(format!("expected {what}, found {found}")));
        }
        Ok((start, name))
    }

    /// A value of a key, with its place: whatever stands before the next comma or bracket.
    pub(super) fn value(&mut self) -> (usize, &'t str) {
        let start = self.place();
        let value = self.run(|sign| !matches!(sign, ',' | '(' | ')' | '='));
        (start, value.trim_end())
    }

    /// A finite number, or `inf`. A dot belongs to it only if a digit follows, so that `0.2..5` is two numbers.
    pub(super) fn number(&mut self, what: &str) -> Result<f64, TextError> {
        let start = self.place();
        let length = number_length(self.rest());
        self.at += length;
        let text = &self.text[start..self.at];
        text.parse::<f64>()
            .ok()
            .filter(|value| value.is_finite() || text == "inf")
            .ok_or_else(|| {
                self.at = start;
                let found = if length == 0 {
                    self.found()
                } else {
                    text.into()
                };
                self.fail(format!("{what} must be a finite number, found {found}"))
            })
    }

    pub(super) fn fail(&self, problem: String) -> TextError {
        self.fail_at(self.at, problem)
    }

    pub(super) fn fail_at(&self, place: usize, problem: String) -> TextError {
        TextError::new(self.text, place, problem)
    }

    /// The next part, for messages.
    pub(super) fn found(&mut self) -> String {
        match self.peek() {
            None => "the end".into(),
            Some(sign) => format!("'{}'", sign.escape_debug()),
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn run(&mut self, is_part: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|sign| !is_part(sign)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }
}

/// How many bytes at the start of a text are a number.
fn number_length(text: &str) -> usize {
    if text.starts_with("inf") {
        return 3;
    }
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let is_sign = |at: usize| matches!(bytes.get(at), Some(b'+' | b'-'));
    let digits = |mut at: usize| {
        while is_digit(at) {
            at += 1;
        }
        at
    };
    let mut at = digits(usize::from(is_sign(0)));
    if bytes.get(at) == Some(&b'.') && is_digit(at + 1) {
        at = digits(at + 1);
    }
    let exponent = at + 1 + usize::from(is_sign(at + 1));
    if at > 0
        && is_digit(at - 1)
        && matches!(bytes.get(at), Some(b'e' | b'E'))
        && is_digit(exponent)
    {
        at = digits(exponent);
    }
    at
}
