//! A catalog of any size for measuring: the same for the same numbers.

use std::fmt::Write;

use content::{
    Application, Architecture, BootPlatform, Catalog, CatalogObject, ContentId, ContentLocation,
    DependencyGroup, DeploymentType, MediaDefinition, NamedDefinition, ObjectKind, SequenceEntry,
    SequenceInfo,
};
use tasksequence::TaskSequence;

/// How much a synthetic catalog has.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Task sequences.
    pub sequences: u32,
    /// Steps of each.
    pub steps: u32,
    /// Contents: a quarter of them applications, which depend on each other.
    pub contents: u32,
}

/// Makes a catalog, and a definition of stand-alone media for each of its task sequences.
///
/// Every step uses a content; which one is spread over all of them, so that sequences share some.
pub fn catalog(size: Size) -> (Catalog, Vec<NamedDefinition>) {
    let mut catalog = Catalog::default();
    let boot_image = object(
        0,
        ObjectKind::BootImage { architecture: Architecture::X64, platform: BootPlatform::WinPe },
    );
    let contents = (1..=size.contents).map(|number| object(number, kind(number, size.contents)));
    for object in contents.chain([boot_image]) {
        let location = ContentLocation::Path(format!("/content/{}", object.id).into());
        catalog.locations.insert(object.id.clone(), location);
        catalog.objects.insert(object.id.clone(), object);
    }
    let mut definitions = Vec::new();
    for number in 0..size.sequences {
        let entry = sequence(number, size);
        definitions.push(definition(&entry.id));
        catalog.task_sequences.insert(entry.id.clone(), entry);
    }
    (catalog, definitions)
}

fn content_id(number: u32) -> ContentId {
    format!("P01{number:05X}").parse().expect("because the site code and hexadecimal digits fit")
}

fn sequence_id(number: u32) -> ContentId {
    content_id(0x80000 + number)
}

fn is_application(number: u32) -> bool {
    number.is_multiple_of(4)
}

fn model_name(number: u32) -> String {
    format!(
        "ScopeId_0A0A0A0A-0000-4000-8000-000000000000/Application_{number:08x}-0000-4000-8000-000000000000"
    )
}

fn object(number: u32, kind: ObjectKind) -> CatalogObject {
    let is_application = matches!(kind, ObjectKind::Application(_));
    CatalogObject {
        id: content_id(number),
        name: format!("Content {number}"),
        version: "1.0".into(),
        source_version: 1 + number % 7,
        source: (!is_application).then(|| format!("content/{number}")),
        guid: None,
        selection_profile: None,
        kind,
    }
}

/// Every fourth content is an application that needs one or two of a lower number.
fn kind(number: u32, contents: u32) -> ObjectKind {
    if !is_application(number) || number > contents {
        return ObjectKind::Package { programs: Vec::new() };
    }
    let lower = [number / 2 / 4 * 4, number / 3 / 4 * 4];
    let dependencies = lower.into_iter().filter(|lower| *lower > 0 && number.is_multiple_of(8));
    let deployment_type = DeploymentType {
        name: "Script".into(),
        install: "install.cmd".into(),
        source: Some(format!("applications/{number}")),
        dependencies: dependencies.map(|lower| DependencyGroup(vec![content_id(lower)])).collect(),
        ..DeploymentType::default()
    };
    ObjectKind::Application(Application {
        model_name: Some(model_name(number)),
        deployment_types: vec![deployment_type],
        supersedes: Vec::new(),
    })
}

fn sequence(number: u32, size: Size) -> SequenceEntry {
    let contents: Vec<u32> = (0..size.steps).map(|step| used(number, step, size)).collect();
    let mut xml = String::from("<sequence version=\"3.10\"><referenceList>");
    for content in &contents {
        let _ = match is_application(*content) {
            true => write!(xml, "<reference application=\"{}\"/>", model_name(*content)),
            false => write!(xml, "<reference package=\"{}\" program=\"*\"/>", content_id(*content)),
        };
    }
    xml.push_str("</referenceList>");
    for (step, content) in (0..size.steps).zip(contents) {
        if step % 20 == 0 {
            let close = if step == 0 { "" } else { "</group>" };
            let _ = write!(xml, "{close}<group name=\"Part {}\" description=\"\">", step / 20);
        }
        push_step(&mut xml, step, content);
    }
    if size.steps > 0 {
        xml.push_str("</group>");
    }
    xml.push_str("</sequence>");
    let (sequence, _) = TaskSequence::parse(&xml).expect("because the text is a task sequence");
    let info = SequenceInfo {
        name: format!("Sequence {number}"),
        boot_image: Some(content_id(0)),
        ..SequenceInfo::default()
    };
    let id = sequence_id(number);
    SequenceEntry { file: format!("task-sequences/{id}.xml"), id, info, sequence }
}

/// The content of a step: half of each sequence's steps are the same in all.
fn used(sequence: u32, step: u32, size: Size) -> u32 {
    let seed = if step.is_multiple_of(2) { step } else { step + sequence * size.steps };
    // A prime spreads the contents.
    1 + seed.wrapping_mul(7919) % size.contents
}

fn push_step(xml: &mut String, step: u32, content: u32) {
    let (stem, action, variable, value) = if is_application(content) {
        let app = model_name(content);
        let action = format!("smsappinstall.exe /app:{app} /basevar: /continueOnError:False");
        ("InstallApplication", action, "ApplicationName", app)
    } else {
        let id = content_id(content).to_string();
        ("RunCommandLine", format!("smsswd.exe /run:{id} cmd /c install.cmd"), "PackageID", id)
    };
    let _ = write!(
        xml,
        "<step type=\"SMS_TaskSequence_{stem}Action\" name=\"Step {step}\" description=\"\" \
         runIn=\"FullOS\" successCodeList=\"0 3010\" retryCount=\"0\" runFromNet=\"false\">\
         <condition><expression type=\"SMS_TaskSequence_VariableConditionExpression\">\
         <variable name=\"Operator\">equals</variable><variable name=\"Value\">TRUE</variable>\
         <variable name=\"Variable\">_SMSTSInWinPE</variable></expression></condition>\
         <action>{action}</action><defaultVarList><variable name=\"{variable}\" \
         property=\"{variable}\" hidden=\"true\">{value}</variable></defaultVarList></step>"
    );
}

fn definition(sequence: &ContentId) -> NamedDefinition {
    let text = format!(
        "[media]\ntype = \"stand-alone\"\ntask-sequence = \"{sequence}\"\n\
         [output]\npath = \"out/{sequence}.iso\"\nsize = \"dvd-5\"\n"
    );
    let (definition, _) =
        MediaDefinition::parse(&text).expect("because the text is a media definition");
    NamedDefinition { name: sequence.to_string().to_lowercase(), definition }
}
