//! What every service of a bridge is told besides its own.

use clap::Args;

use super::{AccessArgs, AdminArgs, GrpcArgs, Place, WalkieArgs};

/// How a service is reached, by whom, and how it is watched.
#[derive(Clone, Debug, Args)]
pub struct ServingArgs {
    /// Its peers.
    #[command(flatten)]
    pub walkie: WalkieArgs,
    /// Who may call what.
    #[command(flatten)]
    pub access: AccessArgs,
    /// The same over gRPC.
    #[command(flatten)]
    pub grpc: GrpcArgs,
    /// Who watches it.
    #[command(flatten)]
    pub admin: AdminArgs,
}

impl ServingArgs {
    /// The same for one of several services in one process, at ports of its own.
    pub(crate) fn at(&self, place: Place) -> Self {
        let mut args = self.clone();
        for address in &mut args.walkie.listen {
            *address = place.of(address);
        }
        for listen in [&mut args.grpc.grpc_listen, &mut args.admin.admin_listen] {
            *listen = listen.map(|listen| listen.further(place as u16));
        }
        args
    }
}
