//! Other people's programs that the sandbox runs: where they are kept, how Go builds one, and how
//! one lives no longer than whoever started it.

mod cache;
mod go;
mod process;

pub(super) use cache::Cache;
pub use cache::CacheError;
pub(super) use go::{Go, GoError};
pub(super) use process::Program;
pub use process::ProgramError;
