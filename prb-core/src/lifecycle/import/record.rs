//! A pool or a worker of a file, as texts under names.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use super::error::{ImportError, Place};
use crate::lifecycle::Field;

/// The values of one item. A value may be a secret, so none is ever shown.
pub(super) struct Record {
    pub(super) place: Place,
    values: BTreeMap<String, Zeroizing<String>>,
}

/// A name without what people write differently: `realPhalaSs58` is `real_phala_ss58`.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
}

impl Record {
    pub(super) fn new(place: Place) -> Self {
        Self { place, values: BTreeMap::new() }
    }

    pub(super) fn insert(&mut self, name: &str, value: impl Into<String>) {
        self.values.insert(plain(name), Zeroizing::new(value.into()));
    }

    /// The value under any of `names`; absent and empty are the same.
    pub(super) fn text(&self, names: &[&str]) -> Option<&str> {
        let values = names.iter().filter_map(|name| self.values.get(*name));
        values.map(|value| value.trim()).find(|value| !value.is_empty())
    }

    /// A value that must be there and be a `T`.
    pub(super) fn needed<T>(&self, field: Field, names: &[&str]) -> Result<T, ImportError>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        let text = self.text(names).ok_or_else(|| self.wrong(field, "missing"))?;
        text.parse().map_err(|error| self.wrong(field, format!("{text:?}: {error}")))
    }

    /// Yes or no, in the ways of the field's tools and spreadsheets.
    pub(super) fn flag(&self, field: Field, name: &str, usual: bool) -> Result<bool, ImportError> {
        let Some(text) = self.text(&[name]) else { return Ok(usual) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Ok(true),
            "false" | "no" | "0" => Ok(false),
            _ => Err(self.wrong(field, format!("{text:?} is neither true nor false"))),
        }
    }

    pub(super) fn wrong(&self, field: Field, reason: impl Into<String>) -> ImportError {
        ImportError::invalid(self.place, field, reason)
    }
}
