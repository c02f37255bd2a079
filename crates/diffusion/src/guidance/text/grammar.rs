//! The order in which methods may stand.

use super::{Cursor, TextError};
use crate::guidance::{Finish, Gate, Guide, Interval, Plan, Schedule, Shape, Strength, Term};

/// Reads a whole text.
pub(in crate::guidance) fn plan(text: &str) -> Result<Plan, TextError> {
    let mut cursor = Cursor::new(text);
    let mut plan = Plan::none();
    let guides = format!("none or a guide ({})", Guide::NAMES.join(", "));
    let (place, first) = cursor.name(&guides)?;
    if first != "none" {
        plan.terms.push(term(&mut cursor, place, first)?);
    }
    loop {
        let place = cursor.place();
        if cursor.take("+") {
            plus(&mut cursor, &mut plan, place)?;
        } else if cursor.take(",") {
            after_comma(&mut cursor, &mut plan)?;
        } else if cursor.peek().is_none() {
            return Ok(plan);
        } else {
            let found = cursor.found();
            return Err(cursor.fail(format!("expected '+', ',' or the end, found {found}")));
        }
    }
}

fn plus(cursor: &mut Cursor<'_>, plan: &mut Plan, place: usize) -> Result<(), TextError> {
    if plan.terms.is_empty() {
        return Err(cursor.fail_at(place, "'none' stands without other guides".into()));
    }
    if let Some(finish) = plan.finishes.last() {
        let problem = format!("guides must stand before the finish '{}'", finish.name());
        return Err(cursor.fail_at(place, problem));
    }
    let (place, name) = cursor.name("a guide")?;
    plan.terms.push(term(cursor, place, name)?);
    Ok(())
}

/// A guide with its weight; shapes come later.
fn term(cursor: &mut Cursor<'_>, place: usize, name: &str) -> Result<Term, TextError> {
    let guide = Guide::read(name, cursor).unwrap_or_else(|| {
        let known = Guide::NAMES.join(", ");
        Err(cursor.fail_at(
            place,
            format!("unknown guide '{name}'; allowed are none, {known}"),
        ))
    })?;
    cursor.expect(":", "and a weight")?;
    let value = weight(cursor)?;
    let schedule = cursor.take("~").then(|| schedule(cursor)).transpose()?;
    let interval = cursor.take("@").then(|| interval(cursor)).transpose()?;
    Ok(Term {
        guide,
        strength: Strength {
            value,
            schedule,
            interval,
        },
        shapes: Vec::new(),
    })
}

fn weight(cursor: &mut Cursor<'_>) -> Result<f64, TextError> {
    let place = cursor.place();
    let value = cursor.number("the weight")?;
    if value.is_finite() {
        return Ok(value);
    }
    Err(cursor.fail_at(
        place,
        "the weight must be a finite number, found inf".into(),
    ))
}

fn schedule(cursor: &mut Cursor<'_>) -> Result<Schedule, TextError> {
    let (place, name) = cursor.name("a schedule")?;
    Schedule::read(name, cursor).unwrap_or_else(|| {
        let known = Schedule::NAMES.join(", ");
        Err(cursor.fail_at(
            place,
            format!("unknown schedule '{name}'; allowed are {known}"),
        ))
    })
}

fn interval(cursor: &mut Cursor<'_>) -> Result<Interval, TextError> {
    let place = cursor.place();
    let low = cursor.number("the interval's low end")?;
    cursor.expect("..", "and the interval's high end")?;
    let high = cursor.number("the interval's high end")?;
    let gate = if cursor.take("/") {
        let (place, name) = cursor.name("a gate, step or evaluation")?;
        match name {
            "step" => Gate::Step,
            "evaluation" => Gate::Evaluation,
            _ => {
                let problem = format!("unknown gate '{name}'; allowed are step, evaluation");
                return Err(cursor.fail_at(place, problem));
            }
        }
    } else {
        Gate::default()
    };
    Interval::new(low, high, gate).map_err(|_| {
        let problem = format!("the interval {low}..{high} needs 0 <= low < high");
        cursor.fail_at(place, problem)
    })
}

/// A shape of the last term, or a finish.
fn after_comma(cursor: &mut Cursor<'_>, plan: &mut Plan) -> Result<(), TextError> {
    let (place, name) = cursor.name("a shape or a finish")?;
    if let Some(shape) = Shape::read(name, cursor) {
        let shape = shape?;
        if let Some(problem) = misplaced(plan, &shape) {
            return Err(cursor.fail_at(place, problem));
        }
        let term = plan.terms.last_mut();
        term.expect("misplaced() refuses a plan without terms")
            .shapes
            .push(shape);
        return Ok(());
    }
    if let Some(finish) = Finish::read(name, cursor) {
        plan.finishes.push(finish?);
        return Ok(());
    }
    let problem = format!(
        "unknown shape or finish '{name}'; shapes are {}; finishes are {}",
        Shape::NAMES.join(", "),
        Finish::NAMES.join(", ")
    );
    Err(cursor.fail_at(place, problem))
}

/// Why a shape may not stand here.
fn misplaced(plan: &Plan, shape: &Shape) -> Option<String> {
    let name = shape.name();
    let Some(term) = plan.terms.last() else {
        return Some(format!("'{name}' shapes a guide, and there is none"));
    };
    if let Some(finish) = plan.finishes.last() {
        let finish = finish.name();
        return Some(format!(
            "the shape '{name}' must stand before the finish '{finish}'"
        ));
    }
    if term.shapes.iter().any(|other| other.name() == name) {
        return Some(format!("'{name}' is written twice"));
    }
    if matches!(term.guide, Guide::Classifier(_)) && shape.needs_weak_estimate() {
        return Some(format!(
            "'{name}' needs the estimate of a weak model, which a classifier is not"
        ));
    }
    if !matches!(shape, Shape::PlusPlus(_)) {
        return None;
    }
    if !(0.0..=1.0).contains(&term.strength.value) || term.strength.schedule.is_some() {
        return Some("plus-plus needs a weight from 0 to 1, without a schedule".into());
    }
    let is_plus_plus = |shape: &Shape| matches!(shape, Shape::PlusPlus(_));
    plan.terms
        .iter()
        .any(|term| term.shapes.iter().any(is_plus_plus))
        .then(|| "only one guide can be plus-plus".into())
}
