//! Members over time, as pictures in the page's own colours.

use jiff::Timestamp;
use maud::{Markup, html};

use super::words::exact;
use crate::domain::counts::thousands;

/// Size of a sparkline, in pixels.
const SPARK: (f64, f64) = (96.0, 24.0);
/// Size of the plot, its margins (left, top, right, bottom) among it.
const PLOT: (f64, f64) = (720.0, 240.0);
const MARGIN: (f64, f64, f64, f64) = (80.0, 12.0, 16.0, 32.0);
/// About how many ticks an axis has.
const TICKS: f64 = 4.0;

/// Where numbers of a range lie between two places.
#[derive(Clone, Copy)]
struct Scale {
    from: (f64, f64),
    to: (f64, f64),
}

impl Scale {
    /// What has no extent lies in the middle.
    fn place(&self, number: f64) -> f64 {
        let (low, high) = self.from;
        let share = match high > low {
            true => (number - low) / (high - low),
            false => 0.5,
        };
        self.to.0 + share * (self.to.1 - self.to.0)
    }
}

/// A row's sparkline: one step a run, from the smallest to the greatest.
pub fn spark(sizes: &[u64]) -> Markup {
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else {
        return html! { "–" };
    };
    let (width, height) = SPARK;
    let x = Scale {
        from: (0.0, sizes.len() as f64 - 1.0),
        to: (2.0, width - 2.0),
    };
    let y = Scale {
        from: extent(sizes.iter().map(|size| *size as f64)),
        to: (height - 3.0, 3.0),
    };
    let points: Vec<_> = sizes
        .iter()
        .enumerate()
        .map(|(i, size)| point(x.place(i as f64), y.place(*size as f64)))
        .collect();
    let end = (x.place(sizes.len() as f64 - 1.0), y.place(*last as f64));
    let label = match sizes.len() {
        1 => format!("One run: {} members", thousands(*last)),
        runs => format!(
            "Last {runs} runs: from {} to {} members",
            thousands(*first),
            thousands(*last)
        ),
    };
    html! {
        svg.spark role="img" aria-label=(label) viewBox={ "0 0 " (width) " " (height) } width=(width) height=(height) {
            polyline points=(points.join(" ")) {}
            circle cx=(round(end.0)) cy=(round(end.1)) r="2" {}
        }
    }
}

/// An export's plot: sizes of its list at the times of its runs, the oldest first.
pub fn plot(sizes: &[(Timestamp, u64)]) -> Markup {
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else {
        return html! { p.none { "No run has ended well yet." } };
    };
    let (width, height) = PLOT;
    let (left, top, right, bottom) = MARGIN;
    let ticks = ticks(extent(sizes.iter().map(|(_, size)| *size as f64)));
    let y = Scale {
        from: extent(ticks.iter().copied()),
        to: (height - bottom, top),
    };
    let second = |time: Timestamp| time.as_second() as f64;
    let x = Scale {
        from: (second(first.0), second(last.0)),
        to: (left, width - right),
    };
    let places = sizes.iter().map(|(time, size)| {
        let place = (x.place(second(*time)), y.place(*size as f64));
        (place, time, size)
    });
    let points: Vec<_> = places.clone().map(|((x, y), ..)| point(x, y)).collect();
    let label = format!(
        "Members in the list: {} on {}, {} on {}. The table of runs has all numbers.",
        thousands(first.1),
        exact(first.0),
        thousands(last.1),
        exact(last.0),
    );
    html! {
        svg.plot role="img" aria-label=(label) viewBox={ "0 0 " (width) " " (height) } {
            @for tick in &ticks {
                line.grid x1=(left) x2=(width - right) y1=(round(y.place(*tick))) y2=(round(y.place(*tick))) {}
                text.y x=(left - 8.0) y=(round(y.place(*tick) + 4.0)) { (thousands(*tick as u64)) }
            }
            line.axis x1=(left) x2=(left) y1=(top) y2=(height - bottom) {}
            line.axis x1=(left) x2=(width - right) y1=(height - bottom) y2=(height - bottom) {}
            @for (time, anchor) in marks(first.0, last.0) {
                text.x x=(round(x.place(second(time)))) y=(height - bottom + 20.0) text-anchor=(anchor) { (short(time)) }
            }
            polyline points=(points.join(" ")) {}
            @for ((x, y), time, size) in places {
                circle cx=(round(x)) cy=(round(y)) r="3" {
                    title { (thousands(*size)) " members, " (exact(*time)) }
                }
            }
        }
    }
}

fn extent(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
    numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), n| {
        (low.min(n), high.max(n))
    })
}

/// Round whole numbers around a range of counts, evenly spaced.
fn ticks((low, high): (f64, f64)) -> Vec<f64> {
    let rough = ((high - low) / TICKS).max(1.0);
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    let (from, to) = ((low / step).floor(), (high / step).ceil());
    let to = to.max(from + 1.0);
    let mut ticks = Vec::new();
    let mut at = from;
    while at <= to {
        ticks.push(at * step);
        at += 1.0;
    }
    ticks
}

/// The times that are written below, and which side of their places the words are on.
fn marks(first: Timestamp, last: Timestamp) -> Vec<(Timestamp, &'static str)> {
    match first == last {
        true => vec![(first, "middle")],
        false => vec![(first, "start"), (last, "end")],
    }
}

fn short(time: Timestamp) -> String {
    time.strftime("%-d %b, %H:%M UTC").to_string()
}

fn point(x: f64, y: f64) -> String {
    format!("{},{}", round(x), round(y))
}

/// To a tenth of a pixel.
fn round(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ticks_are_few_and_surround_all_counts(low in 0_u64..10_000_000, more in 0_u64..10_000_000) {
            let (low, high) = (low as f64, (low + more) as f64);
            let ticks = ticks((low, high));
            prop_assert!((2..=7).contains(&ticks.len()), "{ticks:?}");
            prop_assert!(ticks[0] <= low && *ticks.last().unwrap() >= high, "{ticks:?}");
            prop_assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
            prop_assert!(ticks.iter().all(|tick| tick.fract() == 0.0 && *tick >= 0.0), "{ticks:?}");
        }

        #[test]
        fn every_point_lies_in_its_picture(sizes in prop::collection::vec(0_u64..10_000_000, 1..20)) {
            let at = |i: usize| Timestamp::from_second(i as i64 * 900).unwrap();
            let timed: Vec<_> = sizes.iter().enumerate().map(|(i, size)| (at(i), *size)).collect();
            for (drawn, (width, height)) in [(spark(&sizes), SPARK), (plot(&timed), PLOT)] {
                let drawn = drawn.into_string();
                let (_, points) = drawn.split_once("points=\"").unwrap();
                let points: Vec<_> = points.split_once('"').unwrap().0.split(' ').collect();
                prop_assert_eq!(points.len(), sizes.len());
                for point in points {
                    let (x, y) = point.split_once(',').unwrap();
                    let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
                    prop_assert!((0.0..=width).contains(&x) && (0.0..=height).contains(&y), "{}", point);
                }
            }
        }
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(spark(&[]).into_string(), "–");
        assert!(
            plot(&[])
                .into_string()
                .contains("No run has ended well yet.")
        );
    }
}
