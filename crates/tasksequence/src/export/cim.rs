//! CIM-XML instances: properties by structure, because nested instances and qualifiers repeat names.

use crate::xml::{Element, Node};

/// A property of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// The name.
    pub name: String,
    /// The class that introduces the property, empty when the file does not say.
    pub class_origin: String,
    /// The CIM type, such as `string`, `uint32`, `boolean` or `datetime`; empty for instances.
    pub cim_type: String,
    /// The value.
    pub value: PropertyValue,
}

/// The value of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PropertyValue {
    /// A single value as text, `None` when it is null.
    Text(Option<String>),
    /// A list of values as text.
    List(Vec<String>),
    /// A list of instances.
    Instances {
        /// The class of the instances.
        class: String,
        /// The properties of each, without those of the system.
        instances: Vec<Vec<Property>>,
    },
    /// Something else, kept as it is.
    Other(Element),
}

/// Reads the properties of an `INSTANCE`; those of the system (`__PATH`, `__SERVER`, …) name the site's server and are left out.
pub(super) fn properties(instance: &Element) -> Vec<Property> {
    instance.elements().filter_map(property).collect()
}

fn property(element: &Element) -> Option<Property> {
    let name = element.attribute("NAME")?;
    if name.starts_with("__") {
        return None;
    }
    let value = match element.name.as_str() {
        "PROPERTY" => {
            PropertyValue::Text(element.element("VALUE").map(|value| value.text().into_owned()))
        }
        "PROPERTY.ARRAY" => {
            let values =
                element.elements_named("VALUE.ARRAY").flat_map(|a| a.elements_named("VALUE"));
            PropertyValue::List(values.map(|value| value.text().into_owned()).collect())
        }
        "PROPERTY.OBJECTARRAY" => {
            let arrays = element.elements_named("VALUE.OBJECTARRAY");
            let objects = arrays.flat_map(|array| array.elements_named("VALUE.OBJECT"));
            let instances = objects.flat_map(|object| object.elements_named("INSTANCE"));
            PropertyValue::Instances {
                class: element.attribute("REFERENCECLASS").unwrap_or_default().to_owned(),
                instances: instances.map(properties).collect(),
            }
        }
        "QUALIFIER" => return None,
        _ => PropertyValue::Other(element.clone()),
    };
    Some(Property {
        name: name.to_owned(),
        class_origin: element.attribute("CLASSORIGIN").unwrap_or_default().to_owned(),
        cim_type: element.attribute("TYPE").unwrap_or_default().to_owned(),
        value,
    })
}

/// Returns the text of a property, `None` when it is absent, null or no text.
pub(super) fn text<'a>(properties: &'a [Property], name: &str) -> Option<&'a str> {
    let found = properties.iter().find(|property| property.name == name)?;
    match &found.value {
        PropertyValue::Text(text) => text.as_deref(),
        _ => None,
    }
}

/// Makes an `INSTANCE` of properties, indented as the product does.
pub(super) fn instance(class: &str, properties: &[Property], level: usize) -> Element {
    let mut element = Element::new("INSTANCE").with("CLASSNAME", class);
    let children = properties.iter().map(|property| property_element(property, level + 1));
    element.children = indented(children.collect(), level);
    element
}

fn property_element(property: &Property, level: usize) -> Element {
    let (tag, cim_type, value) = match &property.value {
        PropertyValue::Text(value) => {
            let value = value.as_deref().map(|text| Element::new("VALUE").with_text(text));
            ("PROPERTY", property.cim_type.clone(), value)
        }
        PropertyValue::List(values) => {
            let values = values.iter().map(|text| Element::new("VALUE").with_text(text));
            let mut array = Element::new("VALUE.ARRAY");
            array.children = indented(values.collect(), level + 1);
            ("PROPERTY.ARRAY", property.cim_type.clone(), Some(array))
        }
        PropertyValue::Instances { class, instances } => {
            let objects = instances.iter().map(|properties| {
                let mut object = Element::new("VALUE.OBJECT");
                object.children = indented(vec![instance(class, properties, level + 3)], level + 2);
                object
            });
            let mut array = Element::new("VALUE.OBJECTARRAY");
            array.children = indented(objects.collect(), level + 1);
            ("PROPERTY.OBJECTARRAY", format!("object:{class}"), Some(array))
        }
        PropertyValue::Other(element) => return element.clone(),
    };
    let mut element = Element::new(tag).with("NAME", &property.name);
    if !property.class_origin.is_empty() {
        element = element.with("CLASSORIGIN", &property.class_origin);
    }
    element = match &property.value {
        PropertyValue::Instances { class, .. } => element.with("REFERENCECLASS", class),
        _ => element.with("TYPE", &cim_type),
    };
    let mut qualifier = Element::new("QUALIFIER")
        .with("NAME", "CIMTYPE")
        .with("PROPAGATED", "true")
        .with("TYPE", "string")
        .with("TOINSTANCE", "true");
    let value_of_type = Element::new("VALUE").with_text(&cim_type);
    qualifier.children = indented(vec![value_of_type], level + 1);
    let children = std::iter::once(qualifier).chain(value).collect();
    element.children = indented(children, level);
    element
}

/// Puts each child on a line of its own, two blanks a level.
fn indented(children: Vec<Element>, level: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    if children.is_empty() {
        return nodes;
    }
    for child in children {
        nodes.push(Node::Text(format!("\n{}", "  ".repeat(level + 1))));
        nodes.push(Node::Element(child));
    }
    nodes.push(Node::Text(format!("\n{}", "  ".repeat(level))));
    nodes
}
