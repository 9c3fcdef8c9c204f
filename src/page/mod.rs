//! The leader's page, for people and for `kubectl mixtap`: read-only, without secrets and without
//! anybody's identity.
//!
//! [`server`] answers on the port, [`api`] says what each address tells, and [`Page`] is filled by
//! the controller once it leads.

pub mod advice;
mod api;
pub mod model;
mod server;
mod view;

pub use server::{HOST, serve};
pub use view::{
    Base, BaseOf, BudgetOf, Budgets, ExportOf, History, Listed, ListedOf, Page, Profile, Project,
    View, Waiting,
};
