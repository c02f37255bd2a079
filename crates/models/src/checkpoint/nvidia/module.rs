//! Objects with their program's text, and the modules among them.

use super::super::{
    pickle::Node,
    problem::{Found, Problem, shown},
    torch::{Names, Tensors},
};

/// An object that would have been rebuilt by running the text beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Persistent<'a> {
    /// The name of its class.
    pub(crate) class: &'a str,
    /// Its attributes.
    pub(crate) state: Node<'a>,
}

impl<'a> Persistent<'a> {
    /// The object that a node is; none if it is something else.
    pub(crate) fn new(node: Node<'a>) -> Option<Self> {
        let ("torch_utils.persistence", "_reconstruct_persistent_obj", arguments) = node.call()?
        else {
            return None;
        };
        let [description] = arguments.array()?;
        Some(Self {
            class: description.get("class_name")?.text()?,
            state: description.get("state")?,
        })
    }
}

/// Adds the parameters and buffers of a module and of those in it, by the names that `state_dict` gives them.
pub(crate) fn module_tensors(
    node: Node<'_>,
    prefix: &str,
    depth: usize,
    tensors: &mut Tensors<'_>,
    names: &mut Names,
) -> Found<()> {
    names.visit(depth)?;
    let state = state(node).map_err(|problem| problem.at(prefix))?;
    for group in ["_parameters", "_buffers"] {
        for (name, value) in parts(state, group)? {
            let name = Names::join(prefix, name)?;
            let tensor = tensors.read(value);
            match tensor.map_err(|problem| problem.at(&name))? {
                Some(tensor) => names.insert(name, tensor)?,
                None => return Err(value.refuse("a tensor").at(&name)),
            }
        }
    }
    for (name, value) in parts(state, "_modules")? {
        let name = Names::join(prefix, name)?;
        module_tensors(value, &name, depth + 1, tensors, names)?;
    }
    Ok(())
}

/// The attributes of a module with its program's text, or of one of torch's own.
fn state(node: Node<'_>) -> Found<Node<'_>> {
    if let Some(object) = Persistent::new(node) {
        return Ok(object.state);
    }
    match node.call() {
        Some((module, _, _)) if module.starts_with("torch.nn.modules.") => node
            .state()
            .ok_or_else(|| Problem::new("a module without a state")),
        _ => Err(node.refuse("a module")),
    }
}

/// The named parts of a group, without those that are None.
fn parts<'a>(
    state: Node<'a>,
    group: &str,
) -> Found<impl Iterator<Item = (&'a str, Node<'a>)> + use<'a>> {
    let missing = || Problem::new(format!("a module without {group}"));
    let items = state.get(group).ok_or_else(missing)?;
    let items = items.items().ok_or_else(|| items.refuse("a dictionary"))?;
    if let Some((key, _)) = items.clone().find(|(key, _)| key.text().is_none()) {
        return Err(Problem::new(format!(
            "{} where a name is needed in {}",
            key.describe(),
            shown(group)
        )));
    }
    Ok(items.filter_map(|(key, value)| Some((key.text()?, value)).filter(|_| !value.is_none())))
}
