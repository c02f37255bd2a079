//! Executes tile instructions where the processor refuses them: the handler of the signal that refusal raises decodes the
//! instruction, does its work on tiles of the thread, and goes on behind it.
//!
//! A handler may neither allocate nor lock. The tiles are a thread-local constant without a destructor, for which Rust needs neither.

#![allow(unsafe_code, reason = "a signal handler")]

use std::{
    cell::RefCell,
    mem::MaybeUninit,
    ptr,
    sync::{
        Once,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use foil_kernels::{InstructionSet, Instructions};
use libc::{c_int, c_void, siginfo_t, ucontext_t};

use super::{
    decode::{Memory, Operation, decode},
    tiles::{Fault, Tiles},
};

thread_local! {
    static TILES: RefCell<Tiles> = const { RefCell::new(Tiles::new()) };
}

static PRODUCTS: AtomicUsize = AtomicUsize::new(0);

/// How many products of tiles were emulated.
pub fn products() -> usize {
    PRODUCTS.load(Relaxed)
}

pub fn is_needed() -> bool {
    Instructions::of(InstructionSet::Amx).is_none()
}

/// AMX, of the processor or emulated; the processor must have AVX-512.
pub fn instructions() -> Instructions {
    static INSTALLED: Once = Once::new();
    if let Some(native) = Instructions::of(InstructionSet::Amx) {
        return native;
    }
    INSTALLED.call_once(install);
    // SAFETY: the rest is there, and AMX is emulated from now on.
    unsafe { Instructions::assume(InstructionSet::Amx) }
}

fn install() {
    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = handle;
    // SAFETY: all bits of zero are a valid action, and the handler does only what a handler may.
    unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO;
        let result = libc::sigaction(libc::SIGILL, &raw const action, ptr::null_mut());
        assert_eq!(result, 0, "a handler of illegal instructions");
    }
}

extern "C" fn handle(_: c_int, _: *mut siginfo_t, context: *mut c_void) {
    // SAFETY: the system passes the interrupted thread's registers.
    let registers = unsafe { &mut (*context.cast::<ucontext_t>()).uc_mcontext.gregs };
    let at = registers[libc::REG_RIP as usize].cast_unsigned();
    let code = ptr::with_exposed_provenance::<u8>(at as usize);
    // SAFETY: bytes of the instruction that the processor has just read; no more are asked for.
    let bytes = (0..15).map(|index| unsafe { *code.add(index) });
    let Some((operation, length)) = decode(bytes) else {
        // SAFETY: allowed in a handler; the instruction is executed again, and ends the process.
        unsafe { libc::signal(libc::SIGILL, libc::SIG_DFL) };
        return;
    };
    let next = at + length as u64;
    let number = |register: usize| registers[GENERAL[register] as usize].cast_unsigned();
    let result = TILES.with(|tiles| match tiles.try_borrow_mut() {
        // SAFETY: the crate promises that its operands are good.
        Ok(mut tiles) => unsafe {
            execute(
                &mut tiles,
                operation,
                &Operand {
                    number: &number,
                    next,
                },
            )
        },
        Err(_) => Err("an instruction inside of the handler"),
    });
    if let Err(fault) = result {
        refuse(fault);
    }
    registers[libc::REG_RIP as usize] = next.cast_signed();
}

/// General registers in the order of their encoding.
const GENERAL: [c_int; 16] = [
    libc::REG_RAX,
    libc::REG_RCX,
    libc::REG_RDX,
    libc::REG_RBX,
    libc::REG_RSP,
    libc::REG_RBP,
    libc::REG_RSI,
    libc::REG_RDI,
    libc::REG_R8,
    libc::REG_R9,
    libc::REG_R10,
    libc::REG_R11,
    libc::REG_R12,
    libc::REG_R13,
    libc::REG_R14,
    libc::REG_R15,
];

struct Operand<'a> {
    number: &'a dyn Fn(usize) -> u64,
    next: u64,
}

impl Operand<'_> {
    /// The address without the index, and the index, scaled: of a tile, the distance between its rows.
    fn address(&self, memory: Memory) -> (u64, u64) {
        let base = if memory.relative {
            self.next
        } else {
            memory.base.map_or(0, self.number)
        };
        let index = memory.index.map_or(0, self.number) << memory.shift;
        (
            base.wrapping_add_signed(i64::from(memory.displacement)),
            index,
        )
    }
}

/// # Safety
/// What the operands point to can be read and written.
unsafe fn execute(
    tiles: &mut Tiles,
    operation: Operation,
    operand: &Operand<'_>,
) -> Result<(), Fault> {
    match operation {
        Operation::LoadConfiguration(memory) => {
            let (address, index) = operand.address(memory);
            let from = ptr::with_exposed_provenance(address.wrapping_add(index) as usize);
            // SAFETY: the caller's.
            tiles.configure(unsafe { &*from })
        }
        Operation::Release => {
            tiles.release();
            Ok(())
        }
        Operation::Zero(tile) => tiles.zero(tile),
        Operation::Load(tile, memory) => {
            let (address, stride) = operand.address(memory);
            // SAFETY: the caller's.
            unsafe { tiles.load(tile, address, stride) }
        }
        Operation::Store(memory, tile) => {
            let (address, stride) = operand.address(memory);
            // SAFETY: the caller's.
            unsafe { tiles.store(tile, address, stride) }
        }
        Operation::Multiply(sums, rows, columns) => {
            PRODUCTS.fetch_add(1, Relaxed);
            tiles.multiply(sums, rows, columns)
        }
    }
}

/// Says why and ends the process.
fn refuse(fault: Fault) {
    for part in ["AMX faults: ", fault, "\n"] {
        // SAFETY: allowed in a handler.
        unsafe { libc::write(libc::STDERR_FILENO, part.as_ptr().cast(), part.len()) };
    }
    // SAFETY: as above.
    unsafe { libc::abort() }
}
