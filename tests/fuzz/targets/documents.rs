//! The XML documents on the media: what is read is written as something that reads the same.

#![no_main]

use content::documents::{PolicyDocument, VariablesDocument};
use libfuzzer_sys::fuzz_target;

const POLICY: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<policy version="1" protection="none">
<taskSequence id="P0100020" name="Clients" bootImage="P0100001"><sequence version="3.10"><!-- > -->
<step type="X" name="a"><action><![CDATA[</taskSequence>]]>&#10;</action></step></sequence></taskSequence>
<package id="P0100031" name="Tools" guid="{0}"><program name="All" command="a" workingDirectory="b"/></package>
<application id="P0100040" name="Editor" modelName="ScopeId_1/Application_2"><supersedes>
<application id="P0100039"/></supersedes><deploymentType name="Script" install="a" uninstall="b"
content="C" successCodes="0 3010"><detection file="/opt"/><dependency><application id="P0100041"/>
</dependency></deploymentType></application>
</policy>
"#;

const VARIABLES: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<variables version="1" protection="password">
  <var name="_SMSTSSiteCode">P01</var>
  <var name="OSDKey">a&lt;b&#10;</var>
  <prestart package="P0100031">cmd /C start.cmd</prestart>
</variables>
"#;

fuzz_target!(
    init: seeds::write([POLICY.as_bytes(), VARIABLES.as_bytes()]),
    |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(policy) = PolicyDocument::parse(&text) {
            assert_eq!(PolicyDocument::parse(&policy.to_xml(false)), Ok(policy));
        }
        if let Ok(variables) = VariablesDocument::parse(&text) {
            assert_eq!(VariablesDocument::parse(&variables.to_xml(true)), Ok(variables));
        }
    }
);
