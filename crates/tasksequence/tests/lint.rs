//! Every rule: what triggers it, and what does not.

use std::collections::BTreeSet;

use tasksequence::lint::{
    Architecture, BootImage, CheckContext, ContentState, RULES, check, without_provider,
};
use tasksequence::script::encode_script;
use tasksequence::{Dialect, Finding, Severity, TaskSequence};

fn parse(inner: &str) -> (TaskSequence, Vec<Finding>) {
    let text = format!("<sequence version=\"3.10\">{inner}</sequence>");
    TaskSequence::parse(&text).expect("the text is a sequence")
}

fn step_with(attributes: &str, stem: &str, action: &str, variables: &[(&str, &str)]) -> String {
    let variables: String = variables
        .iter()
        .map(|(name, value)| format!("<variable name=\"{name}\">{value}</variable>"))
        .collect();
    format!(
        "<step type=\"SMS_TaskSequence_{stem}Action\" name=\"{stem}\"{attributes}><action>{action}</action>\
         <defaultVarList>{variables}</defaultVarList></step>"
    )
}

fn step(stem: &str, action: &str, variables: &[(&str, &str)]) -> String {
    step_with("", stem, action, variables)
}

fn command(line: &str) -> String {
    step("RunCommandLine", &format!("smsswd.exe /run: {line}"), &[])
}

fn script(text: &str) -> String {
    step(
        "RunPowerShellScript",
        "OSDRunPowerShellScript.exe",
        &[("OSDRunPowerShellScriptSourceScript", &encode_script(text))],
    )
}

fn set(name: &str, value: &str) -> String {
    step("SetVariable", "tsenv.exe", &[("VariableName", name), ("VariableValue", value)])
}

fn variable_condition(name: &str, operator: &str, value: &str) -> String {
    format!(
        "<expression type=\"SMS_TaskSequence_VariableConditionExpression\"><variable name=\"Operator\">{operator}</variable>\
         <variable name=\"Value\">{value}</variable><variable name=\"Variable\">{name}</variable></expression>"
    )
}

fn group(condition: &str, steps: &str) -> String {
    format!("<group name=\"Group\"><condition>{condition}</condition>{steps}</group>")
}

const SETUP: &str = "<step type=\"SMS_TaskSequence_SetupWindowsAndSMSAction\" name=\"Setup\"><action>OSDSetupWindows.exe</action></step>";

/// The findings of reading and checking, as `rule severity`, without the rule about sequences that install nothing.
fn findings_in(context: &CheckContext<'_>, inner: &str) -> Vec<String> {
    let (sequence, mut findings) = parse(inner);
    findings.extend(check(&sequence, context));
    for finding in &findings {
        assert!(RULES.iter().any(|rule| rule.id == finding.rule), "{finding:?}");
        assert!(!finding.message.is_empty() && !finding.remedy.is_empty(), "{finding:?}");
        assert!(!finding.message.ends_with('.'), "{finding:?}");
    }
    let shown = findings.iter().filter(|finding| finding.rule != "standalone-not-os");
    shown.map(|finding| format!("{} {}", finding.rule, finding.severity)).collect()
}

fn findings(inner: &str) -> Vec<String> {
    findings_in(&CheckContext::default(), inner)
}

/// Texts that each trigger one rule of a check that knows nothing but the sequence, at its usual severity.
fn triggers() -> Vec<(&'static str, String)> {
    let long = |length: usize| "x".repeat(length);
    let wmi = |query: &str| {
        format!(
            "<expression type=\"SMS_TaskSequence_WMIConditionExpression\"><variable name=\"Query\">{query}</variable></expression>"
        )
    };
    let named = |name: &str| format!("<group name=\"{name}\"/>");
    vec![
        ("standalone-auto-apply-drivers", step("AutoApply", "osddriverclient.exe /auto", &[])),
        (
            "standalone-download-content",
            step("DownloadPackageContent", "OsdDownloadContent.exe ", &[]),
        ),
        ("standalone-download-content", command("OSDDownloadContent.exe")),
        ("standalone-software-updates", step("InstallUpdate", "TSInstallSWUpdate.exe", &[])),
        (
            "standalone-software-before-os",
            step("InstallApplication", "smsappinstall.exe", &[]) + SETUP,
        ),
        ("standalone-affinity", set("SMSTSUDAUsers", "EXAMPLE\\user")),
        (
            "standalone-dynamic-applications",
            step("InstallApplication", "smsappinstall.exe /app: /basevar:A", &[]),
        ),
        (
            "standalone-preproduction-client",
            step(
                "SetupWindowsAndSMS",
                "OSDSetupWindows.exe",
                &[("_SMSClientPreProductionPackageID", "%OSDPilot%")],
            ),
        ),
        (
            "standalone-feature-update",
            step(
                "UpgradeOperatingSystem",
                "OSDUpgradeOS.exe",
                &[("OSDUpgradeFeatureUpdateName", "26H2")],
            ),
        ),
        ("standalone-install-package", step("InstallSoftware", "smsswd.exe /pkg: /install", &[])),
        ("standalone-network-step", step("ConnectNetworkFolder", "smsnetuse.exe", &[])),
        (
            "standalone-network-step",
            step("JoinDomainWorkgroup", "osdjoin.exe", &[("OSDJoinType", "0")]),
        ),
        ("standalone-network-step", command("xcopy \\\\server\\share C:\\ /e")),
        ("standalone-network-step", command("\"\\\\%OSDServer%\\share$\\run.cmd\"")),
        ("standalone-network-step", script("Invoke-WebRequest 'HTTPS://example.org/a'")),
        ("standalone-collection-variables", command("cmd.exe /c echo %Site%")),
        (
            "standalone-collection-variables",
            group(&variable_condition("Site", "equals", "1"), &command("a")),
        ),
        (
            "content-disabled-only",
            step_with(" disable=\"true\"", "RunCommandLine", "smsswd.exe /run:ABC00001 a", &[]),
        ),
        (
            "content-dynamic",
            step("ApplyDriverPackage", "osddriverclient.exe /install:%OSDDrivers%", &[]),
        ),
        ("content-path", command("%_SMSTSMDataPath%\\Packages\\ABC00001\\a.exe")),
        (
            "reference-list-differs",
            step("ApplyDriverPackage", "osddriverclient.exe /install:ABC00001", &[]),
        ),
        (
            "reference-list-differs",
            "<referenceList><reference package=\"ABC00001\"/></referenceList>".to_owned(),
        ),
        (
            "reference-malformed",
            step(
                "ApplyDriverPackage",
                "osddriverclient.exe",
                &[("OSDApplyDriverDriverPackageID", "drivers")],
            ),
        ),
        (
            "secret-missing",
            step("ConnectNetworkFolder", "x", &[("SMSConnectNetworkFolderAccount", "EXAMPLE\\a")]),
        ),
        (
            "secret-missing",
            step("ApplyWindowsSettings", "x", &[("OSDRandomAdminPassword", "false")]),
        ),
        ("secret-missing", step("EnableBitLocker", "x", &[("OSDBitLockerMode", "TPMandPIN")])),
        (
            "secret-in-clear",
            step("ApplyWindowsSettings", "x", &[("OSDLocalAdminPassword", "hunter2")]),
        ),
        ("secret-in-clear", set("ServicePassword", "hunter2")),
        ("secret-in-clear", command("setup.exe /password:hunter2")),
        ("secret-in-clear", command("tool.exe -Password hunter2")),
        ("secret-in-clear", script("$password = 'hunter2'")),
        ("secret-in-clear", script("ConvertTo-SecureString \"hunter2\" -AsPlainText -Force")),
        ("setup-coe", SETUP.replace(" name", " continueOnError=\"true\" name")),
        ("limit-name", named(&long(101))),
        ("limit-description", format!("<group name=\"a\" description=\"{}\"/>", long(257))),
        ("limit-command-line", command(&long(32_001))),
        ("limit-start-in", step_with(&format!(" startIn=\"{}\"", long(256)), "Reboot", "x", &[])),
        ("limit-timeout", step_with(" timeout=\"59\"", "Reboot", "x", &[])),
        ("limit-value", step("Reboot", "x", &[("SMSRebootMessage", &long(513))])),
        ("limit-value", step("PartitionDisk", "x", &[("OSDDiskIndex", "100")])),
        ("limit-variable", set("1st", "x")),
        ("limit-variable", set("_SMSTSMediaType", "x")),
        ("limit-variable", set("A", &long(4_001))),
        ("limit-condition", group(&wmi(&long(16_385)), "")),
        ("limit-condition", group(&wmi(""), "")),
        ("attribute-invalid", "<group name=\"a\" disable=\"maybe\"/>".to_owned()),
        ("condition-operator-empty", group("<operator type=\"or\"/>", "")),
        ("condition-unknown", group("<weather/>", "")),
        ("element-unknown", "<extra/>".to_owned()),
        (
            "rules-unreadable",
            step("SetDynamicVariables", "x", &[("OSDSetDynamicVariablesRules", "&lt;")]),
        ),
        (
            "script-unreadable",
            step("RunPowerShellScript", "x", &[("OSDRunPowerShellScriptSourceScript", "?")]),
        ),
        ("step-type-unknown", step("Frobnicate", "x", &[])),
        (
            "success-codes-differ",
            step_with(" successCodeList=\"0\" successCodes=\"0 1\"", "Reboot", "x", &[]),
        ),
        ("variable-conflict", step("Reboot", "x", &[("A", "1"), ("a", "2")])),
    ]
}

fn usual(rule: &str) -> String {
    let rule = RULES.iter().find(|known| known.id == rule).expect("the rule is in the table");
    format!("{} {}", rule.id, rule.severity)
}

#[test]
fn each_trigger_gives_its_rule_and_nothing_else() {
    // A rule, and what a step with its fault cannot help showing as well.
    let companions = [
        ("secret-missing", "standalone-network-step warning"),
        ("standalone-preproduction-client", "content-dynamic note"),
    ];
    for (rule, inner) in triggers() {
        let mut found = findings(&inner);
        found.retain(|finding| !companions.contains(&(rule, finding.as_str())));
        found.dedup();
        assert_eq!(found, [usual(rule)], "{inner:.300}");
    }
}

#[test]
fn an_ordinary_sequence_has_no_findings() {
    let inner = [
        "<referenceList><reference package=\"ABC00001\"/><reference package=\"ABC00002\"/>\
         <reference application=\"ScopeId_1/Application_1\"/></referenceList>",
        &step("PartitionDisk", "osddiskpart.exe", &[("OSDDiskIndex", "0")]),
        &step("ApplyOperatingSystem", "OSDApplyOS.exe /image:ABC00001,%OSDImageIndex%", &[("OSDImageIndex", "1"), ("ImagePackageID", "ABC00001")]),
        &step("ApplyWindowsSettings", "osdwinsettings.exe /config", &[("OSDRandomAdminPassword", "true"), ("OSDComputerName", "%_SMSTSMachineName%")]),
        &step("ApplyNetworkSettings", "osdnetsettings.exe configure", &[("OSDNetworkJoinType", "1"), ("OSDWorkgroupName", "W")]),
        &step("SetupWindowsAndSMS", "OSDSetupWindows.exe", &[("_SMSClientPackageID", "ABC00002")]),
        &step("InstallApplication", "smsappinstall.exe /app:ScopeId_1/Application_1 /basevar: /continueOnError:False", &[]),
        &set("Room", "12"),
        &command("cmd.exe /c echo %Room% %COMPUTERNAME% %OSDComputerName% 100% \\\\.\\C: 50%"),
        &script("$password = Read-Host -AsSecureString\r\n# \\\\. is a device; 7 % 3\r\nSet-Item HKLM:\\\\Software\\\\Example"),
        &group(&variable_condition("_SMSTSInWinPE", "equals", "true"), &command("cmd.exe /c ver")),
    ]
    .concat();
    let (sequence, problems) = parse(&inner);
    assert_eq!(problems, []);
    assert_eq!(check(&sequence, &CheckContext::default()), []);
}

#[test]
fn a_condition_that_excludes_full_media_makes_a_note_of_an_error() {
    let driver = step("AutoApply", "osddriverclient.exe /auto", &[]);
    let is = |operator, value| variable_condition("_SMSTSMediaType", operator, value);
    let other = variable_condition("OSDComputerName", "equals", "1");
    let operator =
        |kind: &str, inner: &str| format!("<operator type=\"{kind}\">{inner}</operator>");
    let excluding = [
        is("notEquals", "FullMedia"),
        is("NotEquals", "fullmedia"),
        is("equals", "BootMedia"),
        is("notExists", ""),
        operator("not", &is("equals", "FullMedia")),
        operator("and", &(other.clone() + &is("notEquals", "FullMedia"))),
        operator("or", &(is("notEquals", "FullMedia") + &is("equals", "OEMMedia"))),
    ];
    for condition in excluding {
        let nested = format!("<group name=\"Inner\">{driver}</group>");
        for inner in [&driver, &nested] {
            let found = findings(&group(&condition, inner));
            assert_eq!(found, ["standalone-auto-apply-drivers note"], "{condition}");
        }
    }
    let admitting = [
        is("equals", "FullMedia"),
        is("notEquals", "BootMedia"),
        is("equals", "%Kind%").replace("%Kind%", "%OSDKind%"),
        operator("or", &(other.clone() + &is("notEquals", "FullMedia"))),
        operator("not", &other),
        other,
    ];
    for condition in admitting {
        let found = findings(&group(&condition, &driver));
        assert_eq!(found, ["standalone-auto-apply-drivers error"], "{condition}");
    }
}

#[test]
fn disabled_steps_have_no_findings_about_media() {
    let inner =
        format!("<group name=\"G\" disable=\"true\">{}</group>", step("AutoApply", "x", &[]));
    assert_eq!(findings(&inner), Vec::<String>::new());
}

#[test]
fn rules_about_media_are_silent_for_other_media() {
    let context =
        CheckContext { stand_alone: false, boot_image: BootImage::Absent, ..Default::default() };
    for (rule, inner) in triggers().into_iter().filter(|(rule, _)| rule.starts_with("standalone-"))
    {
        let found = findings_in(&context, &inner);
        assert!(
            found.iter().all(|finding| !finding.starts_with("standalone-")),
            "{rule}: {found:?}"
        );
    }
}

#[test]
fn content_is_looked_up_through_children() {
    let child = parse(&step("ApplyDriverPackage", "osddriverclient.exe /install:ABC00002", &[])).0;
    let run_child = "<subtasksequence type=\"SMS_TaskSequence_SubTasksequence\" name=\"Run\"><defaultVarList>\
                     <variable name=\"OSDSubTasksequencePackageID\">ABC00009</variable></defaultVarList></subtasksequence>";
    let (parent, _) = parse(
        &(step("ApplyDriverPackage", "osddriverclient.exe /install:ABC00001", &[]) + run_child),
    );
    let sequences = |id: &str| (id == "ABC00009").then_some(&child);
    let content = |id: &str| match id {
        "ABC00001" => ContentState::WithoutFiles,
        _ => ContentState::Absent,
    };
    let boot = |id: &str| id == "ABC00009";
    let context = CheckContext {
        sequences: Some(&sequences),
        content: Some(&content),
        has_boot_image: Some(&boot),
        ..Default::default()
    };
    let found: Vec<String> = check(&parent, &context)
        .into_iter()
        .filter(|f| f.rule == "content-missing" || f.rule.starts_with("child"))
        .map(|f| {
            let child = f.child.unwrap_or_default();
            format!("{} | {child} | {} | {}", f.rule, f.place, f.message)
        })
        .collect();
    let expected = [
        "content-missing |  | ApplyDriverPackage (step 1) | content `ABC00001` (/install:) has no files on any distribution point",
        "content-missing | ABC00009 | ApplyDriverPackage (step 1) | content `ABC00002` (/install:) is not there",
        "child-boot-image |  | Run (step 2) | child sequence `ABC00009` has a boot image of its own",
    ];
    assert_eq!(found, expected);
}

#[test]
fn boot_image_rules_need_to_know_the_boot_image() {
    let apply = step(
        "ApplyOperatingSystem",
        "OSDApplyOS.exe /image:ABC00001,1",
        &[("ImagePackageID", "ABC00001")],
    );
    let inner = format!(
        "<referenceList><reference package=\"ABC00001\"/></referenceList>{apply}{}{SETUP}{}",
        script("a"),
        script("b")
    );
    let architecture = |id: &str| (id == "ABC00001").then_some(Architecture::X64);
    let named =
        |architecture, powershell| BootImage::Named { id: "ABC00005", architecture, powershell };
    let found = |boot_image| {
        findings_in(
            &CheckContext {
                boot_image,
                image_architecture: Some(&architecture),
                ..Default::default()
            },
            &inner,
        )
    };
    assert_eq!(found(BootImage::Unknown), Vec::<String>::new());
    assert_eq!(found(BootImage::Absent), ["standalone-no-boot-image error"]);
    assert_eq!(found(named(None, None)), Vec::<String>::new());
    assert_eq!(found(named(Some(Architecture::X64), Some(true))), Vec::<String>::new());
    assert_eq!(found(named(Some(Architecture::X86), None)), Vec::<String>::new());
    assert_eq!(found(named(Some(Architecture::Arm64), None)), ["boot-image-arch error"]);
    // Only the script before Setup Windows runs in the boot image.
    assert_eq!(found(named(None, Some(false))), ["prestart-powershell error"]);
}

#[test]
fn supplied_secrets_and_variables_are_not_missing() {
    let inner =
        step("ConnectNetworkFolder", "x", &[("SMSConnectNetworkFolderAccount", "EXAMPLE\\a")])
            + &command("echo %Site%");
    let context = CheckContext {
        stand_alone: true,
        media_variables: &["smsconnectnetworkfolderpassword", "SITE"],
        ..Default::default()
    };
    assert_eq!(findings_in(&context, &inner), ["standalone-network-step warning"]);
    let affinity =
        CheckContext { media_variables: &["SMSTSAssignUsersMode"], ..Default::default() };
    assert_eq!(findings_in(&affinity, ""), ["standalone-affinity error"]);
}

#[test]
fn secrets_without_a_password_are_worth_a_warning() {
    let hidden = step(
        "SetVariable",
        "tsenv.exe",
        &[("VariableName", "Key"), ("VariableValue", "v"), ("DoNotShowVariableValue", "true")],
    );
    let with = |password| findings_in(&CheckContext { password, ..Default::default() }, &hidden);
    assert_eq!(with(Some(false)), ["password-none warning"]);
    assert_eq!(with(Some(true)), Vec::<String>::new());
    assert_eq!(with(None), Vec::<String>::new());
}

#[test]
fn candidates_are_reported_once_with_their_rule() {
    let rules = "&lt;Rules&gt;&lt;Rule&gt;&lt;Variables&gt;&lt;Variable Name=\"P\" IsSecret=\"false\"&gt;ABC00031&lt;/Variable&gt;\
                 &lt;Variable Name=\"Q\" IsSecret=\"true\"&gt;&lt;/Variable&gt;&lt;/Variables&gt;&lt;/Rule&gt;&lt;/Rules&gt;";
    let inner = step("SetDynamicVariables", "x", &[("OSDSetDynamicVariablesRules", rules)])
        + &set("R", "ABC00031");
    let context = CheckContext { site_codes: &["ABC"], ..Default::default() };
    let found = findings_in(&context, &inner);
    assert_eq!(found, ["content-candidate warning", "secret-missing warning"]);
}

#[test]
fn dynamic_packages_are_an_error_beside_the_note_on_install_package() {
    let found = findings(&step("InstallSoftware", "smsswd.exe /pkg: /install /basevar:B", &[]));
    assert_eq!(found, ["standalone-install-package note", "standalone-dynamic-packages error"]);
}

#[test]
fn no_message_holds_a_secret() {
    for (_, inner) in triggers() {
        let (sequence, _) = parse(&inner);
        for finding in
            check(&sequence, &CheckContext { password: Some(false), ..Default::default() })
        {
            assert!(!finding.message.contains("hunter2"), "{finding:?}");
        }
    }
}

#[test]
fn limits_begin_where_the_product_says() {
    let named = |length: usize| format!("<group name=\"{}\"/>", "n".repeat(length));
    let none = Vec::<String>::new();
    assert_eq!(findings(&named(50)), none);
    assert_eq!(findings(&named(51)), ["limit-name note"]);
    assert_eq!(findings(&named(100)), ["limit-name note"]);
    assert_eq!(findings(&named(0)), ["limit-name warning"]);
    let timeout = |seconds: &str| step_with(&format!(" timeout=\"{seconds}\""), "Reboot", "x", &[]);
    for allowed in ["60", "900", "59940", "0"] {
        assert_eq!(findings(&timeout(allowed)), none, "{allowed}");
    }
    assert_eq!(findings(&timeout("59941")), ["limit-timeout warning"]);
}

#[test]
fn every_rule_of_the_table_has_a_trigger() {
    let elsewhere = [
        "boot-image-arch",
        "child-boot-image",
        "child-cycle",
        "child-depth",
        "child-missing",
        "content-candidate",
        "content-missing",
        "no-provider",
        "password-none",
        "prestart-powershell",
        "schema-version",
        "standalone-dynamic-packages",
        "standalone-no-boot-image",
        "standalone-not-os",
    ];
    let triggered: BTreeSet<&str> =
        triggers().into_iter().map(|(rule, _)| rule).chain(elsewhere).collect();
    let table: BTreeSet<&str> = RULES.iter().map(|rule| rule.id).collect();
    assert_eq!(triggered, table);
    assert!(RULES.is_sorted_by_key(|rule| rule.id));
    assert_eq!(RULES.len(), table.len());
}

#[test]
fn a_sequence_that_installs_no_system_is_noted_unless_a_child_does() {
    let (parent, _) = parse(
        "<subtasksequence type=\"SMS_TaskSequence_SubTasksequence\" name=\"Run\"><defaultVarList>\
         <variable name=\"OSDSubTasksequencePackageID\">ABC00009</variable></defaultVarList></subtasksequence>",
    );
    let (child, _) = parse(&step("UpgradeOperatingSystem", "OSDUpgradeOS.exe ", &[]));
    let count = |context: &CheckContext<'_>| {
        let found = check(&parent, context).into_iter();
        found.filter(|f| f.rule == "standalone-not-os" && f.severity == Severity::Note).count()
    };
    assert_eq!(count(&CheckContext::default()), 1);
    let sequences = |_: &str| Some(&child);
    assert_eq!(count(&CheckContext { sequences: Some(&sequences), ..Default::default() }), 0);
}

#[test]
fn steps_that_nothing_on_a_platform_does_are_found_but_for_those_of_the_run_itself() {
    let plain = |stem: &str, more: &str| {
        format!(
            "<step type=\"SMS_TaskSequence_{stem}Action\" name=\"{stem}\" {more}><action>x</action></step>"
        )
    };
    let inner = [
        set("A", "1"),
        plain("SetDynamicVariables", ""),
        plain("Reboot", ""),
        plain("Known", ""),
        plain("MadeUp", "disable=\"true\""),
        format!("<group name=\"Off\" disable=\"true\">{}</group>", plain("MadeUp", "")),
        "<subtasksequence type=\"SMS_TaskSequence_SubTasksequence\" name=\"Run\"/>".to_owned(),
        format!("<group name=\"On\">{}</group>", plain("MadeUp", "")),
        "<step name=\"Bare\"><action>x</action></step>".to_owned(),
    ]
    .concat();
    let (sequence, _) = parse(&inner);
    let has = |dialect, type_name: &str| {
        assert_eq!(dialect, Dialect::ConfigMgr);
        type_name == "SMS_TaskSequence_KnownAction"
    };
    let found = without_provider(&sequence, "linux", &has);
    let told: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
    let expected = [
        "nothing on linux does the step `On/MadeUp (step 8)`, of type `SMS_TaskSequence_MadeUpAction`",
        "nothing on linux does the step `Bare (step 9)`, which has no type",
    ];
    assert_eq!(told, expected);
    let rule = |finding: &tasksequence::Finding| (finding.rule, finding.severity);
    assert!(found.iter().all(|finding| rule(finding) == ("no-provider", Severity::Error)));
    assert_eq!(found[0].place.to_string(), "On/MadeUp (step 8)");
    assert!(found.iter().all(|finding| !finding.remedy.is_empty()));
}
