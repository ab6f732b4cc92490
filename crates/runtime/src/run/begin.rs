//! What a run begins with: sequences merged with their children, and the first variables.

use content::documents::{PolicyDocument, VariablesDocument};
use content::manifest::MediaManifest;
use tasksequence::TaskSequence;
use tasksequence::run::{
    Assigned, Child, Deployment, Machine, Origin, Policy, PolicyError, Running, Start, StartError,
    Value,
};

use crate::facts::LinuxFacts;
use crate::media::Bootstrap;

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// A task sequence cannot be read.
    #[error("the task sequence `{id}` cannot be read")]
    Sequence {
        /// Its id.
        id: String,
        /// Why.
        #[source]
        source: tasksequence::ParseError,
    },
    /// A sequence and its children do not go together.
    #[error("the task sequence cannot be run")]
    Policy(#[from] PolicyError),
    /// A first variable is impossible.
    #[error("the run cannot begin")]
    Start(#[from] StartError),
}

/// What is known when a run begins.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    /// What the media say of themselves.
    pub bootstrap: &'a Bootstrap,
    /// What they say of their set.
    pub media: &'a MediaManifest,
    /// Their variables.
    pub variables: &'a VariablesDocument,
    /// What runs on the computer.
    pub running: Running,
    /// The device that the media are on; `None` for a folder.
    pub launch: LaunchMode,
}

/// What the run was started from, as `_SMSTSLaunchMode` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaunchMode {
    /// A disc.
    Disc,
    /// A stick.
    Stick,
    /// A disk that prestaged media were applied to, or a folder.
    Disk,
}

impl LaunchMode {
    fn word(self) -> &'static str {
        match self {
            Self::Disc => "DVD",
            Self::Stick => "UFD+FORMAT",
            Self::Disk => "HD",
        }
    }
}

/// Merges the sequences that can be chosen: of those on the media, the first, which the others are
/// children of.
pub fn deployments(policy: &PolicyDocument) -> Result<Vec<Deployment>, BeginError> {
    let parse = |at: usize| {
        let sequence = &policy.sequences[at];
        let (parsed, _) = TaskSequence::parse(&sequence.document)
            .map_err(|source| BeginError::Sequence { id: sequence.id.to_string(), source })?;
        Ok::<_, BeginError>(parsed)
    };
    let parsed: Vec<TaskSequence> =
        (0..policy.sequences.len()).map(parse).collect::<Result<_, _>>()?;
    let (Some(first), Some(sequence)) = (policy.sequences.first(), parsed.first()) else {
        return Ok(Vec::new());
    };
    let lookup = |id: &str| {
        let at = policy.sequences.iter().position(|it| it.id.as_str().eq_ignore_ascii_case(id))?;
        Some(Child { sequence: &parsed[at], enabled: true })
    };
    let policy = Policy::merge(first.id.as_str(), &first.name, sequence, &lookup)?;
    Ok(vec![Deployment { id: String::new(), required: false, policy }])
}

/// Makes a run that has not begun.
pub fn begin<'d>(
    deployments: &'d [Deployment],
    beginning: &Beginning<'_>,
    linux: &LinuxFacts,
) -> Result<Machine<'d>, BeginError> {
    let start = Start {
        // What prestaged media lack comes from other media, and from no site.
        stand_alone: beginning.media.media_type == "stand-alone",
        running: beginning.running,
        disc: Some(beginning.media.disc),
        prestart: beginning.variables.prestart.as_ref().map(|it| Value::plain(&*it.command)),
        engine: engine_variables(beginning, linux),
        origin: Origin::Media(media_variables(beginning.variables)),
    };
    Ok(Machine::new(deployments, &start)?)
}

/// The variables that the site's people have chosen; those of the engine on media are the engine's.
fn media_variables(variables: &VariablesDocument) -> Vec<Assigned> {
    let chosen = variables.variables.iter().filter(|(name, _)| !is_own(name));
    // What is on media may be a password as well as a time zone, and no log needs either.
    chosen.map(|(name, value)| Assigned::new(name, Value::secret(&**value))).collect()
}

fn is_own(name: &str) -> bool {
    name.starts_with('_')
}

fn engine_variables(beginning: &Beginning<'_>, linux: &LinuxFacts) -> Vec<Assigned> {
    let own = beginning.variables.variables.iter().filter(|(name, _)| is_own(name));
    let mut engine: Vec<Assigned> =
        own.map(|(name, value)| Assigned::new(name, Value::plain(&**value))).collect();
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let facts = [
        ("_SMSTSMediaType", beginning.bootstrap.media_type.clone()),
        ("_SMSTSLaunchMode", beginning.launch.word().to_owned()),
        ("_SMSTSBootUEFI", linux.is_uefi().to_string()),
        ("_SMSTSMachineName", name.trim().to_owned()),
    ];
    for (name, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
        engine.retain(|known| !known.name.eq_ignore_ascii_case(name));
        engine.push(Assigned::new(name, Value::plain(value)));
    }
    engine
}
