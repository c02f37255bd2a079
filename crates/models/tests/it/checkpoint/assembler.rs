//! Pickles put together by hand.

/// A pickle of protocol 4 that grows by one instruction after the other.
#[derive(Debug, Clone)]
pub(super) struct Assembler(Vec<u8>);

impl Assembler {
    pub(super) fn new() -> Self {
        Self(vec![0x80, 4])
    }

    /// Instructions as they are.
    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        let length = u32::try_from(text.len()).unwrap().to_le_bytes();
        self.raw(b"X").raw(&length).raw(text.as_bytes())
    }

    pub(super) fn integer(self, value: i32) -> Self {
        self.raw(b"J").raw(&value.to_le_bytes())
    }

    pub(super) fn global(self, module: &str, name: &str) -> Self {
        self.text(module).text(name).raw(b"\x93")
    }

    /// A call with one text.
    pub(super) fn call(self, module: &str, name: &str, argument: &str) -> Self {
        self.global(module, name).text(argument).raw(b"\x85R")
    }

    /// `{key: …}` with whatever `value` puts there.
    pub(super) fn dictionary(self, key: &str, value: impl FnOnce(Self) -> Self) -> Self {
        value(self.raw(b"}").text(key)).raw(b"s")
    }

    /// A tensor of single precision: storage '0' of `count` numbers, seen as `shape` with `strides` from `offset`.
    pub(super) fn tensor(self, count: i32, view: (i32, &[i32], &[i32])) -> Self {
        let (offset, shape, strides) = view;
        self.global("torch._utils", "_rebuild_tensor_v2")
            .raw(b"(")
            .storage(count)
            .integer(offset)
            .tuple(shape)
            .tuple(strides)
            .raw(b"\x89N")
            .raw(b"tR")
    }

    /// A reference to storage '0'.
    pub(super) fn storage(self, count: i32) -> Self {
        self.raw(b"(")
            .text("storage")
            .global("torch", "FloatStorage")
            .text("0")
            .text("cpu")
            .integer(count)
            .raw(b"tQ")
    }

    fn tuple(self, numbers: &[i32]) -> Self {
        let begun = self.raw(b"(");
        let filled = numbers
            .iter()
            .fold(begun, |pickle, &number| pickle.integer(number));
        filled.raw(b"t")
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.raw(b".").0
    }

    /// As a torch stream of the older format with storage '0' of these numbers.
    pub(super) fn stream(self, numbers: &[f32]) -> Vec<u8> {
        let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
        let version = b"\x80\x02M\xe9\x03.";
        let system = Self::new()
            .dictionary("little_endian", |pickle| pickle.raw(b"\x88"))
            .finish();
        let keys = Self::new().raw(b"]").text("0").raw(b"a").finish();
        let mut stream = [&magic[..], version, &system, &self.finish(), &keys].concat();
        stream.extend((numbers.len() as u64).to_le_bytes());
        stream.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        stream
    }
}
