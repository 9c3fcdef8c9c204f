//! The stand-in of CleverTap: the two Custom List calls, the storage behind them, profile upload
//! and look-up, never kinder than the live service.

mod file;
mod json;
mod lists;
mod process;
mod profiles;
mod segment;
mod settings;
pub(super) mod storage;
mod stored;
mod upload;
mod valid;
mod world;

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, RawQuery, State},
    http::{HeaderMap, Response, header},
    routing::{get, post},
};
use bytes::Bytes;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    answer::{Answer, Delivery},
    calls::{Call, Group, Seen},
    gate::{Gate, Leave, Tweaks},
    wire::Line,
};
pub use settings::{
    AccountSettings, AccountView, Expiry, Mail, Processing, SegmentView, UnknownProfile, Which,
};
use world::Account;
pub use world::CleverTapState;

/// The API's front. `storage` is the base of presigned URLs, with a closing slash.
#[derive(Clone)]
pub(super) struct Desk {
    pub state: CleverTapState,
    pub gate: Gate,
    pub storage: String,
}

pub(super) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/get_custom_list_segment_url", post(list_url))
        .route("/upload_custom_list_segment_completed", post(list_complete))
        .route("/1/upload", post(upload))
        .route("/1/profile.json", get(profile))
        .fallback(async |ConnectInfo(line): ConnectInfo<Line>| {
            fail(404, "Not Found").send(Delivery::Whole, line)
        })
        .with_state(desk)
}

async fn list_url(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (storage, name) = (desk.storage.clone(), account(&headers));
    let work = move |account: &mut Account, _| account.mint_url(&name, &storage);
    desk.serve(Call::ListUrl, line, &headers, &body, work).await
}

async fn list_complete(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (json, text) = (is_json(&headers), body.clone());
    let work = move |account: &mut Account, _| {
        if json {
            account.complete(&text)
        } else {
            fail(400, "Malformed request")
        }
    };
    desk.serve(Call::ListComplete, line, &headers, &body, work)
        .await
}

async fn upload(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<Line>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (json, text) = (is_json(&headers), body.clone());
    let work = move |account: &mut Account, tweaks: Tweaks| {
        if json {
            account.upload(&text, tweaks.fail_record)
        } else {
            fail(400, "Malformed request")
        }
    };
    desk.serve(Call::Upload, line, &headers, &body, work).await
}

async fn profile(
    State(desk): State<Desk>,
    ConnectInfo(line): ConnectInfo<Line>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let typed = headers.contains_key(header::CONTENT_TYPE);
    let query = query.unwrap_or_default();
    let work = move |account: &mut Account, _| {
        let mut fields = form_urlencoded::parse(query.as_bytes());
        let (Some((name, id)), None, false) = (fields.next(), fields.next(), typed) else {
            return fail(400, "Malformed request");
        };
        // Only identities are played; nobody is found by another id.
        account.show_profile(if name == "identity" { &id } else { "" })
    };
    desk.serve(Call::Profile, line, &headers, &body, work).await
}

impl Desk {
    async fn serve(
        &self,
        call: Call,
        line: Line,
        headers: &HeaderMap,
        body: &Bytes,
        work: impl FnOnce(&mut Account, Tweaks) -> Answer + Send + 'static,
    ) -> Response<Body> {
        let name = account(headers);
        let seen = Seen::new(call, name.clone(), body);
        let admit = || self.admit(&name, headers, call.group());
        let (state, account) = (self.state.clone(), name.clone());
        let work = move |tweaks| {
            let done = state.with(&account, |account| work(account, tweaks));
            if call == Call::ListComplete {
                state.tend(&account);
            }
            done.unwrap_or_else(|_| unknown_account())
        };
        let latency = self.state.latency(&name);
        self.gate.pass(seen, latency, line, admit, work).await
    }

    /// Lets a request in, against the account's concurrency limit of this API.
    fn admit(&self, name: &str, headers: &HeaderMap, group: Group) -> Result<Leave, Answer> {
        let passcode = text(headers, "x-clevertap-passcode");
        if name.is_empty() {
            return Err(fail(401, "12 digit account ID mandatory"));
        }
        if passcode.is_empty() {
            return Err(fail(401, "Invalid Credentials"));
        }
        let entered = self.state.with(name, |account| {
            let settings = &account.settings;
            if settings.passcode != passcode {
                return Err(fail(401, "Passcode Invalid"));
            }
            let most = match group {
                Group::Upload => settings.upload_concurrency,
                Group::Profile => settings.profile_concurrency,
                _ => settings.list_concurrency,
            };
            let now = account.in_flight.entry(group).or_default();
            if *now >= most {
                return Err(fail(429, "Too many concurrent requests"));
            }
            *now += 1;
            Ok(())
        });
        entered.map_err(|_| unknown_account())??;
        let (state, name) = (self.state.clone(), name.to_owned());
        Ok(Box::new(move |_| {
            // An account that was removed meanwhile counts no more.
            let _ = state.with(&name, |account| {
                let now = account.in_flight.entry(group).or_default();
                *now = now.saturating_sub(1);
            });
        }))
    }
}

impl Account {
    fn show_profile(&self, id: &str) -> Answer {
        let data = self.profiles.data(id);
        let record = data.map(|data| json!({ "identity": id, "profileData": data }));
        let body = match (record, self.settings.unknown_profile) {
            (Some(record), _) => json!({ "status": "success", "record": record }),
            (None, UnknownProfile::Missing) => json!({ "status": "success" }),
            (None, UnknownProfile::Null) => json!({ "status": "success", "record": Value::Null }),
            (None, UnknownProfile::Empty) => json!({ "status": "success", "record": {} }),
            (None, UnknownProfile::Fail) => {
                json!({ "status": "fail", "error": "Profile not found" })
            }
        };
        Answer::json(200, &body)
    }
}

fn account(headers: &HeaderMap) -> String {
    text(headers, "x-clevertap-account-id").to_owned()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn is_json(headers: &HeaderMap) -> bool {
    text(headers, "content-type").starts_with("application/json")
}

fn unknown_account() -> Answer {
    fail(401, "Account ID is not valid")
}

/// A refusal in CleverTap's form.
fn fail(status: u16, error: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "status": "fail", "error": error, "code": status }),
    )
}
