//! Conditions in words.

use tasksequence::condition::{
    Comparison, Condition, Expression, FileTest, Operand, Operator, RegistryTest,
};

/// A condition on one line; `None` if there is nothing to test.
pub(super) fn words(condition: &Condition) -> Option<String> {
    (!condition.is_empty()).then(|| joined(&condition.operands, " and ", false))
}

/// Operands with a word between them, in parentheses where several stand inside another operator.
fn joined(operands: &[Operand], word: &str, inside: bool) -> String {
    let words: Vec<String> =
        operands.iter().map(|operand| self::operand(operand, operands.len() > 1)).collect();
    let text = words.join(word);
    if inside && operands.len() > 1 { format!("({text})") } else { text }
}

fn operand(operand: &Operand, inside: bool) -> String {
    match operand {
        Operand::Expression(expression) => self::expression(expression),
        Operand::Operator { operator, operands } => match operator {
            Operator::And => joined(operands, " and ", inside),
            Operator::Or => joined(operands, " or ", inside),
            Operator::Not => format!("none of ({})", joined(operands, ", ", false)),
            Operator::Unknown(word) => format!("{word} ({})", joined(operands, ", ", false)),
        },
        Operand::OperatingSystems { systems, .. } => {
            let names: Vec<&str> = systems.iter().map(|system| system.name.as_str()).collect();
            format!("operating system is one of: {}", names.join(", "))
        }
        Operand::Unknown { element } => format!("unknown test <{element}>"),
    }
}

fn expression(expression: &Expression) -> String {
    match expression {
        Expression::Variable { name, comparison, value } => {
            format!("{name}{}", compared(comparison, value))
        }
        Expression::Wmi { namespace, query } => format!("WMI {namespace}: {query}"),
        Expression::Registry(test) => registry(test),
        Expression::File(test) => format!("file {}", file(test)),
        Expression::Folder(test) => format!("folder {}", file(test)),
        Expression::Software(test) => {
            let product =
                if test.product_name.is_empty() { &test.product_code } else { &test.product_name };
            format!("{product} {} is installed", test.version)
        }
        Expression::Computer(test) => {
            let fields = [
                ("asset tag", &test.asset_tag),
                ("MAC address", &test.mac_address),
                ("serial number", &test.serial_number),
                ("UUID", &test.uuid),
            ];
            let filled = fields.iter().filter(|(_, value)| !value.is_empty());
            let words: Vec<String> =
                filled.map(|(name, value)| format!("{name} {value}")).collect();
            format!("computer with {}", words.join(" or "))
        }
        Expression::MakeModel(test) => format!("model {} of {}", test.model, test.make),
        Expression::Unknown { type_name, .. } => format!("unknown test {type_name}"),
    }
}

fn registry(test: &RegistryTest) -> String {
    let value = if test.value_name.is_empty() { "(default)" } else { &test.value_name };
    let data = test.data.as_deref().unwrap_or_default();
    format!("registry {}\\{value}{}", test.key_path, compared(&test.comparison, data))
}

fn file(test: &FileTest) -> String {
    let mut text = test.path.clone();
    let tests = [("version", &test.version), ("date", &test.date_time)];
    let mut any = false;
    for (what, compare) in tests {
        if let Some((comparison, value)) = compare {
            text += if any { " and" } else { "" };
            text += &format!(" {what}{}", compared(comparison, value));
            any = true;
        }
    }
    if any { text } else { text + " exists" }
}

/// The comparison after the name of what is compared: ` equals "true"`.
fn compared(comparison: &Comparison, value: &str) -> String {
    let word = match comparison {
        Comparison::Exists => return " exists".to_owned(),
        Comparison::NotExists => return " does not exist".to_owned(),
        Comparison::Equals => "=",
        Comparison::NotEquals => "≠",
        Comparison::Less => "<",
        Comparison::LessEqual => "≤",
        Comparison::Greater => ">",
        Comparison::GreaterEqual => "≥",
        Comparison::Like => "like",
        Comparison::NotLike => "not like",
        Comparison::Unknown(word) => word,
    };
    format!(" {word} \"{value}\"")
}
