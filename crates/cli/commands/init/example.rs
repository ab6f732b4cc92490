//! The files of the example site.

/// A file of the example.
pub struct ExampleFile {
    /// Its path below the site, with `/` between the parts.
    pub path: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// The names of the example's media definitions.
pub const DEFINITIONS: [&str; 2] = ["example", "two-discs"];

/// What stands in the templates, and in the paths below, where the site code belongs.
const CODE: &str = "@CODE@";

macro_rules! template {
    ($name:literal) => {
        include_str!(concat!("templates/", $name))
    };
}

/// Paths and texts. `site.toml` is the last one: a folder without it is no site, so that one whose
/// making was cut short is not taken for one.
const TEXTS: [(&str, &str); 22] = [
    ("content/boot/linux-x64/README.txt", template!("content/boot-readme.txt")),
    ("content/boot/linux-x64/boot/grub/grub.cfg", template!("content/grub.cfg")),
    ("content/packages/client/ccmsetup.cmd", template!("content/ccmsetup.cmd")),
    ("content/packages/tools/power.cmd", template!("content/power.cmd")),
    ("content/drivers/example-100/net/example.inf", template!("content/driver.inf")),
    ("content/applications/runtime/install.cmd", template!("content/install.cmd")),
    ("content/applications/runtime/uninstall.cmd", template!("content/uninstall.cmd")),
    ("content/applications/runtime/licence.txt", template!("content/licence.txt")),
    ("content/applications/editor/install.cmd", template!("content/install.cmd")),
    ("content/applications/editor/licence.txt", template!("content/licence.txt")),
    ("catalog/@CODE@00001.toml", template!("catalog/boot-image.toml")),
    ("catalog/@CODE@00002.toml", template!("catalog/os-image.toml")),
    ("catalog/@CODE@00003.toml", template!("catalog/client.toml")),
    ("catalog/@CODE@00004.toml", template!("catalog/tools.toml")),
    ("catalog/@CODE@00005.toml", template!("catalog/drivers.toml")),
    ("catalog/@CODE@00006.toml", template!("catalog/runtime.toml")),
    ("catalog/@CODE@00007.toml", template!("catalog/editor.toml")),
    ("task-sequences/@CODE@00020.xml", template!("task-sequence.xml")),
    ("task-sequences/@CODE@00020.toml", template!("task-sequence.toml")),
    ("media/example.toml", template!("media/example.toml")),
    ("media/two-discs.toml", template!("media/two-discs.toml")),
    ("site.toml", template!("site.toml")),
];

/// Paths, seeds and sizes of files with random bytes. Equal seeds give equal bytes: the editor
/// brings its own copy of the runtime along, which media hold once.
const RANDOM: [(&str, u64, usize); 5] = [
    ("content/images/windows-11/install.wim", 1, 2_400_000),
    ("content/drivers/example-100/net/example.sys", 2, 120_000),
    ("content/applications/runtime/runtime.bin", 3, 600_000),
    ("content/applications/editor/editor.bin", 4, 900_000),
    ("content/applications/editor/redist/runtime.bin", 3, 600_000),
];

/// All files of the example for a site with this code, in the order in which to write them.
pub fn files(code: &str) -> Vec<ExampleFile> {
    let random = RANDOM.map(|(path, seed, len)| ExampleFile {
        path: path.to_owned(),
        bytes: random_bytes(seed, len),
    });
    let texts = TEXTS.map(|(path, text)| ExampleFile {
        path: path.replace(CODE, code),
        bytes: text.replace(CODE, code).into_bytes(),
    });
    random.into_iter().chain(texts).collect()
}

/// Bytes that no compressor shortens, the same for the same seed (SplitMix64, Steele et al. 2014).
fn random_bytes(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bytes.extend_from_slice(&(mixed ^ (mixed >> 31)).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
