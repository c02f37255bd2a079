//! A method with its keys, and lists of methods that are told apart by name.

use super::{Cursor, Keys, TextError};

/// What reading text comes to.
pub(in crate::guidance) type Read<T> = Result<T, TextError>;

/// Something with a name and keys.
pub(in crate::guidance) trait Method: Sized {
    /// Its name in text.
    const NAME: &'static str;
    /// The names of its keys. A value without a key is the first one's.
    const KEYS: &'static [&'static str] = &[];

    /// The method with these keys.
    fn read(keys: &Keys<'_, '_>) -> Read<Self>;

    /// The values of all its keys, in the order of `KEYS`.
    fn values(&self) -> Vec<String> {
        Vec::new()
    }
}

pub(in crate::guidance) fn read<M: Method>(cursor: &mut Cursor<'_>) -> Result<M, TextError> {
    M::read(&Keys::read(cursor, M::NAME, M::KEYS)?)
}

pub(in crate::guidance) fn write<M: Method>(
    method: &M,
    formatter: &mut std::fmt::Formatter<'_>,
) -> std::fmt::Result {
    formatter.write_str(M::NAME)?;
    if M::KEYS.is_empty() {
        return Ok(());
    }
    let pairs: Vec<String> = M::KEYS
        .iter()
        .zip(method.values())
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    write!(formatter, "({})", pairs.join(","))
}

/// An enumeration of methods, read by name and written back.
macro_rules! methods {
    ($(#[$about:meta])* $name:ident {
        $($(#[$variant_about:meta])* $variant:ident($method:ty)),+ $(,)?
    }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($(#[$variant_about])* $variant($method)),+
        }

        impl $name {
            /// Their names in text.
            pub const NAMES: &'static [&'static str] =
                &[$(<$method as $crate::guidance::text::Method>::NAME),+];

            /// The method of this name with the keys at the cursor; `None` for another name.
            pub(in crate::guidance) fn read(
                name: &str,
                cursor: &mut $crate::guidance::text::Cursor<'_>,
            ) -> Option<std::result::Result<Self, $crate::guidance::text::TextError>> {
                $(if name == <$method as $crate::guidance::text::Method>::NAME {
                    return Some($crate::guidance::text::read(cursor).map(Self::$variant));
                })+
                None
            }

            /// Its name in text.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => <$method as $crate::guidance::text::Method>::NAME),+
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant(method) => {
                        $crate::guidance::text::write(method, formatter)
                    })+
                }
            }
        }
    };
}

pub(in crate::guidance) use methods;
