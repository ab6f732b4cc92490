//! Damaged and hostile input: errors, never panics, and bounded cost.

use proptest::prelude::*;
use tasksequence::export;
use tasksequence::lint::{CheckContext, check};
use tasksequence::mdt;
use tasksequence::show::show;
use tasksequence::xml::{self, MAX_ATTRIBUTES, MAX_DEPTH, MAX_NAMESPACES, XmlError};
use tasksequence::{MAX_ITEMS, ParseError, TaskSequence};

const CONFIGMGR: &str = include_str!("fixtures/configmgr.xml");
const MDT: &str = include_str!("fixtures/mdt.xml");

/// Does everything that can be done with a sequence.
fn exercise(text: &str) {
    let Ok((sequence, problems)) = TaskSequence::parse(text) else { return };
    show(&sequence, &problems);
    check(&sequence, &CheckContext::default());
    sequence.candidates(&["ABC"]);
    sequence.selection_profiles();
    sequence.malformed_references();
    let again = TaskSequence::parse(&sequence.to_xml()).expect("what we write is a sequence");
    assert_eq!(again.0.document().root, sequence.document().root);
}

fn error(text: &str) -> XmlError {
    match TaskSequence::parse(text) {
        Err(ParseError::Xml(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| {
        let open = "<group name=\"g\">".repeat(levels);
        format!("<sequence version=\"3.10\">{open}{}</sequence>", "</group>".repeat(levels))
    };
    exercise(&nested(MAX_DEPTH - 1));
    assert!(TaskSequence::parse(&nested(MAX_DEPTH - 1)).is_ok());
    assert_eq!(error(&nested(MAX_DEPTH)), XmlError::TooDeep { line: 1 });
    assert_eq!(error(&nested(200_000)), XmlError::TooDeep { line: 1 });
    let operators = "<operator type=\"and\">".repeat(MAX_DEPTH - 4);
    let closed = "</operator>".repeat(MAX_DEPTH - 4);
    exercise(&format!(
        "<sequence version=\"3.10\"><step name=\"s\"><condition>{operators}{closed}</condition></step></sequence>"
    ));
}

#[test]
fn document_types_and_entities_are_refused() {
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE s [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;\">]>\
                <sequence>&b;</sequence>";
    assert_eq!(error(bomb), XmlError::Doctype { line: 2 });
    assert_eq!(error("<!DOCTYPE sequence><sequence/>"), XmlError::Doctype { line: 1 });
    assert!(matches!(error("<sequence>&unknown;</sequence>"), XmlError::Syntax { .. }));
}

#[test]
fn an_instruction_with_the_reserved_name_is_no_declaration() {
    for text in [
        "<?xml'1.0'?><sequence version=\"3.10\"/>",
        " <?XML version=\"1.0\"?><sequence version=\"3.10\"/>",
        "<sequence version=\"3.10\"><?Xml data?></sequence>",
        "<sequence version=\"3.10\"/><?xml'?>",
    ] {
        exercise(text);
        assert!(matches!(error(text), XmlError::Syntax { .. }), "{text}");
    }
    for white in [" ", "\t", "\n", "\r\n"] {
        let text = format!("<?xml{white}version=\"1.0\"?><sequence version=\"3.10\"/>");
        let (sequence, _) = TaskSequence::parse(&text).expect("a declaration");
        assert!(sequence.to_xml().starts_with("<?xml version=\"1.0\"?>"), "{text}");
        exercise(&text);
    }
}

#[test]
fn attributes_and_namespaces_are_bounded() {
    let attributes =
        |count: usize| (0..count).map(|n| format!(" a{n} = \"=\"")).collect::<String>();
    let text = |count| format!("<sequence{}/>", attributes(count));
    assert!(TaskSequence::parse(&text(MAX_ATTRIBUTES)).is_ok());
    assert_eq!(error(&text(MAX_ATTRIBUTES + 1)), XmlError::TooManyAttributes { line: 1 });
    let namespaces = |count: usize| {
        let each = (0..count).map(|n| format!("<a xmlns:n{n} ='urn:{n}'>")).collect::<String>();
        format!("<sequence>{each}{}</sequence>", "</a>".repeat(count))
    };
    assert!(TaskSequence::parse(&namespaces(MAX_NAMESPACES)).is_ok());
    assert_eq!(error(&namespaces(MAX_NAMESPACES + 1)), XmlError::TooManyNamespaces);
}

#[test]
fn size_and_node_count_are_bounded() {
    let blanks = " ".repeat(xml::MAX_BYTES);
    assert!(matches!(error(&format!("<sequence>{blanks}</sequence>")), XmlError::TooLarge { .. }));
    let many = "<a/>".repeat(xml::MAX_NODES as usize);
    assert_eq!(error(&format!("<sequence>{many}</sequence>")), XmlError::TooManyNodes);
}

#[test]
fn the_number_of_items_is_bounded() {
    let steps = |count: usize| {
        let steps = "<step name=\"s\"/>".repeat(count);
        TaskSequence::parse(&format!("<sequence><group name=\"g\">{steps}</group></sequence>"))
    };
    assert!(steps(MAX_ITEMS - 1).is_ok());
    assert_eq!(steps(MAX_ITEMS).unwrap_err(), ParseError::TooManyItems);
}

#[test]
fn a_huge_name_is_shown_short() {
    let name = "ä".repeat(1_000_000);
    let text = format!("<sequence><group name=\"{name}\"><step name=\"S\"/></group></sequence>");
    let (sequence, _) = TaskSequence::parse(&text).unwrap();
    let shown = sequence.walk()[1].path.to_string();
    assert_eq!(shown, format!("{}…/S (step 1)", "ä".repeat(100)));
}

#[test]
fn other_documents_are_no_sequences() {
    for text in [
        "",
        "   ",
        "sequence",
        "<sequence>",
        "<sequence/><sequence/>",
        "<sequence a='1' a='2'/>",
        "<sequence b:c='1'/>",
    ] {
        assert!(matches!(error(text), XmlError::Syntax { .. }), "{text}");
    }
    let other = TaskSequence::parse("<steps/>");
    assert_eq!(other.unwrap_err(), ParseError::NotASequence { root: "steps".to_owned() });
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let (sequence, problems) = TaskSequence::parse("\u{feff}<sequence version=\"3.10\"/>").unwrap();
    assert!(problems.is_empty());
    assert_eq!(sequence.to_xml(), "<sequence version=\"3.10\"/>");
}

fn fixture() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just(CONFIGMGR), Just(MDT)]
}

fn sample() -> Vec<u8> {
    let (sequence, _) = TaskSequence::parse(CONFIGMGR).expect("the fixture is a sequence");
    let sequence = export::ExportedSequence::new("XYZ00001", "Sample", Some("XYZ00002"), sequence);
    let export = export::Export { sequences: vec![sequence], ..Default::default() };
    export::write(&export).expect("the export can be written")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_truncated_sequence_never_panics(text in fixture(), cut in any::<prop::sample::Index>()) {
        let end = text.floor_char_boundary(cut.index(text.len()));
        exercise(&text[..end]);
        prop_assert!(TaskSequence::parse(&text[..end.min(text.trim_end().len() - 1)]).is_err());
    }

    #[test]
    fn a_mutated_sequence_never_panics(
        text in fixture(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[<>&;\"'=/ a0%,:]{0,3}", 0..3_usize), 1..6),
    ) {
        let mut chars: Vec<char> = text.chars().collect();
        for (at, insert, remove) in edits {
            let at = at.index(chars.len());
            let end = (at + remove).min(chars.len());
            chars.splice(at..end, insert.chars());
        }
        exercise(&chars.into_iter().collect::<String>());
    }

    #[test]
    fn values_of_any_text_never_panic(value in "\\PC{0,24}", action in "[a-z.: /\"%,0-9A-F]{0,30}") {
        let value = value.replace(['&', '<'], "");
        let action = action.replace('"', "&quot;");
        for stem in ["ApplyOperatingSystem", "InstallApplication", "InstallSoftware", "RunCommandLine", "SetVariable"] {
            exercise(&format!(
                "<sequence version=\"3.10\"><step type=\"SMS_TaskSequence_{stem}Action\" name=\"s\"><action>{action}{value}\
                 </action><defaultVarList><variable name=\"PackageID\">{value}</variable>\
                 <variable name=\"VariableName\">{value}</variable><variable name=\"VariableValue\">{action}</variable>\
                 <variable name=\"OSDRunPowerShellScriptSourceScript\">{value}</variable></defaultVarList></step></sequence>"
            ));
        }
    }

    #[test]
    fn a_damaged_export_never_panics(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = sample();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = export::read(&bytes);
    }

    #[test]
    fn lists_of_a_share_never_panic(text in "(<[a-z]{1,8}( guid=\"[{}0-9-]{0,8}\")?/?>|</[a-z]{1,8}>|&lt;){0,8}") {
        let documents = [format!("<oss>{text}</oss>"), format!("<selectionProfiles>{text}</selectionProfiles>")];
        for document in &documents {
            let _ = mdt::operating_systems(document);
            let _ = mdt::selection_profiles(document);
        }
    }
}
