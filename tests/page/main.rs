//! The page in a real browser: Chromium without a window, on the page of a controller that exports to
//! the stand-ins.

// The cluster tests' harness, of which these use a part.
#[path = "../common/canaries.rs"]
mod canaries;
#[allow(dead_code)]
#[path = "../common/demo.rs"]
mod demo;
#[allow(dead_code)]
#[path = "../cluster/linting.rs"]
mod linting;
#[allow(dead_code)]
#[path = "../cluster/looks.rs"]
mod looks;
#[path = "../common/plane.rs"]
mod plane;
#[allow(dead_code)]
#[path = "../cluster/process.rs"]
mod process;
#[allow(dead_code)]
#[path = "../cluster/recording.rs"]
mod recording;
#[allow(dead_code)]
#[path = "../cluster/rows.rs"]
mod rows;
#[allow(dead_code)]
#[path = "../common/states.rs"]
mod states;
#[allow(dead_code)]
#[path = "../cluster/world/mod.rs"]
mod world;

mod access;
mod axe;
mod browser;
mod counted;
mod finding;
mod focus;
mod keyboard;
mod leftovers;
mod live;
mod markup;
mod order;
mod outage;
mod paint;
mod proxy;
mod screenshot;
mod served;
mod sign_in;
mod silent;
mod storage;
