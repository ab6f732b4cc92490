use crate::read::bytes::{be16, be32, le16, le32};

/// A path table record (ECMA-119 §9.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PathTableRecord {
    /// Where in the table it starts.
    pub(crate) at: usize,
    /// Extended Attribute Record Length (BP 2).
    pub(crate) extended_attribute_len: u8,
    /// Location of Extent (BP 3–6).
    pub(crate) extent: u32,
    /// Parent Directory Number (BP 7–8), counted from 1.
    pub(crate) parent: u16,
    /// Directory Identifier (BP 9 on).
    pub(crate) identifier: Box<[u8]>,
    /// The byte that fills up an identifier of odd length; 0 where there is none.
    pub(crate) padding: u8,
}

/// Parses a path table; `big_endian` for type M. Err gives the place and the reason.
pub(crate) fn parse(
    table: &[u8],
    big_endian: bool,
) -> Result<Vec<PathTableRecord>, (usize, String)> {
    let mut records = Vec::new();
    let mut at = 0;
    while at < table.len() {
        let rest = &table[at..];
        let identifier_len = usize::from(rest[0]);
        let Some(identifier) = rest.get(8..8 + identifier_len).filter(|id| !id.is_empty()) else {
            return Err((at, format!("an identifier of {identifier_len} bytes does not fit")));
        };
        let (extent, parent) = if big_endian {
            (be32(rest, 2), be16(rest, 6))
        } else {
            (le32(rest, 2), le16(rest, 6))
        };
        records.push(PathTableRecord {
            at,
            extended_attribute_len: rest[1],
            extent,
            parent,
            identifier: identifier.into(),
            padding: match identifier_len.is_multiple_of(2) {
                true => 0,
                false => rest.get(8 + identifier_len).copied().unwrap_or(0),
            },
        });
        at += 8 + identifier_len.next_multiple_of(2);
    }
    Ok(records)
}
