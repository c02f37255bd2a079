//! A few digits that tell two data sets apart.

use std::fmt::Write as _;

use ring::digest::{Context, SHA256};

/// Collects what makes a data set what it is. Parts are told apart by their lengths.
pub(crate) struct Fingerprint(Context);

impl Fingerprint {
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    pub(crate) fn number(&mut self, number: u64) {
        self.0.update(&number.to_le_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    /// In hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        let digest = self.0.finish();
        let mut digits = String::with_capacity(2 * digest.as_ref().len());
        for byte in digest.as_ref() {
            write!(digits, "{byte:02x}").expect("a string can be written to");
        }
        digits
    }
}
