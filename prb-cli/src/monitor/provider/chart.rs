//! Lines over time, as SVG that needs no style of its own.

use maud::{Markup, html};

use super::history::Sample;

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 170.0;
/// Where the lines are: the labels are left of and below that.
const LEFT: f64 = 52.0;
const BELOW: f64 = 20.0;
const ABOVE: f64 = 8.0;

/// Both chains' lines of one figure.
pub(super) fn of(samples: &[Sample], figure: impl Fn(&Sample) -> [f64; 2]) -> Markup {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return html! { p.soft { "Nothing was seen yet." } };
    };
    let span = last.at.duration_since(first.at).as_secs_f64().max(1.0);
    let most = samples.iter().flat_map(&figure).fold(0.0, f64::max);
    let top = round_up(most);
    let bottom = HEIGHT - BELOW;
    let y = |value: f64| bottom - value / top * (bottom - ABOVE);
    let line = |chain: usize| {
        let point = |sample: &Sample| {
            let x = LEFT + sample.at.duration_since(first.at).as_secs_f64() / span * (WIDTH - LEFT);
            format!("{x:.1},{:.1}", y(figure(sample)[chain]))
        };
        samples.iter().map(point).collect::<Vec<_>>().join(" ")
    };
    html! {
        svg.chart viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" {
            @for value in [0.0, top / 2.0, top] {
                line.grid x1=(LEFT) x2=(WIDTH) y1=(y(value)) y2=(y(value)) {}
                text x=(LEFT - 6.0) y=(y(value) + 4.0) text-anchor="end" { (label(value)) }
            }
            polyline.relay points=(line(0)) {}
            polyline.para points=(line(1)) {}
            text x=(LEFT) y=(HEIGHT - 4.0) { (ago(span)) }
            text x=(WIDTH) y=(HEIGHT - 4.0) text-anchor="end" { "now" }
        }
        p.legend.small {
            span { svg.key.relay viewBox="0 0 18 10" { line x1="0" x2="18" y1="5" y2="5" {} } "relay chain" }
            span { svg.key.para viewBox="0 0 18 10" { line x1="0" x2="18" y1="5" y2="5" {} } "parachain" }
        }
    }
}

/// The least of 1, 2, 5, 10, 20 … that is not below.
fn round_up(most: f64) -> f64 {
    let mut step = 1.0;
    loop {
        for factor in [1.0, 2.0, 5.0] {
            // What is no number, or has no bound, ends it too.
            if step * factor >= most || step > 1e12 || most.is_nan() {
                return step * factor;
            }
        }
        step *= 10.0;
    }
}

fn label(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.1}") }
}

fn ago(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.0} s ago")
    } else {
        format!("{:.0} min ago", seconds / 60.0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    #[test]
    fn lines_stay_in_the_picture() {
        let start = Instant::now();
        let sample = |at: u64, relay: f64| Sample {
            at: start + Duration::from_secs(at),
            behind: [relay, 0.0],
            rate: [0.0; 2],
        };
        let samples = [sample(0, 130.0), sample(5, 200.0), sample(10, 0.0)];
        let drawn = of(&samples, |it| it.behind).into_string();
        assert!(drawn.contains("52.0,57.7 326.0,8.0 600.0,150.0"), "{drawn}");
        assert!(drawn.contains("10 s ago") && !drawn.contains("style="), "{drawn}");
        assert!(of(&[], |it| it.rate).into_string().contains("Nothing"));
    }

    #[test]
    fn scales_end_at_round_numbers() {
        let cases = [(0.0, 1.0), (1.5, 2.0), (30.0, 50.0), (999.0, 1000.0), (f64::NAN, 1.0)];
        for (most, top) in cases {
            assert!((round_up(most) - top).abs() < 1e-9, "{most}");
        }
        assert!(round_up(f64::INFINITY).is_finite());
    }
}
