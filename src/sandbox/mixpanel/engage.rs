//! engage and engage/stats: who is in a cohort, page by page.

use std::{ops::Range, sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

use super::{
    project::{Project, Row},
    query::{Query, refuse},
    sessions::Session,
    settings::{LaterPages, UnknownCohort},
};
use crate::sandbox::{answer::Answer, gate::Tweaks};

/// One page. Page 0 runs the query and opens its session; later pages only show more of it.
pub(super) fn page(project: &mut Project, query: &Query, tweaks: Tweaks) -> Answer {
    match session(project, query, tweaks) {
        Ok(session) => show(project, query, tweaks, &session),
        Err(refusal) => refusal,
    }
}

/// The number of rows that the query would give.
pub(super) fn stats(project: &Project, query: &Query) -> Answer {
    match select(project, query) {
        Ok(rows) => Answer::json(200, &json!({ "results": rows.len(), "status": "ok" })),
        Err(refusal) => refusal,
    }
}

fn session(project: &mut Project, query: &Query, tweaks: Tweaks) -> Result<Session, Answer> {
    let settings = &project.settings;
    if query.page == 0 {
        let rows = select(project, query)?;
        let size = query
            .page_size
            .unwrap_or(settings.page_size)
            .min(settings.page_size_cap)
            .max(1);
        return Ok(project.sessions.open(query.filters.clone(), rows, size));
    }
    let id = query.session_id.as_deref().unwrap_or_default();
    if tweaks.lose_session {
        project.sessions.lose(id);
    }
    let ttl = Duration::from_secs(settings.session_ttl);
    let found = project.sessions.find(id, &query.filters, ttl);
    let mut found = found.ok_or_else(|| refuse("request for page in uncached query for params"))?;
    if settings.live_sessions {
        found.rows = select(project, query)?;
    }
    Ok(found)
}

/// The rows that the filters let through, in the cohort's order.
fn select(project: &Project, query: &Query) -> Result<Arc<[Row]>, Answer> {
    let wanted = |id: &str| query.distinct_id.as_ref().is_none_or(|wanted| wanted == id);
    let ids: Vec<&str> = match (query.cohort, &query.distinct_id) {
        (Some(cohort), _) => match project.cohorts.get(&cohort) {
            Some(cohort) => cohort
                .members
                .iter()
                .map(String::as_str)
                .filter(|id| wanted(id))
                .collect(),
            None => unknown(project.settings.unknown_cohort)?,
        },
        (None, Some(id)) if project.users.contains_key(id) => vec![id],
        (None, _) => vec![],
    };
    let rows = ids.into_iter().map(|id| project.row(id));
    let rows = rows.filter(|row| query.include_all_users || row.identified());
    Ok(rows.take(query.limit.unwrap_or(usize::MAX)).collect())
}

/// What stands for the rows of a cohort that isn't there.
fn unknown(answer: UnknownCohort) -> Result<Vec<&'static str>, Answer> {
    match answer {
        UnknownCohort::Empty => Ok(vec![]),
        UnknownCohort::BadRequest => Err(refuse("invalid cohort id")),
        UnknownCohort::NotFound => Err(Answer::json(
            404,
            &json!({ "error": "cohort not found", "status": "error" }),
        )),
    }
}

fn show(project: &Project, query: &Query, tweaks: Tweaks, session: &Session) -> Answer {
    let total = session.rows.len();
    let rows = &session.rows[range(query.page, session.page_size, total, tweaks)];
    let wanted = query.output_properties.as_deref();
    let results: Vec<_> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| show_row(row, wanted, at))
        .collect();
    let mut page = json!({ "page": query.page, "status": "ok", "results": results });
    let later = project.settings.later_pages;
    if query.page == 0 || later != LaterPages::Bare {
        let next = query
            .page
            .saturating_add(1)
            .saturating_mul(session.page_size as u64);
        let at_end = later == LaterPages::NullSessionAtEnd && next >= total as u64;
        page["total"] = total.into();
        page["page_size"] = session.page_size.into();
        page["session_id"] = if at_end {
            Value::Null
        } else {
            session.id.clone().into()
        };
    }
    Answer::json(200, &page)
}

/// Which rows a page shows, as far as there are any.
fn range(page: u64, size: usize, total: usize, tweaks: Tweaks) -> Range<usize> {
    if tweaks.hide {
        return 0..0;
    }
    let page = page.saturating_sub(tweaks.duplicate.into());
    let start = page
        .saturating_mul(size as u64)
        .saturating_add_signed(tweaks.shift);
    let start = usize::try_from(start).unwrap_or(usize::MAX).min(total);
    start..start.saturating_add(size).min(total)
}

fn show_row(row: &Row, wanted: Option<&[String]>, at: usize) -> Value {
    let (id, properties) = match row {
        Row::Bare(id) => (json!(id), Map::new()),
        Row::User(user) => (
            json!(user.distinct_id),
            pick(&user.properties, wanted, |_, value| Some(value.clone())),
        ),
        Row::Made(maker, n) => (
            json!(maker.id(*n)),
            pick(&maker.properties, wanted, |name, _| {
                maker.property(name, *n)
            }),
        ),
    };
    // The live service shows both: no `$properties` at all, and an empty one [seen].
    if properties.is_empty() && at.is_multiple_of(2) {
        return json!({ "$distinct_id": id });
    }
    json!({ "$distinct_id": id, "$properties": properties })
}

fn pick(
    properties: &Map<String, Value>,
    wanted: Option<&[String]>,
    value: impl Fn(&str, &Value) -> Option<Value>,
) -> Map<String, Value> {
    let asked = |name: &String| wanted.is_none_or(|names| names.contains(name));
    let kept = properties.iter().filter(|(name, _)| asked(name));
    kept.filter_map(|(name, old)| Some((name.clone(), value(name, old)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn untouched_pages_show_every_row_once(total in 0_usize..50, size in 1_usize..9) {
            let pages = total.div_ceil(size) as u64 + 1;
            let shown: Vec<_> = (0..pages).flat_map(|page| range(page, size, total, Tweaks::default())).collect();
            prop_assert_eq!(shown, (0..total).collect::<Vec<_>>());
        }

        #[test]
        fn no_page_reaches_beyond_the_rows(page: u64, size in 1_usize..99, total in 0_usize..99, shift: i64, duplicate: bool) {
            let tweaks = Tweaks { shift, duplicate, ..Tweaks::default() };
            let range = range(page, size, total, tweaks);
            prop_assert!(range.start <= range.end && range.end <= total && range.len() <= size);
        }
    }
}
