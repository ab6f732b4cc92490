//! Registry hives with one bin.

/// Types of values.
pub const SZ: u32 = 1;
pub const BINARY: u32 = 3;
pub const DWORD: u32 = 4;
pub const MULTI_SZ: u32 = 7;

/// A key with values (name, type, data) and keys below it.
#[derive(Clone, Default)]
pub struct Key {
    pub name: String,
    pub values: Vec<(String, u32, Vec<u8>)>,
    pub keys: Vec<Key>,
}

impl Key {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    pub fn value(mut self, name: &str, kind: u32, data: impl Into<Vec<u8>>) -> Self {
        self.values.push((name.to_owned(), kind, data.into()));
        self
    }

    pub fn key(mut self, key: Key) -> Self {
        self.keys.push(key);
        self
    }
}

/// Text as values have it: UTF-16 with a zero at its end.
pub fn text(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

const BASE_BLOCK: usize = 4096;
const BIN_HEADER: usize = 32;
const NONE: u32 = u32::MAX;

/// The file of a hive with this root key.
pub fn hive(root: &Key) -> Vec<u8> {
    let mut bins = vec![0; BIN_HEADER];
    let root = add_key(&mut bins, root, NONE);
    let used = bins.len();
    bins.resize((used + 8).next_multiple_of(4096), 0);
    // What is left is a free cell, whose length is positive.
    let free = (bins.len() - used) as u32;
    bins[used..used + 4].copy_from_slice(&free.to_le_bytes());
    bins[..4].copy_from_slice(b"hbin");
    let len = bins.len() as u32;
    bins[8..12].copy_from_slice(&len.to_le_bytes());

    let mut file = vec![0; BASE_BLOCK];
    file[..4].copy_from_slice(b"regf");
    let words =
        [(4, 1), (8, 1), (20, 1), (24, 3), (28, 0), (32, 1), (36, root), (40, len), (44, 1)];
    for (at, word) in words {
        file[at..at + 4].copy_from_slice(&u32::to_le_bytes(word));
    }
    file.extend(bins);
    seal(&mut file);
    file
}

/// Makes the checksum of the base block fit.
pub fn seal(file: &mut [u8]) {
    let words = file[..508].chunks_exact(4);
    let sum = words.fold(0, |sum, word| sum ^ u32::from_le_bytes(word.try_into().unwrap()));
    file[508..512].copy_from_slice(&sum.to_le_bytes());
}

/// Adds a cell in use and returns its offset from the first bin.
fn add_cell(bins: &mut Vec<u8>, data: &[u8]) -> u32 {
    let offset = bins.len();
    let len = (data.len() + 4).next_multiple_of(8);
    bins.extend_from_slice(&(-(len as i32)).to_le_bytes());
    bins.extend_from_slice(data);
    bins.resize(offset + len, 0);
    offset as u32
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn add_key(bins: &mut Vec<u8>, key: &Key, parent: u32) -> u32 {
    let mut node = vec![0; 76];
    node[..2].copy_from_slice(b"nk");
    // The root is one that cannot be deleted; names are Latin-1.
    let flags: u16 = if parent == NONE { 0x2C } else { 0x20 };
    node[2..4].copy_from_slice(&flags.to_le_bytes());
    let fields = [
        (16, parent),
        (20, key.keys.len() as u32),
        (28, NONE),
        (32, NONE),
        (36, key.values.len() as u32),
        (40, NONE),
        (44, NONE),
        (48, NONE),
    ];
    for (at, field) in fields {
        node[at..at + 4].copy_from_slice(&u32::to_le_bytes(field));
    }
    node[72..74].copy_from_slice(&(key.name.len() as u16).to_le_bytes());
    node.extend_from_slice(key.name.as_bytes());
    let offset = add_cell(bins, &node);
    let at = |field: usize| offset as usize + 4 + field;
    if !key.values.is_empty() {
        let values: Vec<u32> = key.values.iter().map(|value| add_value(bins, value)).collect();
        let list = add_cell(bins, &words(&values));
        bins[at(40)..at(44)].copy_from_slice(&list.to_le_bytes());
    }
    if !key.keys.is_empty() {
        // Keys are listed in the order of their names.
        let mut keys: Vec<&Key> = key.keys.iter().collect();
        keys.sort_by_key(|key| key.name.to_uppercase());
        let mut list = b"lf".to_vec();
        list.extend_from_slice(&(keys.len() as u16).to_le_bytes());
        for key in keys {
            let below = add_key(bins, key, offset);
            let mut hint = [0; 4];
            hint.iter_mut().zip(key.name.bytes()).for_each(|(to, from)| *to = from);
            list.extend_from_slice(&below.to_le_bytes());
            list.extend_from_slice(&hint);
        }
        let list = add_cell(bins, &list);
        bins[at(28)..at(32)].copy_from_slice(&list.to_le_bytes());
    }
    offset
}

fn add_value(bins: &mut Vec<u8>, (name, kind, data): &(String, u32, Vec<u8>)) -> u32 {
    let mut value = b"vk".to_vec();
    value.extend_from_slice(&(name.len() as u16).to_le_bytes());
    let (len, place) = match data.len() {
        0..=4 => {
            let mut inline = [0; 4];
            inline[..data.len()].copy_from_slice(data);
            (data.len() as u32 | 0x8000_0000, u32::from_le_bytes(inline))
        }
        len => (len as u32, add_cell(bins, data)),
    };
    value.extend_from_slice(&words(&[len, place, *kind]));
    value.extend_from_slice(&1u16.to_le_bytes());
    value.extend_from_slice(&0u16.to_le_bytes());
    value.extend_from_slice(name.as_bytes());
    add_cell(bins, &value)
}
