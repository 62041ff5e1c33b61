"""Is a rhythmic network better on your recordings, and which rhythms matter there?

    import rhythmic
    from rhythmic.compare import compare_networks, write_report

    recordings = rhythmic.Recordings(inputs, labels, sample_rate=250.0, groups=subjects)
    found = compare_networks(recordings, folder=Path("run"))
    write_report(found, Path("run"))           # report.html, tables, verdicts

The same as a command: ``python -m rhythmic.compare FILE --sample-rate 250 --run-dir run``.

``plan``       networks of equal size, divisions of the trials, settings to try
``search``     every setting in every run; chosen by validation, tested once
``baselines``  majority, averages, band power
``ladders``    named, spectral and random ladders of fixed frequencies
``analysis``   importance of nodes and of frequency bands, spectra, traces
``claims``     what is held against what, and the verdicts, of every comparison
``verdicts``   claims on recordings, stated beforehand, judged; what speaks against them
``work``       computes what is missing
``run``        ``compare_networks``, and what it found
``estimate``   what a comparison would take
``tables``     one row for every network, node and band
``report``     ``write_report``: one page of HTML, tables, verdicts
``example``    simulated recordings whose rhythms are known
"""

from rhythmic.compare.example import simulated_rhythms
from rhythmic.compare.plan import ComparisonPlan
from rhythmic.compare.report import write_report
from rhythmic.compare.run import Comparison, compare_networks

__all__ = [
    "Comparison",
    "ComparisonPlan",
    "compare_networks",
    "simulated_rhythms",
    "write_report",
]
