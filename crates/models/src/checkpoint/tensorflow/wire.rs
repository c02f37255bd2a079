//! Protocol buffers as they are stored: fields one after another, each a number and a value of one of four kinds. What a message means is its
//! reader's business. <https://protobuf.dev/programming-guides/encoding>

use std::ops::Range;

use super::{super::problem::Found, damaged};

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// A whole number of up to 64 bits.
    Number(u64),
    /// The places of four bytes, or of eight.
    Fixed(Range<usize>),
    /// The place of bytes, text, numbers side by side, or another message.
    Bytes(Range<usize>),
}

/// The fields of a message that is a part of a file. After an error there are no more.
#[derive(Debug)]
pub(super) struct Message<'a> {
    bytes: &'a [u8],
    position: usize,
    end: usize,
}

impl<'a> Message<'a> {
    /// The message in `range` of a file, which must lie inside it.
    pub(super) fn new(bytes: &'a [u8], range: Range<usize>) -> Self {
        Self {
            bytes,
            position: range.start,
            end: range.end,
        }
    }

    fn field(&mut self) -> Found<(u32, Value)> {
        let tag = self.number()?;
        let number = u32::try_from(tag >> 3).unwrap_or(0);
        if number == 0 {
            return Err(self.wrong("no field has this number"));
        }
        let value = match tag & 7 {
            0 => Value::Number(self.number()?),
            1 => Value::Fixed(self.take(8)?),
            2 => {
                let length = self.number()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed(self.take(4)?),
            _ => return Err(self.wrong("a field of no known kind")),
        };
        Ok((number, value))
    }

    /// Seven bits a byte, the lowest first; all bytes but the last have the eighth bit.
    pub(super) fn number(&mut self) -> Found<u64> {
        let mut number = 0;
        for place in 0..10 {
            let byte = self.take(1)?;
            let byte = u64::from(self.bytes[byte.start]);
            number |= (byte & 0x7F) << (7 * place);
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(self.wrong("a number of more than 64 bits"))
    }

    /// The next `length` bytes' place; a length is believed only if the message has as many left.
    fn take(&mut self, length: u64) -> Found<Range<usize>> {
        let left = self.end - self.position;
        match usize::try_from(length) {
            Ok(length) if length <= left => {
                let start = self.position;
                self.position += length;
                Ok(start..self.position)
            }
            _ => Err(self.wrong(&format!("{length} bytes are needed and {left} are left"))),
        }
    }

    fn wrong(&self, problem: &str) -> super::Problem {
        damaged(&format!("at byte {}: {problem}", self.position))
    }
}

impl Iterator for Message<'_> {
    type Item = Found<(u32, Value)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.position == self.end {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.position = self.end;
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Value};

    fn fields(bytes: &[u8]) -> Option<Vec<(u32, Value)>> {
        let fields = Message::new(bytes, 0..bytes.len());
        fields.collect::<Result<_, _>>().ok()
    }

    /// The examples of the format's description.
    #[test]
    fn the_formats_own_examples_are_read() {
        assert_eq!(fields(b"\x08\x96\x01"), Some(vec![(1, Value::Number(150))]));
        let testing = b"\x12\x07testing";
        assert_eq!(fields(testing), Some(vec![(2, Value::Bytes(2..9))]));
        let inner = b"\x1a\x03\x08\x96\x01";
        assert_eq!(fields(inner), Some(vec![(3, Value::Bytes(2..5))]));
        let minus_two = b"\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        let expected = Value::Number(-2_i64 as u64);
        assert_eq!(fields(minus_two), Some(vec![(1, expected)]));
        assert_eq!(fields(b""), Some(vec![]));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for bytes in [
            &b"\x08"[..],
            b"\x08\x96",
            b"\x12\x07testin",
            b"\x0d\x00\x00\x00",
            b"\x00\x01",
            b"\x0b\x0c",
            b"\x0e",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ] {
            assert_eq!(fields(bytes), None, "{bytes:?}");
        }
    }
}
