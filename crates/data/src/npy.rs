//! The header of numpy's files of one array: a Python dictionary of a fixed form.
//!
//! `{'descr': '<f4', 'fortran_order': False, 'shape': (8, 4, 4), }`

/// The first bytes of such a file.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

/// Headers are rarely longer than 128 bytes.
pub(crate) const HEADER_BYTES: u64 = 1024;

/// What an array is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// The type of its numbers, such as `<f4`.
    pub(crate) kind: &'a str,
    /// Whether the first index is the one whose neighbours lie side by side.
    pub(crate) fortran: bool,
    /// Its sizes as they are written, between brackets.
    pub(crate) shape: &'a str,
    /// Where the numbers begin.
    pub(crate) start: usize,
}

impl<'a> Header<'a> {
    /// Reads the header of a file that begins with these bytes; none if it is damaged.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        // The version decides how many bytes the header's length has.
        let (length, start) = match *bytes.strip_prefix(MAGIC)? {
            [1, _, low, high, ..] => (u32::from_le_bytes([low, high, 0, 0]), 10),
            [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]), 12),
            _ => return None,
        };
        let end = start + length as usize;
        let header = std::str::from_utf8(bytes.get(start..end)?).ok()?;
        Some(Self {
            kind: value(header, "descr")?.trim_matches('\''),
            fortran: value(header, "fortran_order")? != "False",
            shape: value(header, "shape")?,
            start: end,
        })
    }

    /// Its sizes, if they are numbers.
    pub(crate) fn sizes(&self) -> Option<Vec<usize>> {
        let sizes = self.shape.split(',').map(str::trim);
        let sizes = sizes.filter(|size| !size.is_empty());
        sizes.map(|size| size.parse().ok()).collect()
    }
}

/// An entry of the header; of a tuple what is between its brackets.
fn value<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{name}':"))?;
    let rest = rest.trim_start();
    match rest.strip_prefix('(') {
        Some(inner) => inner.split_once(')').map(|(inner, _)| inner),
        None => rest
            .split_once([',', '}'])
            .map(|(value, _)| value.trim_end()),
    }
}
