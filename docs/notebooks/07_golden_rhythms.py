# %% [markdown]
# # Golden rhythms
#
# Lecture: "Brain rhythms", "Golden rhythms", "Golden ratio" and "My favorite idea".
#
# If a network has rhythms: which ones? Brain rhythms organise in bands. One proposal for their
# spacing is a constant ratio, and for that ratio the golden one:
#
# $$\frac{f_k}{f_{k-1}} = \phi = \frac{1 + \sqrt 5}{2} = 1.618\ldots$$

# %%
import matplotlib.pyplot as plt
import numpy as np

import rhythmic
from rhythmic import coupled, rhythms
from rhythmic.plotting.style import lecture_style

lecture_style()

# %% [markdown]
# ## A ladder of rhythms
#
# Choose a ratio and a start; the rungs follow. Below them stand published bands. Published lists
# disagree, so no ratio fits them all.

# %%
ratio = rhythmic.GOLDEN_RATIO  # Change me: 2, 2.718, 1.4
start = 2.0  # Change me: Hz

rungs = rhythmic.geometric_ladder(ratio, start=start)
lists = rhythms.named_centres(("eeg", "measured", "lecture"))

figure, axes = plt.subplots(figsize=(9, 3.4))
names = ("the ladder", "EEG convention", "measured one by one", "lecture's examples")
rows = [rungs, *lists.values()]
for row, centres in enumerate(rows):
    style = {"marker": "o"} if row == 0 else {"marker": "|", "markersize": 16}
    height = np.full(len(centres), -row)
    axes.plot(centres, height, linestyle="", markeredgewidth=3, **style)
for rung in rungs:
    axes.axvline(rung, color="C0", alpha=0.25, linewidth=1)
axes.set(xscale="log", xlabel="frequency (Hz)", ylim=(-3.6, 0.6))
axes.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
axes.set_yticks(-np.arange(4), names)
axes.minorticks_off()
axes.set_title(f"ratio {ratio:.3f}")
plt.show()

# %% [markdown]
# ## What is golden about it?
#
# The lecture's best example: 15 Hz, 25 Hz and 40 Hz, with 15 + 25 = 40. On a golden ladder any two
# neighbours sum to the next rung. On other ladders they do not:

# %%
print("f_k      f_(k+1)  their sum  next rung")
for k in range(min(4, len(rungs) - 2)):
    total = rhythms.frequency_sum(rungs[k], rungs[k + 1])
    print(f"{rungs[k]:5.1f}    {rungs[k + 1]:5.1f}  {total:9.1f}  {rungs[k + 2]:9.1f} Hz")

ratios = np.linspace(1.2, 2.8, 200)
figure, axes = plt.subplots()
axes.axhline(0, color="0.7", linewidth=1)
axes.plot(ratios, 100 * ((1 + ratios) / ratios**2 - 1))
axes.plot(rhythms.sum_ratio(1, 2), 0, "o", color="C1", markersize=11)
axes.text(1.66, 4, "golden")
axes.set_xlabel("ratio of neighbours")
axes.set_ylabel("sum of two neighbours\nabove the next rung (%)")
plt.show()

# %% [markdown]
# ## Who talks to whom?
#
# Eight oscillators on a golden ladder push each other, and the strength of the push swings with a
# rhythm of its own. One oscillator is plucked. A swing at $f_S$ carries its rhythm to the nodes at
# the sum and the difference, $f + f_S$ and $|f - f_S|$. On a golden ladder these are rungs.

# %%
plucked = 4  # Change me: 0 to 7
gain_rung = 5  # Change me: 0 to 7; the push swings at the frequency of this node

swinging = coupled.CoupledOscillators(driver=plucked)
constant = coupled.CoupledOscillators(driver=plucked, modulated_gain=0.0)
hertz = np.array(swinging.frequencies)
answers = coupled.responses([swinging, constant], hertz[[gain_rung]])
times = answers[0, :, 0] / answers[1, :, 0]

figure, axes = plt.subplots(figsize=(9, 4))
axes.bar(np.arange(8), times, color=["C3" if k == plucked else "C0" for k in range(8)])
axes.axhline(1, color="0.5", linewidth=1)
axes.set_xticks(np.arange(8), [f"{f:.1f}" for f in hertz])
axes.set_xlabel("node (Hz); orange is plucked")
axes.set_ylabel("answer, times that\nto a constant push")
axes.set_title(f"the push swings at {hertz[gain_rung]:.1f} Hz")
plt.show()

# %% [markdown]
# ## My favorite idea
#
# What is the fundamental timescale for life on earth? The day. Climb from it by the golden ratio,
# and the rungs 24 to 35 carry the names of brain rhythms:
#
# $$f_k = \frac{\phi^k}{86160\ \mathrm{s}}$$

# %%
day = rhythmic.SIDEREAL_DAY  # Change me: s; Mars 88643, Jupiter 35730

ladder = rhythmic.day_ladder(day=day)
print(f"a day of {day / 3600:.2f} hours")
for k in range(24, 36):
    period, hertz = ladder.period[k], ladder.frequency[k]
    print(f"{k}   {1e3 * period:7.1f} ms   {hertz:6.1f} Hz   {ladder.label[k]}")

# %% [markdown]
# Do not take these ideas *too* seriously, says the lecture. A dense ladder comes near to anything:
# chance alone must be asked too (`python -m experiments.day_ladder`).
#
# ## Exercises
#
# **1.** The lecture joins periods as well: 65 ms = 40 ms + 25 ms. Which rhythm is 65 ms long? Is it
# again a rung?
#
# <details><summary>Answer</summary>
#
# One cycle of 25 Hz and one of 40 Hz last $40 + 25 = 65$ ms: 15.4 Hz, beta1. On a golden ladder
# two joined periods are always a period of the rung below, for $1/f_k + 1/f_{k+1} = 1/f_{k-1}$.
#
# ```python
# joined = rhythms.joined_frequency(25.0, 40.0)
# print(f"{joined:.2f} Hz")
# assert abs(joined - 1 / 0.065) < 1e-9
# golden = rhythmic.geometric_ladder(rhythmic.GOLDEN_RATIO)
# for below, low, high in zip(golden, golden[1:], golden[2:]):
#     assert abs(rhythms.joined_frequency(low, high) / below - 1) < 1e-12
# ```
#
# </details>

# %% [markdown]
# **2.** Are there other ratios with which bands sum to a band, for instance each with its neighbour
# to the next but one, $f_k + f_{k+1} = f_{k+3}$?
#
# <details><summary>Answer</summary>
#
# Yes: $1 + r = r^3$ has the solution $r = 1.3247$, the plastic number. There are many such ratios,
# all below the golden one; that two *neighbours* make the *next* holds for $\phi$ alone.
#
# ```python
# plastic = rhythms.sum_ratio(1, 3)
# dense = rhythmic.geometric_ladder(plastic)
# print(f"{plastic:.4f}")
# assert np.allclose(dense[:-3] + dense[1:-2], dense[3:])
# others = [relation.ratio for relation in rhythms.sum_relations(6)]
# assert max(others) == others[0] and abs(others[0] - rhythmic.GOLDEN_RATIO) < 1e-12
# ```
#
# </details>

# %% [markdown]
# **3.** How long would the day have to be for rung 28, alpha, to beat at exactly 10 Hz?
#
# <details><summary>Answer</summary>
#
# $\phi^{28} / 10$ seconds: 71,065 s, or 19 hours and 44 minutes. With our day it is 8.25 Hz.
#
# ```python
# wanted = rhythmic.GOLDEN_RATIO**28 / 10.0
# print(f"{wanted:.0f} s = {wanted / 3600:.2f} hours")
# assert abs(rhythmic.day_ladder(day=wanted).frequency[28] - 10.0) < 1e-9
# assert rhythmic.day_ladder().label[28] == "Alpha"
# assert round(float(rhythmic.day_ladder().frequency[28]), 2) == 8.25
# assert round(wanted) == 71065
# ```
#
# </details>
