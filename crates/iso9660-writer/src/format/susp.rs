//! SUSP (IEEE P1281) and Rock Ridge (RRIP 1.10) system use entries.

use super::both_u32;
use super::time::CivilTime;

/// The bytes of a continuation entry.
pub(crate) const CE_LEN: usize = 28;

/// The bytes of a name entry before the name.
pub(crate) const NM_HEAD_LEN: usize = 5;

/// r-xr-xr-x: the tree does not say what is a program, and the media hold many.
const MODE_READ_EXECUTE: u32 = 0o555;
const MODE_FILE: u32 = 0o100_000 | MODE_READ_EXECUTE;
const MODE_DIRECTORY: u32 = 0o040_000 | MODE_READ_EXECUTE;

const ER_IDENTIFIER: &[u8] = b"RRIP_1991A";
const ER_DESCRIPTOR: &[u8] =
    b"THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS";
const ER_SOURCE: &[u8] = b"PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  SEE PUBLISHER \
IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR CONTACT INFORMATION.";

/// SP (SUSP §5.3): system use starts at once. Only in the root's record of itself.
pub(crate) fn sharing_protocol(out: &mut Vec<u8>) {
    out.extend([b'S', b'P', 7, 1, 0xBE, 0xEF, 0]);
}

/// ER (SUSP §5.5): names the extension. Only in the root's record of itself.
pub(crate) fn extensions_reference(out: &mut Vec<u8>) {
    let texts = [ER_IDENTIFIER, ER_DESCRIPTOR, ER_SOURCE];
    let len = 8 + texts.iter().map(|text| text.len()).sum::<usize>();
    out.extend([b'E', b'R', len as u8, 1]);
    out.extend(texts.map(|text| text.len() as u8));
    out.push(1);
    out.extend(texts.concat());
}

/// CE (SUSP §5.1): where the entries go on.
pub(crate) fn continuation(block: u32, offset: u32, len: u32, out: &mut Vec<u8>) {
    out.extend([b'C', b'E', CE_LEN as u8, 1]);
    out.extend([both_u32(block), both_u32(offset), both_u32(len)].concat());
}

/// PX (RRIP §4.1.1): mode, links, owner and group; both are root.
pub(crate) fn posix_attributes(is_directory: bool, links: u32, out: &mut Vec<u8>) {
    let mode = if is_directory { MODE_DIRECTORY } else { MODE_FILE };
    out.extend([b'P', b'X', 36, 1]);
    out.extend([both_u32(mode), both_u32(links), both_u32(0), both_u32(0)].concat());
}

/// TF (RRIP §4.1.6): the time of the last modification; readers take the others from the record.
pub(crate) fn time_stamps(modified: CivilTime, out: &mut Vec<u8>) {
    const MODIFY: u8 = 0x02;
    out.extend([b'T', b'F', 12, 1, MODIFY]);
    out.extend(modified.short());
}

/// NM (RRIP §4.1.4): the name, at most 250 bytes.
pub(crate) fn alternate_name(name: &[u8], out: &mut Vec<u8>) {
    out.extend([b'N', b'M', (NM_HEAD_LEN + name.len()) as u8, 1, 0]);
    out.extend(name);
}
