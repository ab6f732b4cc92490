//! Whether a program starts where there is nothing but a kernel and itself.

/// Why a program does not start in an initramfs of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is no ELF file, or cut.
    #[error("is no program for Linux (ELF)")]
    NotElf,
    /// It is for another processor.
    #[error("is no program for x86-64")]
    OtherMachine,
    /// It is an object file, a core dump or the like.
    #[error("is an ELF file, but no program")]
    NoProgram,
    /// It needs a dynamic loader and libraries.
    #[error("needs libraries, which are not in the boot image")]
    Dynamic,
}

const CLASS_64: u8 = 2;
const LITTLE_ENDIAN: u8 = 1;
const TYPE_EXECUTABLE: u16 = 2;
const TYPE_SHARED: u16 = 3;
const MACHINE_X86_64: u16 = 62;
const SEGMENT_INTERPRETER: u32 = 3;

/// Checks that a program is for x86-64 and static (System V ABI, ELF-64 header and program headers).
pub fn check(program: &[u8]) -> Result<(), Unfit> {
    if !program.starts_with(b"\x7fELF") {
        return Err(Unfit::NotElf);
    }
    let class_and_order = program.get(4..6).ok_or(Unfit::NotElf)?;
    let machine = half(program, 18)?;
    if class_and_order != [CLASS_64, LITTLE_ENDIAN] || machine != MACHINE_X86_64 {
        return Err(Unfit::OtherMachine);
    }
    if ![TYPE_EXECUTABLE, TYPE_SHARED].contains(&half(program, 16)?) {
        return Err(Unfit::NoProgram);
    }
    let table = field::<8>(program, 32).map(u64::from_le_bytes)?;
    let (size, count) = (u64::from(half(program, 54)?), u64::from(half(program, 56)?));
    if count == 0 {
        return Err(Unfit::NoProgram);
    }
    for number in 0..count {
        let at = table.checked_add(number * size).ok_or(Unfit::NotElf)?;
        let kind = field::<4>(program, usize::try_from(at).map_err(|_| Unfit::NotElf)?);
        if u32::from_le_bytes(kind?) == SEGMENT_INTERPRETER {
            return Err(Unfit::Dynamic);
        }
    }
    Ok(())
}

fn half(program: &[u8], at: usize) -> Result<u16, Unfit> {
    field::<2>(program, at).map(u16::from_le_bytes)
}

fn field<const N: usize>(program: &[u8], at: usize) -> Result<[u8; N], Unfit> {
    let end = at.checked_add(N).ok_or(Unfit::NotElf)?;
    let bytes = program.get(at..end).ok_or(Unfit::NotElf)?;
    bytes.try_into().map_err(|_| Unfit::NotElf)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A program of x86-64 that does nothing, with segments of these types.
    pub(crate) fn program(kind: u16, machine: u16, segments: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        bytes[16..18].copy_from_slice(&kind.to_le_bytes());
        bytes[18..20].copy_from_slice(&machine.to_le_bytes());
        bytes[32..40].copy_from_slice(&64_u64.to_le_bytes());
        bytes[54..56].copy_from_slice(&56_u16.to_le_bytes());
        bytes[56..58].copy_from_slice(&(segments.len() as u16).to_le_bytes());
        for segment in segments {
            let mut header = [0; 56];
            header[..4].copy_from_slice(&segment.to_le_bytes());
            bytes.extend(header);
        }
        bytes
    }

    #[test]
    fn static_programs_of_x86_64_are_taken_and_others_are_not() {
        let load = 1;
        assert_eq!(check(&program(TYPE_EXECUTABLE, MACHINE_X86_64, &[load])), Ok(()));
        // A static program that may lie anywhere has the type of a library.
        assert_eq!(check(&program(TYPE_SHARED, MACHINE_X86_64, &[load, 2])), Ok(()));
        let dynamic = program(TYPE_SHARED, MACHINE_X86_64, &[load, SEGMENT_INTERPRETER]);
        assert_eq!(check(&dynamic), Err(Unfit::Dynamic));
        let arm64 = program(TYPE_EXECUTABLE, 183, &[load]);
        assert_eq!(check(&arm64), Err(Unfit::OtherMachine));
        assert_eq!(check(&program(1, MACHINE_X86_64, &[load])), Err(Unfit::NoProgram));
        assert_eq!(check(&program(TYPE_EXECUTABLE, MACHINE_X86_64, &[])), Err(Unfit::NoProgram));
        assert_eq!(check(b"#!/bin/sh\n"), Err(Unfit::NotElf));
    }

    #[test]
    fn programs_of_the_host_are_judged_as_file_does() {
        let shell = std::fs::read("/bin/bash").unwrap();
        assert_eq!(check(&shell), Err(Unfit::Dynamic));
    }

    #[test]
    fn a_program_that_is_cut_is_an_error_wherever_it_is_cut() {
        let whole = program(TYPE_EXECUTABLE, MACHINE_X86_64, &[1]);
        for len in 0..64 + 4 {
            assert_eq!(check(&whole[..len]), Err(Unfit::NotElf), "{len}");
        }
    }
}
