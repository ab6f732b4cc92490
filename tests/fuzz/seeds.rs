//! Where fuzzing begins: each target makes its seeds from what the tests use.

use std::fs;
use std::path::PathBuf;

/// Writes the seeds into the folder that `TSMEDIA_FUZZ_SEEDS` names; without it there are none.
///
/// libFuzzer initialises a target before it reads its corpus, so a target can make it.
pub fn write<const N: usize>(seeds: [&[u8]; N]) {
    let Some(folder) = std::env::var_os("TSMEDIA_FUZZ_SEEDS").map(PathBuf::from) else { return };
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number}")), seed).expect("the folder can be written");
    }
}
