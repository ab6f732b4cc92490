use std::collections::HashMap;

use super::rules::{self, HABITS};
use super::{CheckOptions, Fault};
use crate::read::ReadError;

/// Collects faults, of each rule only so many.
#[derive(Debug)]
pub(super) struct Report {
    faults: Vec<Fault>,
    counts: HashMap<&'static str, usize>,
    max_per_rule: usize,
    own_layout: bool,
}

impl Report {
    pub(super) fn new(options: &CheckOptions) -> Self {
        Self {
            faults: Vec::new(),
            counts: HashMap::new(),
            max_per_rule: options.max_faults_per_rule,
            own_layout: options.own_layout,
        }
    }

    pub(super) fn add(&mut self, rule: &'static str, offset: u64, message: impl Into<String>) {
        self.add_at(rule, offset, String::new, message);
    }

    /// As [`Report::add`] for something of a file or directory; `path` is asked only if the fault
    /// is kept, because it costs a walk to the root. The root's path, which is empty, counts as
    /// none.
    pub(super) fn add_at(
        &mut self,
        rule: &'static str,
        offset: u64,
        path: impl FnOnce() -> String,
        message: impl Into<String>,
    ) {
        if !self.own_layout && HABITS.contains(&rule) {
            return;
        }
        let count = self.counts.entry(rule).or_default();
        *count += 1;
        if *count <= self.max_per_rule {
            let path = Some(path()).filter(|path| !path.is_empty());
            self.faults.push(Fault { rule, offset, path, message: message.into() });
        }
    }

    /// Adds what kept a structure from being read: `rule`, or that the bytes cannot be read.
    pub(super) fn add_error(
        &mut self,
        rule: &'static str,
        path: impl FnOnce() -> String,
        error: &ReadError,
    ) {
        let rule = match error {
            ReadError::Io { .. } => rules::UNREADABLE,
            _ => rule,
        };
        self.add_at(rule, error.offset().unwrap_or(0), path, error.to_string());
    }

    pub(super) fn finish(mut self) -> Vec<Fault> {
        self.faults.sort_by(|a, b| (a.offset, a.rule, &a.path).cmp(&(b.offset, b.rule, &b.path)));
        self.faults
    }
}
