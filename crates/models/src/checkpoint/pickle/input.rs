//! The program's bytes, one after the other; a length is believed only if the file has as many bytes left.

use std::ops::Range;

use super::super::problem::{Found, Problem};

/// A place in a part of a file.
#[derive(Debug)]
pub(super) struct Input<'a> {
    /// The whole file, so that ranges are the file's.
    bytes: &'a [u8],
    position: usize,
    end: usize,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8], range: Range<usize>) -> Self {
        let end = range.end.min(bytes.len());
        Self {
            bytes,
            position: range.start.min(end),
            end,
        }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn bytes(&self, range: Range<usize>) -> &'a [u8] {
        &self.bytes[range]
    }

    /// The next `length` bytes' place.
    pub(super) fn take(&mut self, length: u64) -> Found<Range<usize>> {
        let left = self.end - self.position;
        match usize::try_from(length) {
            Ok(length) if length <= left => {
                let start = self.position;
                self.position += length;
                Ok(start..self.position)
            }
            _ => Err(Problem::new(format!(
                "the pickle asks for {length} bytes at byte {} and {left} are left; the file is damaged or incomplete",
                self.position
            ))),
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Found<[u8; N]> {
        let range = self.take(N as u64)?;
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[range]);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Found<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u16(&mut self) -> Found<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    pub(super) fn i32(&mut self) -> Found<i32> {
        Ok(i32::from_le_bytes(self.array()?))
    }

    pub(super) fn u32(&mut self) -> Found<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    pub(super) fn u64(&mut self) -> Found<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// The rest of a line, without its end.
    pub(super) fn line(&mut self) -> Found<Range<usize>> {
        let rest = &self.bytes[self.position..self.end];
        match rest.iter().position(|&byte| byte == b'\n') {
            Some(length) => {
                let start = self.position;
                self.position += length + 1;
                Ok(start..start + length)
            }
            None => self
                .take(rest.len() as u64 + 1)
                .map(|range| range.start..range.start),
        }
    }

    /// The rest of a line as text.
    pub(super) fn line_text(&mut self) -> Found<&'a str> {
        let range = self.line()?;
        let at = range.start;
        std::str::from_utf8(&self.bytes[range])
            .map_err(|_| Problem::new(format!("the pickle's line at byte {at} is no text")))
    }
}
