//! Whether everything that a sequence references is there, before its first step.

use std::collections::HashSet;

use content::ContentId;
use content::manifest::MediaManifest;
use tasksequence::run::Policy;

use crate::objects::Objects;
use crate::providers::provider_of;

/// Something that an enabled step needs and that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The step.
    pub step: String,
    /// What is missing, in words.
    pub what: String,
}

/// Lists what enabled steps need and the media do not have, and steps that nothing here can run.
///
/// A step that a condition may skip counts too: nobody knows yet whether it will run.
pub fn missing(policy: &Policy, media: &MediaManifest, objects: &Objects) -> Vec<Missing> {
    let mut missing = Vec::new();
    let has = |id: &ContentId| {
        media.contents.iter().any(|it| it.id.as_str().eq_ignore_ascii_case(id.as_str()))
    };
    for step in policy.enabled_steps() {
        let mut found = |what| missing.push(Missing { step: step.path.to_string(), what });
        let provider = provider_of(step.dialect, step.type_name);
        if !step.is_done_by_the_run && provider.is_none() {
            found(format!("nothing on Linux runs steps of type `{}`", step.type_name));
        }
        for id in step.contents {
            let absent: Vec<String> = objects
                .contents_of(id)
                .iter()
                .filter(|content| !has(content))
                .map(|content| format!("`{content}`"))
                .collect();
            // An application may need no files.
            let unknown = objects.find(id).is_none() && id.parse::<ContentId>().is_err();
            if unknown {
                found(format!("the media do not have the application `{id}`"));
            } else if !absent.is_empty() {
                found(format!("the media do not have the content {}", absent.join(", ")));
            }
        }
    }
    missing
}

/// The contents that the enabled steps need, each with the number of its step, in their order.
pub(crate) fn needed(policy: &Policy, objects: &Objects) -> Vec<(usize, ContentId)> {
    let mut known = HashSet::new();
    let mut needed = Vec::new();
    for step in policy.enabled_steps() {
        for id in step.contents.iter().flat_map(|id| objects.contents_of(id)) {
            if known.insert((step.number, id.clone())) {
                needed.push((step.number, id));
            }
        }
    }
    needed
}
