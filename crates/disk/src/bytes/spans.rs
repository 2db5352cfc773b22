//! Lists of runs of bytes: joined, taken apart, and asked for what they have in common.

use super::Span;

/// Sorts runs, and makes one of those that touch or overlap.
pub fn join(runs: &mut Vec<Span>) {
    runs.sort_unstable();
    runs.dedup_by(|next, run| {
        let touches = next.offset <= end(*run);
        if touches {
            run.len = end(*next).max(end(*run)).saturating_sub(run.offset);
        }
        touches
    });
}

/// Those of a sorted list, none of whose runs meets another, that meet `run`; `of` is the run of one of them.
pub(crate) fn meeting<T>(list: &[T], run: Span, of: impl Fn(&T) -> Span + Copy) -> impl Iterator<Item = &T> {
    let from = list.partition_point(|one| end(of(one)) <= run.offset);
    let rest = list.get(from..).unwrap_or_default();
    rest.iter().take_while(move |one| of(one).offset < end(run))
}

/// What two runs have in common.
pub(crate) fn common(one: Span, other: Span) -> Option<Span> {
    let start = one.offset.max(other.offset);
    let len = end(one).min(end(other)).checked_sub(start).filter(|&len| len > 0)?;
    Some(Span::new(start, len))
}

/// The parts of `whole`, in order, that none of the joined `runs` has.
pub(crate) fn outside(runs: &[Span], whole: Span) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut at = whole.offset;
    for run in meeting(runs, whole, |run| *run) {
        if run.offset > at {
            parts.push(Span::new(at, run.offset.saturating_sub(at)));
        }
        at = at.max(end(*run));
    }
    if at < end(whole) {
        parts.push(Span::new(at, end(whole).saturating_sub(at)));
    }
    parts
}

/// The parts of the sorted runs `a` that lie inside of the sorted runs `b`, and those that do not.
pub(crate) fn apart(a: &[Span], b: &[Span]) -> (Vec<Span>, Vec<Span>) {
    let (mut inside, mut others) = (Vec::new(), Vec::new());
    let mut rest = b.iter().copied().peekable();
    for span in a {
        let end = span.offset.saturating_add(span.len);
        let mut at = span.offset;
        while at < end {
            let Some(next) = rest.peek().copied() else {
                others.push(Span::new(at, end.saturating_sub(at)));
                break;
            };
            let next_end = next.offset.saturating_add(next.len);
            if next_end <= at {
                rest.next();
                continue;
            }
            let (from, to) = (next.offset.clamp(at, end), next_end.min(end));
            if from > at {
                others.push(Span::new(at, from.saturating_sub(at)));
            }
            if to > from {
                inside.push(Span::new(from, to.saturating_sub(from)));
            }
            at = to.max(from);
        }
    }
    (inside, others)
}

/// The offset behind a run: the last there is, where it goes beyond.
pub(crate) fn end(run: Span) -> u64 {
    run.offset.saturating_add(run.len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(list: &[(u64, u64)]) -> Vec<Span> {
        list.iter().map(|&(at, len)| Span::new(at, len)).collect()
    }

    #[test]
    fn spans_are_told_apart_whatever_their_ends() {
        let (inside, others) = apart(&spans(&[(0, 10), (20, 10)]), &spans(&[(5, 20), (28, 1)]));
        assert_eq!(inside, spans(&[(5, 5), (20, 5), (28, 1)]));
        assert_eq!(others, spans(&[(0, 5), (25, 3), (29, 1)]));
        assert_eq!(outside(&spans(&[(0, 3), (u64::MAX - 1, 9)]), Span::new(0, 8)), spans(&[(3, 5)]));
    }

    #[test]
    fn what_is_outside_of_joined_runs_is_what_is_left_of_the_whole() {
        let mut runs = spans(&[(40, 10), (10, 5), (12, 8), (20, 1)]);
        join(&mut runs);
        assert_eq!(runs, spans(&[(10, 11), (40, 10)]));
        for whole in [Span::new(0, 100), Span::new(15, 30), Span::new(10, 11), Span::new(60, 5)] {
            assert_eq!(outside(&runs, whole), apart(&[whole], &runs).1, "{whole:?}");
        }
    }

    #[test]
    fn only_runs_that_share_a_byte_meet() {
        let runs = spans(&[(0, 10), (10, 10), (30, 10)]);
        let met = |run| meeting(&runs, run, |run| *run).copied().collect::<Vec<_>>();
        assert_eq!(met(Span::new(10, 20)), spans(&[(10, 10)]));
        assert_eq!(met(Span::new(9, 22)), runs);
        assert_eq!(
            (common(runs[0], runs[1]), common(runs[0], Span::new(9, 9))),
            (None, Some(Span::new(9, 1)))
        );
    }
}
