//! The same work from files: manifests are read as kubectl and the API server would read them, and
//! no cluster is asked.
//!
//! ```text
//! files -> objects           manifests                           cluster -> applied
//!   -> joined with the past  world       what the state remembers of them, secrets
//!     -> what to do now      pass        the rules of domain, lists that several ask for
//!       -> plan              what it would bring: export::preview
//!       -> sync              the runs: export::run, under the state's lock
//!
//! cohorts -> files           init
//! ```

pub mod applied;
pub mod check;
pub mod init;
pub mod key;
mod lists;
mod lock;
pub mod manifests;
mod members;
mod pass;
pub mod plan;
mod remembered;
mod scratch;
mod secrets;
mod session;
pub mod sync;
mod world;
