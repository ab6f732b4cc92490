//! The single tests of a condition.

use std::cmp::Ordering;

use super::compare::{self, Compared};
use super::evaluate::{Evaluator, Truth, shown};
use super::facts::{Answer, ComputerFact, FileFact, RegistryFact, SoftwareCode};
use crate::condition::{
    Comparison, ComputerTest, Expression, FileTest, MakeModelTest, RegistryTest, SoftwareTest,
};

/// Decides a single test, and says in words what was asked.
pub(super) fn decide(expression: &Expression, evaluator: &Evaluator<'_>) -> (String, Truth) {
    match expression {
        Expression::Variable { name, comparison, value } => {
            variable(name, comparison, value, evaluator)
        }
        Expression::Wmi { namespace, query } => {
            let truth = answered(evaluator.facts.wmi(namespace, query));
            (format!("WMI `{}` gives rows", shown(query)), truth)
        }
        Expression::Registry(test) => registry(test, evaluator),
        Expression::File(test) => {
            let find = |path: &str| evaluator.facts.file(path);
            (format!("file `{}`{}", shown(&test.path), details(test)), file(test, evaluator, find))
        }
        Expression::Folder(test) => {
            let find = |path: &str| evaluator.facts.folder(path);
            let words = format!("folder `{}`{}", shown(&test.path), details(test));
            (words, file(test, evaluator, find))
        }
        Expression::Software(test) => software(test, evaluator),
        Expression::Computer(test) => {
            let computer = evaluator.facts.computer();
            ("the computer is this one".to_owned(), asked(computer, |it| is_computer(test, it)))
        }
        Expression::MakeModel(test) => {
            let computer = evaluator.facts.computer();
            let words = format!("make `{}`, model `{}`", shown(&test.make), shown(&test.model));
            (words, asked(computer, |it| is_make_model(test, it)))
        }
        Expression::Unknown { type_name, .. } => {
            (format!("type `{}` is not known", shown(type_name)), Truth::Unknown)
        }
    }
}

fn answered(answer: Answer<bool>) -> Truth {
    answer.known().map_or(Truth::Unknown, Truth::of)
}

fn asked(answer: Answer<ComputerFact>, ask: impl Fn(&ComputerFact) -> Truth) -> Truth {
    answer.known().map_or(Truth::Unknown, |computer| ask(&computer))
}

fn variable(
    name: &str,
    comparison: &Comparison,
    value: &str,
    evaluator: &Evaluator<'_>,
) -> (String, Truth) {
    let name = name.trim();
    let set = evaluator.environment.get(name);
    let words = format!("variable `{}` {}", shown(name), word(comparison));
    let like = |value: &str| compare::matches(value, set.map_or("", |set| set.text()), '%', None);
    let truth = match comparison {
        Comparison::Exists => Truth::of(set.is_some()),
        Comparison::NotExists => Truth::of(set.is_none()),
        Comparison::Like => Truth::of(like(value)),
        Comparison::NotLike => Truth::of(!like(value)),
        Comparison::Unknown(_) => Truth::Unknown,
        comparison => {
            let secret = set.is_some_and(|set| set.is_secret());
            let text = set.map(|set| set.text());
            let (truth, compared) = compared(comparison, text, value, secret);
            return (words + compared, truth);
        }
    };
    (words, truth)
}

/// Compares a value that may be absent: it equals the empty text and is neither less nor greater than anything.
fn compared(
    comparison: &Comparison,
    left: Option<&str>,
    right: &str,
    secret: bool,
) -> (Truth, &'static str) {
    if left.is_none() && compare::is_ordering(comparison) {
        return (Truth::False, ", which is not set");
    }
    let left = left.unwrap_or_default();
    let (ordering, how) = if compare::is_ordering(comparison) {
        compare::order(left, right)
    } else if secret {
        (left.cmp(right), Compared::WithCase)
    } else if compare::same_text(left, right) {
        (Ordering::Equal, Compared::AsText)
    } else {
        (Ordering::Less, Compared::AsText)
    };
    let truth = compare::holds(comparison, ordering).map_or(Truth::Unknown, Truth::of);
    let words = match how {
        Compared::AsNumbers => ", compared as numbers",
        Compared::AsText => ", compared as text",
        Compared::WithCase => ", compared with case",
    };
    (truth, words)
}

fn registry(test: &RegistryTest, evaluator: &Evaluator<'_>) -> (String, Truth) {
    let place = format!("{}\\{}", test.key_path, test.value_name);
    let words = format!("registry `{}` {}", shown(&place), word(&test.comparison));
    let key_path = evaluator.path(&test.key_path);
    let fact = key_path.map(|path| evaluator.facts.registry(&path, &test.value_name));
    let Some(fact) = fact.and_then(Answer::known) else { return (words, Truth::Unknown) };
    let found = match &fact {
        // Without a name and a type the key alone is asked for.
        RegistryFact::NoValue => test.value_name.is_empty() && test.value_type.is_empty(),
        RegistryFact::NoKey => false,
        RegistryFact::Value { value_type, .. } => {
            test.value_type.is_empty() || test.value_type.eq_ignore_ascii_case(value_type)
        }
    };
    match &test.comparison {
        Comparison::Exists => (words, Truth::of(found)),
        Comparison::NotExists => (words, Truth::of(!found)),
        comparison => {
            let data = match &fact {
                RegistryFact::Value { data, .. } => Some(data.as_str()),
                _ => None,
            };
            let wanted = test.data.as_deref().unwrap_or_default();
            let (truth, compared) = compared(comparison, data, wanted, false);
            (words + compared, truth)
        }
    }
}

fn details(test: &FileTest) -> String {
    let mut words = " exists".to_owned();
    if let Some((comparison, version)) = &test.version {
        words += &format!(", version {} `{}`", word(comparison), shown(version));
    }
    if let Some((comparison, time)) = &test.date_time {
        words += &format!(", time {} `{}`", word(comparison), shown(time));
    }
    words
}

fn file(
    test: &FileTest,
    evaluator: &Evaluator<'_>,
    find: impl Fn(&str) -> Answer<Option<FileFact>>,
) -> Truth {
    let answer = evaluator.path(&test.path).map(|path| find(&path));
    let Some(found) = answer.and_then(Answer::known) else { return Truth::Unknown };
    let Some(found) = found else { return Truth::False };
    let version = test.version.as_ref().map_or(Truth::True, |(comparison, wanted)| {
        let Some(version) = &found.version else {
            // Without a version it differs from every version.
            return Truth::of(*comparison == Comparison::NotEquals);
        };
        ordered(comparison, compare::order_versions(version, wanted))
    });
    let time = test.date_time.as_ref().map_or(Truth::True, |(comparison, wanted)| {
        let wanted = compare::seconds(wanted);
        ordered(comparison, wanted.map(|wanted| found.modified_seconds.cmp(&wanted)))
    });
    version.and(time)
}

fn ordered(comparison: &Comparison, ordering: Option<Ordering>) -> Truth {
    let holds = ordering.and_then(|ordering| compare::holds(comparison, ordering));
    holds.map_or(Truth::Unknown, Truth::of)
}

fn software(test: &SoftwareTest, evaluator: &Evaluator<'_>) -> (String, Truth) {
    let any = test.operator.eq_ignore_ascii_case("AnyVersion");
    let this = test.operator.eq_ignore_ascii_case("ThisVersion");
    let code = if any { test.upgrade_code.trim() } else { test.product_code.trim() };
    let words = format!("product `{}` ({})", shown(&test.product_name), shown(&test.operator));
    if code.is_empty() || !(any || this) {
        return (words, Truth::Unknown);
    }
    let code = if any { SoftwareCode::Upgrade(code) } else { SoftwareCode::Product(code) };
    (words, answered(evaluator.facts.software(code)))
}

/// Any filled field decides; without one there is nothing to say.
fn is_computer(test: &ComputerTest, computer: &ComputerFact) -> Truth {
    let same = |wanted: &str, found: &str| compare::same_text(wanted.trim(), found.trim());
    let hexadecimal = |text: &str| text.replace([':', '-'], "");
    let address = |wanted: &str| {
        let mut addresses = computer.mac_addresses.iter();
        addresses.any(|found| same(&hexadecimal(wanted), &hexadecimal(found)))
    };
    let fields = [
        (&test.asset_tag, same(&test.asset_tag, &computer.asset_tag)),
        (&test.serial_number, same(&test.serial_number, &computer.serial_number)),
        (&test.uuid, same(&test.uuid, &computer.uuid)),
        (&test.mac_address, address(&test.mac_address)),
    ];
    let mut filled = fields.iter().filter(|(wanted, _)| !wanted.trim().is_empty()).peekable();
    if filled.peek().is_none() {
        return Truth::Unknown;
    }
    Truth::of(filled.any(|(_, same)| *same))
}

fn is_make_model(test: &MakeModelTest, computer: &ComputerFact) -> Truth {
    let matches = |wanted: &str, found: &str| {
        wanted.trim().is_empty() || compare::matches(wanted.trim(), found.trim(), '*', Some('?'))
    };
    if test.make.trim().is_empty() && test.model.trim().is_empty() {
        return Truth::Unknown;
    }
    Truth::of(matches(&test.make, &computer.make) && matches(&test.model, &computer.model))
}

fn word(comparison: &Comparison) -> String {
    let word = match comparison {
        Comparison::Exists => "exists",
        Comparison::NotExists => "does not exist",
        Comparison::Equals => "equals",
        Comparison::NotEquals => "differs",
        Comparison::Less => "is less",
        Comparison::LessEqual => "is less or equal",
        Comparison::Greater => "is greater",
        Comparison::GreaterEqual => "is greater or equal",
        Comparison::Like => "is like",
        Comparison::NotLike => "is not like",
        Comparison::Unknown(word) => return format!("`{}`, which is not known,", shown(word)),
    };
    word.to_owned()
}
