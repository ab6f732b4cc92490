//! Reading and writing back gives the same document in canonical form, by our own canonicaliser and by xmllint.

#![allow(clippy::disallowed_methods, reason = "the reference tool is a process")]

use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use tasksequence::TaskSequence;
use tasksequence::xml::{self, Attribute, Document, Element, Node};

const CONFIGMGR: &str = include_str!("fixtures/configmgr.xml");
const MDT: &str = include_str!("fixtures/mdt.xml");

/// Canonical XML by libxml2 (Debian package libxml2-utils).
fn xmllint(text: &str) -> String {
    let mut child = Command::new("xmllint")
        .args(["--c14n", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("xmllint is installed (Debian package libxml2-utils)");
    let mut input = child.stdin.take().expect("its input is a pipe");
    input.write_all(text.as_bytes()).expect("it reads its input");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "xmllint refuses {text:?}");
    String::from_utf8(output.stdout).expect("its output is UTF-8")
}

fn canonical(text: &str) -> String {
    xml::canonical(&xml::parse(text).expect("the text is XML"))
}

#[test]
fn fixtures_are_written_back_unchanged() {
    for text in [CONFIGMGR, MDT] {
        let (sequence, _) = TaskSequence::parse(text).expect("the fixture is a sequence");
        let written = sequence.to_xml();
        assert_eq!(canonical(&written), canonical(text));
        assert_eq!(xmllint(&written), xmllint(text));
        assert_eq!(canonical(text), xmllint(text));
    }
}

#[test]
fn unknown_parts_survive() {
    let text = "<?xml version=\"1.0\"?><!-- before --><?site a b?><sequence version=\"3.10\" colour='blue' \
                xmlns:x='urn:x' xmlns='urn:d'><x:note x:level=\"1\" b='2' a=\"&lt;&#9;&quot;\"><!-- in -->\
                <![CDATA[<raw> & ]]>text &#13; &amp;</x:note><group name='G'><x:y xmlns:x='urn:z'/></group>\
                </sequence><!-- after -->";
    let (sequence, problems) = TaskSequence::parse(text).expect("the text is a sequence");
    assert_eq!(problems.iter().map(|p| p.rule).collect::<Vec<_>>(), ["element-unknown"; 2]);
    let written = sequence.to_xml();
    assert_eq!(xmllint(&written), xmllint(text));
    assert_eq!(canonical(text), xmllint(text));
}

#[test]
fn line_ends_and_white_space_are_those_of_the_standard() {
    let text = "<sequence version=\"3.10\"\r\n  a=\"one\r\ntwo\tthree&#10;four\">\r\n\r<step name=\"S\">\
                <action>a\r\nb\rc&#xD;d</action></step><!-- c\r\nd --></sequence>\r\n";
    let (sequence, _) = TaskSequence::parse(text).expect("the text is a sequence");
    assert_eq!(xmllint(&sequence.to_xml()), xmllint(text));
    assert_eq!(canonical(text), xmllint(text));
}

/// Names that real sequences use, and some that they do not.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("step".to_owned()),
        Just("group".to_owned()),
        Just("condition".to_owned()),
        Just("operator".to_owned()),
        Just("expression".to_owned()),
        Just("variable".to_owned()),
        Just("defaultVarList".to_owned()),
        "[a-zA-Zäß_][a-zA-Z0-9._-]{0,8}".prop_filter("xml is reserved", |name| {
            !name.to_ascii_lowercase().starts_with("xml")
        }),
    ]
}

/// Text with everything that needs care: white space, markup, quotes, characters outside the basic plane.
fn text() -> impl Strategy<Value = String> {
    "[a-z%\\\\ \t\r\n&<>\"'\\]äß€😀-]{1,12}"
}

fn attributes() -> impl Strategy<Value = Vec<Attribute>> {
    prop::collection::btree_map(name(), text(), 0..4)
        .prop_map(|map| map.into_iter().map(|(name, value)| Attribute { name, value }).collect())
}

fn element() -> impl Strategy<Value = Element> {
    let leaf = (name(), attributes()).prop_map(|(name, attributes)| Element {
        name,
        attributes,
        children: Vec::new(),
    });
    leaf.prop_recursive(4, 24, 4, |inner| {
        let node = prop_oneof![
            3 => inner.prop_map(Node::Element),
            2 => text().prop_map(Node::Text),
            1 => "[a-z <>&]{0,6}".prop_map(Node::Comment),
            1 => ("[a-w]{1,4}", "([a-z][a-z <&]{0,4})?")
                .prop_map(|(target, data)| Node::Instruction { target, data }),
        ];
        (name(), attributes(), prop::collection::vec(node, 0..5)).prop_map(
            |(name, attributes, children)| Element { name, attributes, children: merged(children) },
        )
    })
}

/// Neighbouring pieces of text are one piece after reading.
fn merged(children: Vec<Node>) -> Vec<Node> {
    let mut merged: Vec<Node> = Vec::new();
    for child in children {
        match (merged.last_mut(), child) {
            (Some(Node::Text(before)), Node::Text(text)) => before.push_str(&text),
            (_, child) => merged.push(child),
        }
    }
    merged
}

fn document() -> impl Strategy<Value = Document> {
    (any::<bool>(), attributes(), prop::collection::vec(element(), 0..4)).prop_map(
        |(declaration, attributes, children)| {
            let children = children.into_iter().map(Node::Element).collect();
            let root = Element { name: "sequence".to_owned(), attributes, children };
            Document { declaration, prolog: Vec::new(), root, epilog: Vec::new() }
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same_tree(document in document()) {
        let written = xml::to_xml(&document);
        prop_assert_eq!(xml::parse(&written), Ok(document.clone()));
        let sequence = TaskSequence::from_document(document.clone()).expect("the root is a sequence");
        let (again, _) = TaskSequence::parse(&sequence.to_xml()).expect("what we write is XML");
        prop_assert_eq!(again, sequence);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn our_canonical_form_is_that_of_libxml2(document in document()) {
        let written = xml::to_xml(&document);
        prop_assert_eq!(xmllint(&written), xml::canonical(&document));
    }
}
