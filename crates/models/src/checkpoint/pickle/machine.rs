//! The stack machine: instructions in, values out, no effects.

use std::{cell::Cell, collections::HashMap, ops::Range};

use super::{
    super::problem::{Found, Problem},
    Pickle,
    budget::Budget,
    input::Input,
    opcode, operands,
    value::{Id, Making, Object, Value},
};

/// Costs in bytes, with the allocator's own share.
const VALUE: usize = 48;
const OBJECT: usize = 128;
const PLACE: usize = 16;

/// The state of a running program.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    input: Input<'a>,
    values: Vec<Value>,
    stack: Vec<Id>,
    /// Heights of the stack below which an instruction may not reach.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    budget: Budget,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8], range: Range<usize>, memory: usize) -> Self {
        Self {
            bytes,
            input: Input::new(bytes, range),
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            budget: Budget::new(memory),
        }
    }

    pub(super) fn run(mut self) -> Found<Pickle<'a>> {
        loop {
            self.budget.spend(1)?;
            let instruction = self.input.u8()?;
            if instruction == opcode::STOP {
                let root = self.pop()?;
                return Ok(Pickle {
                    bytes: self.bytes,
                    values: self.values,
                    root,
                    end: self.input.position(),
                    walked: Cell::new(0),
                });
            }
            if let Some(value) = operands::read(instruction, &mut self.input)? {
                self.push(value)?;
            } else if !(self.arrange(instruction)? || self.build(instruction)?) {
                return Err(self.wrong(&format!("0x{instruction:02x} is no instruction")));
            }
        }
    }

    /// Instructions that move values between stack and memo.
    fn arrange(&mut self, instruction: u8) -> Found<bool> {
        match instruction {
            opcode::PROTO => {
                let protocol = self.input.u8()?;
                if protocol > 5 {
                    return Err(
                        self.wrong(&format!("protocol {protocol} is not known, 0 to 5 are"))
                    );
                }
            }
            // Large bytes lie between frames: that frames tile the file may not be relied on, and nothing needs it.
            opcode::FRAME => drop(self.input.u64()?),
            opcode::MARK => {
                self.budget.spend(PLACE)?;
                self.marks.push(self.stack.len());
            }
            opcode::POP if self.marks.last() == Some(&self.stack.len()) => {
                self.marks.pop();
            }
            opcode::POP => {
                self.pop()?;
            }
            opcode::POP_MARK => drop(self.pop_to_mark()?),
            opcode::DUP => {
                let top = self.top()?;
                self.place(top)?;
            }
            opcode::GET => {
                let key = self.memo_key()?;
                self.recall(key)?;
            }
            opcode::BINGET => {
                let key = self.input.u8()?;
                self.recall(key.into())?;
            }
            opcode::LONG_BINGET => {
                let key = self.input.u32()?;
                self.recall(key.into())?;
            }
            opcode::PUT => {
                let key = self.memo_key()?;
                self.remember(key)?;
            }
            opcode::BINPUT => {
                let key = self.input.u8()?;
                self.remember(key.into())?;
            }
            opcode::LONG_BINPUT => {
                let key = self.input.u32()?;
                self.remember(key.into())?;
            }
            opcode::MEMOIZE => self.remember(self.memo.len() as u64)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Instructions that make values of values.
    fn build(&mut self, instruction: u8) -> Found<bool> {
        match instruction {
            opcode::TUPLE1 => self.tuple(1)?,
            opcode::TUPLE2 => self.tuple(2)?,
            opcode::TUPLE3 => self.tuple(3)?,
            opcode::TUPLE => {
                let parts = self.pop_to_mark()?;
                self.push(Value::Tuple(parts))?;
            }
            opcode::LIST => {
                let parts = self.pop_to_mark()?;
                self.push(Value::List(parts))?;
            }
            opcode::FROZENSET => {
                let parts = self.pop_to_mark()?;
                self.push(Value::Set(parts))?;
            }
            opcode::DICT => {
                let parts = self.pop_to_mark()?;
                let pairs = self.pairs(&parts)?;
                self.push(Value::Dictionary(pairs))?;
            }
            opcode::APPEND => {
                let element = self.pop()?;
                self.extend(&[element])?;
            }
            opcode::APPENDS | opcode::ADDITEMS => {
                let elements = self.pop_to_mark()?;
                self.extend(&elements)?;
            }
            opcode::SETITEM => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set(&[(key, value)])?;
            }
            opcode::SETITEMS => {
                let parts = self.pop_to_mark()?;
                let pairs = self.pairs(&parts)?;
                self.set(&pairs)?;
            }
            _ => return self.refer(instruction),
        }
        Ok(true)
    }

    /// Instructions that would reach outside of the machine: they make nodes that say so.
    fn refer(&mut self, instruction: u8) -> Found<bool> {
        match instruction {
            opcode::GLOBAL => {
                let global = self.global_lines()?;
                self.place(global)?;
            }
            opcode::STACK_GLOBAL => {
                let name = self.pop()?;
                let module = self.pop()?;
                self.push(Value::Global { module, name })?;
            }
            opcode::PERSID => {
                let line = self.input.line()?;
                let text = self.store(Value::Text(line))?;
                self.push(Value::Persistent(text))?;
            }
            opcode::BINPERSID => {
                let reference = self.pop()?;
                self.push(Value::Persistent(reference))?;
            }
            opcode::REDUCE | opcode::NEWOBJ => {
                let arguments = self.pop()?;
                let callable = self.pop()?;
                self.object(Making::Called, callable, arguments)?;
            }
            opcode::NEWOBJ_EX => {
                self.pop()?;
                let arguments = self.pop()?;
                let callable = self.pop()?;
                self.object(Making::WithKeywords, callable, arguments)?;
            }
            opcode::INST => {
                let callable = self.global_lines()?;
                let parts = self.pop_to_mark()?;
                let arguments = self.store(Value::Tuple(parts))?;
                self.object(Making::Called, callable, arguments)?;
            }
            opcode::OBJ => {
                let mut parts = self.pop_to_mark()?;
                if parts.is_empty() {
                    return Err(self.wrong("an object without a class"));
                }
                let callable = parts.remove(0);
                let arguments = self.store(Value::Tuple(parts))?;
                self.object(Making::Called, callable, arguments)?;
            }
            opcode::BUILD => {
                let state = self.pop()?;
                let target = self.top()?;
                // The state of a plain container is an attribute of it, such as torch's `_metadata`: nothing needs it.
                if let Value::Object(object) = &mut self.values[target.0 as usize] {
                    object.state = Some(state);
                }
            }
            opcode::EXT1 | opcode::EXT2 | opcode::EXT4 => {
                return Err(self.wrong("names from Python's extension registry are not known here"));
            }
            opcode::NEXT_BUFFER | opcode::READONLY_BUFFER => {
                return Err(self.wrong("bytes outside of the pickle are not there"));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn wrong(&self, problem: &str) -> Problem {
        let position = self.input.position();
        Problem::new(format!("damaged pickle before byte {position}: {problem}"))
    }

    /// Keeps a value without pushing it.
    fn store(&mut self, value: Value) -> Found<Id> {
        self.budget.spend(VALUE)?;
        if let Value::Unescaped(text) = &value {
            self.budget.spend(text.len())?;
        }
        // The budget ends before 32 bits do.
        let id = Id(self.values.len() as u32);
        self.values.push(value);
        Ok(id)
    }

    fn push(&mut self, value: Value) -> Found<()> {
        let id = self.store(value)?;
        self.place(id)
    }

    fn place(&mut self, id: Id) -> Found<()> {
        self.budget.spend(PLACE)?;
        self.stack.push(id);
        Ok(())
    }

    /// The lowest height that instructions may pop.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Found<Id> {
        match self.stack.last() {
            Some(&id) if self.stack.len() > self.floor() => Ok(id),
            _ => Err(self.wrong("nothing on the stack")),
        }
    }

    fn pop(&mut self) -> Found<Id> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_to_mark(&mut self) -> Found<Vec<Id>> {
        match self.marks.pop() {
            Some(height) => Ok(self.stack.split_off(height)),
            None => Err(self.wrong("no mark")),
        }
    }

    fn tuple(&mut self, length: usize) -> Found<()> {
        let first = self.stack.len().checked_sub(length);
        match first.filter(|&first| first >= self.floor()) {
            Some(first) => {
                let parts = self.stack.split_off(first);
                self.push(Value::Tuple(parts))
            }
            None => Err(self.wrong("too few values for a tuple")),
        }
    }

    fn pairs(&self, parts: &[Id]) -> Found<Vec<(Id, Id)>> {
        let (pairs, rest) = parts.as_chunks::<2>();
        if rest.is_empty() {
            return Ok(pairs.iter().map(|&[key, value]| (key, value)).collect());
        }
        Err(self.wrong("a key without a value"))
    }

    fn extend(&mut self, elements: &[Id]) -> Found<()> {
        self.budget.spend(PLACE * (elements.len() + 1))?;
        let target = self.top()?;
        match &mut self.values[target.0 as usize] {
            Value::List(list) | Value::Set(list) => list.extend_from_slice(elements),
            Value::Object(object) => object.elements.extend_from_slice(elements),
            other => {
                let kind = other.kind();
                return Err(self.wrong(&format!("elements are added to {kind}")));
            }
        }
        Ok(())
    }

    fn set(&mut self, pairs: &[(Id, Id)]) -> Found<()> {
        self.budget.spend(PLACE * (pairs.len() + 2))?;
        let target = self.top()?;
        match &mut self.values[target.0 as usize] {
            Value::Dictionary(items) => items.extend_from_slice(pairs),
            Value::Object(object) => object.items.extend_from_slice(pairs),
            other => {
                let kind = other.kind();
                return Err(self.wrong(&format!("items are set in {kind}")));
            }
        }
        Ok(())
    }

    fn object(&mut self, making: Making, callable: Id, arguments: Id) -> Found<()> {
        self.budget.spend(OBJECT)?;
        self.push(Value::Object(Box::new(Object {
            making,
            callable,
            arguments,
            state: None,
            items: Vec::new(),
            elements: Vec::new(),
        })))
    }

    fn global_lines(&mut self) -> Found<Id> {
        let module = self.input.line()?;
        let module = self.store(Value::Text(module))?;
        let name = self.input.line()?;
        let name = self.store(Value::Text(name))?;
        self.store(Value::Global { module, name })
    }

    fn memo_key(&mut self) -> Found<u64> {
        let text = self.input.line_text()?;
        text.parse()
            .map_err(|_| self.wrong("a memo without a number"))
    }

    fn recall(&mut self, key: u64) -> Found<()> {
        match self.memo.get(&key) {
            Some(&id) => self.place(id),
            None => Err(self.wrong(&format!("memo {key} was never written"))),
        }
    }

    fn remember(&mut self, key: u64) -> Found<()> {
        self.budget.spend(2 * PLACE)?;
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }
}
