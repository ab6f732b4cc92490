use crossbeam_channel::{Receiver, Sender, bounded};

/// What direct I/O wants of memory, offset and length, and what cloning wants of offsets.
pub const ALIGNMENT: usize = 4096;

/// Bytes that lie in memory as they will lie in the image, modulo [`ALIGNMENT`].
#[derive(Debug)]
pub struct Buffer {
    memory: Vec<u8>,
    start: usize,
    len: usize,
}

impl Buffer {
    pub fn with_capacity(capacity: usize) -> Self {
        let memory = vec![0; capacity + 2 * ALIGNMENT];
        Self { memory, start: 0, len: 0 }
    }

    fn capacity(&self) -> usize {
        self.memory.len().saturating_sub(2 * ALIGNMENT)
    }

    /// Makes the buffer `len` bytes long, for this offset of an image; what they are is not said.
    pub fn resize(&mut self, len: usize, offset: u64) {
        if len > self.capacity() {
            *self = Self::with_capacity(len);
        }
        let aligned = self.memory.as_ptr().align_offset(ALIGNMENT);
        self.start = aligned + (offset % ALIGNMENT as u64) as usize;
        self.len = len;
    }

    pub fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.len]
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.len]
    }
}

/// A fixed number of buffers: what bounds the memory of a write, whatever its size.
pub struct Pool {
    free: Receiver<Buffer>,
    give_back: Sender<Buffer>,
    capacity: usize,
}

impl Pool {
    pub fn new(count: usize, capacity: usize) -> Self {
        let (give_back, free) = bounded(count);
        for _ in 0..count {
            let buffer = Buffer { memory: Vec::new(), start: 0, len: 0 };
            give_back.send(buffer).expect("the channel has room for each");
        }
        Self { free, give_back, capacity }
    }

    /// Waits for a free buffer.
    pub fn take(&self) -> Buffer {
        let buffer = self.free.recv().expect("the pool holds a sender");
        if buffer.memory.is_empty() { Buffer::with_capacity(self.capacity) } else { buffer }
    }

    /// Takes a buffer back. One that had to grow is let go, so that one large directory does not
    /// hold memory for the rest of the run.
    pub fn give(&self, mut buffer: Buffer) {
        if buffer.capacity() > self.capacity {
            buffer = Buffer { memory: Vec::new(), start: 0, len: 0 };
        }
        self.give_back.send(buffer).expect("the pool holds a receiver");
    }
}
