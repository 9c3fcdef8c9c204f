//! engage and engage/stats: who is in a cohort, page by page.

use std::{ops::Range, time::Duration};

use serde_json::{Value, json};

use super::{
    project::Project,
    query::{Query, refuse},
    rows::Rows,
    sessions::Session,
    settings::{LaterPages, UnknownCohort},
};
use crate::sandbox::{answer::Answer, gate::Tweaks};

/// A session and how its later pages look.
pub(super) struct Found {
    session: Session,
    later: LaterPages,
}

/// Page 0 runs the query and opens its session; later pages only show more of it.
pub(super) fn find(project: &mut Project, query: &Query, tweaks: Tweaks) -> Result<Found, Answer> {
    let session = session(project, query, tweaks)?;
    let later = project.settings.later_pages;
    Ok(Found { session, later })
}

/// The number of rows that the query would give.
pub(super) fn stats(project: &Project, query: &Query) -> Result<Answer, Answer> {
    let rows = select(project, query)?.len();
    Ok(Answer::json(
        200,
        &json!({ "results": rows, "status": "ok" }),
    ))
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
fn select(project: &Project, query: &Query) -> Result<Rows, Answer> {
    let everyone = query.include_all_users;
    let rows = match (query.cohort, &query.distinct_id) {
        (Some(cohort), None) => project.find(cohort, everyone),
        (Some(cohort), Some(id)) => project.cohorts.get(&cohort).map(|cohort| {
            let id = cohort.has(id).then_some(id.as_str());
            project.listed(id.into_iter(), everyone).into()
        }),
        (None, Some(id)) => {
            let known = project.users.contains_key(id).then_some(id.as_str());
            Some(project.listed(known.into_iter(), everyone).into())
        }
        (None, None) => Some(Rows::default()),
    };
    let rows = match rows {
        Some(rows) => rows,
        None => unknown(project.settings.unknown_cohort)?,
    };
    Ok(rows.limited(query.limit.unwrap_or(usize::MAX)))
}

/// What stands for the rows of a cohort that isn't there.
fn unknown(answer: UnknownCohort) -> Result<Rows, Answer> {
    match answer {
        UnknownCohort::Empty => Ok(Rows::default()),
        UnknownCohort::BadRequest => Err(refuse("invalid cohort id")),
        UnknownCohort::NotFound => Err(Answer::json(
            404,
            &json!({ "error": "cohort not found", "status": "error" }),
        )),
    }
}

/// Room for a row of a usual length.
const ROW: usize = 160;

impl Found {
    /// The page as text: a tree of JSON would be the slowest part of it all.
    pub fn show(&self, query: &Query, tweaks: Tweaks) -> Answer {
        let Session {
            rows, page_size, ..
        } = &self.session;
        let total = rows.len();
        let range = range(query.page, *page_size, total, tweaks);
        let whole = query.page == 0 || self.later != LaterPages::Bare;
        let (mut head, mut tail) = (String::new(), String::new());
        if whole {
            let next = query
                .page
                .saturating_add(1)
                .saturating_mul(*page_size as u64);
            let at_end = self.later == LaterPages::NullSessionAtEnd && next >= total as u64;
            let session = if at_end {
                Value::Null
            } else {
                json!(self.session.id)
            };
            head = format!("\"page_size\":{page_size},");
            tail = format!("\"session_id\":{session},\"total\":{total},");
        }
        let mut text = Vec::with_capacity(ROW * (range.len() + 1));
        let head = format!("{{\"page\":{},{head}\"results\":[", query.page);
        text.extend_from_slice(head.as_bytes());
        rows.write(range, query.output_properties.as_deref(), &mut text);
        text.extend_from_slice(format!("],{tail}\"status\":\"ok\"}}").as_bytes());
        Answer::json_text(200, text)
    }
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
