use super::BLOCK;

/// Where encoded bytes go: kept, or only counted.
///
/// What measures a structure is the code that writes it, with a [`Counter`] in place of a
/// [`Buffer`].
pub(crate) trait Output {
    /// How many bytes went in so far.
    fn position(&self) -> u64;

    fn put(&mut self, bytes: &[u8]);

    fn zeros(&mut self, count: u64);

    /// Puts what `body` puts and hands the bytes to `finish`, where there are bytes.
    fn finished(&mut self, body: impl FnOnce(&mut Self), finish: impl FnOnce(&mut [u8]));

    fn pad_to_block(&mut self) {
        let position = self.position();
        self.zeros(position.next_multiple_of(BLOCK) - position);
    }

    /// Starts a new block if `len` bytes do not fit into the rest of this one.
    fn fit_into_block(&mut self, len: u64) {
        if self.position() % BLOCK + len > BLOCK {
            self.pad_to_block();
        }
    }
}

/// Counts.
#[derive(Debug, Default)]
pub(crate) struct Counter(u64);

impl Output for Counter {
    fn position(&self) -> u64 {
        self.0
    }

    fn put(&mut self, bytes: &[u8]) {
        self.0 += bytes.len() as u64;
    }

    fn zeros(&mut self, count: u64) {
        self.0 += count;
    }

    fn finished(&mut self, body: impl FnOnce(&mut Self), _finish: impl FnOnce(&mut [u8])) {
        body(self);
    }
}

/// Appends to a vector; positions count from where it ended before.
pub(crate) struct Buffer<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
}

impl<'a> Buffer<'a> {
    pub(crate) fn new(bytes: &'a mut Vec<u8>) -> Self {
        let start = bytes.len();
        Self { bytes, start }
    }
}

impl Output for Buffer<'_> {
    fn position(&self) -> u64 {
        (self.bytes.len() - self.start) as u64
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn zeros(&mut self, count: u64) {
        self.bytes.resize(self.bytes.len() + count as usize, 0);
    }

    fn finished(&mut self, body: impl FnOnce(&mut Self), finish: impl FnOnce(&mut [u8])) {
        let start = self.bytes.len();
        body(self);
        finish(&mut self.bytes[start..]);
    }
}
