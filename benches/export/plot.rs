//! Speed and memory over the size of the cohort.

use std::{ops::Range, path::Path};

use plotters::prelude::*;

use crate::{Fallible, report::Row};

/// Which rows make a curve, by the beginning of their names.
const CURVES: [(&str, &str, RGBColor); 3] = [
    ("first-", "profiles and list", RGBColor(31, 119, 180)),
    ("list-", "list only", RGBColor(255, 127, 14)),
    (
        "receive-",
        "receiving and parsing alone",
        RGBColor(127, 127, 127),
    ),
];

type Points = Vec<(f64, f64)>;

/// Draws what there is; an error where nothing is.
pub fn draw(file: &Path, rows: &[(String, Row)]) -> Fallible<()> {
    let curve = |name: &str, of: &dyn Fn(&Row) -> Option<f64>| -> Points {
        let rows = rows.iter().filter(|(row, _)| row.starts_with(name));
        rows.filter_map(|(_, row)| Some((row.members? as f64, of(row)?)))
            .collect()
    };
    let root = SVGBackend::new(file, (960, 400)).into_drawing_area();
    root.fill(&WHITE)?;
    let (left, right) = root.split_horizontally(480);
    let speed = CURVES.map(|(name, ..)| curve(name, &|row| Some(row.rate()? / 1000.0)));
    chart(&left, "Thousand members a second", &speed)?;
    let memory = CURVES.map(|(name, ..)| curve(name, &|row| Some(row.peak? as f64 / 1024.0)));
    chart(&right, "Peak memory, MiB", &memory)?;
    root.present()?;
    Ok(())
}

fn chart(
    area: &DrawingArea<SVGBackend<'_>, plotters::coord::Shift>,
    title: &str,
    curves: &[Points; 3],
) -> Fallible<()> {
    let points = || curves.iter().flatten();
    let sizes = points().map(|(size, _)| *size);
    let (low, high) = sizes.fold((f64::MAX, 0.0_f64), |(low, high), size| {
        (low.min(size), high.max(size))
    });
    if low > high {
        return Err("there is nothing to plot".into());
    }
    let top = points().map(|(_, value)| *value).fold(0.0, f64::max) * 1.1;
    let sizes: Range<f64> = low / 1.5..high * 1.5;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(52)
        .build_cartesian_2d(sizes.log_scale(), 0.0..top)?;
    chart
        .configure_mesh()
        .x_desc("members")
        .x_label_formatter(&|size| short(*size))
        .light_line_style(TRANSPARENT)
        .draw()?;
    for ((_, label, color), points) in CURVES.iter().zip(curves) {
        if points.is_empty() {
            continue;
        }
        chart
            .draw_series(
                LineSeries::new(points.iter().copied(), color.stroke_width(2)).point_size(3),
            )?
            .label(*label)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    Ok(())
}

fn short(size: f64) -> String {
    if size >= 1e6 {
        format!("{} M", size / 1e6)
    } else {
        format!("{} k", size / 1e3)
    }
}
