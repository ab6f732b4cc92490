//! The packages and applications of the media, and which contents they need.

use content::{Application, CatalogObject, ContentId, ObjectKind};

/// Packages and applications by the names that steps know them by.
#[derive(Clone, Debug, Default)]
pub struct Objects(Vec<CatalogObject>);

impl Objects {
    /// Takes what the policy of the media says.
    pub fn new(objects: Vec<CatalogObject>) -> Self {
        Self(objects)
    }

    /// Finds an object by its id, by the id of its GUID or application model, or by its name.
    pub fn find(&self, id: &str) -> Option<&CatalogObject> {
        let same = |text: &str| text.eq_ignore_ascii_case(id);
        let by_id = self.0.iter().find(|object| same(object.id.as_str()));
        let by_model = || {
            self.0.iter().find(|object| {
                let model = application(object).and_then(|it| it.model_name.as_deref());
                model.is_some_and(same) || object.guid.as_deref().is_some_and(same)
            })
        };
        // Names are compared with case, as Configuration Manager does.
        by_id.or_else(by_model).or_else(|| self.0.iter().find(|object| object.name == id))
    }

    /// The contents that a step needs that names this id: a content's own id, or an application,
    /// which needs those of its dependencies too, and those first.
    pub fn contents_of(&self, id: &str) -> Vec<ContentId> {
        let mut contents = Vec::new();
        self.collect(id, &mut Vec::new(), &mut contents);
        contents
    }

    fn collect(&self, id: &str, way: &mut Vec<ContentId>, contents: &mut Vec<ContentId>) {
        let Some(object) = self.find(id) else {
            contents.extend(id.parse::<ContentId>());
            return;
        };
        if way.contains(&object.id) {
            return;
        }
        way.push(object.id.clone());
        if let Some(application) = application(object) {
            let types = application.deployment_types.iter();
            for dependency in types.flat_map(|it| &it.dependencies).flat_map(|group| &group.0) {
                self.collect(dependency.as_str(), way, contents);
            }
        }
        for source in object.contents() {
            if !contents.contains(source.content) {
                contents.push(source.content.clone());
            }
        }
    }
}

/// What only applications have.
pub fn application(object: &CatalogObject) -> Option<&Application> {
    match &object.kind {
        ObjectKind::Application(application) => Some(application),
        _ => None,
    }
}
