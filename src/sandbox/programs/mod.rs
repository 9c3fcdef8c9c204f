//! Other people's programs that the sandbox runs: where they are kept, how Go builds one, and how
//! one lives no longer than whoever started it.

mod cache;
mod go;
mod process;
mod tool;

pub use cache::{Cache, CacheError};
pub(super) use go::{Go, GoError};
pub use process::{Program, ProgramError};
pub use tool::{BuildError, Source, Tool, ToolError};
