//! The commands that work from files, without a cluster.

pub mod init;
