//! Variables by themselves: names, limits, expansion.

use tasksequence::run::{
    ENVIRONMENT_MAX, Environment, NAME_MAX, Origin, VALUE_MAX, Value, VariableError,
};

use crate::support::assigned;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::begin(&[], &Origin::Media(assigned(variables))).expect("they can be set")
}

fn expanded(text: &str, variables: &[(&str, &str)]) -> String {
    environment(variables).expand(&Value::plain(text)).unwrap().text().to_owned()
}

#[test]
fn names_have_no_case_and_blanks_around_them_are_ignored() {
    let mut environment = environment(&[(" Name ", "1")]);
    assert_eq!(environment.text("NAME"), "1");
    environment.set("nAME", Value::plain("2")).unwrap();
    assert_eq!(environment.text(" name"), "2");
    assert_eq!(environment.iter().count(), 1);
}

#[test]
fn names_are_letters_digits_underscore_and_hyphen_and_begin_with_a_letter() {
    let mut environment = Environment::default();
    for name in ["A", "a-b_9", "Ä1", &"n".repeat(NAME_MAX)] {
        assert_eq!(environment.set(name, Value::plain("x")), Ok(()), "{name}");
    }
    for name in ["", " ", "9a", "-a", "a b", "a%b", "a.b"] {
        let refused = environment.set(name, Value::plain("x"));
        assert!(matches!(refused, Err(VariableError::Name { .. })), "{name}");
    }
    let refused = environment.set(&"n".repeat(NAME_MAX + 1), Value::plain("x"));
    assert!(matches!(refused, Err(VariableError::NameTooLong { .. })));
}

#[test]
fn a_leading_underscore_is_for_the_engine_alone() {
    let mut environment = Environment::default();
    let name = "_SMSTSLogPath".to_owned();
    let refused = environment.set(&name, Value::plain("x"));
    assert_eq!(refused, Err(VariableError::ReadOnly { name: name.clone() }));
    environment.set_by_engine(&name, Value::plain("x")).unwrap();
    assert_eq!(environment.text("_smstslogpath"), "x");
}

#[test]
fn values_are_limited_in_characters_and_all_together_in_bytes() {
    let mut environment = Environment::default();
    let longest = "ä".repeat(VALUE_MAX);
    assert_eq!(environment.set("A", Value::plain(longest.clone())), Ok(()));
    let refused = environment.set("A", Value::plain(longest.clone() + "x"));
    assert!(matches!(refused, Err(VariableError::ValueTooLong { .. })));
    assert_eq!(environment.text("A"), longest);
    let room = ENVIRONMENT_MAX / (longest.len() + 6);
    for number in 0..room {
        let name = format!("N{number:05}");
        environment.set(&name, Value::plain(longest.clone())).unwrap_or_else(|_| {
            assert!(number + 1 == room, "there is room for {number}");
        });
    }
    let refused = environment.set("B", Value::plain(longest.clone()));
    assert_eq!(refused, Err(VariableError::Full { name: "B".to_owned() }));
    environment.set("N00000", Value::default()).unwrap();
    assert_eq!(environment.set("B", Value::plain(longest)), Ok(()));
}

#[test]
fn names_between_percent_signs_are_replaced_and_unknown_ones_stay() {
    let variables = [("A", "1"), ("B-c", "2"), ("Nested", "%A")];
    for (text, expected) in [
        ("%A%%b-C%", "12"),
        ("100% of %A%", "100% of 1"),
        ("%Unknown%A%", "%Unknown1"),
        ("LIKE '%AB%' and 10AB%", "LIKE '%AB%' and 10AB%"),
        ("%%A%%", "%1%"),
        ("%Nested%%", "%A%"),
        ("% A %", "% A %"),
        ("ä%A%€", "ä1€"),
        ("%", "%"),
        ("", ""),
    ] {
        assert_eq!(expanded(text, &variables), expected, "{text}");
    }
}

#[test]
fn a_text_that_becomes_too_long_is_an_error_and_not_all_memory() {
    let environment = environment(&[("A", &"x".repeat(VALUE_MAX))]);
    let bomb = "%A%".repeat(ENVIRONMENT_MAX / VALUE_MAX + 1);
    let refused = environment.expand(&Value::plain(bomb));
    assert_eq!(refused, Err(VariableError::ExpandedTooLong));
}
