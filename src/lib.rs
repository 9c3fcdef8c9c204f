//! mixtap: Mixpanel cohorts become CleverTap segments, declared in YAML and kept true by a
//! Kubernetes controller.
//!
//! Data flows one way:
//!
//! ```text
//! watch (Connector, Export, Secret metadata)        or: mixtap plan / sync -f files
//!   └─> reconcile                                                   controller/  |  local/
//!         ├─ dereference   connector + secrets                      their own                I/O
//!         ├─ validate      spec -> checked values                   domain/validate          pure
//!         ├─ due?          (spec, status, now)                      domain/schedule          pure
//!         ├─ claim         status.currentRun                        controller/  |  state    I/O
//!         └─ export        knows neither Kubernetes nor its caller  export/
//!              ├─ read     engage pages -> members                  mixpanel/                I/O
//!              ├─ resolve  member -> identity or a skip             domain/identity          pure
//!              ├─ compare  with the last snapshot                   export/snapshot, domain/guard
//!              ├─ write    new profiles, then the list              clevertap/               I/O
//!              └─ keep     the new snapshot                         state                    I/O
//!         └─ outcome -> conditions, counts, next wake-up            domain/outcome           pure
//! ```
//!
//! The same from files: `local` reads manifests in the place of `controller`, and checks them with
//! the CRDs' own schemas. People see a `cluster` with their own rights: what is applied there, to plan
//! it, and what the leader knows on its `page`; `plugin`, which is `kubectl mixtap`, asks for both.
//!
//! Nothing flows back: the controller never writes `spec`, `domain` never calls, `mixpanel` never
//! sees `clevertap`, `export` never sees `kube`. `tests/rooms.rs` holds the code to it.

pub mod api;
pub mod clevertap;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod controller;
pub mod crdgen;
pub mod domain;
pub mod export;
pub mod http;
pub mod local;
pub mod mixpanel;
pub mod page;
#[cfg(feature = "plugin")]
pub mod plugin;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod state;
pub mod telemetry;
