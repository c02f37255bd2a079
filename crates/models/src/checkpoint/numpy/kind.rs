//! The types of numbers, as numpy writes them.

use candle_core::DType;

use super::super::problem::{Found, Problem, shown};

/// A type, and the order of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) dtype: DType,
    pub(super) big_endian: bool,
}

impl Kind {
    /// From a name such as `f8`, and an order such as `<`. Booleans are bytes.
    pub(super) fn new(name: &str, order: &str) -> Found<Self> {
        let dtype = match name {
            "f2" => DType::F16,
            "f4" => DType::F32,
            "f8" => DType::F64,
            "i2" => DType::I16,
            "i4" => DType::I32,
            "i8" => DType::I64,
            "u1" | "b1" => DType::U8,
            "u4" => DType::U32,
            other => {
                return Err(Problem::new(format!(
                    "arrays of type '{}' cannot be read, only f2, f4, f8, i2, i4, i8, u1, u4 and b1",
                    shown(other)
                )));
            }
        };
        match order {
            "<" | "|" | "=" => Ok(Self {
                dtype,
                big_endian: false,
            }),
            ">" => Ok(Self {
                dtype,
                big_endian: true,
            }),
            _ => Err(Problem::new("an array of no type")),
        }
    }
}
