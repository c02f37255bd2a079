//! Which vector instructions to use: found once at run time, lowered by an environment variable, never assumed.
//!
//! Loops of passes are written once as plain Rust and compiled once for each set ([`Instructions::run`]), so that all sets give
//! the same bits; products have a microkernel of their own for each set.

#![allow(
    unsafe_code,
    reason = "calls functions compiled for the instruction set that was found"
)]

use std::{fmt, str::FromStr, sync::OnceLock};

#[cfg(target_arch = "x86_64")]
pub(crate) mod amx;

/// Lowers the instruction set when set to one of [`InstructionSet::NAMED`].
pub const VARIABLE: &str = "FOIL_INSTRUCTIONS";

/// Families of vector instructions, each with all that the lower ones of its architecture have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InstructionSet {
    /// What every processor of the architecture has.
    Portable,
    /// aarch64.
    Neon,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512 F, BW, DQ and VL.
    Avx512,
    /// With dot products of bf16 pairs.
    Avx512Bf16,
    /// With tiles of bf16.
    Amx,
}

impl InstructionSet {
    /// From the lowest to the highest, by the names that the environment variable and reports use.
    pub const NAMED: [(&'static str, Self); 6] = [
        ("portable", Self::Portable),
        ("neon", Self::Neon),
        ("avx2", Self::Avx2),
        ("avx512", Self::Avx512),
        ("avx512-bf16", Self::Avx512Bf16),
        ("amx-bf16", Self::Amx),
    ];

    #[cfg(target_arch = "x86_64")]
    fn is_available(self) -> bool {
        use std::arch::is_x86_feature_detected as has;
        match self {
            Self::Portable => true,
            Self::Neon => false,
            Self::Avx2 => has!("avx2") && has!("fma"),
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && has!("avx512f")
                    && has!("avx512bw")
                    && has!("avx512dq")
                    && has!("avx512vl")
            }
            Self::Avx512Bf16 => Self::Avx512.is_available() && has!("avx512bf16"),
            Self::Amx => Self::Avx512Bf16.is_available() && amx::is_granted(),
        }
    }

    #[cfg(target_arch = "aarch64")]
    fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            _ => false,
        }
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn is_available(self) -> bool {
        self == Self::Portable
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Self::NAMED.iter().find(|(_, set)| set == self);
        formatter.pad(named.map_or("", |(name, _)| name))
    }
}

/// A name that no instruction set of this processor has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{VARIABLE}='{name}': allowed on this processor are {allowed}")]
pub struct UnknownInstructionSet {
    name: String,
    allowed: String,
}

/// Leave to use an instruction set: a value exists only where the processor has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instructions(InstructionSet);

impl Instructions {
    /// The highest that this processor has, or what the environment variable `FOIL_INSTRUCTIONS` names; found once. A name that
    /// is not available counts as none: a program that wants to refuse it asks [`Self::from_environment`] first.
    pub fn best() -> Self {
        static BEST: OnceLock<Instructions> = OnceLock::new();
        *BEST.get_or_init(|| Self::from_environment().unwrap_or_else(|_| Self::highest()))
    }

    /// As [`Self::best`], but an unknown or unavailable name is an error.
    pub fn from_environment() -> Result<Self, UnknownInstructionSet> {
        match std::env::var_os(VARIABLE) {
            None => Ok(Self::highest()),
            Some(name) => name.to_string_lossy().parse(),
        }
    }

    /// `None` where the processor lacks it.
    pub fn of(set: InstructionSet) -> Option<Self> {
        set.is_available().then_some(Self(set))
    }

    /// Without asking, for tests.
    ///
    /// # Safety
    /// The processor has the set and those below it, or something emulates what it lacks.
    #[doc(hidden)]
    pub unsafe fn assume(set: InstructionSet) -> Self {
        Self(set)
    }

    /// All that this processor has, from the lowest.
    pub fn available() -> Vec<Self> {
        let sets = InstructionSet::NAMED.iter();
        sets.filter_map(|&(_, set)| Self::of(set)).collect()
    }

    /// Which set this is.
    pub fn set(self) -> InstructionSet {
        self.0
    }

    fn highest() -> Self {
        let highest = Self::available().pop();
        highest.unwrap_or(Self(InstructionSet::Portable))
    }

    /// Runs a pass compiled for these instructions.
    #[inline]
    pub(crate) fn run<P: Pass>(self, pass: P) -> P::Output {
        match self.0 {
            // SAFETY: a value of `Instructions` exists only if the processor has the set.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2 => unsafe { with_avx2(pass) },
            // SAFETY: as above; these sets contain AVX-512's.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512 | InstructionSet::Avx512Bf16 | InstructionSet::Amx => unsafe {
                with_avx512(pass)
            },
            // NEON is part of every aarch64 target's baseline.
            _ => pass.run(),
        }
    }
}

impl FromStr for Instructions {
    type Err = UnknownInstructionSet;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let available = Self::available();
        let found = available.iter().find(|one| one.0.to_string() == name);
        found.copied().ok_or_else(|| {
            let allowed: Vec<String> = available.iter().map(|one| one.0.to_string()).collect();
            UnknownInstructionSet {
                name: name.to_owned(),
                allowed: allowed.join(", "),
            }
        })
    }
}

/// A loop in plain Rust that is compiled for every instruction set. `run` and all it calls must be `#[inline(always)]`
/// and without closures: what is not inlined is compiled without the instruction set.
pub(crate) trait Pass {
    type Output;
    fn run(self) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn with_avx2<P: Pass>(pass: P) -> P::Output {
    pass.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn with_avx512<P: Pass>(pass: P) -> P::Output {
    pass.run()
}
