//! The lists of a deployment share.

use tasksequence::mdt::{self, Guid, MdtError};

const A: &str = "{11111111-2222-3333-4444-5555555555AA}";
const B: &str = "{11111111-2222-3333-4444-5555555555BB}";

fn guid(text: &str) -> Guid {
    Guid::parse(text).expect("the text is a GUID")
}

#[test]
fn guids_compare_without_case() {
    assert_eq!(guid(&A.to_ascii_lowercase()), guid(A));
    assert_eq!(guid(A).to_string(), A);
    assert!(guid("{00000000-0000-0000-0000-000000000000}").is_zero());
    assert!(guid("{ffffffff-ffff-ffff-ffff-ffffffffffff}").is_hidden_group());
    assert!(!guid(A).is_zero() && !guid(A).is_hidden_group());
    assert_eq!(Guid::parse("11111111-2222-3333-4444-5555555555AA"), None);
}

#[test]
fn applications_have_dependencies_and_optional_elements() {
    let text = format!(
        "<applications>\n<application guid=\"{}\" enable=\"True\" hide=\"False\"><Name>Suite 2026</Name>\
         <CreatedBy>EXAMPLE\\someone</CreatedBy><ShortName>Suite</ShortName><Version>26</Version>\
         <Source>.\\Applications\\Suite</Source><CommandLine>setup.exe /q</CommandLine><Reboot>True</Reboot>\
         <Dependency>{B}</Dependency><Dependency>{}</Dependency></application>\
         <application guid=\"{B}\" enable=\"\"><Name>Runtime</Name></application></applications>",
        A.to_ascii_lowercase(),
        A.to_ascii_lowercase(),
    );
    let applications = mdt::applications(&text).unwrap();
    let suite = &applications[0];
    assert_eq!((suite.entry.guid.as_str(), suite.entry.name.as_str()), (A, "Suite 2026"));
    assert_eq!(
        (suite.source.as_str(), suite.command_line.as_str()),
        (".\\Applications\\Suite", "setup.exe /q")
    );
    assert_eq!((suite.reboot, &suite.dependencies), (Some(true), &vec![guid(B), guid(A)]));
    let runtime = &applications[1];
    assert_eq!((runtime.reboot, runtime.source.as_str(), runtime.entry.enabled), (None, "", true));
}

#[test]
fn only_a_false_enable_disables_and_only_a_true_hide_hides() {
    let entry = |attributes: &str| {
        let text = format!("<drivers><driver guid=\"{A}\" {attributes}/></drivers>");
        let entry = mdt::drivers(&text).unwrap().remove(0).entry;
        (entry.enabled, entry.hidden)
    };
    assert_eq!(entry(""), (true, false));
    assert_eq!(entry("enable=\"\" hide=\"\""), (true, false));
    assert_eq!(entry("enable=\"False\" hide=\"True\""), (false, true));
    assert_eq!(entry("enable=\"false\" hide=\"true\""), (false, true));
}

#[test]
fn every_list_is_read() {
    let text = format!(
        "<oss><os guid=\"{A}\"><Name>Example 11</Name><Platform>x64</Platform><Source>.\\Operating Systems\\E</Source>\
         <ImageFile>.\\Operating Systems\\E\\sources\\install.wim</ImageFile><ImageIndex>3</ImageIndex><Size>15000</Size>\
         <IncludesSetup>True</IncludesSetup></os></oss>"
    );
    let systems = mdt::operating_systems(&text).unwrap();
    assert_eq!((systems[0].image_index, systems[0].size_mib), (Some(3), Some(15_000)));
    assert_eq!((systems[0].platform.as_str(), systems[0].includes_setup), ("x64", Some(true)));

    let text = format!(
        "<tss><ts guid=\"{A}\"><Name>Client</Name><ID> CLIENT </ID><Version>1.0</Version><TaskSequenceTemplate>Client.xml</TaskSequenceTemplate></ts></tss>"
    );
    let sequences = mdt::task_sequences(&text).unwrap();
    assert_eq!(
        (sequences[0].id.as_str(), sequences[0].template.as_str()),
        ("CLIENT", "Client.xml")
    );

    let text = format!(
        "<drivers><driver guid=\"{A}\"><Name>N</Name><Class>Net</Class><Platform>x64</Platform><Platform>arm64</Platform><PNPId>PCI\\VEN_1</PNPId><Source>.\\d\\n.inf</Source></driver></drivers>"
    );
    let drivers = mdt::drivers(&text).unwrap();
    assert_eq!((drivers[0].platforms.len(), drivers[0].pnp_ids[0].as_str()), (2, "PCI\\VEN_1"));

    let text = format!(
        "<packages><package guid=\"{A}\"><Name>P</Name><PackageType>LanguagePack</PackageType><ProcessorArchitecture>amd64</ProcessorArchitecture></package></packages>"
    );
    assert_eq!(mdt::packages(&text).unwrap()[0].architecture, "amd64");

    let text = format!(
        "<groups><group guid=\"{A}\"><Name>Example\\Dell</Name><Member>{B}</Member></group></groups>"
    );
    assert_eq!(mdt::groups(&text).unwrap()[0].members, [guid(B)]);

    let text = format!(
        "<medias><media guid=\"{A}\"><Name>M</Name><SelectionProfile>All</SelectionProfile><SupportX64>True</SupportX64><GenerateISO>False</GenerateISO><ISOName>M.iso</ISOName></media></medias>"
    );
    let medias = mdt::medias(&text).unwrap();
    assert_eq!((medias[0].x64, medias[0].x86, medias[0].generate_iso), (true, false, false));

    for empty in ["<oss />", "\u{feff}<oss></oss>"] {
        assert_eq!(mdt::operating_systems(empty), Ok(vec![]));
    }
}

#[test]
fn a_selection_profile_holds_its_definition_as_escaped_xml() {
    let profile = |definition: &str| {
        mdt::selection_profiles(&format!(
            "<selectionProfiles><selectionProfile guid=\"{A}\"><Name>Dell</Name><ReadOnly>True</ReadOnly>\
             <Definition>{definition}</Definition></selectionProfile></selectionProfiles>"
        ))
    };
    let read = profile(
        "&lt;SelectionProfile&gt;&lt;Include path=\"Out-of-Box Drivers\\Dell &amp;amp; more\" /&gt;&lt;/SelectionProfile&gt;",
    );
    let read = read.unwrap();
    assert_eq!(read[0].includes, ["Out-of-Box Drivers\\Dell & more"]);
    assert!(read[0].read_only);
    assert_eq!(profile("").unwrap()[0].includes, Vec::<String>::new());
    assert!(matches!(profile("&lt;"), Err(MdtError::Definition { name, .. }) if name == "Dell"));
}

#[test]
fn other_documents_and_entries_without_guid_are_errors() {
    let wrong = mdt::operating_systems("<applications/>");
    assert_eq!(
        wrong,
        Err(MdtError::WrongRoot { expected: "oss", found: "applications".to_owned() })
    );
    let anonymous = mdt::operating_systems("<oss><os><Name>N</Name></os></oss>");
    assert_eq!(anonymous, Err(MdtError::NoGuid { name: "N".to_owned() }));
    assert!(matches!(mdt::operating_systems("<oss>"), Err(MdtError::Xml(_))));
}
