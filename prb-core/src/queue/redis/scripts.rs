//! What is done in one step: scripts that Redis runs, each described in its file.

use redis::{Script, ScriptInvocation};

/// All scripts of the queue with keys that begin with `prefix`.
pub(super) struct Scripts {
    prefix: String,
    enqueue: Script,
    take: Script,
    give_back: Script,
    finish: Script,
    release: Script,
    mark: Script,
    progress: Script,
    look: Script,
    counts: Script,
    remove: Script,
    retry: Script,
    stalled: Script,
    tidy: Script,
    lease: Script,
}

macro_rules! invocations {
    ($($name:ident),*) => {$(
        pub(super) fn $name(&self) -> ScriptInvocation<'_> {
            self.$name.key(&self.prefix)
        }
    )*};
}

impl Scripts {
    pub(super) fn new(prefix: String) -> Self {
        Self {
            prefix,
            enqueue: Script::new(include_str!("scripts/enqueue.lua")),
            take: Script::new(include_str!("scripts/take.lua")),
            give_back: Script::new(include_str!("scripts/give_back.lua")),
            finish: Script::new(include_str!("scripts/finish.lua")),
            release: Script::new(include_str!("scripts/release.lua")),
            mark: Script::new(include_str!("scripts/mark.lua")),
            progress: Script::new(include_str!("scripts/progress.lua")),
            look: Script::new(include_str!("scripts/look.lua")),
            counts: Script::new(include_str!("scripts/counts.lua")),
            remove: Script::new(include_str!("scripts/remove.lua")),
            retry: Script::new(include_str!("scripts/retry.lua")),
            stalled: Script::new(include_str!("scripts/stalled.lua")),
            tidy: Script::new(include_str!("scripts/tidy.lua")),
            lease: Script::new(include_str!("scripts/lease.lua")),
        }
    }

    invocations!(
        enqueue, take, give_back, finish, release, mark, progress, look, counts, remove, retry,
        stalled, tidy, lease
    );
}
