//! The leader's page, for people and for `kubectl mixtap`: read-only, without secrets and without
//! anybody's identity.
//!
//! The controller fills [`Page`] once it leads. [`model`] is what is shown of each object, [`part`]
//! the parts that the page is made of, [`board`] what changed and when, [`html`] how it looks.
//! [`server`] answers on the port: [`routes`] to browsers, [`events`] to the pages that are open in
//! them, [`api`] to programs.

mod address;
mod advice;
mod api;
mod board;
mod events;
mod filter;
mod histories;
mod html;
pub mod model;
mod part;
mod routes;
mod server;
#[cfg(test)]
mod testing;
mod trends;
mod view;

pub use server::{HOST, serve};
pub use view::{
    Base, BaseOf, BudgetOf, Budgets, ConnectorsNow, ExportOf, ExportsNow, History, Leads, Listed,
    ListedOf, Page, Profile, Project, View, Waiting,
};
