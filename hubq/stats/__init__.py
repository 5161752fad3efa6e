"""Statistics of scores: what a score is known to, and what a difference between two models means.

Everything is paired: two models that answered the same items are compared item by item, which is
several times sharper than comparing two means. Items that share an image are one cluster, and
clusters are resampled whole. Scores are fractions from 0 to 1; differences are variant - baseline.

numpy is imported when a function needs it. Every random draw is seeded: the same scores always give
the same interval. docs/statistics.md says what is used where, and how well it was seen to do.
"""

from hubq.stats.bootstrap import RESAMPLES, bootstrap_interval
from hubq.stats.families import Average, Gap, Spread, TaskScores, average, ranking, sensitivity
from hubq.stats.hypotheses import holm, mcnemar_exact, sign_flip
from hubq.stats.intervals import mean_interval
from hubq.stats.noise import Noise, compare_runs, noise
from hubq.stats.pairs import NotComparable, Paired, Scored, compare, compare_all, paired, paired_all
from hubq.stats.pareto import Axis, Point, Standing, pareto
from hubq.stats.power import (
    DISCORDANCES,
    Detectable,
    detectable,
    detectable_range,
    discordance_se,
    minimum_detectable,
)
from hubq.stats.published import Difference, Printed, read, tell
from hubq.stats.quantiles import CONFIDENCE, Z_95, Z_POWER_80, student_95
from hubq.stats.subsets import Stratified, stratified
from hubq.stats.summaries import Summary, summarise, wilson
from hubq.stats.verdicts import (
    ALPHA,
    CAPPED_ALPHA,
    Judgement,
    Verdict,
    is_floor,
    is_suspect,
    judge,
    non_inferiority,
)

__all__ = [
    "ALPHA",
    "CAPPED_ALPHA",
    "CONFIDENCE",
    "DISCORDANCES",
    "RESAMPLES",
    "Z_95",
    "Z_POWER_80",
    "Average",
    "Axis",
    "Detectable",
    "Difference",
    "Gap",
    "Judgement",
    "Noise",
    "NotComparable",
    "Paired",
    "Point",
    "Printed",
    "Scored",
    "Spread",
    "Standing",
    "Stratified",
    "Summary",
    "TaskScores",
    "Verdict",
    "average",
    "bootstrap_interval",
    "compare",
    "compare_all",
    "compare_runs",
    "detectable",
    "detectable_range",
    "discordance_se",
    "holm",
    "is_floor",
    "is_suspect",
    "judge",
    "mcnemar_exact",
    "mean_interval",
    "minimum_detectable",
    "noise",
    "non_inferiority",
    "paired",
    "paired_all",
    "pareto",
    "ranking",
    "read",
    "sensitivity",
    "sign_flip",
    "stratified",
    "student_95",
    "summarise",
    "tell",
    "wilson",
]
