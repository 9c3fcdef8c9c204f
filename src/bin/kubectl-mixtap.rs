//! `kubectl mixtap`: start-up only.

use std::process::ExitCode;

fn main() -> ExitCode {
    mixtap::plugin::main()
}
