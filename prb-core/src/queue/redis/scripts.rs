//! What is done in one step: scripts that Redis runs, each described in its file.

use redis::aio::MultiplexedConnection;
use redis::{
    Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, Script, ServerErrorKind, ToRedisArgs,
    Value,
};

/// All scripts of the queue with keys that begin with `prefix`.
pub(super) struct Scripts {
    prefix: String,
    enqueue: Script,
    take: Script,
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
        pub(super) fn $name(&self) -> Invocation<'_> {
            Invocation::new(&self.$name, &self.prefix)
        }
    )*};
}

/// A script and what it is told.
///
/// The library's own keeps each argument in memory of its own and copies them once more, which
/// tells with hundreds of jobs.
pub(super) struct Invocation<'a> {
    script: &'a Script,
    command: Cmd,
}

impl<'a> Invocation<'a> {
    fn new(script: &'a Script, key: &str) -> Self {
        let mut command = redis::cmd("EVALSHA");
        command.arg(script.get_hash()).arg(1).arg(key);
        Self { script, command }
    }

    /// Adds an argument, `ARGV[i]` in the script.
    pub(super) fn arg(&mut self, argument: impl ToRedisArgs) -> &mut Self {
        self.command.arg(argument);
        self
    }

    /// Runs it right after a command, which may be refused, in one packet with it.
    pub(super) async fn run_after<T: FromRedisValue>(
        &self,
        first: Cmd,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<(RedisResult<()>, T)> {
        let mut pipeline = redis::pipe();
        pipeline.add_command(first).add_command(self.command.clone()).ignore_errors();
        let [first, answer]: [RedisResult<Value>; 2] = pipeline.query_async(connection).await?;
        let answer = match answer {
            Err(error) if is_unknown(&error) => self.run(connection).await?,
            answer => redis::from_redis_value(answer?)?,
        };
        Ok((first.map(drop), answer))
    }

    /// Runs it once, loading the script where Redis does not know it.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        connection: &mut MultiplexedConnection,
    ) -> RedisResult<T> {
        match self.command.query_async(connection).await {
            Err(error) if is_unknown(&error) => {
                self.script.load_async(connection).await?;
                self.command.query_async(connection).await
            }
            answer => answer,
        }
    }
}

fn is_unknown(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

impl Scripts {
    pub(super) fn new(prefix: String) -> Self {
        Self {
            prefix,
            enqueue: Script::new(include_str!("scripts/enqueue.lua")),
            take: Script::new(include_str!("scripts/take.lua")),
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
        enqueue, take, finish, release, mark, progress, look, counts, remove, retry, stalled, tidy,
        lease
    );
}
