//! Names that look like ours and are not.

/// Names that are further away than this are not meant.
const LIKELY: f64 = 0.6;

/// The name that was probably meant.
pub(super) fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let likeness = |other: &str| strsim::normalized_damerau_levenshtein(name, other);
    let nearest = known.max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(nearest) >= LIKELY).then_some(nearest)
}
