//! `mixtap plan` and `mixtap sync` as people and pipelines run them: the built program, the vendors'
//! stand-ins over real HTTP, and a state of each test's own.
#![cfg(feature = "sandbox")]

mod canaries;
mod ci;
mod codes;
mod escapes;
mod golden;
mod kills;
mod locks;
mod newcomer;
mod once;
mod same;
mod secrets;
mod terminal;
mod watch;
mod world;
