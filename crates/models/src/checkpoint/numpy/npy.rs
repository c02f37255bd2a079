//! numpy's files of one array: a header of text that is a Python dictionary of a fixed form, then the numbers.
//!
//! `{'descr': '<f8', 'fortran_order': False, 'shape': (3, 3), }`

use super::{
    super::problem::{Found, Problem, shown},
    kind::Kind,
};

const MAGIC: &[u8] = b"\x93NUMPY";
/// numpy's own limit.
const LONGEST: u32 = 10_000;

/// What a file begins with.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) shape: Vec<usize>,
    pub(super) kind: Kind,
    pub(super) fortran: bool,
    /// Where the numbers begin.
    pub(super) start: usize,
}

impl Header {
    /// Reads the header of a file with these bytes.
    pub(super) fn read(bytes: &[u8]) -> Found<Self> {
        let damaged = || Problem::new("a damaged .npy file");
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        // The version decides how many bytes the header's length has.
        let (length, start) = match *rest {
            [1, _, low, high, ..] => (u32::from_le_bytes([low, high, 0, 0]), 10),
            [2 | 3, _, a, b, c, d, ..] => (u32::from_le_bytes([a, b, c, d]), 12),
            _ => return Err(damaged()),
        };
        let end = start + length.min(LONGEST + 1) as usize;
        let text = bytes.get(start..end).filter(|_| length <= LONGEST);
        let text = text.and_then(|text| std::str::from_utf8(text).ok());
        let text = text.ok_or_else(damaged)?;
        let described = entry(text, "descr").ok_or_else(damaged)?;
        let described = described
            .strip_prefix('\'')
            .and_then(|rest| rest.strip_suffix('\''));
        let described =
            described.ok_or_else(|| Problem::new("an array of records, not of numbers"))?;
        let order = described.split_at_checked(1).ok_or_else(damaged)?;
        let shape = entry(text, "shape").ok_or_else(damaged)?;
        let sizes = shape
            .split(',')
            .map(str::trim)
            .filter(|size| !size.is_empty());
        let sizes: Option<Vec<usize>> = sizes.map(|size| size.parse().ok()).collect();
        let fortran = match entry(text, "fortran_order") {
            Some("False") => false,
            Some("True") => true,
            _ => return Err(damaged()),
        };
        Ok(Self {
            shape: sizes
                .ok_or_else(|| Problem::new(format!("'({})' is no shape", shown(shape))))?,
            kind: Kind::new(order.1, order.0)?,
            fortran,
            start: end,
        })
    }
}

/// The value of an entry; of a tuple what is between its brackets.
fn entry<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{name}':"))?;
    let rest = rest.trim_start();
    match rest.strip_prefix('(') {
        Some(inner) => inner.split_once(')').map(|(inner, _)| inner),
        None => rest
            .split_once([',', '}'])
            .map(|(value, _)| value.trim_end()),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::Header;

    fn read(text: &str) -> super::Found<Header> {
        let length = (text.len() as u16).to_le_bytes();
        Header::read(&[&b"\x93NUMPY\x01\x00"[..], &length, text.as_bytes()].concat())
    }

    #[test]
    fn headers_of_every_shape_are_read() {
        let described = |text: &str| {
            let Header {
                shape,
                kind,
                fortran,
                start,
            } = read(text).expect("a header");
            assert_eq!(start, 10 + text.len());
            (shape, kind.dtype, kind.big_endian, fortran)
        };
        assert_eq!(
            described("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }   \n"),
            (vec![3, 4], DType::F64, false, false)
        );
        assert_eq!(
            described("{'descr': '>i8', 'fortran_order': True, 'shape': (5,), }\n"),
            (vec![5], DType::I64, true, true)
        );
        // As others than numpy write it.
        assert_eq!(
            described("{'shape':(), 'fortran_order':False, 'descr':'|u1'}"),
            (vec![], DType::U8, false, false)
        );
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for text in [
            "",
            "{'descr': '<f8', 'fortran_order': False}",
            "{'descr': '<f8', 'fortran_order': Perhaps, 'shape': (3,), }",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-3,), }",
            "{'descr': '<U7', 'fortran_order': False, 'shape': (3,), }",
            "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (3,), }",
            "{'descr': '', 'fortran_order': False, 'shape': (3,), }",
            "{'descr': '€f8', 'fortran_order': False, 'shape': (3,), }",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(Header::read(b"\x93NUMPY\x02\x00\xff\xff\xff\xff").is_err());
        assert!(Header::read(b"\x93NUMPY\x01").is_err());
    }
}
