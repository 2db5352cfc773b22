//! Recipes of EC2 Image Builder: the image that they begin with.

use super::Options;
use super::hit::{Form, Hit};
use super::reference;
use super::value::Value;

/// The parent image of a recipe. Recipes of CloudFormation are read with its other resources.
pub(super) fn hits(root: &Value, _: &Options) -> Vec<Hit> {
    let is_recipe = ["semanticVersion", "components", "recipe", "workingDirectory"]
        .iter()
        .any(|key| root.get(key).is_some());
    let parent = root.get("parentImage").filter(|_| is_recipe);
    let hit = parent.and_then(|parent| reference::hit(parent.at, Form::ImageBuilder, parent.text()?));
    hit.into_iter().collect()
}
