//! Browsers that gave the password, as a value.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

/// A session ends this long after it began.
pub(super) const LIFE: Duration = Duration::from_hours(12);
/// Sessions kept; of more the oldest ends.
const MOST: usize = 64;

/// Sessions, by what their browsers hold: 122 random bits.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<Uuid, Instant>);

impl Sessions {
    /// Begins a session; what its browser is to hold.
    pub(super) fn begin(&mut self, now: Instant) -> Uuid {
        self.0.retain(|_, began| now.duration_since(*began) < LIFE);
        if self.0.len() >= MOST
            && let Some(oldest) = self.0.iter().min_by_key(|(_, began)| **began).map(|it| *it.0)
        {
            self.0.remove(&oldest);
        }
        let key = Uuid::new_v4();
        self.0.insert(key, now);
        key
    }

    pub(super) fn is_open(&self, key: &Uuid, now: Instant) -> bool {
        self.0.get(key).is_some_and(|began| now.duration_since(*began) < LIFE)
    }

    pub(super) fn end(&mut self, key: &Uuid) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_end_by_age_by_number_and_when_told() {
        let (mut sessions, start) = (Sessions::default(), Instant::now());
        let first = sessions.begin(start);
        let second = sessions.begin(start + Duration::from_secs(1));
        assert!(sessions.is_open(&first, start) && sessions.is_open(&second, start));
        assert!(!sessions.is_open(&Uuid::new_v4(), start));
        assert!(!sessions.is_open(&first, start + LIFE));
        for at in 2..=MOST as u64 {
            sessions.begin(start + Duration::from_secs(at));
        }
        assert!(!sessions.is_open(&first, start), "the oldest made room");
        assert!(sessions.is_open(&second, start));
        sessions.end(&second);
        assert!(!sessions.is_open(&second, start));
        assert!(sessions.0.len() <= MOST);
    }
}
