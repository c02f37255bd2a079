//! The instructions that only make a value from the bytes that follow them.

use super::{
    super::problem::{Found, Problem},
    input::Input,
    opcode,
    value::Value,
};

/// The value an instruction makes, or none if it does something else.
pub(super) fn read(instruction: u8, input: &mut Input<'_>) -> Found<Option<Value>> {
    Ok(Some(match instruction {
        opcode::NONE => Value::None,
        opcode::NEWTRUE => Value::Boolean(true),
        opcode::NEWFALSE => Value::Boolean(false),
        opcode::BININT => Value::Integer(input.i32()?.into()),
        opcode::BININT1 => Value::Integer(input.u8()?.into()),
        opcode::BININT2 => Value::Integer(input.u16()?.into()),
        opcode::INT | opcode::LONG => decimal(input)?,
        opcode::LONG1 => {
            let length = input.u8()?;
            long(input, length.into())?
        }
        opcode::LONG4 => {
            let length = input.u32()?;
            long(input, length.into())?
        }
        opcode::FLOAT => Value::Float(parse(input)?),
        opcode::BINFLOAT => Value::Float(f64::from_be_bytes(input.array()?)),
        opcode::STRING => quoted(input)?,
        opcode::UNICODE => escaped(input)?,
        opcode::BINSTRING | opcode::BINUNICODE | opcode::BINBYTES => {
            let length = input.u32()?;
            block(instruction, input, length.into())?
        }
        opcode::SHORT_BINSTRING | opcode::SHORT_BINUNICODE | opcode::SHORT_BINBYTES => {
            let length = input.u8()?;
            block(instruction, input, length.into())?
        }
        opcode::BINUNICODE8 | opcode::BINBYTES8 | opcode::BYTEARRAY8 => {
            let length = input.u64()?;
            block(instruction, input, length)?
        }
        opcode::EMPTY_LIST => Value::List(Vec::new()),
        opcode::EMPTY_TUPLE => Value::Tuple(Vec::new()),
        opcode::EMPTY_DICT => Value::Dictionary(Vec::new()),
        opcode::EMPTY_SET => Value::Set(Vec::new()),
        _ => return Ok(None),
    }))
}

fn block(instruction: u8, input: &mut Input<'_>, length: u64) -> Found<Value> {
    let range = input.take(length)?;
    Ok(match instruction {
        opcode::BINSTRING | opcode::SHORT_BINSTRING => Value::Ambiguous(range),
        opcode::BINUNICODE | opcode::SHORT_BINUNICODE | opcode::BINUNICODE8 => Value::Text(range),
        _ => Value::Bytes(range),
    })
}

/// An integer in two's complement.
fn long(input: &mut Input<'_>, length: u64) -> Found<Value> {
    let range = input.take(length)?;
    let bytes = input.bytes(range.clone());
    if bytes.len() > 8 {
        return Ok(Value::LongInteger(range));
    }
    let negative = bytes.last().is_some_and(|&last| last >= 0x80);
    let mut whole = if negative { [0xff; 8] } else { [0; 8] };
    whole[..bytes.len()].copy_from_slice(bytes);
    Ok(Value::Integer(i64::from_le_bytes(whole)))
}

fn parse<T: std::str::FromStr>(input: &mut Input<'_>) -> Found<T> {
    let at = input.position();
    let text = input.line_text()?.trim();
    text.parse()
        .map_err(|_| Problem::new(format!("the pickle's line at byte {at} is no number")))
}

/// Booleans are written as the integers 00 and 01.
fn decimal(input: &mut Input<'_>) -> Found<Value> {
    let at = input.position();
    let text = input.line_text()?.trim();
    let digits = text.strip_suffix('L').unwrap_or(text);
    match (text, digits.parse()) {
        ("00", _) => Ok(Value::Boolean(false)),
        ("01", _) => Ok(Value::Boolean(true)),
        (_, Ok(number)) => Ok(Value::Integer(number)),
        _ => Err(Problem::new(format!(
            "the pickle's line at byte {at} is no integer of 64 bits"
        ))),
    }
}

/// A string as Python 2 prints it.
fn quoted(input: &mut Input<'_>) -> Found<Value> {
    let line = input.line()?;
    let (start, end) = (line.start, line.end);
    let bytes = input.bytes(line);
    let quotes = bytes.first().zip(bytes.last());
    match quotes {
        Some((first, last))
            if bytes.len() >= 2
                && first == last
                && b"'\"".contains(first)
                && !bytes.contains(&b'\\') =>
        {
            Ok(Value::Ambiguous(start + 1..end - 1))
        }
        _ => Err(Problem::new(format!(
            "the pickle's line at byte {start} is no quoted text without escapes"
        ))),
    }
}

/// Text in Latin-1 whose other characters are written `\uXXXX` or `\UXXXXXXXX`.
fn escaped(input: &mut Input<'_>) -> Found<Value> {
    let range = input.line()?;
    let bytes = input.bytes(range.clone());
    if bytes.is_ascii() && !bytes.contains(&b'\\') {
        return Ok(Value::Text(range));
    }
    let mut text = String::new();
    let mut rest = bytes;
    while let Some((&first, after)) = rest.split_first() {
        let digits = match after.first() {
            Some(b'u') if first == b'\\' => 4,
            Some(b'U') if first == b'\\' => 8,
            _ => 0,
        };
        if digits == 0 {
            text.push(char::from(first));
            rest = after;
            continue;
        }
        let code = after
            .get(1..=digits)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let code = code.and_then(|code| u32::from_str_radix(code, 16).ok());
        match code.and_then(char::from_u32) {
            Some(character) => text.push(character),
            None => {
                return Err(Problem::new(format!(
                    "the pickle's text at byte {} has a broken escape",
                    range.start
                )));
            }
        }
        rest = &after[1 + digits..];
    }
    Ok(Value::Unescaped(text.into()))
}
