//! What runs where no command is given.

use super::environment::{Environment, MODULE};
use crate::args::Stop;

/// The command that `PHALA_MODULE` stands for: version 2 was told so what to run.
pub(super) fn command(environment: &Environment) -> Result<Option<[&'static str; 2]>, Stop> {
    let module =
        environment.get(MODULE).map_err(|_| Stop::Usage(format!("{MODULE} is no text")))?;
    let Some(module) = module else { return Ok(None) };
    let module = match module {
        "all" => "all",
        "data_provider" | "data-provider" => "data-provider",
        "lifecycle" => "lifecycle",
        "trade" | "trader" => "trader",
        // The page of the queue; the monitor had no module of its own.
        "utils/arena" | "queue-page" => "queue-page",
        "monitor" => "monitor",
        other => {
            return Err(Stop::Usage(format!(
                "{MODULE} is {other:?}, and can be data_provider, lifecycle, trade, utils/arena, \
                 monitor or all"
            )));
        }
    };
    Ok(Some(["run", module]))
}
